// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Output
import PolicyText
import ProofSubjects
import Prove

/// What is told of a proof.
struct ProveOutput {
    /// Raised whenever a field of the JSON changes its meaning or goes; new ones may come without.
    private static let jsonVersion: UInt64 = 1

    let report: Prover.Report
    let subject: ProofSubject
    let sides: [Side]

    private var verdict: String {
        report.isProven ? "proven" : report.refutation == nil ? "not proven" : "different"
    }

    /// The first thing that is not proven, and how many there are.
    var openText: String {
        var all: [String] = []
        for result in report.cases {
            for case .open(let side, let what, let reason) in result.verdicts {
                all.append("\(side): \(what), in the case \(result.name): \(reason)")
            }
        }
        guard let first = all.first else { return "nothing was asked" }
        return Printable.line(first) + (all.count > 1 ? "; and \(all.count - 1) more" : "")
    }

    func text(showsCases: Bool) -> String {
        var parts: [String] = []
        if showsCases {
            parts.append(
                report.cases.map { result in
                    let state = result.verdicts.map(Self.text).joined(separator: "; ")
                    return "\(ConformOutput.tenths(result.seconds * 1000)) ms\t\(result.name): \(state)"
                }.joined(separator: "\n"))
        }
        let head = [
            "event", "side", "cases", "outputs", "by form", "properties", "questions", "open", "seconds",
        ]
        let rows = report.rows.map { row -> [String] in
            [
                row.function, row.side, String(row.cases), String(row.outputs), String(row.identical),
                String(row.properties), String(row.questions), String(row.open + row.refuted),
                ConformOutput.tenths(row.seconds),
            ]
        }
        parts.append(PolicyText.TextTable.columns([head] + rows))
        parts.append("assumed of descriptions: " + preconditions.joined(separator: "; "))
        for row in subject.omitted { parts.append("not covered, without a C twin: \(row)") }
        let counts = "\(report.cases.count) cases, \(report.questions) questions to z3 \(report.solver)"
        let restarts = report.restarts > 0 ? ", which was started anew \(report.restarts) times" : ""
        parts.append("\(verdict): \(counts)\(restarts), \(ConformOutput.tenths(report.seconds)) s")
        if report.isProven {
            parts.append("for all inputs and states: \(sides.map(\.name).joined(separator: " = "))")
        }
        if let refutation = report.refutation { parts.append(counterexample(refutation)) }
        if !report.isProven { parts.append(contentsOf: opens) }
        return parts.joined(separator: "\n")
    }

    private var opens: [String] {
        report.cases.flatMap { result in
            result.verdicts.compactMap { verdict -> String? in
                guard case .open = verdict else { return nil }
                return "not proven: \(Printable.line("\(result.name): \(Self.text(verdict))"))"
            }
        }
    }

    private static func text(_ verdict: Prover.Verdict) -> String {
        switch verdict {
        case .proven: "proven"
        case .refuted(let side, let what, _): "\(side): \(what.joined(separator: ", "))"
        case .open(let side, let what, let reason): "\(side): \(what): \(reason)"
        }
    }

    private var preconditions: [String] {
        subject.parameters.map { parameter in
            "\(parameter.path) \(parameter.text)"
                + (parameter.notAbove.map { ", not above \($0)" } ?? "")
                + (parameter.readWith == nil ? "" : ", or 0 where it is not read")
        }
    }

    /// What the description says, as `--set` takes it.
    private func settings(_ example: Counterexample) -> [String] {
        subject.parameters.compactMap { parameter in
            let found = example.parameters.first { $0.field.offset == parameter.offset }
            guard let value = found?.value else { return nil }
            if case .words(let words) = parameter.allowed {
                return words.first { $0.value == value }.map { "\(parameter.path)=\($0.word)" }
            }
            // What is not read holds 0, which not all descriptions may say.
            if case .range(let range) = parameter.allowed, !range.contains(value) { return nil }
            switch parameter.text.prefix(10) {
            case "a duration": return "\(parameter.path)=\(value)ns"
            case "true or fa": return "\(parameter.path)=\(value != 0)"
            default: return "\(parameter.path)=\(value)"
            }
        }
    }

    private typealias Refutation = (name: String, side: String, what: [String], example: Counterexample)

    private func counterexample(_ refutation: Refutation) -> String {
        let example = refutation.example
        let trace = Trace(policy: example.policy, events: [example.event])
        let mismatch = Harness.Mismatch(index: 0, outcomes: example.answers.map(\.outcome))
        let shown = DivergenceReport(
            lanes: example.answers.map(\.side), trace: trace, mismatch: mismatch, naming: Program.naming)
        let hasTwo = example.answers.count > 1
        let advice = refutation.what.first.flatMap(ProveAdvice.ofTrap)
        return """

            counterexample, computed exactly: \(refutation.name)
            \(refutation.side): \(refutation.what.joined(separator: ", "))\(advice.map { "\n\($0)" } ?? "")
            \(hasTwo ? shown.summary : advice == nil ? "a property of the decision is broken" : "it can be reached")
            policy:
            \(settings(example).joined(separator: " "))
            state before the event:
              \(example.state.map { "\($0.field.fullName)=\($0.value)" }.joined(separator: " "))
            the event:
            \(shown.event)
            answers:
            \(shown.answers)
            """
    }

    /// Where nothing could be asked.
    static func json(unproven reason: String) -> JSONText {
        .object([
            ("version", .number(jsonVersion)), ("verdict", .string("not proven")), ("proven", .bool(false)),
            ("reason", .string(reason)),
        ])
    }

    func json(traces: [String]) -> JSONText {
        let cases = report.cases.map { result in
            JSONText.object([
                ("function", .string(result.function)), ("name", .string(result.name)),
                ("seconds", .decimal(result.seconds)),
                ("proven", .bool(result.verdicts.allSatisfy(\.isProven))),
                (
                    "open",
                    .array(
                        result.verdicts.filter { !$0.isProven }.map { verdict in
                            switch verdict {
                            case .open(let side, let what, let reason):
                                .object([
                                    ("side", .string(side)), ("what", .strings([what])),
                                    ("reason", .string(reason)),
                                    ("refuted", .bool(false)),
                                ])
                            case .refuted(let side, let what, _):
                                .object([
                                    ("side", .string(side)), ("what", .strings(what)), ("reason", .null),
                                    ("refuted", .bool(true)),
                                ])
                            case .proven: .null
                            }
                        })
                ),
            ])
        }
        let rows = report.rows.map { row in
            JSONText.object([
                ("function", .string(row.function)), ("side", .string(row.side)),
                ("cases", .number(UInt64(row.cases))), ("outputs", .number(UInt64(row.outputs))),
                ("identicalByForm", .number(UInt64(row.identical))),
                ("properties", .number(UInt64(row.properties))),
                ("questions", .number(UInt64(row.questions))),
                ("open", .number(UInt64(row.open))), ("refuted", .number(UInt64(row.refuted))),
                ("seconds", .decimal(row.seconds)),
            ])
        }
        return .object([
            ("version", .number(Self.jsonVersion)), ("verdict", .string(verdict)),
            ("proven", .bool(report.isProven)), ("sides", .strings(sides.map(\.name))),
            ("solver", .string(report.solver)), ("questions", .number(UInt64(report.questions))),
            ("solverRestarts", .number(UInt64(report.restarts))), ("seconds", .decimal(report.seconds)),
            ("assumed", .strings(preconditions)), ("notCovered", .strings(subject.omitted)),
            ("functions", .array(rows)), ("cases", .array(cases)),
            ("counterexample", report.refutation.map { .string(counterexample($0)) } ?? .null),
            ("traces", .strings(traces)),
        ])
    }
}
