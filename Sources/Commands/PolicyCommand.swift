// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import CSchedProto
import Output
import PolicyModel
import PolicyText

/// `sched-proto policy`: everything about descriptions that needs no kernel.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "List, show, check and compare policy descriptions.",
        discussion: """
            POLICY.md is the reference of all keys.

            With --json, what ends it before there is a result is an object too: version, type (error), status \
            and message.

            Exit status: 0 if all is well, 64 wrong usage or setting, 65 wrong description, 66 no such \
            policy or file, 74 standard output cannot be written, 77 a file may not be read.
            """,
        subcommands: [
            PolicyList.self, PolicyShow.self, PolicyCheck.self, PolicyDiff.self, PolicySchemaCommand.self,
            PolicyReferenceCommand.self,
        ])
}

struct PolicyList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the policies that ship with the program.")

    @Flag(help: "Print JSON: a list of objects with name and summary.")
    var json = false

    func run() {
        Failure.ending(json: json) { () throws(Failure) in
            let shipped: [PolicyDescription]
            do throws(PolicyError) {
                shipped = try PolicySource.shipped()
            } catch {
                throw Failure(error)
            }
            guard json else {
                Console.write(TextTable.columns(shipped.map { [$0.name, $0.summary] }))
                return
            }
            let list = shipped.map { policy in
                JSONText.object([("name", .string(policy.name)), ("summary", .string(policy.summary))])
            }
            Console.write(JSONText.array(list).text() + "\n")
        }
    }
}

struct PolicyShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print a policy as YAML, with the defaults filled in.")

    @Argument(help: "A shipped policy's name, or a path.", completion: Completion.policies)
    var policy: String

    @Option(
        name: .customLong("set"), help: ArgumentHelp("Replace a key's value.", valueName: "key=value"),
        completion: Completion.settings)
    var settings: [String] = []

    @Flag(help: "Print JSON: the same keys and groups; durations in ns.")
    var json = false

    func run() {
        Failure.ending(json: json) { () throws(Failure) in
            let description = try Program.description(policy, settings)
            Console.write(
                json ? description.json.text() + "\n" : description.yaml + Self.wakeups(description.policy))
        }
    }

    /// Where a pair's waking tasks look, which its declaration says and no description changes.
    private static func wakeups(_ policy: sp_policy) -> String {
        guard policy.pair != 0 else { return "" }
        return [("wake-ups", policy.promote_waiting_max), ("synchronous wake-ups", policy.promote_sync)]
            .filter { $0.1 != 0 }
            .map { what, list in
                let sets = Program.pair?.keys.sets ?? []
                let places = WakeupPlace.decode(list).map { place in
                    place.setIndex.flatMap { sets.indices.contains($0) ? sets[$0] : nil } ?? place.word
                }.joined(separator: ", ")
                return "# \(what) look for an idle CPU at: \(places)\n"
            }.joined()
    }
}

struct PolicyCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check descriptions; the exit status is 65 if one is wrong.")

    @Argument(
        help: ArgumentHelp("Paths, or shipped policies' names.", valueName: "file"),
        completion: Completion.policies)
    var files: [String]

    @Flag(help: "Print JSON: a list with file, ok, and name or problems (message, line, column).")
    var json = false

    func run() {
        Failure.ending(json: json) { () throws(Failure) in
            var failures: [Failure] = []
            var list: [JSONText] = []
            for file in files {
                do throws(PolicyError) {
                    let name = try PolicySource.load(nameOrPath: file, settings: []).name
                    list.append(
                        .object([("file", .string(file)), ("ok", .bool(true)), ("name", .string(name))]))
                    if !json { Console.write("\(Printable.line(file)): ok (name \(name))\n") }
                } catch {
                    list.append(
                        .object([
                            ("file", .string(file)), ("ok", .bool(false)),
                            ("problems", .array(error.problems.map(Self.json))),
                        ]))
                    failures.append(Failure(error))
                }
            }
            if json { Console.write(JSONText.array(list).text() + "\n") }
            guard let first = failures.first else { return }
            // A wrong description says more about a set of files than a missing one does.
            let code = failures.contains { $0.code == .badData } ? .badData : first.code
            throw Failure(failures.map(\.message).joined(separator: "\n"), code)
        }
    }

    private static func json(_ problem: PolicyError.Problem) -> JSONText {
        func place(_ number: Int?) -> JSONText { number.map { .number(UInt64($0)) } ?? .null }
        return .object([
            ("message", .string(problem.message)), ("line", place(problem.line)),
            ("column", place(problem.column)),
        ])
    }
}

struct PolicyDiff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Print the keys in which two policies differ.")

    @Argument(help: "A shipped policy's name, or a path.", completion: Completion.policies)
    var left: String

    @Argument(help: "Another one.", completion: Completion.policies)
    var right: String

    func run() {
        Failure.ending { () throws(Failure) in
            let descriptions = (
                try Program.description(left, []), try Program.description(right, [])
            )
            let titles = (Printable.line(left), Printable.line(right))
            let table = descriptions.0.differences(from: descriptions.1, titles: titles)
            Console.write(table ?? "\(titles.0) and \(titles.1) decide alike.\n")
        }
    }
}

struct PolicySchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of descriptions, for editors.")

    func run() { Failure.ending { Console.write(PolicySchema.json) } }
}

struct PolicyReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference", abstract: "Print the reference of all keys, as Markdown.")

    func run() { Failure.ending { Console.write(PolicyReference.markdown) } }
}
