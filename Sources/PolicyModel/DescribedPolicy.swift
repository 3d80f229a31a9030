// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// The policy that a description says. Twin: `bpf/policy.h`, function by function.
@frozen
public struct DescribedPolicy: Policy {
    /// The description; valid, see `PolicyDescription`.
    public let policy: sp_policy
    /// What the policy remembers beside its tasks.
    public var global: sp_global

    @inlinable
    public init(_ policy: sp_policy) {
        self.policy = policy
        global = sp_global()
        global.threshold = Self.thresholdMax(policy)
    }

    @inlinable @inline(__always)
    public mutating func start(_ task: inout sp_task, _ event: sp_event) {
        // A slice late: else a stream of new tasks goes before all others for good.
        task.vtime = global.vtime_now &+ policy.slice_max_ns
        task.rate_switches = event.switches
        task.rate_since = event.now
    }

    @inlinable @inline(__always)
    public mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        charge(&task, event)
        classify(&task, event)
        return place(event, task, key: orderKey(&task))
    }

    @inlinable @inline(__always)
    public mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision {
        advanceVtime(task)
        return .run(event, task, sliceNs: sliceNs(event))
    }

    /// The priority queue goes first, unless the regular one has waited for longer than the
    /// starvation limit. A queue in which nobody waits is not starving.
    @inlinable @inline(__always)
    public mutating func dispatch(_ event: sp_event) -> sp_decision {
        let regular = event.waiting.0
        let priority = event.waiting.1
        let starved = event.now &- global.regular_served
        if regular == 0 { global.regular_served = event.now }
        if regular == 0 && priority == 0 { return .none(event) }
        let starves =
            regular != 0 && policy.starvation_ns != 0 && isBefore(policy.starvation_ns, starved)
        if priority != 0 && !starves { return .serve(event, SP_QUEUE_PRIORITY) }
        global.regular_served = event.now
        return .serve(event, SP_QUEUE_REGULAR)
    }

    /// A kernel thread that woke up: others may wait for it. One that begins to wait for any other
    /// reason, most of all the end of its slice, has no such claim, and would keep the CPU from all
    /// others for as long as it has work.
    @inlinable @inline(__always)
    func staysLocal(_ event: sp_event) -> Bool {
        policy.kthreads == SP_KTHREADS_LOCAL.rawValue && event.isKthread && event.isWakeup
    }

    /// Where a task that begins to wait goes.
    @inlinable @inline(__always)
    func place(_ event: sp_event, _ task: sp_task, key: UInt64) -> sp_decision {
        if staysLocal(event) { return .local(event, task, key: key) }
        if event.idle_cpu >= 0 && policy.idle == SP_IDLE_DIRECT.rawValue {
            return .direct(event, task, key: key)
        }
        if preempts(event, task) { return .preempt(event, task, key: key) }
        return .queue(event, task, key: key)
    }
}
