// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import PolicyModel

/// Tasks that weigh less than `light` have a queue of their own, whose CPUs are the upper half: they run nowhere
/// else. The others look for an idle CPU in the lower half first, and run anywhere; a CPU of the upper half serves
/// the light ones first, and takes of the others when nobody of these waits. In each queue the order is that of
/// weighted CPU time. Twin: `halves.h`.
public struct Halves: PolicyPair {
    /// `vtime`: the largest one of a task that was picked.
    public var state = State()
    private let params: Params

    public init(_ params: Params) { self.params = params }

    private var heavyQueue: UInt32 { 0 }
    private var lightQueue: UInt32 { 1 }

    // Who is new owes nothing, and has no credit.
    public mutating func start(_ task: inout Task, _ event: sp_event) {
        task.vtime = state.vtime
    }

    public mutating func enqueue(_ event: sp_event, _ task: inout Task) -> sp_decision {
        let earliest = state.vtime &- params.credit_ns
        task.vtime = task.vtime &+ event.used_ns &* UInt64(SP_WEIGHT_NORMAL) / UInt64(event.clampedWeight)
        if isBefore(task.vtime, earliest) { task.vtime = earliest }
        task.queue = event.clampedWeight < UInt32(params.light) ? lightQueue : heavyQueue
        if event.idle_cpu >= 0 { return .direct(event, task, key: task.vtime) }
        return .queue(event, task, key: task.vtime)
    }

    public mutating func running(_ event: sp_event, _ task: Task) -> sp_decision {
        if isBefore(state.vtime, task.vtime) { state.vtime = task.vtime }
        return .run(event, task, sliceNs: params.quantum_ns)
    }

    public mutating func dispatch(_ event: sp_event, _ task: Task) -> sp_decision {
        let served = event.isOn(params.upper) ? lightQueue : heavyQueue
        if event.hasPrev(task) {
            let isFirst = !event.hasFirst || isBefore(event.key, event.first.0)
            // One that only helps out gives way to any of those that are served here.
            if isFirst && (task.queue == served || event.waitingFar == 0) { return .goOn(event, task) }
        }
        return .serve(event, queue: served).then(heavyQueue)
    }
}
