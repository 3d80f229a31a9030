// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import Mutation
import SwiftToBPF

/// Which of the two executions is mutated.
enum Side: String, CaseIterable, Sendable {
    case c
    case swift

    /// What else the Swift policy compiles with: it is not the described policy's.
    static let supporting = ["Sources/PolicyModel/Policy+Defaults.swift"]

    /// The folder of the rules that ship.
    static let shipped = "Sources/PolicyModel/Shipped"

    /// The files that hold the policy, within the checkout.
    var files: [String] {
        switch self {
        case .c:
            ["bpf/policy_base.h"]
                + ["policy_classes", "policy_order", "policy_slice", "policy"].map {
                    "\(Self.shipped)/\($0).h"
                }
        case .swift:
            ["Arithmetic", "Decision"].map { "Sources/PolicyModel/\($0).swift" }
                + ["", "+Classes", "+Order", "+Slice"].map { "\(Self.shipped)/DescribedPolicy\($0).swift" }
                + ["Event", "Policy"].map { "Sources/PolicyModel/\($0).swift" }
        }
    }
}

/// Builds one mutant into a library. A mutant that does not compile is none.
struct Builds: Sendable {
    let checkout: String
    let folder: String

    /// The library's path; nil if the mutant does not compile.
    func build(_ mutation: Mutation, of side: Side, number: Int) -> String? {
        let work = "\(folder)/\(side.rawValue)-\(number)"
        let library = "\(work)/mutant.so"
        do {
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            switch side {
            case .c: try copyC(to: work)
            case .swift: try copySwift(to: work)
            }
            try write(mutation, of: side, to: work)
        } catch {
            fail("\(work) cannot be written: \(error.localizedDescription)")
        }
        return Subprocess.status(command(side, work, library)) == 0 ? library : nil
    }

    /// The mutant's LLVM IR, made as the build makes that of the policy; nil if it does not compile.
    func ir(_ mutation: Mutation, of side: Side, number: Int) -> String? {
        let work = "\(folder)/\(side.rawValue)-\(number)"
        let output = "\(work)/mutant.ll"
        do {
            try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            switch side {
            case .c: try copyC(to: work)
            case .swift:
                try copy("Sources/PolicyModel", to: work, suffixes: [".swift"])
                try copy(Side.shipped, to: work, suffixes: [".swift"])
                try? FileManager.default.removeItem(atPath: "\(work)/Shim.swift")
                try ProofIR.swiftEntry.write(
                    toFile: "\(work)/Entry.swift", atomically: false, encoding: .utf8)
            }
            try write(mutation, of: side, to: work)
            let command: [String]
            switch side {
            case .c:
                command =
                    ["clang"] + ProofIR.cOptions(headers: "\(work)/bpf") + ["\(work)/bpf/policy_native.c"]
            case .swift:
                let sources = try FileManager.default.contentsOfDirectory(atPath: work).sorted()
                    .filter { $0.hasSuffix(".swift") }.map { "\(work)/\($0)" }
                command = ["swiftc"] + ProofIR.swiftOptions(headers: "\(checkout)/bpf") + sources
            }
            return Subprocess.status(command + ["-o", output]) == 0 ? output : nil
        } catch {
            fail("\(work) cannot be written: \(error.localizedDescription)")
        }
    }

    func remove(_ side: Side, _ number: Int) {
        try? FileManager.default.removeItem(atPath: "\(folder)/\(side.rawValue)-\(number)")
    }

    /// The C files, in folders as in the checkout: they include one another by these.
    private func copyC(to work: String) throws {
        for folder in ["bpf", Side.shipped] {
            try FileManager.default.createDirectory(
                atPath: "\(work)/\(folder)", withIntermediateDirectories: true)
            try copy(folder, to: "\(work)/\(folder)", suffixes: [".h", ".c", ".modulemap"])
        }
    }

    private func write(_ mutation: Mutation, of side: Side, to work: String) throws {
        let place = side.files.first { $0.hasSuffix("/\(mutation.file)") }
        let path = side == .c ? place ?? mutation.file : mutation.file
        try mutation.text.write(toFile: "\(work)/\(path)", atomically: false, encoding: .utf8)
    }

    private func copy(_ from: String, to work: String, suffixes: [String]) throws {
        let files = FileManager.default
        for name in try files.contentsOfDirectory(atPath: "\(checkout)/\(from)")
        where suffixes.contains(where: { name.hasSuffix($0) }) {
            let target = "\(work)/\(name)"
            if files.fileExists(atPath: target) { try files.removeItem(atPath: target) }
            try files.copyItem(atPath: "\(checkout)/\(from)/\(name)", toPath: target)
        }
    }

    private func copySwift(to work: String) throws {
        for file in Side.swift.files + Side.supporting {
            let name = file.split(separator: "/").last.map(String.init) ?? file
            try String(contentsOfFile: "\(checkout)/\(file)", encoding: .utf8)
                .write(toFile: "\(work)/\(name)", atomically: false, encoding: .utf8)
        }
        try ProofIR.swiftEntry.write(toFile: "\(work)/Shim.swift", atomically: false, encoding: .utf8)
    }

    private func command(_ side: Side, _ work: String, _ library: String) -> [String] {
        switch side {
        case .c:
            return [
                "clang", "-O1", "-w", "-fPIC", "-shared", "-I", "\(work)/bpf", "\(work)/bpf/policy_native.c",
                "-o", library,
            ]
        case .swift:
            let sources = (Side.swift.files + Side.supporting + ["Shim.swift"]).map { file in
                "\(work)/" + (file.split(separator: "/").last.map(String.init) ?? file)
            }
            return [
                "swiftc", "-O", "-wmo", "-suppress-warnings", "-parse-as-library", "-emit-library",
                "-module-name", "Mutant", "-swift-version", "6",
                "-enable-upcoming-feature", "InternalImportsByDefault", "-I", "\(checkout)/bpf",
                "-o", library,
            ] + sources
        }
    }
}

/// Says what went wrong and ends the program.
func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("mutants: \(message)\n".utf8))
    exit(70)
}
