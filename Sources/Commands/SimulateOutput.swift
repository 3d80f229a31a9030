// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import KernelLink
import PolicyText
import Session
import Simulation

/// What `simulate` prints.
enum SimulateOutput {
    static func show(_ outcome: Outcome, of scenario: Scenario, took: Duration) {
        let seconds = Double(outcome.nowNs) / 1e9
        print(
            """
            \(scenario.mode.rawValue)/\(scenario.policyName), \(scenario.cpus) CPUs, \(number(seconds, 3)) s, \
            seed \(scenario.seed), hash \(String(outcome.hash, radix: 16))
            """)
        print(TextTable.columns(shares(outcome, scenario)), terminator: "")
        for (load, group) in zip(scenario.loads, outcome.groups) where group.waits.count > 0 {
            print("\nwaits of \(load.text), ns:")
            Histogram(group.waits.powers).lines().forEach { print($0) }
        }
        print("")
        print(TextTable.columns(counters(outcome)), terminator: "")
        let wall = Double(took.components.attoseconds) / 1e18 + Double(took.components.seconds)
        print(
            """
            \(outcome.events) events, \(outcome.decisions) decisions seen, \(outcome.effects) effects compared, \
            \(number(Double(outcome.events) / 1e6 / max(wall, 1e-9), 2)) M events/s
            """)
        if let flaw = outcome.flaw {
            print("wrong at \(number(Double(flaw.atNs) / 1e6, 6)) ms: \(flaw.kind.rawValue): \(flaw.text)")
        }
    }

    /// CPU time of one task on average, beside that of the load with the least.
    private static func shares(_ outcome: Outcome, _ scenario: Scenario) -> [[String]] {
        let means = zip(scenario.loads, outcome.groups).map { load, group in
            Double(group.cpuNs) / Double(load.count)
        }
        let least = means.filter { $0 > 0 }.min() ?? 1
        var rows = [["LOAD", "CPU ms/task", "RATIO", "WAITS", "MEAN ms", "P50", "P99", "MAX"]]
        for (index, group) in outcome.groups.enumerated() {
            rows.append([
                scenario.loads[index].text, number(means[index] / 1e6, 1),
                number(means[index] / least, 2), "\(group.waits.count)", ms(group.waits.meanNs),
                ms(group.waits.quantile(permille: 500)), ms(group.waits.quantile(permille: 990)),
                ms(group.waits.maxNs),
            ])
        }
        return rows
    }

    private static func counters(_ outcome: Outcome) -> [[String]] {
        var rows = [
            ["wait-max", "\(ms(outcome.waitMaxNs)) ms"],
            ["beside-idle-max", "\(ms(outcome.besideIdleMaxNs)) ms"],
            ["switches", "\(outcome.switches)"], ["wake-ups", "\(outcome.wakeups)"],
            ["irq-works", "\(outcome.irqWorks)"], ["reschedules", "\(outcome.reschedules)"],
            ["faults", "\(outcome.faults)"], ["taken-by-kernel", "\(outcome.takenByKernel)"],
            ["still-waiting", "\(outcome.stillWaiting)"],
        ]
        for (counter, name, _) in Counters.names where outcome.counters[counter] > 0 {
            rows.append([name, "\(outcome.counters[counter])"])
        }
        if let daemon = outcome.daemon {
            rows += [
                ["daemon: passes", "\(daemon.passes)"], ["events", "\(daemon.events)"],
                ["picked", "\(daemon.picked)"], ["known", "\(daemon.known)"],
                ["overflows", "\(daemon.overflows)"], ["stale", "\(daemon.stale)"],
                ["strange", "\(daemon.strange)"], ["overlooked", "\(daemon.overlooked)"],
            ]
        }
        return rows
    }

    static func ms(_ ns: UInt64) -> String { number(Double(ns) / 1e6, 3) }

    static func number(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }
}
