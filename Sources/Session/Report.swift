// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import UserMode

/// The lines that a session prints. Values in, text out.
enum Report {
    /// Everything that is known at one moment.
    struct Sample {
        var elapsedNs: UInt64
        var counters: Counters
        var daemon: Daemon.Statistics?

        /// A counter, whoever keeps it: in user mode the daemon, where it decides.
        func value(of counter: sp_counter) -> UInt64 {
            switch counter {
            case SP_COUNT_CONTINUED: counters[counter] &+ (daemon?.continued ?? 0)
            case SP_COUNT_STRANGE: counters[counter] &+ (daemon?.strange ?? 0)
            case SP_COUNT_OVERLOOKED: counters[counter] &+ (daemon?.overlooked ?? 0)
            default: counters[counter]
            }
        }
    }

    /// One line of statistics: what happened since `before`, and what went wrong since the start.
    static func line(_ now: Sample, since before: Sample) -> String {
        let span = max(now.elapsedNs &- before.elapsedNs, 1)
        func rate(_ counter: sp_counter) -> UInt64 {
            (now.counters[counter] &- before.counters[counter]) &* 1_000_000_000 / span
        }
        let counters = now.counters
        var parts = [
            pad(left: "\(now.elapsedNs / 1_000_000_000)s", to: 5),
            "running \(counters.running)", "waiting \(counters.waiting)",
            "policy \(rate(SP_COUNT_DISPATCHED))/s", "direct \(rate(SP_COUNT_DIRECT))/s",
            "sole \(rate(SP_COUNT_SOLE))/s", "local \(rate(SP_COUNT_LOCAL))/s",
            "| fallback \(counters[SP_COUNT_FALLBACK])",
            "lost \(counters[SP_COUNT_LOST])", "stale \(counters[SP_COUNT_STALE])",
            "ring-full \(counters[SP_COUNT_RING_FULL])",
        ]
        if let daemon = now.daemon {
            let cpu = daemon.cpuNs &- (before.daemon?.cpuNs ?? 0)
            parts += [
                "| daemon queue \(daemon.waiting)", "cpu \(cpu &* 100 / span)%",
                "faults \(daemon.pageFaults)",
            ]
        }
        let recent = Histogram(
            zip(counters.wakeups, before.counters.wakeups).map { $0 &- $1 })
        parts.append("| wake-up p50 ≤\(time(recent.quantile(permille: 500)))")
        parts.append("p99 ≤\(time(recent.quantile(permille: 990)))")
        return parts.joined(separator: "  ")
    }

    /// The whole session: the histogram of wake-up latencies, and every counter.
    static func summary(_ last: Sample) -> [String] {
        let histogram = Histogram(last.counters.wakeups)
        var lines = ["", "@wakeup_latency_ns (longest \(time(last.counters.wakeupMaxNs))):"]
        lines += histogram.count == 0 ? ["(no task was woken)"] : histogram.lines()
        lines += ["", "counters:"]
        for (counter, name, meaning) in Counters.names {
            lines.append(entry(name, last.value(of: counter), meaning))
        }
        for figure in last.daemon.map(figures) ?? [] {
            lines.append(entry(figure.name, figure.value, figure.meaning))
        }
        return lines
    }

    /// What the daemon did, with the names of reports.
    static func figures(_ daemon: Daemon.Statistics) -> [(name: String, value: UInt64, meaning: String)] {
        var figures = [("page-faults", daemon.pageFaults, "of the deciding thread, since it began")]
        if let allocations = daemon.allocations {
            figures.append(("daemon-allocs", allocations, "allocations of that thread, since it began"))
        }
        let switches = daemon.sleeps + daemon.yields
        figures += [
            ("daemon-switches", switches, "its context switches, since it began"),
            ("daemon-sleeps", daemon.sleeps, "of these: it waited for something else than its turn"),
            ("events", daemon.events, "read by the daemon"),
            ("picked", daemon.picked, "tasks it picked"),
            ("passes", daemon.passes, "times that it looked into its ring"),
            ("overflows", daemon.overflows, "tasks beyond --max-tasks, let run"),
            ("daemon-stale", daemon.stale, "events of a task that is gone"),
            ("daemon-cpu-ms", daemon.cpuNs / 1_000_000, "CPU time of the deciding thread"),
        ]
        return figures
    }

    /// How the kernel says that it ended the scheduler.
    static func eviction(_ exit: ExitReport) -> String {
        var text = "the kernel ended the scheduler: \(exit.reason) (kind \(exit.kind), code \(exit.code))"
        if !exit.text.isEmpty { text += "\n  \(exit.text)" }
        // Marked line by line: a task's name may hold a line break and words that look like ours.
        if !exit.dump.isEmpty {
            text += "\nits dump:"
            for line in exit.dump.split(separator: "\n", omittingEmptySubsequences: false) {
                text += line.isEmpty ? "\n|" : "\n| \(line)"
            }
        }
        return text
    }

    private static func entry(_ name: String, _ value: UInt64, _ meaning: String) -> String {
        "  " + pad(name, to: 16) + pad(left: "\(value)", to: 12) + "  \(meaning)"
    }

    private static func time(_ ns: UInt64) -> String {
        switch ns {
        case ..<10_000: "\(ns)ns"
        case ..<10_000_000: "\(ns / 1000)us"
        default: "\(ns / 1_000_000)ms"
        }
    }
}
