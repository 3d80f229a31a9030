// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// First come, first served; the slice is shared among the tasks that wait.
public struct FIFOPolicy: Policy {
    public var sliceMaxNs: UInt64 = 20_000_000

    public init() {}

    public mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        .queue(event, task, key: 0)
    }

    public mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision {
        .run(event, task, sliceNs: sliceMaxNs / (event.waitingTasks + 1))
    }
}
