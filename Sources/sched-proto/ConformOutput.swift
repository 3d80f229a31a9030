// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Foundation

enum ConformOutput {
    /// A line for the person who waits; results go to stdout.
    static func note(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    static func millions(_ number: Double) -> String {
        String(format: "%.1f M", number / 1e6)
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
}

/// The summary as JSON.
struct ConformSummary: Encodable {
    struct Lane: Encodable {
        let name: String
        let seconds: Double
        let millionEventsPerSecond: Double
    }

    let identical: Bool
    let seed: UInt64
    let events: Int
    let policies: Int
    let traces: Int
    let seconds: Double
    let loadingSeconds: Double
    let millionEventsPerSecond: Double
    let decisions: [String: Int]
    let lanes: [Lane]
    /// The trace that shows the divergence, and how to repeat it.
    var trace: String?
    var command: String?
    var report: String?

    init(_ run: ConformRun, isIdentical: Bool) {
        let account = run.harness.account
        let rate = { (seconds: Double) in
            seconds > 0 ? (Double(account.events) / seconds / 1e4).rounded() / 100 : 0
        }
        identical = isIdentical
        seed = run.seed
        events = account.events
        policies = account.policies
        traces = account.traces
        seconds = run.elapsed
        loadingSeconds = account.loading
        millionEventsPerSecond = rate(run.elapsed)
        decisions = Dictionary(
            uniqueKeysWithValues: zip(Harness.actionNames, account.actions).map { ($0, $1) })
        lanes = zip(run.harness.lanes, account.seconds).map { lane, seconds in
            Lane(name: lane.name, seconds: seconds, millionEventsPerSecond: rate(seconds))
        }
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .throw
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    var text: String {
        let decided = Harness.actionNames.map { "\($0) \(decisions[$0] ?? 0)" }
        let speeds = lanes.map { "\($0.name) \($0.millionEventsPerSecond)" }
        return """
            events     \(events), identical over \(lanes.map(\.name).joined(separator: ", "))
            decisions  \(decided.joined(separator: ", "))
            policies   \(policies), traces \(traces)
            time       \(String(format: "%.1f s, of which loading %.1f s", seconds, loadingSeconds))
            speed      \(speeds.joined(separator: ", ")), all with their traces \
            \(millionEventsPerSecond) million events/s
            """
    }
}

extension ConformRun {
    func summarise() {
        let summary = ConformSummary(self, isIdentical: true)
        print(options.json ? summary.json : summary.text)
    }

    /// Prints what was found, makes it smaller and keeps that. Returns the failure to end with.
    func report(_ found: Found) throws(Failure) -> Failure {
        var summary = ConformSummary(self, isIdentical: false)
        let names = harness.lanes.map(\.name)
        let whole = DivergenceReport(lanes: names, trace: found.trace, mismatch: found.mismatch)
        var text = """
            The lanes decide differently: \(found.name), \(found.origin), event \
            \(found.mismatch.index).

            policy:
            \(DivergenceReport.describe(found.trace.policy))
            event:
            \(whole.event)
            answers:
            \(whole.answers)
            earlier events of its pid:
            \(whole.history)
            again: \(found.command)

            """
        if !options.json { print(text) }
        let smaller = try shrink(found)
        if let smaller {
            let part = DivergenceReport(
                lanes: names, trace: smaller.trace, mismatch: smaller.mismatch)
            let shrunk = """
                shrunk to \(smaller.trace.events.count) of \(found.trace.events.count) events:
                \(part.events)
                answers to the last one:
                \(part.answers)
                """
            if !options.json { print(shrunk) }
            text += shrunk
        } else {
            ConformOutput.note("not repeated by the same events alone, so not shrunk")
        }
        let path = keep(smaller?.trace ?? found.trace, at: found.file)
        if let path, !options.json { print("\nagain: sched-proto conform --replay \(path)") }
        summary.trace = path
        summary.command = found.command
        summary.report = text
        if options.json { print(summary.json) }
        return Failure("the lanes decide differently", .diverged)
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
            throw Failure(error, options)
        }
    }

    private func keep(_ trace: Trace, at path: String?) -> String? {
        guard let path else { return nil }
        do throws(TraceFileError) {
            try TraceFile(trace: trace).save(to: path)
            return path
        } catch {
            ConformOutput.note("\(path): \(error)")
            return nil
        }
    }
}
