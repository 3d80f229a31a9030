// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

// Order: what a waiting task's key is. Twin: policy_order.h.

extension DescribedPolicy {
    /// used × 100 / weight: scx_simple's charge. The product wraps.
    @inlinable @inline(__always)
    static func vtimeCharge(usedNs: UInt64, weight: UInt32) -> UInt64 {
        usedNs &* UInt64(SP_WEIGHT_NORMAL) / UInt64(weight)
    }

    /// Charges the CPU time that a task used since it last began to wait.
    @inlinable @inline(__always)
    func charge(_ task: inout sp_task, _ event: sp_event) {
        task.vtime &+= Self.vtimeCharge(usedNs: event.used_ns, weight: event.clampedWeight)
        task.burst_ns = event.isWakeup ? 0 : task.burst_ns &+ event.used_ns
    }

    /// A task that slept keeps at most `sleep_credit_ns` of vtime that it did not use; one that had
    /// a CPU to itself owes `SP_DEBT_SLICES_MAX` slices at most: else it would wait until all others
    /// have used as much.
    @inlinable @inline(__always)
    func limitVtime(_ task: inout sp_task, _ event: sp_event) {
        let debt = Self.vtimeCharge(
            usedNs: policy.slice_max_ns &* SP_DEBT_SLICES_MAX, weight: event.clampedWeight)
        let oldest = global.vtime_now &- policy.sleep_credit_ns
        let newest = global.vtime_now &+ debt
        if isBefore(task.vtime, oldest) {
            task.vtime = oldest
        } else if isBefore(newest, task.vtime) {
            task.vtime = newest
        }
    }

    /// The bound on waits. vtime is no measure of real time: beside a heavy task it stands still. So
    /// all keys of a round of `wait_max_ns` are before all of the next one, whatever the vtimes are:
    /// who waits when a round begins is overtaken by nobody any more.
    @inlinable @inline(__always)
    mutating func advanceRound(_ event: sp_event) {
        guard isBefore(policy.wait_max_ns, event.now &- global.round_since) else { return }
        let spread = policy.slice_max_ns &* SP_KEY_SPREAD_SLICES &+ policy.sleep_credit_ns
        global.round &+= spread
        global.round_since = event.now
    }

    /// What a task's present burst adds to its deadline.
    @inlinable @inline(__always)
    func burstShare(_ task: sp_task) -> UInt64 {
        let burst = min(task.burst_ns, policy.slice_max_ns &* SP_BURST_SLICES_MAX)
        if policy.burst == SP_BURST_BY_SWITCHES.rawValue {
            return burst / (1 &+ task.rate / SP_RATE_SCALE)
        }
        return burst
    }

    /// The key of a task that begins to wait; smaller goes first. By arrival, all keys are the same,
    /// and no wait is longer than one turn of all that wait.
    @inlinable @inline(__always)
    func orderKey(_ task: inout sp_task, _ event: sp_event) -> UInt64 {
        if policy.order == SP_ORDER_FIFO.rawValue { return 0 }
        limitVtime(&task, event)
        if policy.order == SP_ORDER_DEADLINE.rawValue {
            return global.round &+ task.vtime &+ burstShare(task)
        }
        return global.round &+ task.vtime
    }

    /// The clock of vtime follows the furthest task that ran.
    @inlinable @inline(__always)
    mutating func advanceVtime(_ task: sp_task) {
        if isBefore(global.vtime_now, task.vtime) { global.vtime_now = task.vtime }
    }
}
