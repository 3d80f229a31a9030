// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

extension sp_decision {
    @inlinable @inline(__always)
    static func answer(
        _ event: sp_event, _ action: sp_action, queue: UInt32 = 0, key: UInt64 = 0,
        sliceNs: UInt64 = 0, cpu: Int32 = -1
    ) -> sp_decision {
        sp_decision(
            key: key, slice_ns: sliceNs, action: action.rawValue, queue: queue, cpu: cpu,
            pid: event.pid)
    }

    /// Nothing to do.
    @inlinable @inline(__always)
    public static func none(_ event: sp_event) -> sp_decision { answer(event, SP_ACTION_NONE) }

    /// The task waits in `task.queue`; the smaller key goes first, ties by arrival.
    @inlinable @inline(__always)
    public static func queue(_ event: sp_event, _ task: sp_task, key: UInt64) -> sp_decision {
        answer(event, SP_ACTION_QUEUE, queue: task.queue, key: key)
    }

    /// The same, and a task of the regular queue's class that runs on the task's CPU gives way.
    ///
    /// In user mode the daemon is run at once for a woken task whose last answer was in the priority
    /// queue; so a task's first preemption may come one wait late.
    @inlinable @inline(__always)
    public static func preempt(_ event: sp_event, _ task: sp_task, key: UInt64) -> sp_decision {
        answer(event, SP_ACTION_PREEMPT, queue: task.queue, key: key, cpu: event.cpu)
    }

    /// The task runs on the idle CPU that was claimed for it.
    @inlinable @inline(__always)
    public static func direct(_ event: sp_event, _ task: sp_task, key: UInt64) -> sp_decision {
        answer(event, SP_ACTION_DIRECT, queue: task.queue, key: key, cpu: event.idle_cpu)
    }

    /// The CPU's task goes on, as if it had been picked. Answers a DISPATCH with `hasPrev` alone.
    /// `queue` is the task's.
    @inlinable @inline(__always)
    public static func goOn(_ event: sp_event, _ queue: sp_queue) -> sp_decision {
        answer(event, SP_ACTION_CONTINUE, queue: queue.rawValue)
    }

    /// The picked task runs for `sliceNs`, more than 0.
    @inlinable @inline(__always)
    public static func run(_ event: sp_event, _ task: sp_task, sliceNs: UInt64) -> sp_decision {
        answer(event, SP_ACTION_RUN, queue: task.queue, sliceNs: sliceNs)
    }

    /// The asking CPU looks into `queue` first.
    @inlinable @inline(__always)
    public static func serve(_ event: sp_event, _ queue: sp_queue) -> sp_decision {
        answer(event, SP_ACTION_SERVE, queue: queue.rawValue)
    }

    @inlinable @inline(__always)
    static func stale(_ event: sp_event) -> sp_decision { answer(event, SP_ACTION_STALE) }

    @inlinable @inline(__always)
    static func invalid(_ event: sp_event) -> sp_decision { answer(event, SP_ACTION_INVALID) }
}
