// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import PolicyModel

/// A limit of CPU time. A task that weighs less than `below` may use `quota` of each `period`; when it did, it is held
/// back until the period is over, though a CPU may idle: a tick ends its slice then. What it used until that tick counts
/// for the next period. Whoever waits is picked in order of arrival. Twin: `bandwidth.h`.
public struct Bandwidth: PolicyPair {
    public var state = State()
    private let params: Params

    public init(_ params: Params) { self.params = params }

    private func isLimited(_ event: sp_event) -> Bool { event.clampedWeight < UInt32(params.below) }

    // What is left of CPU time when the next period begins: what was used beyond the quota.
    private func carried(_ used: UInt64) -> UInt64 {
        used > params.quota_ns ? used &- params.quota_ns : 0
    }

    public mutating func stopping(_ event: sp_event, _ task: inout Task) {
        task.used = task.used &+ event.used_ns
    }

    public mutating func tick(_ event: sp_event, _ task: inout Task) -> sp_decision {
        let isOver = isLimited(event) && task.used &+ event.used_ns >= params.quota_ns
        return isOver ? .giveWay(event) : .none(event)
    }

    // Who is not limited any more owes nothing, and is not held back for it when that changes again.
    public mutating func changed(_ event: sp_event, _ task: inout Task) {
        if !isLimited(event) { task.used = 0 }
    }

    public mutating func enqueue(_ event: sp_event, _ task: inout Task) -> sp_decision {
        let into = event.now &- task.began
        if into >= params.period_ns {
            task.used = carried(task.used)
            task.began = into < 2 &* params.period_ns ? task.began &+ params.period_ns : event.now
        }
        if !isLimited(event) {
            task.used = 0
        } else if task.used >= params.quota_ns {
            return .hold(event, task, key: 0, ns: task.began &+ params.period_ns &- event.now)
        }
        if event.idle_cpu >= 0 { return .direct(event, task, key: 0) }
        return .queue(event, task, key: 0)
    }

    public mutating func running(_ event: sp_event, _ task: Task) -> sp_decision {
        .run(event, task, sliceNs: params.slice_ns)
    }
}
