// SPDX-License-Identifier: GPL-2.0-only

// Run by the build plugins: compiles one BPF program into a Swift source that holds the object, does so
// with a policy in Swift in it, writes a stamp of the shared headers, or embeds the shipped descriptions.
import Foundation
import SwiftToBPF

/// What clang is called with for every BPF program.
func options(including folder: String) -> [String] {
    [
        "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-std=gnu17", "-Wall", "-Wextra", "-Werror",
        "-Wno-unused-parameter", "-I", folder, "-I/usr/include",
        "-idirafter", "/usr/include/\(machineInclude())",
    ]
}

/// Whether clang compiles a program in which there can be no mistake.
func isUsable(_ clang: String, _ object: String) -> Bool {
    let source = object + ".trial.c"
    write("#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nint trial = 1;\n", to: source)
    defer { try? FileManager.default.removeItem(atPath: source) }
    let folder = URL(fileURLWithPath: source).deletingLastPathComponent().path
    let arguments = options(including: folder) + ["-c", source, "-o", object + ".trial"]
    return run(clang, arguments, isQuiet: true) == 0
}

func compile(name: String, source: String, output: String, extra: [String]) {
    let clang = findClang()
    let object = output + ".o"
    let folder = URL(fileURLWithPath: source).deletingLastPathComponent().path
    let status = run(clang, options(including: folder) + extra + ["-c", source, "-o", object])
    if status != 0 && isUsable(clang, object) {
        let file = URL(fileURLWithPath: source).lastPathComponent
        fail("bpf/\(file), or a header that it includes, is not right: what clang says stands above")
    }
    if status != 0 {
        fail(
            "\(clang) cannot compile for BPF (status \(status)); clang 16 or newer and libbpf-dev 1.4 or newer are needed: run 'make setup'"
        )
    }
    guard let bytes = FileManager.default.contents(atPath: object) else {
        fail("\(object) cannot be read")
    }
    write(
        """
        // Generated from \(name).bpf.c. Do not edit.
        let \(name): StaticString = "\(bytes.base64EncodedString())"

        """, to: output)
}

/// What a package defines for `#if` stands among the sources.
func isCondition(_ argument: String) -> Bool { argument.hasPrefix("-D") }

/// Both BPF programs with a policy in Swift in them, as one Swift source. Where that cannot be had, it says
/// why instead: the policy still runs in user mode.
/// - Parameter root: the folder that files are named from in messages.
func compileSwift(root: String, bpf: String, output: String, exports: SwiftExports, sources: [String]) {
    func relative(_ text: String) -> String { text.replacingOccurrences(of: "\(root)/", with: "") }
    var objects: [SwiftExports.Object] = []
    do throws(Obstacle) {
        let policy = try SwiftPolicy(
            bpf: bpf, sources: sources.filter { !isCondition($0) }, conditions: sources.filter(isCondition),
            exports: exports, scratch: output)
        for (name, program) in [("swift_probe", "policy_probe"), ("swift_mode", "bpf_mode")] {
            let linked = try policy.link(program)
            objects.append(
                .init(
                    name: name, base64: Data(linked.bytes).base64EncodedString(),
                    traps: linked.traps.map {
                        ($0.number, $0.place.map { relative($0.description) }, $0.failure)
                    }))
        }
    } catch {
        let (reason, parts) = (relative(error.reason), error.parts.map(relative))
        let lines = parts.isEmpty ? reason : "\(reason):\n  " + parts.joined(separator: "\n  ")
        FileHandle.standardError.write(Data("warning: no Swift policy for the kernel: \(lines)\n".utf8))
        // Whoever asks for it is told in one line.
        let text = parts.isEmpty ? reason : "\(reason): " + parts.joined(separator: "; ")
        write(exports.source(obstacle: literal(text)), to: output)
        return
    }
    write(exports.source(probe: objects[0], mode: objects[1]), to: output)
}

/// A Swift string literal.
func literal(_ text: String) -> String { "\"\(escaped(text))\"" }

/// What stands in one. Control characters but for line breaks become blanks.
func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar -> String in
        switch scalar {
        case "\\", "\"": "\\\(scalar)"
        case "\n": "\\n"
        default: scalar.value < 32 ? " " : String(scalar)
        }
    }.joined()
}

/// Debian keeps the headers of one architecture in a folder of their own.
func machineInclude() -> String {
    #if arch(arm64)
    "aarch64-linux-gnu"
    #else
    "x86_64-linux-gnu"
    #endif
}

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
case ("compile-own", 6...):
    compileSwift(
        root: arguments[1], bpf: arguments[2], output: arguments[3], exports: .own(type: arguments[4]),
        sources: Array(arguments.dropFirst(5)))
case ("compile-pair-swift", 7...):
    compileSwift(
        root: arguments[1], bpf: arguments[2], output: arguments[3],
        exports: .pair(type: arguments[5], modeOptions: modeOptions(declaration: arguments[4])),
        sources: Array(arguments.dropFirst(6)))
case ("declare", 5):
    declare(root: arguments[1], file: arguments[2], type: arguments[3], output: arguments[4])
case ("compile-pair", 7):
    compilePair(
        root: arguments[1], bpf: arguments[2], file: arguments[3], header: arguments[4], type: arguments[5],
        output: arguments[6])
case ("pair-ir", 8...):
    embedPair(
        root: arguments[1], bpf: arguments[2], declaration: arguments[3], header: arguments[4],
        type: arguments[5], output: arguments[6], sources: Array(arguments.dropFirst(7)))
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
        usage: build-bpf compile NAME SOURCE OUTPUT [OPTION...] | compile-swift ROOT HEADERS OUTPUT SOURCE... | \
        compile-own ROOT HEADERS OUTPUT TYPE SOURCE... | declare ROOT DECLARATION TYPE OUTPUT \
        | compile-pair-swift ROOT HEADERS OUTPUT DECLARATION TYPE SOURCE... \
        | compile-pair ROOT HEADERS DECLARATION HEADER TYPE OUTPUT | stamp OUTPUT HEADER... | embed OUTPUT FILE... \
        | embed-package OUTPUT FOLDER FILE... \
        | pair-ir ROOT HEADERS DECLARATION HEADER TYPE OUTPUT SOURCE... \
        | ir-c OUTPUT SOURCE | ir-swift OUTPUT HEADERS SOURCE...
        """)
}
