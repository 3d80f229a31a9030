// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import PolicyModel

/// Everybody in turn; the slice is 4 ms for a task of normal weight, and in proportion to it for
/// others, within 1...16 ms.
public struct RoundRobin: Policy, Sendable {
    public init() {}

    public mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        .queue(event, task, key: 0)  // equal keys go by arrival
    }

    public mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision {
        let slice = 4_000_000 * UInt64(event.clampedWeight) / 100
        return .run(event, task, sliceNs: min(max(slice, 1_000_000), 16_000_000))
    }
}
