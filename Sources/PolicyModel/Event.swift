// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

extension sp_event {
    /// Tasks waiting in both queues, the event's own not counted.
    @inlinable
    public var waitingTasks: UInt64 { UInt64(waiting.0) &+ UInt64(waiting.1) }

    /// The weight, taken for the nearest one in 1...10000 if it is out of that range.
    @inlinable
    public var clampedWeight: UInt32 {
        if weight < UInt32(SP_WEIGHT_MIN) { return UInt32(SP_WEIGHT_MIN) }
        if weight > UInt32(SP_WEIGHT_MAX) { return UInt32(SP_WEIGHT_MAX) }
        return weight
    }

    /// The task slept before it began to wait.
    @inlinable
    public var isWakeup: Bool { flags & SP_EVENT_WAKEUP != 0 }

    /// The task was woken by one that is about to sleep.
    @inlinable
    public var isSync: Bool { flags & SP_EVENT_SYNC != 0 }

    /// The task is a kernel thread.
    @inlinable
    public var isKthread: Bool { flags & SP_EVENT_KTHREAD != 0 }

    /// DISPATCH: whether the CPU's task could go on; `task` is its state.
    @inlinable
    public func hasPrev(_ task: sp_task) -> Bool {
        flags & SP_EVENT_PREV != 0 && speaks(of: task)
    }

    /// DISPATCH: whether somebody waits in the regular queue who may run on the CPU that asks, as far
    /// as is known.
    @inlinable
    public var regularWaits: Bool {
        waiting.0 != 0 && (flags & SP_EVENT_LOOKED == 0 || flags & SP_EVENT_FIRST != 0)
    }

    /// The same for the priority queue.
    @inlinable
    public var priorityWaits: Bool {
        waiting.1 != 0 && (flags & SP_EVENT_LOOKED == 0 || flags & SP_EVENT_FIRST_PRIORITY != 0)
    }

    /// Whether `task` is the very task that this event is about.
    @inlinable
    public func speaks(of task: sp_task) -> Bool {
        generation != 0 && generation == task.generation
    }
}
