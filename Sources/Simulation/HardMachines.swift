// SPDX-License-Identifier: GPL-2.0-only
import PolicyModel
import PolicyText

/// Machines on which what is rare happens often. The same ones always.
public enum HardMachines {
    /// All of one mode.
    public static func all(_ mode: Scenario.Mode) throws -> [Scenario] {
        let shipped = try PolicySource.shipped()
        var machines: [Scenario] = []
        for description in shipped {
            machines.append(try lateKicks(mode, description))
        }
        if mode == .user, let fifo = shipped.first(where: { $0.name == "fifo" }) {
            machines.append(try crowd(fifo))
        }
        if mode == .user, let fair = shipped.first(where: { $0.name == "fair" }) {
            machines.append(try masks(fair))
        }
        if mode == .user, let interactive = shipped.first(where: { $0.name == "interactive" }) {
            for seed in UInt64(1)...12 { machines.append(try reclassed(interactive, seed: seed)) }
        }
        return machines
    }

    /// Every second interrupt comes much too late: who waits for it is found by the timer.
    private static func lateKicks(
        _ mode: Scenario.Mode, _ description: PolicyDescription
    ) throws -> Scenario {
        var machine = Scenario(
            mode: mode, cpus: 4, seed: 11, durationNs: 2_000_000_000, policyName: description.name,
            policy: description.policy)
        machine.loads = [
            try Load("loop:2,cpus=0-1"), try Load("yielder:2,run=300us,cpus=0-2"),
            try Load("storm:2,run=50us,sleep=30ms,cpus=0-1"),
            try Load("storm:6,run=200us,sleep=30ms,sleep-spread=10ms"),
        ]
        machine.faults.kickLatePpm = 500_000
        machine.faults.kickLateNs = 200_000_000
        try machine.validate()
        return machine
    }

    /// Tasks leave for real-time classes and come back, and take the CPU from the daemon in the middle of a pass. One of
    /// several seeds has the moment in which an answer comes late.
    private static func reclassed(_ description: PolicyDescription, seed: UInt64) throws -> Scenario {
        var machine = Scenario(
            mode: .user, cpus: 2, seed: seed, durationNs: 2_000_000_000, policyName: description.name,
            policy: description.policy)
        machine.loads = [try Load("loop:4,run-spread=570us,start-spread=0s")]
        machine.faults.classNs = 2_400_000
        try machine.validate()
        return machine
    }

    /// More affinities than the table has room for, the last one of it in use.
    private static func masks(_ description: PolicyDescription) throws -> Scenario {
        // Of every eighth seed any affinity is drawn, not one of few.
        var machine = Scenario(
            mode: .user, cpus: 16, seed: 5, durationNs: 1_000_000_000, policyName: description.name,
            policy: description.policy)
        machine.loads = [try Load("sleeper:48,run=400us,run-spread=2ms,sleep=500us,start-spread=0s")]
        machine.faults.affinityNs = 150_000
        try machine.validate()
        return machine
    }

    /// More answers under way than half their ring holds: the daemon has a place for one task alone.
    private static func crowd(_ description: PolicyDescription) throws -> Scenario {
        var machine = Scenario(
            mode: .user, cpus: 2, seed: 12, durationNs: 1_000_000_000, policyName: description.name,
            policy: description.policy)
        machine.loads = [try Load("loop:45000,start-spread=0s")]
        machine.maxTasks = 1
        machine.eventsMax = 200_000
        machine.limits.waitNs = 0
        try machine.validate()
        return machine
    }
}
