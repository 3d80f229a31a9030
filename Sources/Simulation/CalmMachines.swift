// SPDX-License-Identifier: GPL-2.0-only
import PolicyModel
import PolicyText

/// Machines on which nothing goes wrong and no callbacks overlap: so nothing may be counted that is a way
/// around the policy, and nobody waits beside an idle CPU. The same ones always.
public enum CalmMachines {
    private static let mixed = [
        "loop:2", "sleeper:12,run=100us,run-spread=1ms,sleep=0,sleep-spread=3ms",
        "sleeper:6,run=100us,run-spread=500us,sleep=0,sleep-spread=2ms,cpus=1",
        "sleeper:4,run=50us,run-spread=200us,sleep=1ms,sleep-spread=5ms,cpus=1-2,nice=-5",
    ]
    private static let crowded = [
        "loop:3,nice=5", "yielder:2,run=200us,run-spread=300us",
        "sleeper:10,run=300us,run-spread=700us,sleep=0,sleep-spread=5ms",
    ]
    private static let busy = [
        "pipe:6,run=20us,run-spread=30us", "brief:4,run=100us,run-spread=500us,sleep=2ms,bursts=3",
        "sleeper:1,run=50us,sleep=4ms", "storm:8,run=100us,run-spread=200us,sleep=3ms",
        "sleeper:3,kthread=1,run=20us,run-spread=50us,sleep=0,sleep-spread=2ms",
        "sleeper:1,kthread=1,run=20us,sleep=0,sleep-spread=5ms,cpus=2",
        "loop:1,kthread=1,nice=10",
    ]
    /// So little that user mode's daemon is hardly needed.
    private static let lonely = ["sleeper:2,run=100us,sleep=20ms,start-spread=10ms"]
    private static let idle = [
        "sleeper:3,run=100us,run-spread=2ms,sleep=2ms,sleep-spread=10ms", "loop:1",
    ]

    /// All of one mode.
    public static func all(_ mode: Scenario.Mode) throws -> [Scenario] {
        var machines: [Scenario] = []
        for description in try PolicySource.shipped() {
            for (number, load) in [(3, mixed), (1, crowded), (4, busy), (8, idle)].enumerated() {
                machines.append(
                    try machine(mode, description, UInt32(load.0), load.1, asksAlways: number == 3))
            }
            var still = try machine(mode, description, 4, lonely, asksAlways: false)
            still.durationNs = 5_000_000_000
            machines.append(still)
        }
        return machines
    }

    private static func machine(
        _ mode: Scenario.Mode, _ description: PolicyDescription, _ cpus: UInt32, _ loads: [String],
        asksAlways: Bool
    ) throws -> Scenario {
        var machine = Scenario(
            mode: mode, cpus: cpus, seed: UInt64(cpus), durationNs: 700_000_000,
            policyName: description.name, policy: description.policy)
        machine.loads = try loads.map { try Load($0) }
        machine.asksAlways = asksAlways
        machine.limits.besideIdleNs = 2_000_000
        machine.limits.isCalm = true
        try machine.validate()
        return machine
    }
}
