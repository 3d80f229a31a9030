// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import CSchedProto
import Conformance
import Output
import PolicyModel
import PolicyText

/// `sched-proto trace`: what is in recorded traces.
struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Look into recorded traces.", subcommands: [TraceShow.self])
}

struct TraceShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print a trace: its policy, and its events as a table or as lines of JSON.",
        discussion: """
            With --json, what ends it before there is a result is an object too: version, type (error), status \
            and message.

            Exit status: 0, 64 wrong usage, 65 for a file that is damaged, of another version, no \
            trace, or of a policy that this program does not have, 66 no such file, 74 standard output cannot be written, 77 the file may not be read.
            """)

    @Argument(help: "A file that conform recorded or kept.", completion: .file(extensions: ["trace"]))
    var file: String

    @Flag(help: "Print JSON: an object of type trace, then one of type event a line.")
    var json = false

    /// Characters that are written at one time.
    private static let chunk = 1 << 16
    private static let jsonVersion: UInt64 = 1

    func run() {
        Failure.ending(json: json) { () throws(Failure) in
            let recorded = try Program.trace(file)
            let events = recorded.trace.events
            if json {
                print(events, after: head(recorded).line) { event, number in
                    guard case .object(let fields) = TraceText.json(event, Program.naming) else { return "" }
                    return JSONText.object(
                        [("type", .string("event")), ("event", .number(UInt64(number)))] + fields
                    ).line
                }
            } else {
                let table = TraceText(events, Program.naming)
                let policy = PolicyDescription(name: "recorded", summary: "", policy: recorded.trace.policy)
                let rules = policy.yaml.split(separator: "\n").dropFirst(2).joined(separator: "\n")
                let digest = recorded.digest == 0 ? "none" : String(recorded.digest, radix: 16)
                let head = "\(rules)\nevents: \(events.count), digest of the answers: \(digest)\n"
                print(events, after: "\(head)\n\(table.header)") { event, _ in table.line(event) }
            }
        }
    }

    private func head(_ recorded: TraceFile) -> JSONText {
        let policy = PolicyDescription(name: "recorded", summary: "", policy: recorded.trace.policy)
        return .object([
            ("version", .number(Self.jsonVersion)), ("type", .string("trace")),
            ("events", .number(UInt64(recorded.trace.events.count))),
            ("digest", .string(String(recorded.digest, radix: 16))), ("policy", policy.json),
        ])
    }

    private func print(
        _ events: [sp_event], after head: String, _ line: (sp_event, Int) -> String
    ) {
        var text = head + "\n"
        for (number, event) in events.enumerated() {
            text += line(event, number) + "\n"
            if text.utf8.count >= Self.chunk {
                Console.write(text)
                text = ""
                // Nobody can read the rest.
                if Console.outputFailure != nil { return }
            }
        }
        Console.write(text)
    }
}
