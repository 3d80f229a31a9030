// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Foundation

/// An end of the program that is not success: what is wrong, where, and what to do next.
struct Failure: Error, CustomStringConvertible {
    /// One line or more, without the program's name.
    let message: String
    let code: Code

    init(_ message: String, _ code: Code) {
        self.message = message
        self.code = code
    }

    var description: String { message }

    /// Exit statuses: those of sysexits.h, and two of our own.
    enum Code: Int32, Sendable {
        /// The kernel ended the scheduler.
        case evicted = 3
        /// Two executions of a policy decided differently.
        case diverged = 4
        case usage = 64
        case badData = 65
        case noInput = 66
        case unavailable = 69
        case software = 70
        case osError = 71
        case cannotCreate = 73
        case ioError = 74
        case temporary = 75
        case noPermission = 77
        case configuration = 78
    }

    /// Prints the message the way all of the program's errors look, and ends the process.
    func exit() -> Never {
        FileHandle.standardError.write(Data("sched-proto: \(message)\n".utf8))
        Foundation.exit(code.rawValue)
    }

    /// Runs a command's body and ends the process with the failure it throws, if any.
    static func reporting(_ body: () throws(Failure) -> Void) {
        do throws(Failure) {
            try body()
        } catch {
            error.exit()
        }
    }
}
