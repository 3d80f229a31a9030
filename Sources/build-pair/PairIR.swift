// SPDX-License-Identifier: GPL-2.0-only
import BPFBuild
import Foundation
import SwiftToBPF

/// Both twins of a pair: `sources` are the Swift one, and those of PolicyModel.
func embedPair(
    root: String, bpf: String, declaration: String, header: String, type: String, output: String,
    sources: [String]
) {
    let value: String
    do throws(Obstacle) {
        // What is wrong with a twin is said where it is compiled to run.
        let swift = try swiftPairIR(bpf: bpf, type: type, output: output, sources: sources)
        let c = try cPairIR(bpf: bpf, declaration: declaration, header: header, output: output)
        value = """
            PairIR(
                    swift: \(quoted(read(swift), root: root)),
                    c: \(quoted(read(c), root: root)))
            """
    } catch {
        value = "PairIR(obstacle: \(literal(error.reason.replacingOccurrences(of: root + "/", with: ""))))"
    }
    write(
        """
        // Generated. Do not edit.
        import Pairs

        extension \(type) {
            /// What \(type)'s twins compute, for `prove`.
            static let ir = \(value)
        }

        """, to: output)
}

/// The Swift twin as LLVM IR; the path of it.
private func swiftPairIR(
    bpf: String, type: String, output: String, sources: [String]
) throws(Obstacle) -> String {
    guard let compiler = besideSwift("swiftc") else {
        throw Obstacle(reason: "no swiftc was found beside swift")
    }
    let library = URL(fileURLWithPath: bpf).deletingLastPathComponent().appending(path: "Sources").path
    let own = sources.filter { !isCondition($0) && !$0.hasPrefix(library + "/") }
    if let place = dependsOnBuild(own) {
        throw Obstacle(
            reason:
                "\(place): '#if DEBUG' makes another policy of it in another build, and which one this is the build does not say"
        )
    }
    let (text, entry) = (output + ".swift.ll", output + ".entry.swift")
    write(ProofIR.pairEntry(type), to: entry)
    let result = capture(compiler, ProofIR.swiftOptions(headers: bpf) + sources + [entry, "-o", text])
    guard result.status == 0 else {
        throw Obstacle(
            reason: "the Swift policy does not compile by itself: \(SwiftToolchain.firstError(result.errors))"
        )
    }
    return text
}

/// Where a source asks for the configuration of the build; nil if none does.
private func dependsOnBuild(_ sources: [String]) -> String? {
    for file in sources {
        for (number, line) in read(file).split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        {
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "#") }
            if ["#if", "#elseif"].contains(words.first), words.contains("DEBUG") {
                return "\(file):\(number + 1)"
            }
        }
    }
    return nil
}

/// The C twin as LLVM IR, under the names that the described policy's has; the path of it.
private func cPairIR(
    bpf: String, declaration: String, header: String, output: String
) throws(Obstacle) -> String {
    guard FileManager.default.fileExists(atPath: header) else {
        throw Obstacle(reason: "there is no \(header)")
    }
    let (state, text) = (output + ".state.h", output + ".c.ll")
    writeState(of: declaration, to: state)
    let result = capture(
        findClang(),
        ProofIR.cOptions(headers: bpf) + [
            "-std=gnu17", "-DSP_PAIR_STATE=\"\(state)\"", "-DSP_PAIR_HEADER=\"\(header)\"",
            "-Dsp_pair_start=sp_native_start", "-Dsp_pair_decide=sp_native_decide", "\(bpf)/pair_native.c",
            "-o", text,
        ])
    guard result.status == 0 else {
        throw Obstacle(reason: "\(header) does not compile: \(SwiftToolchain.firstError(result.errors))")
    }
    return text
}

private func read(_ path: String) -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        fail("\(path) cannot be read")
    }
    return text
}

/// A literal of what is needed of IR.
private func quoted(_ ir: String, root: String) -> String {
    let quotes = "###" + String(repeating: "\"", count: 3)
    let end = String(repeating: "\"", count: 3) + "###"
    return "\(quotes)\n\(ProofIR.needed(of: ProofIR.carried(ir, root: root + "/")))\n\(end)"
}
