// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Foundation
import Output

/// The words of a command line, and what the parser does not say about them.
struct CommandWords {
    /// What the parser tells of a command.
    private struct Description: Decodable {
        struct Command: Decodable {
            let arguments: [Argument]?
        }

        struct Argument: Decodable {
            struct Name: Decodable {
                let name: String
            }

            let kind: String
            let isRepeating: Bool
            let names: [Name]?
        }

        let command: Command
    }

    private let options: [Description.Argument]
    /// Those of the command that may be options: up to a `--`.
    private let words: [String]

    init(_ arguments: [String], of root: any ParsableCommand.Type) {
        var words = arguments[...]
        var command: any ParsableCommand.Type = root
        while let word = words.first, let next = Self.subcommand(word, of: command) {
            command = next
            words.removeFirst()
        }
        if let usual = command.configuration.defaultSubcommand { command = usual }
        // Behind `exec` are another program's.
        self.words = command == ExecCommand.self ? [] : Array(words.prefix { $0 != "--" })
        let told = try? JSONDecoder().decode(Description.self, from: Data(command._dumpHelp().utf8))
        options = told?.command.arguments ?? []
    }

    private static func subcommand(
        _ word: String, of command: any ParsableCommand.Type
    ) -> (any ParsableCommand.Type)? {
        command.configuration.subcommands.first { $0._commandName == word }
    }

    /// Whether JSON is asked for, of a command that has it.
    var asksForJSON: Bool { words.contains("--json") && option("json") != nil }

    private func option(_ name: String) -> Description.Argument? {
        options.first { $0.names?.contains { $0.name == name } == true }
    }

    /// The names of options, in the order of the words.
    private var given: [String] {
        words.compactMap { word in
            word.hasPrefix("--") ? String(word.dropFirst(2).prefix { $0 != "=" }) : nil
        }
    }

    /// What is said twice, of which the parser would take the last one; nil if nothing is.
    var twice: String? {
        // Who asks for help, or the version, gets that.
        if given.contains("help") || given.contains("version") || words.contains("-h") { return nil }
        var seen: Set<String> = []
        for name in given {
            let isNew = seen.insert(name).inserted
            guard let option = option(name), !option.isRepeating else { continue }
            if option.kind == "option", !isNew { return "--\(name) is given twice: leave one of them out" }
            let other = name.hasPrefix("no-") ? String(name.dropFirst(3)) : "no-\(name)"
            if option.kind == "flag", seen.contains(other) {
                return "--\(name) and --\(other) exclude each other: leave one of them out"
            }
        }
        return nil
    }

    /// What the parser refuses in words that do not help; nil where its own do.
    var refusal: String? {
        for (word, value) in zip(words, words.dropFirst()) where word.hasPrefix("--") {
            let isNumber = value.hasPrefix("-") && Double(value) != nil
            if isNumber, option(String(word.dropFirst(2)))?.kind == "option" {
                return "\(word) \(value): no number here is negative"
            }
        }
        // It does not have these two in mind.
        let always = ["help", "version"]
        for name in given where option(name) == nil && !always.contains(name) {
            let known = options.compactMap { $0.names?.last?.name } + always
            guard let near = Words.nearest(name, among: known), always.contains(near) else { continue }
            return "unknown option \(Printable.shellWord("--\(name)")); did you mean --\(near)?"
        }
        return nil
    }
}
