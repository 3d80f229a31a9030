// SPDX-License-Identifier: GPL-2.0-only

// Run by the build plugin of this package: compiles one BPF program into a Swift source that holds the object, does
// so with the policy in Swift in it, writes a stamp of the shared headers, or embeds the shipped descriptions. It
// reads no YAML: whatever it needs is compiled before everything else.
import BPFBuild
import Foundation

/// FNV-1a, which is enough to tell one edit from another.
func stamp(output: String, headers: [String]) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for header in headers {
        for byte in FileManager.default.contents(atPath: header) ?? Data() {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
    }
    write("// Generated: the shared headers have this hash.\nlet headerStamp: UInt64 = \(hash)\n", to: output)
}

/// The shipped descriptions, as they stand in their files.
func embed(output: String, files: [String]) {
    let entries = files.map { file -> String in
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            fail("\(file) cannot be read as UTF-8 text")
        }
        let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
        return "        (\"\(name)\", ###\"\"\"\n\(text)\"\"\"###),\n"
    }
    write(
        "// Generated from policies/. Do not edit.\nextension ShippedPolicies {\n"
            + "    static let texts: [(name: String, text: String)] = [\n\(entries.joined())    ]\n}\n",
        to: output)
}

/// The files of a folder, by their paths in it.
func embedPackage(output: String, folder: String, files: [String]) {
    let entries = files.map { file -> String in
        guard let text = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8) else {
            fail("\(folder)/\(file) cannot be read as UTF-8 text")
        }
        return "        (\"\(file)\", ###\"\"\"\n\(text)\"\"\"###),\n"
    }
    write(
        "// Generated from \(folder). Do not edit.\nenum PackageTemplate {\n"
            + "    static let texts: [(path: String, text: String)] = [\n\(entries.joined())    ]\n}\n",
        to: output)
}

let arguments = Array(CommandLine.arguments.dropFirst())
switch (arguments.first, arguments.count) {
case ("compile", 4...):
    compile(
        name: arguments[1], source: arguments[2], output: arguments[3], extra: Array(arguments.dropFirst(4)))
case ("compile-swift", 5...):
    compileSwift(
        root: arguments[1], bpf: arguments[2], output: arguments[3], exports: .described,
        sources: Array(arguments.dropFirst(4)))
case ("stamp", 3...): stamp(output: arguments[1], headers: Array(arguments.dropFirst(2)))
case ("ir-c", 3): embedC(output: arguments[1], source: arguments[2])
case ("ir-swift", 4...):
    embedSwift(output: arguments[1], headers: arguments[2], sources: Array(arguments.dropFirst(3)))
case ("embed-package", 4...):
    embedPackage(output: arguments[1], folder: arguments[2], files: Array(arguments.dropFirst(3)))
case ("embed", 3...): embed(output: arguments[1], files: Array(arguments.dropFirst(2)))
default:
    fail(
        """
        usage: build-bpf compile NAME SOURCE OUTPUT [OPTION...] | compile-swift ROOT HEADERS OUTPUT SOURCE... \
        | stamp OUTPUT HEADER... | embed OUTPUT FILE... | embed-package OUTPUT FOLDER FILE... \
        | ir-c OUTPUT SOURCE | ir-swift OUTPUT HEADERS SOURCE...
        """)
}
