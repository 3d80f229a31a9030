// SPDX-License-Identifier: GPL-2.0-only

// Run by the build plugin: compiles one BPF program into a Swift source that holds the object,
// writes a stamp of the shared headers, or embeds the shipped descriptions.
import Foundation

/// Says what went wrong and ends the build.
func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("error: \(message)\n".utf8))
    exit(1)
}

/// clang: `$CLANG`, the one beside the running Swift compiler, or the first on PATH.
func findClang() -> String {
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["CLANG"], !named.isEmpty { return named }
    let folders = (environment["PATH"] ?? "/usr/bin").split(separator: ":").map(String.init)
    let files = FileManager.default
    for folder in folders where files.isExecutableFile(atPath: "\(folder)/swift") {
        let real = URL(fileURLWithPath: "\(folder)/swift").resolvingSymlinksInPath()
        let beside = real.deletingLastPathComponent().appending(path: "clang").path
        if files.isExecutableFile(atPath: beside) { return beside }
    }
    for folder in folders where files.isExecutableFile(atPath: "\(folder)/clang") {
        return "\(folder)/clang"
    }
    fail("no clang found: it compiles the BPF programs. Run 'make setup', or set CLANG.")
}

/// Runs a program to its end; without `isQuiet` what it says goes to the build's own output.
func run(_ program: String, _ arguments: [String], isQuiet: Bool = false) -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    if isQuiet {
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
    }
    do {
        try process.run()
    } catch {
        fail("\(program) cannot be run: \(error.localizedDescription)")
    }
    process.waitUntilExit()
    return process.terminationStatus
}

func write(_ text: String, to path: String) {
    do {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
        fail("\(path) cannot be written: \(error.localizedDescription)")
    }
}

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

func compile(name: String, source: String, output: String) {
    let clang = findClang()
    let object = output + ".o"
    let folder = URL(fileURLWithPath: source).deletingLastPathComponent().path
    let status = run(clang, options(including: folder) + ["-c", source, "-o", object])
    if status != 0 && isUsable(clang, object) {
        fail("bpf/\(name).bpf.c, or a header that it includes, is not right: what clang says stands above")
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
        extension BPFObject {
            static let \(name) = BPFObject(
                name: "\(name)",
                base64: "\(bytes.base64EncodedString())")
        }

        """, to: output)
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

let arguments = Array(CommandLine.arguments.dropFirst())
switch (arguments.first, arguments.count) {
case ("compile", 4): compile(name: arguments[1], source: arguments[2], output: arguments[3])
case ("stamp", 3...): stamp(output: arguments[1], headers: Array(arguments.dropFirst(2)))
case ("embed", 3...): embed(output: arguments[1], files: Array(arguments.dropFirst(2)))
default:
    fail("usage: build-bpf compile NAME SOURCE OUTPUT | stamp OUTPUT HEADER... | embed OUTPUT FILE...")
}
