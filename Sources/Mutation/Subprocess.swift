// SPDX-License-Identifier: GPL-2.0-only
import Foundation

/// Programs that build and judge mutants: a process each, since a mutant may trap or never end.
package enum Subprocess {
    /// Runs a command without its output.
    /// - Returns: its status, 128 + the signal that ended it, or 127 if it cannot be run.
    package static func status(_ command: [String]) -> Int32 {
        run(command, output: .nullDevice, errors: .nullDevice)
    }

    /// The same; what the command says is shown on stderr.
    package static func loudStatus(_ command: [String]) -> Int32 {
        run(command, output: .standardError, errors: .standardError)
    }

    /// The same; also what it prints, without the blanks around it.
    package static func captured(_ command: [String]) -> (status: Int32, text: String) {
        let pipe = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return (127, "") }
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (status(of: process), text.trimmed)
    }

    private static func run(_ command: [String], output: FileHandle, errors: FileHandle) -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        guard (try? process.run()) != nil else { return 127 }
        process.waitUntilExit()
        return status(of: process)
    }

    private static func status(of process: Process) -> Int32 {
        process.terminationReason == .uncaughtSignal
            ? 128 + process.terminationStatus : process.terminationStatus
    }
}
