// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
public import Output
import PolicyModel

/// What a person, or a program, needs to see of a divergence.
public struct DivergenceReport {
    /// Events of the same task that are shown at most.
    private static let historyMax = 10

    private let lanes: [String]
    private let trace: Trace
    private let mismatch: Harness.Mismatch
    private let naming: ReportNaming

    /// - Parameters:
    ///   - lanes: Their names, in the order of the mismatch's outcomes.
    ///   - trace: At least up to the record that differs.
    ///   - naming: How the policy's state is called.
    public init(
        lanes: [String], trace: Trace, mismatch: Harness.Mismatch, naming: ReportNaming = .described
    ) {
        self.naming = naming
        self.lanes = lanes
        self.trace = trace
        self.mismatch = mismatch
    }

    /// The event that is decided differently.
    private var differs: sp_event { trace.events[mismatch.index] }

    /// The fields that differ.
    private var differing: [OutcomeField] {
        naming.fields.filter { Set(mismatch.outcomes.map($0.text)).count > 1 }
    }

    private var suspect: TwinFunction {
        naming.suspect(Set(differing.map(\.name)), differs, trace.policy)
    }

    /// The lanes, those together that answer alike, in the order of their first ones.
    private var sides: [[String]] {
        let answers = mismatch.outcomes.map { outcome in naming.fields.map { $0.text(outcome) } }
        return answers.indices.filter { answers.firstIndex(of: answers[$0]) == $0 }.map { first in
            answers.indices.filter { answers[$0] == answers[first] }.map { lanes[$0] }
        }
    }

    /// The lane that is alone with its answer, where there are more than two.
    private var odd: String? {
        let alone = sides.filter { $0.count == 1 }
        return lanes.count > 2 && alone.count == 1 ? alone[0][0] : nil
    }

    /// Who is against whom; empty where two lanes leave no doubt about that.
    private var opponents: String {
        if let odd { return "; \(odd) is alone with its answer" }
        if lanes.count < 3 { return "" }
        return "; " + sides.map { $0.joined(separator: " and ") }.joined(separator: " against ")
    }

    /// In a few lines: what differs, between whom, and where it is computed.
    public var summary: String {
        let kind = naming.events.first { $0.name == "kind" }?.text(differs) ?? ""
        let names = differing.map(\.name).joined(separator: ", ")
        let (swift, c) = (suspect.swift, suspect.c)
        return """
            in answer to \(kind): \(names)\(opponents)
            look first at: \(swift) in \(suspect.swiftFile), \(c) in \(suspect.cFile)
            """
    }

    /// The event with all its fields.
    public var event: String {
        naming.events.map { "  \($0.name) = \($0.text(differs))" }
            .joined(separator: "\n")
    }

    /// All fields of all answers; those that differ are marked.
    public var answers: String {
        var table = TextTable(header: ["", "field"] + lanes)
        let marked = Set(differing.map(\.name))
        for field in naming.fields {
            table.add(
                [marked.contains(field.name) ? "*" : " ", field.name] + mismatch.outcomes.map(field.text))
        }
        return table.text()
    }

    /// The last events of the same task before this one.
    public var history: String {
        let pid = differs.pid
        let earlier = trace.events.indices.prefix(mismatch.index)
            .filter { trace.events[$0].pid == pid }
        if earlier.isEmpty { return "  none" }
        let shown = earlier.suffix(Self.historyMax)
        let left = earlier.count - shown.count
        return (left > 0 ? "  (\(left) earlier ones)\n" : "")
            + table(shown.map { ($0, trace.events[$0]) })
    }

    /// All events of the trace, as a table.
    public var events: String {
        table(Array(trace.events.prefix(mismatch.index + 1).enumerated()))
    }

    /// All of it: the events up to the one that differs, and each field of each lane's answer to it.
    public var json: JSONText {
        let shown = trace.events.prefix(mismatch.index + 1)
        let fields = naming.fields.map { field in
            JSONText.object([
                ("field", .string(field.name)),
                ("differs", .bool(Set(mismatch.outcomes.map(field.text)).count > 1)),
                (
                    "values",
                    .object(zip(lanes, mismatch.outcomes).map { ($0, TraceText.value(field.text($1))) })
                ),
            ])
        }
        return .object([
            ("differing", .strings(differing.map(\.name))),
            ("alone", odd.map { .string($0) } ?? .null),
            ("sides", .array(sides.map { .strings($0) })),
            (
                "suspect",
                .object([
                    ("swift", .string(suspect.swift)), ("swift_file", .string(suspect.swiftFile)),
                    ("c", .string(suspect.c)), ("c_file", .string(suspect.cFile)),
                ])
            ),
            ("event", TraceText.json(differs, naming)),
            ("fields", .array(fields)),
            ("events", .array(shown.map { TraceText.json($0, naming) })),
        ])
    }

    /// All but the sequence number.
    private func table(_ events: [(Int, sp_event)]) -> String {
        let fields = naming.events.dropFirst()
        var table = TextTable(header: ["event"] + fields.map(\.name))
        for (index, event) in events {
            table.add([String(index)] + fields.map { $0.text(event) })
        }
        return table.text()
    }
}
