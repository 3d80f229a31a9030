// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import Output
import UserMode

extension Report {
    /// What a session has to say, for people or for programs.
    enum Message {
        /// - Parameter twin: BPF mode: c or swift; nil in user mode.
        case beginning(policy: String, mode: String, twin: String?, release: String, cpus: UInt64)
        /// - Parameter groupWeights: whether `cpu.weight` of control groups counts.
        case attached(String, state: String, groupWeights: Bool)
        case statistics(Sample, since: Sample)
        /// Why it detaches now.
        case detaching(String)
        case summary(Sample)
        /// How the kernel ended it, or nil.
        case ended(ExitReport?, afterNs: UInt64, state: String)
        case restarting(Backoff.Step, of: Int)
        case notRestarting(String)
    }

    /// Raised whenever a field of a JSON line changes its meaning or goes; new ones may come without.
    static let jsonVersion: UInt64 = 1
}

extension Report.Message {
    /// Lines for people.
    var text: [String] {
        switch self {
        case .beginning(let policy, let mode, let twin, let release, let cpus):
            [
                "policy \(Printable.line(policy)) in \(mode) mode\(twin == "swift" ? " (Swift twin)" : ""), Linux \(release), \(cpus) CPUs"
            ]
        case .attached(let name, let state, let groupWeights):
            [
                "attached: \(name), state \(state)",
                groupWeights
                    ? "control groups: cpu.weight counts; cpu.max and cpu.idle do not"
                    : "control groups: cpu.weight, cpu.max and cpu.idle do not count",
            ]
        case .statistics(let now, let before): [Report.line(now, since: before)]
        case .detaching(let reason): ["\(reason): detaching"]
        case .summary(let last): Report.summary(last)
        case .ended(nil, let ns, let state): ["detached after \(ns / 1_000_000_000) s, state \(state)"]
        case .ended(_, let ns, let state):
            ["ended by the kernel after \(ns / 1_000_000_000) s, state \(state)"]
        case .restarting(let step, let most):
            ["restarting in \(step.seconds) s (restart \(step.number) of \(most))"]
        case .notRestarting(let reason): ["\(reason): not restarting"]
        }
    }

    /// One object.
    var json: JSONText {
        switch self {
        case .beginning(let policy, let mode, let twin, let release, let cpus):
            Self.object(
                "beginning",
                [
                    ("policy", .string(policy)), ("mode", .string(mode)), ("kernel", .string(release)),
                    ("cpus", .number(cpus)),
                ] + (twin.map { [("twin", .string($0))] } ?? []))
        case .attached(let name, let state, let groupWeights):
            Self.object(
                "attached",
                [
                    ("scheduler", .string(name)), ("state", .string(state)),
                    ("group_weights", .bool(groupWeights)),
                ])
        case .statistics(let now, let before):
            Self.object("statistics", Self.figures(now) + Self.latencies(now, since: before))
        case .detaching(let reason): Self.object("detaching", [("reason", .string(reason))])
        case .summary(let last): Self.object("summary", Self.figures(last) + Self.latencies(last, since: nil))
        case .ended(let exit, let ns, let state):
            Self.object(
                "ended",
                [
                    ("by", .string(exit == nil ? "request" : "kernel")), ("elapsed_ns", .number(ns)),
                    ("state", .string(state)),
                ] + (exit.map(Self.figures) ?? []))
        case .restarting(let step, let most):
            Self.object(
                "restarting",
                [
                    ("seconds", .number(step.seconds)), ("restart", .number(UInt64(step.number))),
                    ("of", .number(UInt64(most))),
                ])
        case .notRestarting(let reason): Self.object("not-restarting", [("reason", .string(reason))])
        }
    }

    /// The line that stands for lines that are missing.
    static func missing(_ lines: Int) -> JSONText {
        object("missing", [("lines", .number(UInt64(lines)))])
    }

    private static func object(_ type: String, _ fields: [(String, JSONText)]) -> JSONText {
        .object([("version", .number(Report.jsonVersion)), ("type", .string(type))] + fields)
    }

    private static func figures(_ exit: ExitReport) -> [(String, JSONText)] {
        [
            ("reason", .string(exit.reason)), ("kind", .number(UInt64(exit.kind))),
            ("code", .signed(exit.code)), ("text", .string(exit.text)), ("dump", .string(exit.dump)),
        ]
    }

    private static func figures(_ sample: Report.Sample) -> [(String, JSONText)] {
        let counters = sample.counters
        var fields: [(String, JSONText)] = [
            ("elapsed_ns", .number(sample.elapsedNs)), ("running", .number(counters.running)),
            ("waiting", .number(counters.waiting)),
            ("counters", .object(Counters.names.map { ($0.name, .number(sample.value(of: $0.counter))) })),
        ]
        if let daemon = sample.daemon {
            let own: [(String, JSONText)] = [
                ("queue", .number(daemon.waiting)), ("known", .number(daemon.known)),
            ]
            fields.append(
                ("daemon", .object(own + Report.figures(daemon).map { ($0.name, .number($0.value)) })))
        }
        return fields
    }

    private static func latencies(
        _ now: Report.Sample, since before: Report.Sample?
    ) -> [(String, JSONText)] {
        let all = now.counters.wakeups
        let recent = Histogram(before.map { zip(all, $0.counters.wakeups).map { $0 &- $1 } } ?? all)
        return [
            (
                "wakeup",
                .object([
                    ("p50_ns", .number(recent.quantile(permille: 500))),
                    ("p99_ns", .number(recent.quantile(permille: 990))),
                    ("longest_ns", .number(now.counters.wakeupMaxNs)), ("buckets", .numbers(all)),
                ])
            )
        ]
    }
}

extension Session {
    /// What a `LineWriter` writes where lines are missing, in the session's format.
    public static func missingLines(_ count: Int, _ format: Options.Format) -> String {
        switch format {
        case .text: "(\(count) lines are missing here: they could not be written)"
        case .json: Report.Message.missing(count).line
        }
    }
}
