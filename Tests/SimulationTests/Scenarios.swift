// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyText
import Simulation
import Testing

/// A scenario under a shipped policy, from the words that the command line has for it.
func scenario(
    _ mode: Scenario.Mode, _ policy: String, cpus: UInt32, seconds: Double, _ loads: [String],
    faults: [String] = [], seed: UInt64 = 1, groups: [Scenario.Group] = []
) throws -> Scenario {
    var scenario = Scenario(
        mode: mode, cpus: cpus, seed: seed, durationNs: UInt64(seconds * 1e9), policyName: policy,
        policy: sp_policy())
    try scenario.load(policy, [])
    scenario.givenGroups = groups
    for load in loads { scenario.loads.append(try Load(load)) }
    for fault in faults { try scenario.faults.set(fault) }
    try scenario.validate()
    return scenario
}

/// A bound kernel thread on each CPU, now and then, as every machine has them.
func noise(cpus: Int, every: String) -> [String] {
    (0..<cpus).map {
        "sleeper:1,kthread=1,run=20us,run-spread=10us,sleep=0,sleep-spread=\(every),cpus=\($0)"
    }
}
