// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import KernelLink
public import PolicyModel
import PolicyText

extension Scenario {
    /// A machine, a load and faults by chance, the same ones from the same seed: mostly a few CPUs and
    /// some dozens of tasks, seldom a thousand of each.
    /// - Parameter descriptions: policies to take one of; every second time it is a random one.
    public static func random(
        seed: UInt64, mode: Mode, descriptions: [PolicyDescription], isRandomAllowed: Bool = true
    ) -> Scenario {
        var chance = SplitMix64(seed: seed, stream: 1)
        var policy = randomPolicy(using: &chance)
        var name = "random-\(seed)"
        let takesRandom = chance.below(2) == 0
        if !descriptions.isEmpty, !(isRandomAllowed && takesRandom) {
            let shipped = descriptions[Int(chance.below(UInt64(descriptions.count)))]
            policy = shipped.policy
            name = shipped.name
        }
        var scenario = Scenario(
            mode: mode, cpus: UInt32(chance.size(1, 8, 1024)), seed: seed,
            durationNs: 200_000_000 + chance.below(2_000_000_000), policyName: name, policy: policy)
        scenario.eventsMax = 40_000
        for _ in 0..<1 + chance.below(5) {
            scenario.loads.append(.random(cpus: scenario.cpus, &chance))
        }
        scenario.faults = .random(in: scenario.durationNs, &chance)
        if chance.below(2) == 0 { scenario.overlap = UInt32(chance.size(2, 60, 1000)) }
        scenario.asksAlways = chance.below(4) == 0
        // Now and then the daemon has no place for some.
        if chance.below(12) == 0 { scenario.maxTasks = Int(chance.size(1, 12, 1000)) }
        // Of their own, so that a seed without them is what it was before.
        var groups = SplitMix64(seed: seed, stream: 2)
        if groups.below(3) == 0 {
            scenario.cgroups = UInt32(groups.size(1, 10, UInt64(cgroupsMax)))
            if groups.below(2) == 0 { scenario.faults.cgroupNs = groups.duration(100_000, 50_000_000) }
        }
        var confined = SplitMix64(seed: seed, stream: 4)
        if mode == .user, confined.below(5) == 0 {
            scenario.faults.daemonAffinityNs = confined.duration(2_000_000, 300_000_000)
        }
        var sections = SplitMix64(seed: seed, stream: 5)
        if sections.below(4) == 0 { scenario.faults.sectionNs = sections.duration(100_000, 20_000_000) }
        scenario.takeShape(seed)
        // Queues whose CPUs this machine does not have are refused at attachment.
        if scenario.queueFlaw != nil, let usual = descriptions.first {
            (scenario.policy, scenario.policyName) = (usual.policy, usual.name)
        }
        return scenario
    }

    /// Of pairs that go by it: a machine with several nodes, caches and threads.
    private mutating func takeShape(_ seed: UInt64) {
        guard goesByTopology else { return }
        var chance = SplitMix64(seed: seed, stream: 3)
        let threads = UInt32(1 + chance.below(2))
        shape = [
            UInt32(1 + chance.below(2)), UInt32(1 + chance.below(3)), UInt32(chance.size(1, 3, 16)), threads,
        ]
        let most = shape.reduce(1, *)
        // Their CPUs are there on this one, too.
        loads = loads.map { load in
            var load = load
            load.cpus = Set(load.cpus.map { $0 % most }).sorted()
            return load
        }
        cpus = most
    }
}

extension Load {
    static func random(cpus: UInt32, _ chance: inout SplitMix64) -> Load {
        let habits = Habit.allCases
        var load = Load(
            habits[Int(chance.below(UInt64(habits.count)))], count: UInt32(chance.size(1, 12, 1000)))
        load.nice = chance.below(3) == 0 ? Int32(chance.below(40)) - 20 : 0
        load.isKthread = chance.below(8) == 0
        if chance.below(10) == 0 && load.habit == .sleeper {
            load.isRealtime = true
            load.count = min(load.count, 4)
        }
        load.bursts = UInt32(1 + chance.below(8))
        load.runNs = chance.duration(5_000, 8_000_000)
        load.runSpreadNs = chance.below(2) == 0 ? 0 : chance.duration(5_000, 20_000_000)
        load.sleepNs = chance.duration(1_000, 20_000_000)
        load.sleepSpreadNs = chance.below(2) == 0 ? 0 : chance.duration(10_000, 40_000_000)
        // One that never lets go would leave the CPU to nobody.
        if load.isRealtime { load.sleepNs = max(load.sleepNs, 2 * load.runNs) }
        load.startSpreadNs = chance.duration(1_000, 100_000_000)
        switch chance.below(5) {
        case 0: load.cpus = [UInt32(chance.below(UInt64(cpus)))]
        case 1:
            let (a, b) = (chance.below(UInt64(cpus)), chance.below(UInt64(cpus)))
            load.cpus = Array(UInt32(min(a, b))...UInt32(max(a, b)))
        default: break
        }
        return load
    }
}

extension Scenario.Faults {
    static func random(in durationNs: UInt64, _ chance: inout SplitMix64) -> Self {
        var faults = Scenario.Faults()
        if chance.below(3) == 0 { faults.affinityNs = chance.duration(200_000, 100_000_000) }
        if chance.below(4) == 0 { faults.weightNs = chance.duration(200_000, 100_000_000) }
        if chance.below(4) == 0 { faults.classNs = chance.duration(1_000_000, 200_000_000) }
        if chance.below(5) == 0 { faults.execNs = chance.duration(1_000_000, 100_000_000) }
        if chance.below(4) == 0 { faults.hotplugNs = chance.duration(5_000_000, 500_000_000) }
        if chance.below(3) == 0 {
            faults.kickLatePpm = UInt32(chance.below(50_000))
            faults.kickLateNs = chance.duration(1_000, chance.below(4) == 0 ? 100_000_000 : 2_000_000)
        }
        if chance.below(8) == 0 { faults.ringBytes = UInt32(chance.size(256, 4096, 1 << 20)) }
        switch chance.below(4) {
        case 0: faults.daemon = .spins
        case 1: faults.daemon = .sleeps
        default: return faults
        }
        faults.daemonAtNs = chance.below(durationNs)
        faults.daemonNs = chance.duration(10_000, 500_000_000)
        if chance.below(2) == 0 {
            faults.daemonEveryNs = faults.daemonNs + chance.duration(10_000, 500_000_000)
        }
        return faults
    }
}

extension SplitMix64 {
    /// A number in 0..<bound, for 1 ≤ bound < 2³².
    mutating func below(_ bound: UInt64) -> UInt64 { ((next() >> 32) &* bound) >> 32 }

    /// Mostly up to `usual`, seldom up to `most`.
    mutating func size(_ least: UInt64, _ usual: UInt64, _ most: UInt64) -> UInt64 {
        if below(32) == 0 { return least + below(most - least + 1) }
        return least + below(usual - least + 1)
    }

    /// Every order of magnitude is as likely.
    mutating func duration(_ least: UInt64, _ most: UInt64) -> UInt64 {
        let low = 64 - least.leadingZeroBitCount
        let high = 64 - most.leadingZeroBitCount
        let bits = UInt64(low) + below(UInt64(high - low + 1))
        return min(max(next() >> (64 - bits), least), most)
    }
}
