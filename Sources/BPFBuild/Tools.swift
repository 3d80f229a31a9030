// SPDX-License-Identifier: GPL-2.0-only
import Foundation

/// Says what went wrong and ends the build.
package func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("error: \(message)\n".utf8))
    exit(1)
}

/// The first program of that name on PATH.
package func onPath(_ name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
}

/// The folder of the running Swift compiler's programs, behind all links.
func toolchainFolder() -> URL? {
    onPath("swift").map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().deletingLastPathComponent() }
}

/// A program that came with the running Swift compiler; nil if there is none.
package func besideSwift(_ name: String) -> String? {
    guard let path = toolchainFolder()?.appending(path: name).path else { return nil }
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
}

/// clang: `$CLANG`, the one beside the running Swift compiler, or the first on PATH; nil if there is none.
package func locateClang() -> String? {
    if let named = ProcessInfo.processInfo.environment["CLANG"], !named.isEmpty { return named }
    return besideSwift("clang") ?? onPath("clang")
}

/// The same; ends the build if there is none.
package func findClang() -> String {
    if let clang = locateClang() { return clang }
    fail("no clang found: it compiles the BPF programs. Run 'make setup', or set CLANG.")
}

/// Ends the build if a source is not there, which is not the compiler's fault.
func requireSource(_ path: String) {
    if FileManager.default.fileExists(atPath: path) { return }
    let parts = path.split(separator: "/").suffix(2).joined(separator: "/")
    fail("\(parts) is not there")
}

/// Runs a program to its end; without `isQuiet` what it says goes to the build's own output.
package func run(_ program: String, _ arguments: [String], isQuiet: Bool = false) -> Int32 {
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

/// Writes a file as a whole. A device, say, would be replaced by one, so that is refused.
package func write(_ text: String, to path: String) {
    let kind = (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType
    if let kind, kind != .typeRegular { fail("\(path) cannot be written: it is there, and no file") }
    do {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
        fail("\(path) cannot be written: \(error.localizedDescription)")
    }
}

/// Runs a program to its end. Returns its status, what it printed, and what it complained of.
package func capture(_ program: String, _ arguments: [String]) -> (
    status: Int32, output: String, errors: String
) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    // Into files: a pipe that nobody empties would hold the program up.
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "build-bpf.\(getpid()).\(UInt64.random(in: 0 ... .max))")
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let files = [folder.appending(path: "output"), folder.appending(path: "errors")]
        for file in files { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        process.waitUntilExit()
        let texts = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
        return (process.terminationStatus, texts[0], texts[1])
    } catch {
        return (127, "", "\(program) cannot be run: \(error.localizedDescription)")
    }
}
