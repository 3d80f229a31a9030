// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

// Slice: how long a picked task may run. Twin: policy_slice.h.

extension DescribedPolicy {
    /// max / (waiting + 1), not below min.
    @inlinable @inline(__always)
    func sliceShare(waiting: UInt64) -> UInt64 {
        max(policy.slice_max_ns / (waiting &+ 1), policy.slice_min_ns)
    }

    /// max × weight / 100, within min...max.
    @inlinable @inline(__always)
    func sliceWeighted(_ weight: UInt32) -> UInt64 {
        let slice = policy.slice_max_ns &* UInt64(weight) / UInt64(SP_WEIGHT_NORMAL)
        return max(min(slice, policy.slice_max_ns), policy.slice_min_ns)
    }

    /// What the rule gives.
    @inlinable @inline(__always)
    mutating func sliceRule(_ event: sp_event) -> UInt64 {
        switch policy.slice {
        case SP_SLICE_SHARED.rawValue:
            return sliceShare(waiting: event.waitingTasks)
        case SP_SLICE_AVERAGED.rawValue:
            global.average_waiting = (global.average_waiting &+ event.waitingTasks) / 2
            return sliceShare(waiting: global.average_waiting)
        case SP_SLICE_WEIGHTED.rawValue:
            return sliceWeighted(event.clampedWeight)
        default:
            return policy.slice_max_ns
        }
    }

    /// The slice of a task that was just picked: so long at most that one turn of all that wait, even
    /// if for one CPU, takes no longer than `wait_max_ns`.
    @inlinable @inline(__always)
    mutating func sliceNs(_ event: sp_event) -> UInt64 {
        let turn = policy.wait_max_ns / (event.waitingTasks &+ 1)
        return min(sliceRule(event), max(turn, SP_SLICE_FLOOR_NS))
    }
}
