// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import PolicyModel
import PolicyText

/// `sched-proto policy`: everything about descriptions that needs no kernel.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "List, show, check and compare policy descriptions.",
        discussion: "docs/POLICY.md is the reference of all keys.",
        subcommands: [
            PolicyList.self, PolicyShow.self, PolicyCheck.self, PolicyDiff.self, PolicySchemaCommand.self,
            PolicyReferenceCommand.self,
        ])
}

struct PolicyList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the policies that ship with the program.")

    func run() {
        Failure.reporting { () throws(Failure) in
            let shipped: [PolicyDescription]
            do throws(PolicyError) {
                shipped = try PolicySource.shipped()
            } catch {
                throw Failure(error)
            }
            print(TextTable.columns(shipped.map { [$0.name, $0.summary] }), terminator: "")
        }
    }
}

struct PolicyShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print a policy as YAML, with the defaults filled in.")

    @Argument(help: "A shipped policy's name, or a path.")
    var policy: String

    @Option(name: .customLong("set"), help: ArgumentHelp("Replace a key's value.", valueName: "key=value"))
    var settings: [String] = []

    func run() {
        Failure.reporting { () throws(Failure) in
            print(try RunCommand.description(policy, settings).yaml, terminator: "")
        }
    }
}

struct PolicyCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check descriptions; the exit status is 65 if one is wrong.")

    @Argument(help: ArgumentHelp("Paths, or shipped policies' names.", valueName: "file"))
    var files: [String]

    func run() {
        Failure.reporting { () throws(Failure) in
            var failures: [Failure] = []
            for file in files {
                do throws(Failure) {
                    print("\(file): ok (name \(try RunCommand.description(file, []).name))")
                } catch {
                    failures.append(error)
                }
            }
            guard let first = failures.first else { return }
            // A wrong description says more about a set of files than a missing one does.
            let code = failures.contains { $0.code == .badData } ? .badData : first.code
            throw Failure(failures.map(\.message).joined(separator: "\n"), code)
        }
    }
}

struct PolicyDiff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Print the keys in which two policies differ.")

    @Argument(help: "A shipped policy's name, or a path.")
    var left: String

    @Argument(help: "Another one.")
    var right: String

    func run() {
        Failure.reporting { () throws(Failure) in
            let descriptions = (
                try RunCommand.description(left, []), try RunCommand.description(right, [])
            )
            let table = descriptions.0.differences(from: descriptions.1, titles: (left, right))
            print(table ?? "\(left) and \(right) decide alike.\n", terminator: "")
        }
    }
}

struct PolicySchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of descriptions, for editors.")

    func run() { print(PolicySchema.json, terminator: "") }
}

struct PolicyReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference", abstract: "Print the reference of all keys, as Markdown.")

    func run() { print(PolicyReference.markdown, terminator: "") }
}
