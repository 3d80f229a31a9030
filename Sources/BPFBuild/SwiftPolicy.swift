// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import SwiftToBPF

/// A policy in Swift, compiled for the BPF programs that include `policy_twin.h`.
struct SwiftPolicy {
    /// A BPF program with the policy in it.
    struct Program {
        let bytes: [UInt8]
        /// Traps that are still in it: whether one can be reached is for the verifier to say.
        let traps: [PolicyIR.Trap]
    }

    /// The folder of the headers and of the programs.
    let bpf: String
    /// The policy's sources, absolute paths.
    let sources: [String]
    /// What is called from C, see `SwiftExports`.
    let exports: SwiftExports
    /// Where files may be left: a path that others begin with.
    let scratch: String
    private let toolchain: SwiftToolchain
    private let ir: PolicyIR
    private let bitcode: String

    /// - Parameter conditions: what `#if` knows, as the compiler's options.
    init(
        bpf: String, sources: [String], conditions: [String], exports: SwiftExports, scratch: String
    ) throws(Obstacle) {
        (self.bpf, self.sources, self.exports, self.scratch) = (bpf, sources, exports, scratch)
        toolchain = try SwiftToolchain()
        let text = try Self.compile(
            toolchain, bpf: bpf, sources: sources + conditions, exports: exports, scratch: scratch)
        try exports.check(text)
        ir = try Self.retarget(text, toolchain, sources, exports)
        bitcode = scratch + ".bc"
        write(ir.text, to: scratch + ".bpf.ll")
        let assembled = capture(
            toolchain.clang,
            [
                "-target", "bpf", "-O0", "-Xclang", "-disable-llvm-passes", "-emit-llvm", "-c", "-x", "ir",
                scratch + ".bpf.ll", "-o", bitcode,
            ])
        guard assembled.status == 0 else {
            throw Obstacle(
                reason: "\(toolchain.clang) does not understand what \(toolchain.version) wrote: "
                    + SwiftToolchain.firstError(assembled.errors))
        }
    }

    /// The policy as LLVM IR, as Swift's optimiser leaves it.
    private static func compile(
        _ toolchain: SwiftToolchain, bpf: String, sources: [String], exports: SwiftExports, scratch: String
    ) throws(Obstacle) -> String {
        let (source, output) = (scratch + ".exports.swift", scratch + ".ll")
        write(exports.text, to: source)
        let compiled = capture(
            toolchain.swiftc,
            [
                "-target", SwiftToolchain.triple, "-enable-experimental-feature", "Embedded", "-wmo", "-O",
                "-DSWIFT_PACKAGE",
                "-swift-version", "6", "-enable-upcoming-feature", "InternalImportsByDefault",
                "-enforce-exclusivity=unchecked", "-parse-as-library", "-suppress-warnings",
                // A file that imports this module is in it then, see docs/ARCHITECTURE.md.
                "-module-name", "PolicyModel", "-package-name", "sched_proto", "-I", bpf, "-Xcc",
                "-ffreestanding", "-gline-tables-only",
                // Optimised once, for BPF: loops of another target's make have bounds that the verifier misses.
                "-Xfrontend", "-disable-llvm-optzns", "-emit-ir", "-o", output, source,
            ] + sources)
        guard compiled.status == 0 else {
            throw Obstacle(
                reason: "Embedded Swift, which is what can run in the kernel, refuses it: "
                    + SwiftToolchain.firstError(compiled.errors))
        }
        guard let text = try? String(contentsOfFile: output, encoding: .utf8) else {
            throw Obstacle(reason: "\(toolchain.swiftc) left no \(output)")
        }
        return text
    }

    private static func retarget(
        _ text: String, _ toolchain: SwiftToolchain, _ sources: [String], _ exports: SwiftExports
    ) throws(Obstacle) -> PolicyIR {
        let empty = capture(
            toolchain.clang, ["-target", "bpf", "-S", "-emit-llvm", "-x", "c", "/dev/null", "-o", "-"])
        guard empty.status == 0, let target = PolicyIR.Target(of: empty.output) else {
            throw Obstacle(
                reason: "\(toolchain.clang) does not compile for BPF: "
                    + SwiftToolchain.firstError(empty.errors))
        }
        do throws(PolicyIR.Refusal) {
            return try PolicyIR(
                text, compiledFor: SwiftToolchain.triple, bpf: target, sources: sources,
                exports: exports.functions)
        } catch {
            throw Obstacle(
                reason: "the LLVM IR of \(toolchain.version) is not what this build knows: \(error)")
        }
    }

    /// What clang is told for a program with the policy in it.
    private var linking: [String] {
        options(including: bpf) + exports.definitions + [
            // Traps are cold; apart from the rest they would be functions of their own.
            "-Xclang", "-fno-split-cold-code",
            "-Xclang", "-mlink-builtin-bitcode", "-Xclang", bitcode,
        ] + toolchain.unreachable
    }

    /// The sources that are the author's: where there are others, those of the library are not.
    private var authors: [String] {
        let library =
            URL(fileURLWithPath: bpf).deletingLastPathComponent()
            .appending(path: "Sources/PolicyModel").path + "/"
        let own = sources.filter { !$0.hasPrefix(library) }
        return own.isEmpty ? sources : own
    }

    /// What BPF has nothing for, as far as that can be told.
    private func foreign(in program: String) -> [ForeignConstruct] {
        let output = scratch + ".optimised.ll"
        let made = capture(toolchain.clang, linking + ["-S", "-emit-llvm", program, "-o", output])
        guard made.status == 0, let text = try? String(contentsOfFile: output, encoding: .utf8) else {
            return []
        }
        return ForeignCode(in: text, authors: Set(authors), others: Set(sources)).constructs
    }

    private static func obstacle(_ constructs: [ForeignConstruct]) -> Obstacle {
        let shown = constructs.prefix(10).map(\.description)
        let rest = constructs.count - shown.count
        return Obstacle(
            reason: "BPF has nothing for what stands at these places",
            parts: shown + (rest > 0 ? ["and \(rest) more"] : []))
    }

    /// What clang's backend says, without the C line that the policy was inlined into and without its dump.
    private static func backendError(_ errors: String) -> String {
        let first = SwiftToolchain.firstError(errors, count: 1)
        let text = first.range(of: "error: ").map { first[$0.upperBound...] } ?? first[...]
        // `Cannot select: 0x55d3…: i64,ch = AtomicLoad<…`
        let words = text.range(of: ": 0x").map { text[..<$0.lowerBound] } ?? text
        let end = words.last == "." ? words.dropLast() : words
        let mark = errors.range(of: "on function '@") ?? errors.range(of: "In function: ")
        guard let name = mark.map({ errors[$0.upperBound...].prefix { !"'\n ".contains($0) } }) else {
            return "clang says '\(end)'"
        }
        return "clang says '\(end)' in the function \(name)"
    }

    /// Compiles `NAME.bpf.c` with the policy in it.
    func link(_ name: String) throws(Obstacle) -> Program {
        let object = "\(scratch).\(name).o"
        let program = "\(bpf)/\(name).bpf.c"
        let linked = capture(toolchain.clang, linking + ["-c", program, "-o", object])
        guard linked.status == 0 else {
            let constructs = foreign(in: program)
            guard constructs.isEmpty else { throw Self.obstacle(constructs) }
            throw Obstacle(
                reason: "the Swift policy (\(authors.joined(separator: ", "))) cannot be compiled for BPF: "
                    + "\(Self.backendError(linked.errors)). docs/NEW-POLICY.md says what can")
        }
        guard let data = FileManager.default.contents(atPath: object), let file = ObjectFile([UInt8](data))
        else {
            throw Obstacle(reason: "\(object) is no BPF object")
        }
        if let leftover = leftover(of: file) {
            let constructs = foreign(in: program)
            throw constructs.isEmpty ? Obstacle(reason: leftover) : Self.obstacle(constructs)
        }
        if let use = StackUse([UInt8](data)), use.bytes > StackUse.most {
            let own = authors.filter { !$0.contains("/.build/") }.joined(separator: ", ")
            throw Obstacle(
                reason: "it needs more stack than a kernel has (\(own) in \(name)): \(use.complaint)")
        }
        return Program(bytes: [UInt8](data), traps: ir.traps.filter { file.helpers.contains($0.number) })
    }

    /// What no kernel has, and where the policy needs it; nil if all is there.
    private func leftover(of file: ObjectFile) -> String? {
        let kernels = ["bpf_", "scx_bpf_", "__scx_bpf_"]
        let missing = file.needed.filter { name in !kernels.contains { name.hasPrefix($0) } }
        let runtime = ["swift_", "_swift_", "$s", "$e"]
        let kept = file.functions.filter { name in runtime.contains { name.hasPrefix($0) } }
        let names = Self.unique(missing + kept)
        if !names.isEmpty {
            // What the runtime's functions need in turn has no place in the policy.
            let needing = ir.usesOfRuntime + names.flatMap(ir.uses)
            return "it needs \(names.joined(separator: ", ")), which the kernel does not have"
                + Self.places(needing)
                + ": no class, array that grows, string, existential (any P) or recursion"
        }
        if file.callsPointers {
            return "it calls through a pointer, which the kernel does not admit"
                + Self.places(ir.indirectCalls)
                + ": no existential (any P) and no closure that is kept"
        }
        return nil
    }

    private static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }

    private static func places(_ places: [SourcePlace]) -> String {
        var shown: [String] = []
        for place in places.map(\.description) where !shown.contains(place) { shown.append(place) }
        return shown.isEmpty ? "" : ", at \(shown.prefix(4).joined(separator: ", "))"
    }
}
