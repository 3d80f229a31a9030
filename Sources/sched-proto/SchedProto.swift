// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Glibc
import Output
import PolicyText

/// The program's version, which is the first one of CHANGELOG.md.
enum Version {
    static let text = "0.1.0"
}

struct SchedProto: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sched-proto",
        abstract: "One scheduling policy, executed in user space or as BPF, proven identical.",
        version: Version.text,
        subcommands: [
            RunCommand.self,
            ExecCommand.self,
            PolicyCommand.self,
            ConformCommand.self,
            ProveCommand.self,
            SimulateCommand.self,
            TraceCommand.self,
        ],
        defaultSubcommand: RunCommand.self)
}

@main
enum Program {
    static func main() {
        Console.prepare()
        Failure.reporting { () throws(Failure) in
            try refuseWhatIsNoText()
            try refuseUnknownCommands(Array(CommandLine.arguments.dropFirst()))
        }
        do {
            var command = try SchedProto.parseAsRoot()
            try command.run()
        } catch {
            end(with: error)
        }
    }

    /// Ends with what the parser, or a command that only asks for its help, has to say.
    private static func end(with error: any Error) -> Never {
        let text = SchedProto.fullMessage(for: error)
        let code = SchedProto.exitCode(for: error)
        guard code.isSuccess else {
            if !text.isEmpty { Console.complain(text) }
            Failure.leave(code.rawValue)
        }
        if !text.isEmpty { Console.write(text + "\n") }
        Failure.succeed()
    }

    /// Swift would put a replacement character where an argument is not UTF-8, and another file would be
    /// opened. What `exec` starts gets its arguments as they are.
    private static func refuseWhatIsNoText() throws(Failure) {
        let isExec = CommandLine.arguments.dropFirst().first == ExecCommand._commandName
        if isExec { return }
        for number in 1..<max(Int(CommandLine.argc), 1) {
            guard let word = CommandLine.unsafeArgv[number] else { continue }
            if String(validatingCString: word) == nil {
                let bytes = UnsafeRawBufferPointer(start: word, count: strlen(word))
                throw Failure(
                    "argument \(number) is not UTF-8 text: \(Printable.line(bytes: bytes))", .usage)
            }
        }
    }

    /// The parser takes an unknown command for an unexpected argument of the default one, and its `help`
    /// ignores one.
    private static func refuseUnknownCommands(_ arguments: [String]) throws(Failure) {
        var words = arguments[...]
        if words.first == "help" { words.removeFirst() }
        var commands = SchedProto.configuration.subcommands
        var path = "sched-proto"
        while let word = words.popFirst(), !word.hasPrefix("-") {
            var names = commands.map { $0._commandName }
            if names.isEmpty { return }
            guard let place = names.firstIndex(of: word) else {
                if path == "sched-proto" { names.append("help") }
                if names.contains(word) { return }
                let list = names.joined(separator: ", ")
                throw Failure(
                    "\(path) has no command \(Suggestion.quoted(word)); there are \(list)"
                        + Suggestion.hint(word, among: names), .usage)
            }
            commands = commands[place].configuration.subcommands
            path += " \(word)"
        }
    }
}
