// SPDX-License-Identifier: GPL-2.0-only
package import ArgumentParser
import Conformance
import Glibc
import Output
package import Pairs
package import PolicyModel
import PolicyText
package import ProofSubjects

/// The program's version, which is the first one of CHANGELOG.md.
package enum Version {
    package static let text = "0.1.0"
}

/// The process: which program it is, and how it begins and ends.
package enum Program {
    /// The pair whose program this is; nil for the policies that descriptions say.
    @TaskLocal package static var pair: Pair?
    /// What `prove` is about where it is no pair's program.
    @TaskLocal package static var described: DescribedProof?

    /// A function by itself cannot be a task's value (Swift 6.3.1 ends with a trap).
    package struct DescribedProof: Sendable {
        let subject: @Sendable () -> ProofSubject

        package init(_ subject: @escaping @Sendable () -> ProofSubject) { self.subject = subject }
    }

    /// What all programs can do.
    package static let run: any ParsableCommand.Type = RunCommand.self
    package static let exec: any ParsableCommand.Type = ExecCommand.self
    package static let policy: any ParsableCommand.Type = PolicyCommand.self
    package static let conform: any ParsableCommand.Type = ConformCommand.self
    package static let prove: any ParsableCommand.Type = ProveCommand.self
    package static let trace: any ParsableCommand.Type = TraceCommand.self

    /// What it is called in its messages.
    static var name: String {
        if pair == nil { return "sched-proto" }
        return CommandLine.arguments.first?.split(separator: "/").last.map { Printable.line(String($0)) }
            ?? "sched-proto"
    }

    /// What starts it again.
    static var invocation: String {
        pair == nil ? "sched-proto" : Printable.shellWord(CommandLine.arguments.first ?? "")
    }

    /// One of the executions, of what this program is about.
    static func lane(_ kind: LaneKind) throws(LaneError) -> any Lane {
        if let pair { return try pair.makeLane(kind) }
        return try kind.makeLane()
    }

    /// How reports name what a policy remembers.
    static var naming: ReportNaming { pair?.naming ?? .described }

    /// The description of a policy by name or path, with settings over it.
    package static func description(
        _ nameOrPath: String, _ settings: [String]
    ) throws(Failure) -> PolicyDescription {
        do throws(PolicyError) {
            return try PolicySource.load(nameOrPath: nameOrPath, settings: settings)
        } catch {
            throw Failure(error)
        }
    }

    /// A recorded trace.
    /// - Throws: also if it is of a policy that this program does not have: what it remembers, and what its
    ///   numbers mean, only its own program knows.
    static func trace(_ path: String) throws(Failure) -> TraceFile {
        let file: TraceFile
        do throws(TraceFileError) {
            file = try TraceFile(path: path)
        } catch {
            throw Failure(error, path)
        }
        let declared = pair?.hash ?? 0
        guard file.trace.policy.pair == declared else {
            let other = declared == 0 ? "a pair in a package of its own" : "another policy or declaration"
            throw Failure(
                "\(Printable.path(path)): a trace of \(other), which this program does not have: record it again",
                .badData)
        }
        return file
    }

    /// The command line that decides a file's trace again.
    package static func replay(_ path: String) -> String {
        "\(invocation) conform " + option("--replay", path)
    }

    /// A value that begins like an option has to stand in the option's word.
    package static func option(_ name: String, _ value: String) -> String {
        value.hasPrefix("-")
            ? Printable.shellWord("\(name)=\(value)") : "\(name) \(Printable.shellWord(value))"
    }
}

extension Program {
    /// Reads the command line and does what it says.
    package static func main(_ root: any ParsableCommand.Type) {
        Console.prepare()
        var arguments = Array(CommandLine.arguments.dropFirst())
        Failure.reporting { () throws(Failure) in
            try refuseWhatIsNoText()
            arguments = try withKnownCommands(arguments, of: root)
        }
        begin(root, arguments)
    }

    private static func begin<Root: ParsableCommand>(_ root: Root.Type, _ arguments: [String]) {
        let words = CommandWords(arguments, of: root)
        var command: any ParsableCommand
        do {
            command = try root.parseAsRoot(arguments)
        } catch {
            if root.exitCode(for: error).isSuccess { end(root, error) }
            if let refusal = words.refusal { Failure(refusal, .usage).exit(json: words.asksForJSON) }
            refuse(root, arguments, error, json: words.asksForJSON)
        }
        if let twice = words.twice { Failure(twice, .usage).exit(json: words.asksForJSON) }
        do {
            try command.run()
        } catch {
            end(root, error)
        }
    }

    /// Ends with what is no failure, such as a page of help, or with one that a command threw.
    private static func end<Root: ParsableCommand>(_ root: Root.Type, _ error: any Error) -> Never {
        let text = root.fullMessage(for: error)
        let code = root.exitCode(for: error)
        guard code.isSuccess else {
            if !text.isEmpty { Console.complain(text) }
            Failure.leave(code.rawValue)
        }
        if !text.isEmpty { Console.write(BashCompletion.completed(text, of: root) + "\n") }
        Failure.succeed()
    }

    /// Ends with what the parser, or a command's `validate`, says is wrong. They quote arguments as they are, so
    /// that one with a line break would look like another message: they are asked again about what can be shown.
    private static func refuse<Root: ParsableCommand>(
        _ root: Root.Type, _ arguments: [String], _ error: any Error, json: Bool
    ) -> Never {
        let shown = arguments.map { Printable.line($0) }
        var (text, message) = (root.fullMessage(for: error), root.message(for: error))
        if shown != arguments {
            (text, message) = (Printable.line(text), Printable.line(message))
            do {
                _ = try root.parseAsRoot(shown)
            } catch {
                if !root.exitCode(for: error).isSuccess {
                    (text, message) = (root.fullMessage(for: error), root.message(for: error))
                }
            }
        }
        if json { Failure(message, .usage).writeJSON() }
        Console.complain(text)
        Failure.leave(root.exitCode(for: error).rawValue)
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

    /// - Parameter rest: the words behind it.
    private static func unknown(
        _ word: String, below path: String, _ names: [String], _ rest: ArraySlice<String>
    ) -> Failure {
        let list = names.joined(separator: ", ")
        var hint = Suggestion.hint(word, among: names)
        if word == "help" {
            // Only the program itself has it.
            let command = ([String(path.dropFirst(name.count + 1))] + rest.prefix { !$0.hasPrefix("-") })
                .map { Printable.shellWord($0) }.joined(separator: " ")
            hint = "; help on them is in front: '\(name) help \(command)'"
        } else if hint.isEmpty {
            hint = Suggestion.hint("--\(word)", among: ["--version", "--help"])
        }
        return Failure(
            "\(path) has no command \(Suggestion.quoted(word)); there are \(list)\(hint)", .usage)
    }

    /// The parser takes an unknown command for an unexpected argument of the default one, its `help`
    /// ignores one, and so does `--help` before it, which is put behind the command here.
    private static func withKnownCommands(
        _ arguments: [String], of root: any ParsableCommand.Type
    ) throws(Failure) -> [String] {
        var words = arguments[...]
        let isHelp = words.first == "help"
        if isHelp { words.removeFirst() }
        var commands = root.configuration.subcommands
        var path = name
        var found: [String] = []
        var asksForHelp = false
        var asked: [String] { asksForHelp && !found.isEmpty ? found + ["--help"] : arguments }
        while let word = words.popFirst() {
            if !commands.isEmpty && (word == "--help" || word == "-h") {
                asksForHelp = true
                continue
            }
            if word.hasPrefix("-") { break }
            var names = commands.map { $0._commandName }
            if names.isEmpty {
                // Of a command itself, the parser knows what may follow.
                guard isHelp else { return asked }
                throw Failure(
                    "\(path) has no commands, so there is no help on \(Suggestion.quoted(word)): '\(name) help"
                        + "\(path.dropFirst(name.count))' shows its own", .usage)
            }
            guard let place = names.firstIndex(of: word) else {
                if path == name { names.append("help") }
                if names.contains(word) { return asked }
                throw unknown(word, below: path, names, words)
            }
            commands = commands[place].configuration.subcommands
            path += " \(word)"
            found.append(word)
        }
        return asked
    }
}
