// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import PolicyModel

/// Layers by name and user, which a description gives: in each of two queues in order of arrival, for which a task comes
/// later than it does by what its layer waits. Twin: `layers.h`, function by function.
public struct Layers: PolicyPair {
    public var state = State()
    private let params: Params

    public init(_ params: Params) { self.params = params }

    /// It is asked anew with each wait, since names and users change. Without a layer: as many as there are.
    public mutating func enqueue(_ event: sp_event, _ task: inout Task) -> sp_decision {
        let layer = params.layers.row(event)
        task.layer = UInt8(truncatingIfNeeded: layer)
        task.queue = UInt32(params.layers.priority(layer))
        let key = event.now &+ params.layers.wait_ns(layer)
        if event.idle_cpu >= 0 { return .direct(event, task, key: key) }
        return .queue(event, task, key: key)
    }

    public mutating func running(_ event: sp_event, _ task: Task) -> sp_decision {
        .run(event, task, sliceNs: params.layers.slice_ns(task.layer))
    }

    /// Somebody in the regular queue has waited for too long beside those with priority, and for longer than the first
    /// of those: where all of them wait for that long, nobody is passed over for ever.
    private func starves(_ event: sp_event, _ task: Task) -> Bool {
        let isBeside = event.priorityWaits || (event.hasPrev(task) && task.queue != SP_QUEUE_REGULAR.rawValue)
        let isOlder =
            event.flags & SP_EVENT_FIRST_PRIORITY == 0 || !isBefore(event.since.1, event.since.0)
        return isBeside && event.flags & SP_EVENT_FIRST != 0 && isOlder
            && isBefore(event.since.0 &+ params.starvation_ns, event.now)
    }

    public mutating func dispatch(_ event: sp_event, _ task: Task) -> sp_decision {
        starves(event, task) ? .serve(event, SP_QUEUE_REGULAR) : defaultDispatch(event, task)
    }
}
