// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Foundation
import KernelLink
import PolicyProof
import SwiftToBPF

@testable import Prove

/// What this program was built from, and what wrong twins are made of.
enum Sides {
    static let parameters = Parameter.covered().parameters

    static func probe() throws -> Side {
        Side(name: "probe", artefact: .probe(try ELFObject(name: "probe", bytes: ShippedObjects.probe)))
    }

    static func bpfMode() throws -> Side {
        Side(
            name: "bpf-mode",
            artefact: .backend(try ELFObject(name: "bpf-mode", bytes: ShippedObjects.bpfMode)))
    }

    /// The root of the checkout.
    static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    struct CannotBuild: Error {}

    /// Compiles the C policy with one change to a header of the rules: as LLVM IR, or as the object of BPF mode.
    static func wrong(
        _ file: String, _ before: String, _ after: String, asObject: Bool = false
    ) throws -> Side {
        let copy = NSTemporaryDirectory() + "proof-\(UUID().uuidString)"
        let (folder, shipped) = ("\(copy)/bpf", "Sources/PolicyModel/Shipped")
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try FileManager.default.createDirectory(
            atPath: "\(copy)/Sources/PolicyModel", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(checkout)/bpf", toPath: folder)
        try FileManager.default.copyItem(atPath: "\(checkout)/\(shipped)", toPath: "\(copy)/\(shipped)")
        let text = try String(contentsOfFile: "\(copy)/\(shipped)/\(file)", encoding: .utf8)
        guard text.contains(before) else { throw CannotBuild() }
        try text.replacingOccurrences(of: before, with: after)
            .write(toFile: "\(copy)/\(shipped)/\(file)", atomically: true, encoding: .utf8)
        let output = "\(folder)/output"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            asObject
            ? [
                "clang", "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-std=gnu17", "-w", "-I", folder,
                "-I/usr/include", "-idirafter", "/usr/include/x86_64-linux-gnu", "-c",
                "\(folder)/bpf_mode.bpf.c", "-o", output,
            ]
            : [
                "clang", "-O2", "-w", "-fno-vectorize", "-fno-slp-vectorize", "-I", folder, "-S",
                "-emit-llvm",
                "\(folder)/policy_native.c", "-o", output,
            ]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CannotBuild() }
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: output)))
        if asObject {
            return Side(name: "bpf-mode", artefact: .backend(try ELFObject(name: "wrong", bytes: bytes)))
        }
        return Side(
            name: "wrong",
            artefact: .ir(IRModule(name: "wrong", text: String(decoding: bytes, as: UTF8.self))))
    }
}
