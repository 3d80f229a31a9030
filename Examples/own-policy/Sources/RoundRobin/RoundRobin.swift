// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import PolicyModel

/// Every task has one turn of at most 4 ms in each round; within a round, the smaller pid goes first.
public struct RoundRobin: Policy, Sendable {
    /// The latest round of which a task was picked. A task's `vtime` holds the round of its own last turn.
    private var round: UInt64 = 0

    public init() {}

    public mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        task.vtime = max(task.vtime, round) &+ 1
        let key = task.vtime << 32 | UInt64(event.pid)
        if event.idle_cpu >= 0 { return .direct(event, task, key: key) }
        return .queue(event, task, key: key)
    }

    public mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision {
        round = max(round, task.vtime)
        return .run(event, task, sliceNs: 4_000_000)
    }
}
