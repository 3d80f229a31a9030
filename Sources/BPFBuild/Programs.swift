// SPDX-License-Identifier: GPL-2.0-only

// BPF programs as Swift sources that hold the object.
import Foundation
import SwiftToBPF

/// What clang is called with for every BPF program.
package func options(including folder: String) -> [String] {
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

package func compile(name: String, source: String, output: String, extra: [String]) {
    requireSource(source)
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
package func isCondition(_ argument: String) -> Bool { argument.hasPrefix("-D") }

/// Both BPF programs with a policy in Swift in them, as one Swift source. Where that cannot be had, it says
/// why instead: the policy still runs in user mode.
/// - Parameter root: the folder that files are named from in messages.
package func compileSwift(root: String, bpf: String, output: String, exports: SwiftExports, sources: [String])
{
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
package func literal(_ text: String) -> String { "\"\(escaped(text))\"" }

/// What stands in one. Control characters but for line breaks become blanks.
package func escaped(_ text: String) -> String {
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
