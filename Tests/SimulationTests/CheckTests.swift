// SPDX-License-Identifier: GPL-2.0-only
import CSimKernel
import PolicyText
import Simulation
import Testing

/// A check that cannot fail proves nothing: what a broken backend would do is noticed, and as what it is.
@Suite struct CheckTests {
    static let mistakes: [(mistake: sim_mistake, kinds: [Outcome.Flaw.Kind], modes: [Scenario.Mode])] = [
        (SIM_MISTAKE_KEY, [.key], [.bpf]),
        (SIM_MISTAKE_QUEUE, [.queue, .counters], [.bpf, .user]),
        (SIM_MISTAKE_LOSE, [.lost], [.bpf, .user]),
        (SIM_MISTAKE_TWICE, [.refused], [.user]),
        (SIM_MISTAKE_SLICE, [.slice], [.bpf, .user]),
        (SIM_MISTAKE_ORDER, [.order, .input], [.bpf]),
        (SIM_MISTAKE_COUNT, [.counters], [.bpf, .user]),
        (SIM_MISTAKE_AFFINITY, [.model, .order, .refused, .input], [.bpf]),
    ]

    @Test(arguments: mistakes.indices) func isNoticed(_ index: Int) throws {
        let (mistake, kinds, modes) = Self.mistakes[index]
        for mode in modes {
            let loads = [
                "loop:2", "sleeper:12,run=100us,run-spread=1ms,sleep=0,sleep-spread=3ms",
                "sleeper:6,run=100us,run-spread=500us,sleep=0,sleep-spread=2ms,cpus=1",
            ]
            var wrong = try scenario(
                mode, "fair", cpus: 3, seconds: 2, loads, faults: ["affinity=300us"])
            wrong.limits.besideIdleNs = 5_000_000
            #expect(Simulator.run(wrong).flaw == nil, "without a mistake")
            wrong.mistake = mistake
            let flaw = try #require(Simulator.run(wrong).flaw, "mistake \(mistake), \(mode)")
            #expect(kinds.contains(flaw.kind), "mistake \(mistake), \(mode): \(flaw.text)")
        }
    }

    /// The kernel's own wake-ups mostly suffice; where a kick is needed and does not come, somebody waits
    /// beside an idle CPU.
    @Test func lostKicksAreNoticed() throws {
        let shipped = try PolicySource.shipped()
        var noticed = 0
        for seed: UInt64 in 1...100 {
            var random = Scenario.random(seed: seed, mode: .user, descriptions: shipped)
            random.faults = Scenario.Faults()
            random.limits.besideIdleNs = 20_000_000
            #expect(Simulator.run(random).flaw == nil, "seed \(seed), without a mistake")
            random.mistake = SIM_MISTAKE_KICK
            if Simulator.run(random).flaw?.kind == .besideIdle { noticed += 1 }
        }
        #expect(noticed > 0)
    }
}
