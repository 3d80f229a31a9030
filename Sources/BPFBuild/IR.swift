// SPDX-License-Identifier: GPL-2.0-only

// The policy as LLVM IR, for `sched-proto prove`: of the same sources, by the same compilers, that the lanes and the
// daemon are built from.
import Foundation
import SwiftToBPF

/// The C policy, as the native lane has it.
package func embedC(output: String, source: String) {
    requireSource(source)
    let clang = findClang()
    let text = output + ".ll"
    let folder = URL(fileURLWithPath: source).deletingLastPathComponent()
    let status = run(clang, ProofIR.cOptions(headers: folder.path) + [source, "-o", text])
    if status != 0 { fail("\(clang) cannot make LLVM IR of \(source) (status \(status))") }
    embedIR(name: "c", text: text, root: folder.deletingLastPathComponent(), output: output)
}

/// The Swift policy: all sources of its module, and what enters it.
package func embedSwift(output: String, headers: String, sources: [String]) {
    guard let compiler = besideSwift("swiftc") else { fail("no swiftc found beside swift on PATH") }
    let text = output + ".ll"
    let entry = output + ".entry.swift"
    write(ProofIR.swiftEntry, to: entry)
    let status = run(compiler, ProofIR.swiftOptions(headers: headers) + sources + [entry, "-o", text])
    if status != 0 { fail("\(compiler) cannot make LLVM IR of the policy (status \(status))") }
    let root = URL(fileURLWithPath: headers).deletingLastPathComponent()
    embedIR(name: "swift", text: text, root: root, output: output)
}

private func embedIR(name: String, text path: String, root: URL, output: String) {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        fail("\(path) cannot be read")
    }
    let quotes = "###" + String(repeating: "\"", count: 3)
    let end = String(repeating: "\"", count: 3) + "###"
    let body = ProofIR.carried(text, root: root.path + "/")
    write(
        "// Generated. Do not edit.\nextension EmbeddedIR {\n    static let \(name) = \(quotes)\n\(body)\n\(end)\n}\n",
        to: output)
}
