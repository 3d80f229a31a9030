// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import PolicyModel

/// A queue for each last-level cache (LLC), in the order of weighted CPU time. A task waits where it ran last, since
/// its data may be in that cache still; one that was woken by a task that is about to sleep waits where that one ran.
/// CPUs take from their own queue, and from the nearest other one if that is empty. Twin: `llc.h`.
public struct Llc: PolicyPair {
    /// `vtime`: the largest one of a task that was picked.
    public var state = State()
    private let params: Params

    public init(_ params: Params) { self.params = params }

    // Who is new owes nothing, and has no credit.
    public mutating func start(_ task: inout Task, _ event: sp_event) {
        task.vtime = state.vtime
    }

    /// The cache in which a task's data is.
    private func home(_ event: sp_event) -> UInt32 {
        if event.idle_cpu >= 0 { return event.here.llc }
        return event.isWakeup && event.isSync ? event.waker.llc : event.last.llc
    }

    public mutating func enqueue(_ event: sp_event, _ task: inout Task) -> sp_decision {
        let earliest = state.vtime &- params.credit_ns
        task.vtime = task.vtime &+ event.used_ns &* UInt64(SP_WEIGHT_NORMAL) / UInt64(event.clampedWeight)
        if isBefore(task.vtime, earliest) { task.vtime = earliest }
        task.queue = home(event)
        if event.idle_cpu >= 0 { return .direct(event, task, key: task.vtime) }
        return .queue(event, task, key: task.vtime)
    }

    public mutating func running(_ event: sp_event, _ task: Task) -> sp_decision {
        if isBefore(state.vtime, task.vtime) { state.vtime = task.vtime }
        return .run(event, task, sliceNs: params.quantum_ns)
    }

    public mutating func dispatch(_ event: sp_event, _ task: Task) -> sp_decision {
        let isCrowdFar = event.waitingFar >= UInt32(params.steal_from)
        if event.hasPrev(task) && !event.hasFirst && isCrowdFar {
            return .serve(event, queue: event.here.llc)
        }
        return Self.nearDispatch(event, task)
    }
}
