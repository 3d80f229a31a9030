// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Glibc
import Output
import PolicyModel
import PolicyText

package enum ConformOutput {
    /// A line for the person who waits; results go to stdout. Where nobody reads, it is dropped: a time
    /// limit holds all the same. Only the figures at the end wait for their reader, as those of any program.
    package static func note(_ line: String) {
        Console.mention(line)
    }

    static func millions(_ number: Double) -> String {
        tenths(number / 1e6) + " M"
    }

    /// With one digit behind the point.
    package static func tenths(_ number: Double) -> String {
        let tenths = Int64(clamping: UInt64((number * 10).rounded()))
        return "\(tenths / 10).\(tenths % 10)"
    }
}

/// Says on stderr how far a run is, about every two seconds.
struct ConformProgress {
    private static let interval = Duration.seconds(2)

    private let harness: Harness
    private let begin = ContinuousClock.now
    private let events: Int
    private var last = ContinuousClock.now

    init(_ harness: Harness) {
        self.harness = harness
        events = harness.account.events
    }

    mutating func tell() {
        let now = ContinuousClock.now
        guard now - last >= Self.interval else { return }
        last = now
        let account = harness.account
        let rate = Double(account.events - events) / ((now - begin) / .seconds(1))
        ConformOutput.note(
            """
            \(ConformOutput.millions(Double(account.events))) events, \(account.policies) policies, \
            \(account.traces) traces, \(ConformOutput.millions(rate)) events/s
            """
        )
    }
}

/// What a run that found a divergence tells about it.
struct Found {
    let name: String
    let trace: Trace
    let mismatch: Harness.Mismatch
    let origin: String
    let command: String
    /// Where to keep the shrunk trace; nil if it comes from a file.
    let file: String?
    /// What was not compared any more; nil if that was the last event of all.
    var missing: String? = "what comes behind the difference"
}

/// What came of a run, in figures.
struct ConformSummary {
    /// Raised whenever a field of the JSON changes its meaning or goes; new ones may come without.
    private static let jsonVersion: UInt64 = 1

    enum Verdict: String {
        case identical
        case different
        /// No difference, and other decisions than when the trace was recorded.
        case changed
        /// No difference, in less than was asked for.
        case incomplete
    }

    private let verdict: Verdict
    private let missing: String?
    private let run: ConformRun
    private let seconds: Double
    private let isInterrupted = Interruption.name != nil

    /// - Parameter missing: what was not compared; nil if all of it was.
    init(_ run: ConformRun, _ verdict: Verdict, missing: String? = nil) {
        self.verdict = verdict
        self.missing = missing
        self.run = run
        seconds = run.elapsed
    }

    /// Events a second, in millions, with two digits behind the point.
    private func rate(_ seconds: Double) -> Double {
        let events = Double(run.harness.account.events)
        return seconds > 0 ? (events / seconds / 1e4).rounded() / 100 : 0
    }

    /// - Parameter divergence: what was found, and where it is kept.
    func json(_ divergence: JSONText? = nil) -> JSONText {
        let account = run.harness.account
        let lanes = zip(run.harness.lanes, account.seconds).map { lane, seconds in
            JSONText.object([
                ("name", .string(lane.name)), ("seconds", .decimal(seconds)),
                ("millionEventsPerSecond", .decimal(rate(seconds))),
            ])
        }
        let decisions = zip(Harness.actionNames, account.actions).map { name, count in
            (name, JSONText.number(UInt64(count)))
        }
        var fields: [(String, JSONText)] = [
            ("version", .number(Self.jsonVersion)), ("verdict", .string(verdict.rawValue)),
            ("identical", .bool(verdict == .identical)), ("complete", .bool(missing == nil)),
            ("missing", missing.map { .string($0) } ?? .null), ("interrupted", .bool(isInterrupted)),
            ("seed", .number(run.seed)),
            ("events", .number(UInt64(account.events))), ("policies", .number(UInt64(account.policies))),
            ("traces", .number(UInt64(account.traces))), ("seconds", .decimal(seconds)),
            ("loadingSeconds", .decimal(account.loading)),
            ("millionEventsPerSecond", .decimal(rate(seconds))), ("decisions", .object(decisions)),
            ("lanes", .array(lanes)),
        ]
        if let divergence { fields.append(("divergence", divergence)) }
        return .object(fields)
    }

    var text: String {
        let account = run.harness.account
        let decided = zip(Harness.actionNames, account.actions).map { "\($0) \($1)" }
        let names = run.harness.lanes.map(\.name)
        let speeds = zip(names, account.seconds).map { "\($0) \(rate($1))" }
        return """
            events     \(account.events), identical over \(names.joined(separator: ", "))
            decisions  \(decided.joined(separator: ", "))
            policies   \(account.policies), traces \(account.traces)
            time       \(ConformOutput.tenths(seconds)) s, of which loading \
            \(ConformOutput.tenths(account.loading)) s
            speed      \(speeds.joined(separator: ", ")), all with their traces \
            \(rate(seconds)) million events/s
            """
    }
}

extension ConformRun {
    /// Prints the figures of a run in which nothing differed.
    /// - Parameter missing: what was not compared.
    /// - Throws: `incomplete` if something is missing, or if nothing was compared at all.
    ///   Ends the process if a signal asked for that.
    func summarise(missing: String? = nil) throws(Failure) {
        let interrupted = Interruption.name.map { "interrupted by \($0)" }
        var missing = interrupted ?? missing
        if harness.account.events == 0 { missing = missing ?? "no event was compared" }
        let summary = ConformSummary(self, missing == nil ? .identical : .incomplete, missing: missing)
        Console.write((options.json ? summary.json().text() : summary.text) + "\n")
        if let interrupted {
            if !options.json { Console.write("\(interrupted): less was compared than was asked for\n") }
            Interruption.end()
        }
        if let missing { throw Failure("this proves little: \(missing)", .incomplete) }
    }

    /// Prints what was found, made smaller, and keeps that. Returns the failure to end with.
    func report(_ found: Found) throws(Failure) -> Failure {
        let names = harness.lanes.map(\.name)
        let whole = DivergenceReport(
            lanes: names, trace: found.trace, mismatch: found.mismatch, naming: Program.naming)
        let smaller = try shrink(found)
        let part = smaller.map {
            DivergenceReport(
                lanes: names, trace: $0.trace, mismatch: $0.mismatch, naming: Program.naming)
        }
        if part == nil { ConformOutput.note("not repeated by the same events alone, so not shrunk") }
        let path = keep(smaller?.trace ?? found.trace, at: found.file)
        // Of a trace that came from a file, the file shows it.
        let replay = path.map { Program.replay($0) + lanesOption }
        if options.json {
            let json = ConformSummary(self, .different, missing: found.missing).json(
                .object([
                    ("policy", .string(found.name)), ("origin", .string(found.origin)),
                    ("file", path.map { .string($0) } ?? .null),
                    ("again", .strings((replay.map { [$0] } ?? []) + [found.command])),
                    ("description", Self.rules(found.trace.policy).json),
                    ("shrunk", part?.json ?? .null), ("found", whole.json),
                ]))
            Console.write(json.text() + "\n")
        } else {
            let known = part.map { "\($0.summary)\n\n\(shrunk($0, smaller?.trace, found))" }
            Console.write(
                """
                The lanes decide differently: \(Printable.line(found.name)), \
                \(Printable.line(found.origin)), event \(found.mismatch.index).
                \(known ?? whole.summary)
                policy:
                \(Self.indented(Self.rules(found.trace.policy).yaml))
                again: \(replay ?? found.command)
                \(replay == nil ? "" : "as found: \(found.command)\n")
                as found, the event:
                \(whole.event)
                answers:
                \(whole.answers)
                earlier events of its pid:
                \(whole.history)

                """)
        }
        return Failure("the lanes decide differently", .diverged)
    }

    private func shrunk(_ part: DivergenceReport, _ trace: Trace?, _ found: Found) -> String {
        """
        shrunk to \(trace?.events.count ?? 0) of \(found.trace.events.count) events:
        \(part.events)
        answers to the last one:
        \(part.answers)
        """
    }

    /// A policy by its words. A recorded one may have numbers that no word stands for.
    private static func rules(_ policy: sp_policy) -> PolicyDescription {
        PolicyDescription(name: "compared", summary: "", policy: policy)
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n").filter { !$0.hasPrefix("name:") && !$0.hasPrefix("summary:") }
            .map { "  \($0)" }.joined(separator: "\n")
    }

    private func shrink(
        _ found: Found
    ) throws(Failure) -> (trace: Trace, mismatch: Harness.Mismatch)? {
        do throws(LaneError) {
            var shrinker = Shrinker(harness.lanes)
            guard let smaller = try shrinker.shrink(found.trace.events) else { return nil }
            let trace = Trace(policy: found.trace.policy, events: smaller.events)
            return (trace, smaller.mismatch)
        } catch {
            throw Failure(error)
        }
    }

    private func keep(_ trace: Trace, at path: String?) -> String? {
        guard let path else { return nil }
        do throws(TraceFileError) {
            return try TraceFile(trace: trace).saveNew(at: path)
        } catch {
            ConformOutput.note("the shrunk trace is not kept: \(path): \(error)")
            return nil
        }
    }
}
