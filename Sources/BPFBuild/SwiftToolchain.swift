// SPDX-License-Identifier: GPL-2.0-only
import Foundation

/// Why there is no Swift policy for the kernel: the build goes on without it, and whoever asks for it is
/// told.
package struct Obstacle: Error {
    package let reason: String
    /// What it consists of, where that is several things.
    var parts: [String] = []

    package init(reason: String, parts: [String] = []) {
        (self.reason, self.parts) = (reason, parts)
    }
}

/// Swift's compiler and the clang of the very same toolchain: the one reads the IR that the other writes.
package struct SwiftToolchain {
    let swiftc: String
    let clang: String
    /// As the compiler says it.
    let version: String
    /// From LLVM 21 on BPF code has a call of `__bpf_trap` where control cannot get, such as behind the cases of a
    /// `switch` that are all there are: no kernel has to have it, and the verifier looks at what can be reached.
    let unreachable: [String]

    /// The machine that a policy is compiled for before it is made BPF's: 64 bit, little endian, with a
    /// standard library for Embedded Swift in every toolchain.
    static let triple = "x86_64-unknown-none-elf"

    init() throws(Obstacle) {
        // What `swift` on PATH links to, and `swiftc` on PATH where that starts other programs by its name.
        let beside = toolchainFolder().map { $0.appending(path: "swiftc").path }
        let candidates = [beside, onPath("swiftc")].compactMap { $0 }
        guard let compiler = candidates.first(where: FileManager.default.isExecutableFile) else {
            throw Obstacle(reason: "there is no 'swift' with a 'swiftc' on PATH")
        }
        swiftc = compiler
        let (status, information, errors) = capture(compiler, ["-print-target-info"])
        guard status == 0, let resources = Self.text("runtimeResourcePath", in: information) else {
            throw Obstacle(reason: "\(compiler) does not say where its files are: \(Self.firstError(errors))")
        }
        version = Self.text("compilerVersion", in: information) ?? "Swift of an unknown version"
        let programs = URL(fileURLWithPath: resources).deletingLastPathComponent().deletingLastPathComponent()
        clang = programs.appending(path: "bin/clang").path
        guard FileManager.default.isExecutableFile(atPath: clang) else {
            throw Obstacle(
                reason:
                    "there is no \(clang): the clang of Swift's own toolchain has to read what \(compiler) writes"
            )
        }
        let quiet = ["-mllvm", "-bpf-disable-trap-unreachable"]
        let knows = capture(
            clang, ["-target", "bpf"] + quiet + ["-c", "-x", "c", "/dev/null", "-o", "/dev/null"])
        unreachable = knows.status == 0 ? quiet : []
        let library = URL(fileURLWithPath: resources)
            .appending(path: "embedded/Swift.swiftmodule/\(Self.triple).swiftmodule").path
        guard FileManager.default.fileExists(atPath: library) else {
            throw Obstacle(
                reason: "this toolchain has no Embedded Swift for \(Self.triple): \(library) is missing")
        }
    }

    /// The first errors of a compiler's output, or its first line.
    package static func firstError(_ output: String, count: Int = 3) -> String {
        let lines = output.split(separator: "\n").map(String.init)
        // The compiler says each twice, the second time below the line that it is about.
        let errors = lines.filter { $0.contains("error: ") && !$0.contains("`- error: ") }
        return (errors.isEmpty ? Array(lines.prefix(1)) : Array(errors.prefix(count))).joined(separator: "; ")
    }

    /// A text of the compiler's JSON.
    private static func text(_ key: String, in json: String) -> String? {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] else {
            return nil
        }
        let paths = object["paths"] as? [String: Any]
        return (object[key] ?? paths?[key]) as? String
    }
}
