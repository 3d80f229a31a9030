// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import PolicyModel

/// CPU time in proportion to weight: each task has a pass, which what it used moves on, the faster the less it
/// weighs; the smallest pass goes first. Twin: `stride.h`, function by function.
public struct Stride: PolicyPair {
    /// `pass`: the largest one of a task that was picked.
    public var state = State()
    private let params: Params

    public init(_ params: Params) { self.params = params }

    /// What CPU time costs a task: the more, the less it weighs.
    private func cost(_ usedNs: UInt64, _ event: sp_event) -> UInt64 {
        usedNs &* UInt64(SP_WEIGHT_NORMAL) / UInt64(event.clampedWeight)
    }

    // A turn late: else a stream of new tasks goes before all others for good.
    public mutating func start(_ task: inout Task, _ event: sp_event) {
        task.pass = state.pass &+ cost(params.quantum_ns, event)
    }

    public mutating func enqueue(_ event: sp_event, _ task: inout Task) -> sp_decision {
        let earliest = state.pass &- params.credit_ns
        task.pass = task.pass &+ cost(event.used_ns, event)
        if isBefore(task.pass, earliest) { task.pass = earliest }
        if event.idle_cpu >= 0 { return .direct(event, task, key: task.pass) }
        return .queue(event, task, key: task.pass)
    }

    public mutating func running(_ event: sp_event, _ task: Task) -> sp_decision {
        if isBefore(state.pass, task.pass) { state.pass = task.pass }
        return .run(event, task, sliceNs: params.quantum_ns)
    }
}
