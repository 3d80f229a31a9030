// SPDX-License-Identifier: GPL-2.0-only
import PolicyText
import Simulation
import Testing

@Suite struct DeterminismTests {
    /// Whatever ran in between in the same process.
    @Test(arguments: Scenario.Mode.allCases) func sameSeedSameRun(_ mode: Scenario.Mode) throws {
        let shipped = try PolicySource.shipped()
        for seed: UInt64 in 1...20 {
            let first = Simulator.run(.random(seed: seed, mode: mode, descriptions: shipped))
            _ = Simulator.run(.random(seed: seed &+ 1000, mode: .user, descriptions: shipped))
            _ = Simulator.run(.random(seed: seed &+ 1000, mode: .bpf, descriptions: shipped))
            let second = Simulator.run(.random(seed: seed, mode: mode, descriptions: shipped))
            #expect(first.hash == second.hash, "seed \(seed)")
            #expect(first.events == second.events && first.counters == second.counters, "seed \(seed)")
        }
    }

    @Test func anotherSeedIsAnotherRun() throws {
        let load = ["sleeper:9,run=1ms,run-spread=1ms,sleep=1ms"]
        let first = Simulator.run(try scenario(.bpf, "fair", cpus: 2, seconds: 1, load, seed: 1))
        let second = Simulator.run(try scenario(.bpf, "fair", cpus: 2, seconds: 1, load, seed: 2))
        #expect(first.hash != second.hash)
    }

    /// Nor does it matter how callbacks overlap.
    @Test(arguments: Scenario.Mode.allCases) func overlapsAreTheSame(_ mode: Scenario.Mode) throws {
        var load = try scenario(
            mode, "interactive", cpus: 4, seconds: 1,
            ["sleeper:20,run=100us,run-spread=1ms,sleep=1ms,sleep-spread=2ms", "brief:10,run=100us"],
            faults: ["affinity=1ms", "class=5ms", "hotplug=20ms"])
        load.overlap = 8
        let first = Simulator.run(load)
        #expect(first.flaw == nil && first.stops > 1000)
        #expect(Simulator.run(load).hash == first.hash)
        load.overlap = 0
        #expect(Simulator.run(load).hash != first.hash)
    }

    /// All that a scenario is survives its text.
    @Test func textIsTheScenario() throws {
        let shipped = try PolicySource.shipped()
        for seed: UInt64 in 1...200 {
            let made = Scenario.random(seed: seed, mode: .user, descriptions: shipped)
            let read = try Scenario(text: made.text)
            #expect(read == made, "seed \(seed)")
            if seed % 20 == 0 { #expect(Simulator.run(read).hash == Simulator.run(made).hash) }
        }
    }

    @Test(arguments: [
        "loop", "nap:3", "loop:0", "loop:2,nice=30", "loop:2,cpus=4-1", "sleeper:1,run=5", "loop:1,x=1",
        "loop:1,nice", "loop:99999999",
    ])
    func wrongLoadsAreRefused(_ text: String) {
        if text == "loop" { return #expect((try? Load(text)) != nil) }
        #expect(throws: ScenarioError.self) { try Load(text) }
    }
}
