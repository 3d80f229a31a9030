// SPDX-License-Identifier: GPL-2.0-only

// The policy as LLVM IR, for `sched-proto prove`: of the same sources, by the same compilers, that the lanes and the
// daemon are built from.
import Foundation

/// The C policy, as the native lane has it. Without vectors, which the proof does not model.
func embedC(output: String, source: String) {
    let clang = findClang()
    let text = output + ".ll"
    let folder = URL(fileURLWithPath: source).deletingLastPathComponent().path
    let status = run(
        clang,
        ["-O2", "-fno-vectorize", "-fno-slp-vectorize", "-I", folder, "-S", "-emit-llvm", source, "-o", text])
    if status != 0 { fail("\(clang) cannot make LLVM IR of \(source) (status \(status))") }
    embedIR(name: "c", text: text, output: output)
}

/// The Swift policy: all sources of its module, and what enters it.
func embedSwift(output: String, headers: String, sources: [String]) {
    guard let compiler = besideSwift("swiftc") else { fail("no swiftc found beside swift on PATH") }
    let text = output + ".ll"
    let entry = output + ".entry.swift"
    write(entrySource, to: entry)
    let options = [
        "-O", "-wmo", "-parse-as-library", "-module-name", "PolicyModel", "-package-name", "sched_proto",
        "-swift-version", "6", "-enable-upcoming-feature", "InternalImportsByDefault",
        "-enable-upcoming-feature", "ExistentialAny", "-suppress-warnings", "-Xllvm", "-vectorize-slp=false",
        "-Xllvm", "-vectorize-loops=false", "-I", headers, "-emit-ir", "-o", text,
    ]
    let status = run(compiler, options + sources + [entry])
    if status != 0 { fail("\(compiler) cannot make LLVM IR of the policy (status \(status))") }
    embedIR(name: "swift", text: text, output: output)
}

private func embedIR(name: String, text path: String, output: String) {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        fail("\(path) cannot be read")
    }
    // What says nothing about the functions' values is left out.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true).filter { line in
        !["@", "declare", "attributes", "$", ";"].contains { line.hasPrefix($0) }
            && (!line.hasPrefix("!") || line.contains("version"))
    }
    let quotes = "###" + String(repeating: "\"", count: 3)
    let end = String(repeating: "\"", count: 3) + "###"
    let body = lines.joined(separator: "\n")
    write(
        "// Generated. Do not edit.\nextension EmbeddedIR {\n    static let \(name) = \(quotes)\n\(body)\n\(end)\n}\n",
        to: output)
}

/// The two functions of the native lane, around the Swift policy.
private let entrySource = """
    public import CSchedProto

    @_cdecl("sp_native_start")
    public func start(_ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>) {
        global.pointee = DescribedPolicy(policy.pointee).global
    }

    @_cdecl("sp_native_decide")
    public func decide(
        _ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>,
        _ tasks: UnsafeMutablePointer<sp_task>, _ events: UnsafePointer<sp_event>,
        _ outcomes: UnsafeMutablePointer<sp_outcome>, _ count: UInt32
    ) {
        var described = DescribedPolicy(policy.pointee)
        described.global = global.pointee
        for index in 0..<Int(count) {
            let slot = Int(events[index].pid & (SP_PROBE_TASKS - 1))
            outcomes[index].decision = described.decide(events[index], &tasks[slot])
            outcomes[index].task = tasks[slot]
            outcomes[index].global = described.global
        }
        global.pointee = described.global
    }

    """
