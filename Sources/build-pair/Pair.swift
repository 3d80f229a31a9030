// SPDX-License-Identifier: GPL-2.0-only
import BPFBuild
import Declarations
import Foundation
import SwiftToBPF

/// A path below the package's folder, as its author writes it.
private func relative(_ path: String, to root: String) -> String {
    path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : path
}

/// Ends the build where the declaration is wrong.
private func readDeclaration(_ file: String) -> Declaration {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
        fail("\(file) cannot be read as UTF-8 text")
    }
    do throws(DeclarationError) {
        return try Declaration(yaml: text, file: file)
    } catch {
        FileHandle.standardError.write(Data("\(error)\n".utf8))
        exit(1)
    }
}

/// What clang is told of a pair's queues and wake-ups, when it compiles a program that schedules.
func modeOptions(declaration file: String) -> [String] { readDeclaration(file).modeOptions }

/// Ends the build where the Swift twin has not the functions of the declared events, or others.
func checkFunctions(root: String, bpf: String, declaration file: String, type: String, sources: [String]) {
    let library = URL(fileURLWithPath: bpf).deletingLastPathComponent().appending(path: "Sources").path
    let own = sources.filter { !isCondition($0) && !$0.hasPrefix(library + "/") }
    let texts = own.compactMap { path in
        (try? String(contentsOfFile: path, encoding: .utf8)).map { (relative(path, to: root), $0) }
    }
    refuse(readDeclaration(file).flaws(ofSwift: texts, type: type, declaredIn: relative(file, to: root)))
}

private func refuse(_ flaws: [String]) {
    if flaws.isEmpty { return }
    FileHandle.standardError.write(Data((flaws.joined(separator: "\n") + "\n").utf8))
    exit(1)
}

/// The header of a pair's state, as C has it.
func writeState(of file: String, to path: String) {
    write(readDeclaration(file).c(from: file), to: path)
}

/// The Swift side of what a pair declares: the types of its state and parameters.
func declare(root: String, file: String, type: String, output: String) {
    write(readDeclaration(file).types(of: type, from: relative(file, to: root)), to: output)
}

/// The pair as a value: what was declared, and the C twin compiled for BPF and for this machine. A pair
/// whose twin is not there yet says so where it is asked for.
func compilePair(root: String, bpf: String, file: String, header: String, type: String, output: String) {
    let declaration = readDeclaration(file)
    let place = relative(header, to: root)
    var twin = ".init(obstacle: \(literal("there is no \(place): the C twin of \(type) is not written yet")))"
    if FileManager.default.fileExists(atPath: header) {
        let text = (try? String(contentsOfFile: header, encoding: .utf8)) ?? ""
        refuse(declaration.flaws(ofC: text, file: place, declaredIn: relative(file, to: root)))
        let state = output + ".state.h"
        write(declaration.c(from: relative(file, to: root)), to: state)
        let compiler = PairCompiler(
            name: declaration.name, type: type, bpf: bpf, header: header, place: place, state: state,
            scratch: output)
        let probe = compiler.compile("policy_probe.bpf.c", options(including: bpf))
        let mode = compiler.compile(
            "bpf_mode.bpf.c", options(including: bpf) + declaration.modeOptions)
        let native = compiler.compile(
            "pair_native.c",
            [
                "-O2", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-shared",
                "-fPIC",
                "-nostdlib", "-ffreestanding", "-I", bpf,
            ])
        twin = """
            .init(
                            name: "\(declaration.name)",
                            probe: "\(probe)",
                            mode: "\(mode)",
                            native: "\(native)")
            """
    }
    write(
        """
        // Generated from \(relative(file, to: root)) and \(place). Do not edit.
        public import Pairs

        extension \(type) {
            /// What was declared, and both twins.
            public static let pair = Pair(
                \(declaration.literal),
                type: "\(type)",
                swift: twin,
                c: \(twin),
                ir: ir,
                functions: .init(
                    start: { \(type).begin($0, $1) }, decide: { \(type).decideAll($0, $1, $2, $3, $4, $5) }),
                steps: .init(
                    start: { \(type).start($0, $1, $2, $3) },
                    enqueue: { \(type).enqueue($0, $1, $2, $3, $4) },
                    running: { \(type).running($0, $1, $2, $3, $4) },
                    dispatch: { \(type).dispatch($0, $1, $2, $3, $4) },
                    wanted: { \(type).decideWanted($0, $1, $2, $3, $4) }))
        }

        """, to: output)
}

/// clang on the programs that are the same for all policies, with a pair's header in them.
private struct PairCompiler {
    let name: String
    let type: String
    let bpf: String
    let header: String
    /// The header, as messages call it.
    let place: String
    let state: String
    let scratch: String

    private static let functions =
        [
            ("start", "struct sp_task *task, const struct sp_event *event"),
            ("enqueue", "struct sp_task *task, const struct sp_event *event, struct sp_decision *decision"),
            (
                "running",
                "const struct sp_task *task, const struct sp_event *event, struct sp_decision *decision"
            ),
            (
                "dispatch",
                "const struct sp_task *task, const struct sp_event *event, struct sp_decision *decision"
            ),
        ] + Declaration.Event.allCases.map { ($0.word, $0.parameters.c) }

    /// The object in base64; ends the build, with what clang said, if there is none.
    func compile(_ program: String, _ options: [String]) -> String {
        let object = "\(scratch).\(program).o"
        let isLibrary = options.contains("-shared")
        let result = capture(
            findClang(),
            options + [
                "-DSP_PAIR_STATE=\"\(state)\"", "-DSP_PAIR_HEADER=\"\(header)\"",
                // Helpers that one program does not need are no mistake.
                "-Wno-unused-function",
            ] + (isLibrary ? [] : ["-c"]) + ["\(bpf)/\(program)", "-o", object])
        guard result.status == 0 else {
            for (function, arguments) in Self.functions
            where result.errors.contains("undeclared function '\(name)_\(function)'") {
                let line =
                    "static sp_inline void \(name)_\(function)(const struct sp_policy *policy, "
                    + "struct sp_global *state, \(arguments))"
                fail("\(place) lacks \(name)_\(function), the twin of \(type).\(function): \(line)")
            }
            FileHandle.standardError.write(Data(result.errors.utf8))
            fail("\(place) does not compile (\(program)): what clang says stands above")
        }
        guard let bytes = FileManager.default.contents(atPath: object) else {
            fail("\(object) cannot be read")
        }
        if !isLibrary, let use = StackUse([UInt8](bytes)), use.bytes > StackUse.most {
            fail("\(place) needs more stack than a kernel has (\(program)): \(use.complaint)")
        }
        return bytes.base64EncodedString()
    }
}
