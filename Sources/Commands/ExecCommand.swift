// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import CSystem
import Glibc
import Output

/// Starts a program under SCHED_EXT, for schedulers attached with `--partial`.
struct ExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a program as a task of the scheduler that was attached with --partial.",
        discussion: """
            The program and its children ask for SCHED_EXT; without a scheduler they run as ever.

            Exit status: the program's own; 64 wrong usage, 66 no such program, 69 kernel without \
            sched_ext, 77 the program may not be started.
            """)

    @Argument(
        parsing: .captureForPassthrough,
        help: "The program and its arguments; a -- may stand before them.")
    var command: [String]

    /// The words of the program, as bytes: where they stand among the process's own.
    private var begin: Int {
        let first = Int(CommandLine.argc) - command.count
        return command.first == "--" ? first + 1 : first
    }

    func run() throws {
        // The parser leaves all words to us.
        if let word = command.first, word.hasPrefix("-"), word != "--" {
            if word == "--help" || word == "-h" { throw CleanExit.helpRequest(self) }
            if word == "--version" { throw CleanExit.message(Version.text) }
            let hint = Suggestion.hint(word, among: ["--help", "--version"])
            Failure(
                "exec: unknown option \(Printable.shellWord(word)); a program is named first\(hint)", .usage
            )
            .exit()
        }
        Failure.reporting { () throws(Failure) in try start() }
    }

    private func start() throws(Failure) {
        guard begin < Int(CommandLine.argc), let program = CommandLine.unsafeArgv[begin] else {
            throw Failure("exec: no program given", .usage)
        }
        var parameters = sched_param()
        if sched_setscheduler(0, 7 /* SCHED_EXT */, &parameters) != 0 {
            let reason = String(cString: strerror(errno))
            throw Failure(
                "exec: sched_setscheduler(SCHED_EXT): \(reason); the kernel needs sched_ext", .unavailable)
        }
        Console.restoreSignals()
        execvp(program, CommandLine.unsafeArgv + begin)
        let error = errno
        let name = Printable.line(bytes: UnsafeRawBufferPointer(start: program, count: strlen(program)))
        throw Failure(
            "exec: \(name): \(String(cString: strerror(error)))", error == ENOENT ? .noInput : .noPermission)
    }
}
