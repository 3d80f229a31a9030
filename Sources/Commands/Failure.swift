// SPDX-License-Identifier: GPL-2.0-only
import Glibc
import Output
import Session

/// An end of the program that is not success: what is wrong, where, and what to do next.
package struct Failure: Error, CustomStringConvertible {
    /// One line or more, without the program's name.
    package let message: String
    package let code: Code

    package init(_ message: String, _ code: Code) {
        self.message = message
        self.code = code
    }

    package var description: String { message }

    /// Exit statuses: those of sysexits.h, and four of our own.
    package enum Code: Int32, Sendable {
        /// The kernel ended the scheduler.
        case evicted = 3
        /// Two executions of a policy decided differently.
        case diverged = 4
        /// What was compared agrees, but not all was compared that should have been, or nothing at all.
        case incomplete = 5
        /// Neither proven nor refuted: the solver is missing, too old or gave up, or something is not modelled.
        case unproven = 6
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

    /// What is printed: the message the way all of the program's errors look.
    package var text: String { Self.text(message) }

    package static func text(_ message: String) -> String { "\(Program.name): \(message)" }

    /// Prints the message, if that is possible, and ends the process.
    package func exit() -> Never {
        Console.complain(text)
        Self.leave(code.rawValue)
    }

    /// The same; who asked for JSON gets an object on standard output as well.
    func exit(json: Bool) -> Never {
        if json { writeJSON() }
        exit()
    }

    /// Unless there is a result already.
    func writeJSON() {
        if !Console.hasOutput { Console.write(json.line + "\n") }
    }

    /// Ends the process after something went wrong, whose status goes before that of output.
    package static func leave(_ status: Int32) -> Never {
        if let reason = Console.outputFailure { Console.complain(Self.output(reason).text) }
        Glibc.exit(status)
    }

    /// Ends the process well, unless something that was to be printed was not.
    package static func succeed() -> Never {
        Console.finishOutput()
        if let reason = Console.outputFailure { output(reason).exit(.ioError) }
        Glibc.exit(0)
    }

    /// Standard output lacks something.
    package static func output(_ reason: String) -> Failure {
        Failure("standard output cannot be written: \(reason)", .ioError)
    }

    private func exit(_ code: Code) -> Never {
        Console.complain(text)
        Glibc.exit(code.rawValue)
    }

    /// Runs a command's body and ends the process with the failure it throws, if any.
    package static func reporting(_ body: () throws(Failure) -> Void) {
        do throws(Failure) {
            try body()
        } catch {
            error.exit()
        }
    }

    /// Runs a command's body, which is all there is to do, and ends the process.
    /// - Parameter json: who reads standard output gets an object of JSON in any case.
    package static func ending(json: Bool = false, _ body: () throws(Failure) -> Void) -> Never {
        do throws(Failure) {
            try body()
        } catch {
            error.exit(json: json)
        }
        succeed()
    }

    private var json: JSONText {
        .object([
            ("version", .number(1)), ("type", .string("error")), ("status", .number(UInt64(code.rawValue))),
            ("message", .string(message)),
        ])
    }
}

/// The end of a process that wrote through a `LineWriter`, and that no reader can hold up.
extension Failure {
    /// Threads that write a session's lines.
    static func writer(_ format: Session.Options.Format) -> LineWriter {
        do throws(LineWriter.Failure) {
            return try LineWriter { Session.missingLines($0, format) }
        } catch {
            Failure(error.description, .osError).exit()
        }
    }

    /// Writes what is left and the message, as far as somebody reads them, and ends the process: with the
    /// failure's status; without one, with that of lost output if an error was the reason.
    static func end(_ failure: Failure?, after lines: LineWriter) -> Never {
        let output = lines.flush(.output)
        if let failure { lines.warn(failure.text) }
        if let reason = output.failure {
            lines.warn("\(Self.output(reason).text) (\(output.lost) lines are lost)")
        } else if output.lost > 0 {
            lines.warn(text("\(output.lost) lines of output are lost: nobody read them"))
        }
        _ = lines.flush(.error)
        let code = failure?.code ?? (output.failure == nil ? nil : .ioError)
        Glibc.exit(code?.rawValue ?? 0)
    }
}
