// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyText
import Simulation
import Testing

/// CPU time of busy loops under `fair`, beside what their weights ask for.
@Suite struct ShareTests {
    struct Load: Sendable, CustomTestStringConvertible {
        let name: String
        let mode: Scenario.Mode
        let cpus: UInt32
        /// Of the first, and of the others.
        let nices: (Int, Int)
        let others: Int
        var pin: Int?
        var every = "100ms"
        let weights: Double

        var testDescription: String { "\(mode.rawValue), \(name)" }
    }

    static let loads: [Load] = Scenario.Mode.allCases.flatMap { mode in
        [
            Load(
                name: "two pinned", mode: mode, cpus: 4, nices: (-5, 0), others: 1, pin: 3,
                weights: 3.05),
            Load(
                name: "six pinned", mode: mode, cpus: 4, nices: (-5, 0), others: 5, pin: 3,
                weights: 3.05),
            Load(
                name: "one CPU", mode: mode, cpus: 1, nices: (-5, 0), others: 1, weights: 3.05),
            Load(
                name: "twelve, not pinned", mode: mode, cpus: 4, nices: (-5, 0), others: 11,
                every: "20ms", weights: 3.05),
            Load(
                name: "nice 5 beside -5", mode: mode, cpus: 4, nices: (-5, 5), others: 1, pin: 3,
                weights: 9.32),
        ]
    }

    @Test(arguments: loads) func areThoseOfTheWeights(_ load: Load) throws {
        let pin = load.pin.map { ",cpus=\($0)" } ?? ""
        let loads =
            [
                "loop:1,nice=\(load.nices.0),start-spread=200ms\(pin)",
                "loop:\(load.others),nice=\(load.nices.1),start-spread=200ms\(pin)",
            ] + noise(cpus: Int(load.cpus), every: load.every)
        let outcome = Simulator.run(
            try scenario(load.mode, "fair", cpus: load.cpus, seconds: 60, loads))
        #expect(outcome.flaw == nil)
        let others = Double(outcome.groups[1].cpuNs) / Double(load.others)
        let ratio = Double(outcome.groups[0].cpuNs) / others
        #expect(ratio > load.weights * 0.9 && ratio < load.weights * 1.1, "\(ratio)")
    }

    /// Where many wait for one CPU, the others, which may run none of them, leave the daemon alone.
    @Test func manyOnOneCPUDoNotKeepTheDaemonAtWork() throws {
        let outcome = Simulator.run(
            try scenario(.user, "fair", cpus: 4, seconds: 10, ["loop:100,start-spread=200ms,cpus=2"]))
        #expect(outcome.flaw == nil)
        let (turns, picks) = (outcome.counters[SP_COUNT_DAEMON_RUNS], outcome.counters[SP_COUNT_DISPATCHED])
        #expect(picks > 400 && turns < 20 * picks, "\(turns) turns for \(picks) picks")
    }

    /// Control groups get CPU time by their weights, however many tasks they have and of what weight.
    @Test(arguments: Scenario.Mode.allCases) func groupsHaveThoseOfTheirWeights(_ mode: Scenario.Mode) throws
    {
        let cases: [(groups: [(UInt32, UInt32)], loads: [String], shares: [Double])] = [
            ([(0, 100), (0, 100)], ["loop:1,cgroup=1", "loop:10,cgroup=2"], [1, 1]),
            ([(0, 100), (0, 300)], ["loop:3,cgroup=1", "loop:1,cgroup=2"], [1, 3]),
            ([(0, 200), (0, 100)], ["loop:4,cgroup=1", "loop:1,cgroup=2"], [2, 1]),
            // A nested one, beside one of its parent's, and beside a task of the root's.
            (
                [(0, 100), (1, 100), (1, 300), (0, 100)],
                ["loop:2,cgroup=2", "loop:1,cgroup=3", "loop:1,cgroup=4"], [0.25, 0.75, 1]
            ),
            ([(0, 100)], ["loop:5,nice=-5,cgroup=1", "loop:1"], [1, 1]),
            // Tasks of different weight within a group of many.
            ([(0, 100)], ["loop:1,nice=-5,cgroup=1", "loop:40,cgroup=1"], [3.05, 40]),
        ]
        for (groups, loads, shares) in cases {
            let load = try scenario(
                mode, "fair", cpus: 1, seconds: 60, loads + noise(cpus: 1, every: "100ms"),
                groups: groups.map { Scenario.Group(parent: $0.0, weight: $0.1) })
            let outcome = Simulator.run(load)
            #expect(outcome.flaw == nil, "\(loads)")
            let used = outcome.groups.prefix(shares.count).map { Double($0.cpuNs) }
            for (index, share) in shares.enumerated() {
                let found = used[index] / used.reduce(0, +) / (share / shares.reduce(0, +))
                #expect(found > 0.9 && found < 1.1, "\(loads[index]) of \(loads): \(found)")
            }
        }
    }

    /// Who runs when the first group is made is counted later, and weights are told accordingly.
    @Test(arguments: Scenario.Mode.allCases) func theFirstGroupIsMadeUnderLoad(_ mode: Scenario.Mode) throws {
        for policy in ["fifo", "fair", "interactive"] {
            for seed: UInt64 in 1...10 {
                let load = try scenario(
                    mode, policy, cpus: 4, seconds: 0.3, ["loop:6"], faults: ["cgroup=5ms"], seed: seed)
                let outcome = Simulator.run(load)
                #expect(outcome.flaw == nil, "\(load.text)")
                #expect(outcome.faults > 10)
            }
        }
    }

    /// Of little weight beside much, or a hog beside many short tasks: nobody waits for long.
    @Test(arguments: Scenario.Mode.allCases) func nobodyStarves(_ mode: Scenario.Mode) throws {
        let heavy = try scenario(
            mode, "fair", cpus: 1, seconds: 60, ["loop:1,nice=-20", "loop:1,nice=19"])
        let hog = try scenario(
            mode, "deadline", cpus: 1, seconds: 20, ["loop:1", "pipe:40,run=20us,run-spread=20us,start=4s"])
        for load in [heavy, hog] {
            let outcome = Simulator.run(load)
            #expect(outcome.flaw == nil)
            // A round of the policy, and the slices of those before it.
            #expect(outcome.waitMaxNs < 2 * load.policy.wait_max_ns, "\(outcome.waitMaxNs)")
        }
    }

    /// Ticks come at one moment on all CPUs: the daemon serves them all within that tick, not one in each.
    @Test(arguments: Scenario.Mode.allCases) func slicesDoNotStretchWithBusyCPUs(_ mode: Scenario.Mode) throws
    {
        for cpus in [UInt32(1), 16, 64] {
            let outcome = Simulator.run(
                try scenario(mode, "fair", cpus: cpus, seconds: 4, ["loop:\(2 * cpus)"]))
            #expect(outcome.flaw == nil)
            // A slice of 24 ms of another task; 55 ms with 16 CPUs, 188 with 64, where each one waits for its own tick.
            #expect(outcome.groups[0].waits.meanNs < 25_000_000, "\(cpus) CPUs")
        }
    }

    @Test(arguments: Scenario.Mode.allCases) func aLoadAloneHasItsCPU(_ mode: Scenario.Mode) throws {
        let outcome = Simulator.run(try scenario(mode, "fair", cpus: 4, seconds: 2, ["loop:3"]))
        #expect(outcome.flaw == nil)
        #expect(outcome.groups[0].leastNs > 1_900_000_000)
    }
}
