// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import CSystem
import Glibc

/// Starts a program under SCHED_EXT, for schedulers attached with `--partial`.
struct ExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a program as a task of the scheduler that was attached with --partial.",
        discussion: "The program and its children ask for SCHED_EXT; without a scheduler they run as ever.")

    @Argument(parsing: .captureForPassthrough, help: "The program and its arguments.")
    var command: [String]

    func run() {
        Failure.reporting { () throws(Failure) in
            let words = command.first == "--" ? Array(command.dropFirst()) : command
            guard let program = words.first else {
                throw Failure("exec: no program given", .usage)
            }
            var parameters = sched_param()
            if sched_setscheduler(0, 7 /* SCHED_EXT */, &parameters) != 0 {
                let reason = String(cString: strerror(errno))
                throw Failure(
                    "exec: sched_setscheduler(SCHED_EXT): \(reason); the kernel needs sched_ext",
                    .unavailable)
            }
            var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
            arguments.append(nil)
            execvp(program, arguments)
            let reason = String(cString: strerror(errno))
            throw Failure("exec: \(program): \(reason)", errno == ENOENT ? .noInput : .noPermission)
        }
    }
}
