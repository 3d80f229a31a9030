// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// The policy that a description says. Twin: `policy.h`, function by function.
@frozen
public struct DescribedPolicy: Policy {
    #if hasFeature(Embedded)
    // In the kernel both stay where they are: no more is read than is needed, and nothing is written that
    // did not change, as in the C twin. All rules below are the same.
    @usableFromInline let policyAt: UnsafePointer<sp_policy>
    @usableFromInline let globalAt: UnsafeMutablePointer<sp_global>

    @inlinable
    public var policy: sp_policy {
        @inline(__always) unsafeAddress { policyAt }
    }

    @inlinable
    public var global: sp_global {
        @inline(__always) unsafeAddress { UnsafePointer(globalAt) }
        @inline(__always) nonmutating unsafeMutableAddress { globalAt }
    }

    /// The policy whose description and state are there.
    @inlinable
    public init(_ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>) {
        policyAt = policy
        globalAt = global
    }
    #else
    /// The description; valid, see `PolicyDescription`.
    public let policy: sp_policy
    /// What the policy remembers beside its tasks.
    public var global: sp_global

    @inlinable
    public init(_ policy: sp_policy) {
        self.policy = policy
        global = Self.firstState(policy)
    }
    #endif

    /// The state before the first event.
    @inlinable
    static func firstState(_ policy: sp_policy) -> sp_global {
        var global = sp_global()
        global.threshold = thresholdMax(policy)
        return global
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
        advanceRound(event)
        return place(event, task, key: orderKey(&task, event))
    }

    @inlinable @inline(__always)
    public mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision {
        advanceVtime(task)
        return .run(event, task, sliceNs: sliceNs(event))
    }

    /// Which queue is served: of those with somebody for this CPU the priority queue, unless the
    /// regular one starves; but not if the CPU just served it: so beside a priority queue that has
    /// somebody it has every second turn at most. The task that could go on counts as one of its queue,
    /// and goes on if that queue is served and its key is before all others'; of equal keys it came last.
    @inlinable @inline(__always)
    public mutating func dispatch(_ event: sp_event, _ task: sp_task) -> sp_decision {
        let hasPrev = event.hasPrev(task)
        let regular = event.regularWaits
        let priority = event.priorityWaits
        if !regular && !priority && !hasPrev { return .none(event) }
        let regularPrev = hasPrev && task.queue == SP_QUEUE_REGULAR.rawValue
        let priorityPrev = hasPrev && task.queue != SP_QUEUE_REGULAR.rawValue
        if (priority || priorityPrev) && !(regular && !regularPrev && starves(event)) {
            if priorityPrev && (!priority || isBefore(event.key, event.first.1)) {
                return .goOn(event, SP_QUEUE_PRIORITY)
            }
            return .serve(event, SP_QUEUE_PRIORITY)
        }
        if regularPrev && (!regular || isBefore(event.key, event.first.0)) {
            return .goOn(event, SP_QUEUE_REGULAR)
        }
        return .serve(event, SP_QUEUE_REGULAR)
    }

    /// Where a task that begins to wait goes.
    @inlinable @inline(__always)
    func place(_ event: sp_event, _ task: sp_task, key: UInt64) -> sp_decision {
        if event.idle_cpu >= 0 && policy.idle == SP_IDLE_DIRECT.rawValue {
            return .direct(event, task, key: key)
        }
        if preempts(event, task) { return .preempt(event, task, key: key) }
        return .queue(event, task, key: key)
    }
}
