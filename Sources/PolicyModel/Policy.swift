// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// A scheduling policy: a pure function of its own state and an event.
///
/// Time, queue lengths and idle CPUs arrive inside the event. A policy keeps what it needs to
/// know of one task in that task's `sp_task`, and the rest in itself; it has no clock, no
/// randomness and no I/O. Only `enqueue` has to be written: the rest has the meaning of a
/// first-come-first-served queue with a fixed slice.
///
/// Write the methods with integers and the structs of `bpf/abi.h` alone. They run in the
/// scheduling loop, where nothing may allocate, and a C twin is easier to write from them.
public protocol Policy {
    /// A task is seen for the first time; `task` is all zero but for its generation.
    mutating func start(_ task: inout sp_task, _ event: sp_event)
    /// A task begins to wait: where, and at which key? Answer with `sp_decision.queue`,
    /// `.preempt` or `.direct`.
    mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision
    /// A task was picked: how long may it run? Answer with `sp_decision.run`.
    mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision
    /// A CPU wants a task: which queue is served first? Answer with `sp_decision.serve`; or, if
    /// `event.hasPrev(task)`, with `.goOn`: the CPU's own task, whose state is `task`, has used up its
    /// slice and could go on.
    mutating func dispatch(_ event: sp_event, _ task: sp_task) -> sp_decision
    /// An event of a kind that not every policy is told of: of a pair that wants it. Left out: there is none.
    mutating func decideWanted(_ event: sp_event, _ task: inout sp_task) -> sp_decision
    /// All of the policy's state beside its tasks, for comparison with its C twin.
    var global: sp_global { get }
}

extension Policy {
    /// Decides one event; `task` is the state kept for the event's pid. The twin of `sp_decide`.
    ///
    /// An event of another generation than the task's is answered with `SP_ACTION_STALE`, one of
    /// an unknown kind with `SP_ACTION_INVALID`: neither changes any state.
    @inlinable @inline(__always)
    public mutating func decide(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        switch event.kind {
        case SP_EVENT_ENQUEUE.rawValue:
            guard admit(event, &task) else { return .stale(event) }
            return enqueue(event, &task)
        case SP_EVENT_RUNNING.rawValue:
            guard event.speaks(of: task) else { return .stale(event) }
            return running(event, task)
        case SP_EVENT_DISPATCH.rawValue:
            return dispatch(event, task)
        case SP_EVENT_EXIT.rawValue:
            guard event.speaks(of: task) else { return .stale(event) }
            task = sp_task()
            return .none(event)
        default:
            return decideWanted(event, &task)
        }
    }

    /// Whether the event speaks of the task in `task`, which it makes so if its generation is a
    /// newer one. Generations are compared by signed difference; 0 is nobody's.
    @inlinable @inline(__always)
    mutating func admit(_ event: sp_event, _ task: inout sp_task) -> Bool {
        if event.generation == 0 { return false }
        if event.generation == task.generation { return true }
        let ahead = Int32(bitPattern: event.generation &- task.generation)
        if task.generation != 0 && ahead < 0 { return false }
        task = sp_task()
        task.generation = event.generation
        start(&task, event)
        return true
    }
}
