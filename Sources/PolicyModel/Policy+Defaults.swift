// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// What a policy does that says no more than where a task waits: first come, first served, the
/// priority queue before the regular one, and a slice of 20 ms.
extension Policy {
    @inlinable
    public mutating func start(_ task: inout sp_task, _ event: sp_event) {}

    @inlinable
    public mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision {
        .run(event, task, sliceNs: 20_000_000)
    }

    @inlinable
    public mutating func dispatch(_ event: sp_event, _ task: sp_task) -> sp_decision {
        firstComeDispatch(event, task)
    }

    /// Twin: `sp_default_dispatch`.
    @inlinable @inline(__always)
    func firstComeDispatch(_ event: sp_event, _ task: sp_task) -> sp_decision {
        let isPrev = event.hasPrev(task)
        if event.priorityWaits || (isPrev && task.queue != SP_QUEUE_REGULAR.rawValue) {
            let isFirst = !event.priorityWaits || isBefore(event.key, event.first.1)
            return isPrev && task.queue != SP_QUEUE_REGULAR.rawValue && isFirst
                ? .goOn(event, SP_QUEUE_PRIORITY) : .serve(event, SP_QUEUE_PRIORITY)
        }
        if isPrev && (!event.regularWaits || isBefore(event.key, event.first.0)) {
            return .goOn(event, SP_QUEUE_REGULAR)
        }
        return event.regularWaits ? .serve(event, SP_QUEUE_REGULAR) : .none(event)
    }

    @inlinable @inline(__always)
    public mutating func decideWanted(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        .invalid(event)
    }

    @inlinable
    public var global: sp_global { sp_global() }
}
