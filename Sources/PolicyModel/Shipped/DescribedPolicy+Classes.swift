// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

// Classes: which queue a task waits in. Twin: policy_classes.h.

extension DescribedPolicy {
    /// More switches than this between two measurements count as this many.
    @inlinable @inline(__always)
    static var switchesMax: UInt64 { 1 << 20 }

    /// Whether anything in this policy looks at rates.
    @inlinable @inline(__always)
    var measuresRate: Bool {
        policy.classes == SP_CLASSES_VOLUNTARY_SWITCHES.rawValue
            || (policy.order == SP_ORDER_DEADLINE.rawValue
                && policy.burst == SP_BURST_BY_SWITCHES.rawValue)
    }

    /// The highest threshold, in thousandths of a switch per second.
    @inlinable @inline(__always)
    static func thresholdMax(_ policy: sp_policy) -> UInt64 {
        UInt64(policy.rate_max) &* SP_RATE_SCALE
    }

    /// Measures the task's rate once at least `rate_window_ns` have passed, and lets the
    /// threshold follow it. Returns whether it did.
    @inlinable @inline(__always)
    mutating func measureRate(_ task: inout sp_task, _ event: sp_event) -> Bool {
        let elapsed = event.now &- task.rate_since
        let switches = event.switches &- task.rate_switches
        if isBefore(elapsed, policy.rate_window_ns) || elapsed == 0 { return false }
        let rate =
            min(switches, Self.switchesMax) &* (SP_RATE_SCALE &* SP_NSEC_PER_SEC) / elapsed
        let thresholdMax = Self.thresholdMax(policy)
        task.rate = min(average(task.rate, rate), 8 &* thresholdMax)
        task.rate_switches = event.switches
        task.rate_since = event.now
        let threshold = min(average(global.threshold, task.rate), thresholdMax)
        global.threshold = max(threshold, SP_RATE_SCALE)
        return true
    }

    /// A synchronous wake-up promotes, unless too many wait up there already.
    @inlinable @inline(__always)
    func promotes(_ event: sp_event) -> Bool {
        let most = UInt64(policy.promote_waiting_max) &* UInt64(event.cpus)
        return policy.promote_sync != 0 && event.isSync && UInt64(event.waiting.1) <= most
    }

    /// Whether a woken task takes the CPU of one that is not in the priority queue's class. A waker
    /// that is about to sleep gives its own away without being asked.
    @inlinable @inline(__always)
    func preempts(_ event: sp_event, _ task: sp_task) -> Bool {
        policy.preempt != 0 && task.queue == SP_QUEUE_PRIORITY.rawValue && event.isWakeup
            && !event.isSync
    }

    /// Whether the regular queue goes before the priority queue: its first task has waited for longer
    /// than the limit, and for longer than the first of the priority queue. So under a load that
    /// keeps both from ever being empty they are served by age.
    @inlinable @inline(__always)
    func starves(_ event: sp_event) -> Bool {
        var limit = policy.wait_max_ns
        if policy.starvation_ns != 0 { limit = min(policy.starvation_ns, limit) }
        guard event.flags & SP_EVENT_FIRST != 0, isBefore(limit, event.now &- event.since.0)
        else { return false }
        return event.flags & SP_EVENT_FIRST_PRIORITY == 0 || isBefore(event.since.0, event.since.1)
    }

    /// Puts a task that begins to wait into its class.
    @inlinable @inline(__always)
    mutating func classify(_ task: inout sp_task, _ event: sp_event) {
        guard measuresRate else { return }
        let measured = measureRate(&task, event)
        guard policy.classes == SP_CLASSES_VOLUNTARY_SWITCHES.rawValue else { return }
        if measured {
            let interactive = task.rate >= global.threshold
            task.queue = interactive ? SP_QUEUE_PRIORITY.rawValue : SP_QUEUE_REGULAR.rawValue
        }
        if promotes(event) { task.queue = SP_QUEUE_PRIORITY.rawValue }
    }
}
