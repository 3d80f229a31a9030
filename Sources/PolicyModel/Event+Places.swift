// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// Where a CPU is: for pairs with queues of their own, see `sp_event` in `bpf/abi.h`.
public struct Place: BitwiseCopyable, Sendable {
    @usableFromInline let bits: UInt64

    @inlinable @inline(__always)
    init(_ bits: UInt64) { self.bits = bits }

    /// The CPU's number. Not of `here`: that CPU is `event.cpu`.
    @inlinable @inline(__always)
    public var cpu: UInt32 { UInt32(truncatingIfNeeded: bits & 0xffff) }

    /// CPUs that are threads of one core have the same number.
    @inlinable @inline(__always)
    public var core: UInt32 { UInt32(truncatingIfNeeded: bits >> UInt64(SP_PLACE_CORE_SHIFT) & 0xffff) }

    /// CPUs that share the last cache.
    @inlinable @inline(__always)
    public var llc: UInt32 { UInt32(truncatingIfNeeded: bits >> UInt64(SP_PLACE_LLC_SHIFT) & 0xffff) }

    /// CPUs of one NUMA node.
    @inlinable @inline(__always)
    public var node: UInt32 { UInt32(truncatingIfNeeded: bits >> UInt64(SP_PLACE_NODE_SHIFT) & 0xffff) }
}

extension sp_event {
    /// Of `cpu`: the CPU on which the task begins to wait, or runs, or the one that asks. Twin: `sp_here`.
    @inlinable @inline(__always)
    public var here: Place { Place(first.1) }

    /// Of the CPU that woke the task, for an ENQUEUE with `isWakeup`. Twin: `sp_waker`.
    @inlinable @inline(__always)
    public var waker: Place { Place(since.1) }

    /// Of the CPU on which the task ran last, for an ENQUEUE. Twin: `sp_last`.
    @inlinable @inline(__always)
    public var last: Place { Place(key) }

    /// How many queues there are: their numbers are 0..<queues. Twin: `sp_queues`.
    @inlinable @inline(__always)
    public var queues: UInt32 { UInt32(truncatingIfNeeded: first.1 & 0xffff) }

    /// Whether `cpu` is one of those that a parameter of the type `cpus` says. On a machine, and in the comparison,
    /// such a parameter has numbers of CPUs, whatever a description says it by. Twin: `sp_is_on`.
    @inlinable @inline(__always)
    public func isOn(_ cpus: UInt32) -> Bool {
        let first = cpus & SP_CPUS_MASK
        let last = cpus >> UInt32(SP_CPUS_LAST_SHIFT) & SP_CPUS_MASK
        let cpu = UInt32(bitPattern: self.cpu)
        return cpus & SP_CPUS_PART == 0 && cpu >= first && cpu <= last
    }

    /// Tasks that wait in the near queue, and in all others.
    @inlinable @inline(__always)
    public var waitingNear: UInt32 { waiting.0 }

    @inlinable @inline(__always)
    public var waitingFar: UInt32 { waiting.1 }

    /// DISPATCH with `hasPrev`: whether somebody in the near queue may run on the CPU that asks; `first.0` is
    /// the key of the first one, `since.0` when that began to wait.
    @inlinable @inline(__always)
    public var hasFirst: Bool { flags & SP_EVENT_FIRST != 0 }
}

extension PolicyPair {
    /// The number of the near queue: that of the event's CPU, or, where no queue belongs to a CPU, of the task. Twin:
    /// `sp_near`.
    @inlinable @inline(__always)
    public static func near(_ event: sp_event, _ task: Task) -> UInt32 {
        switch Task.ownQueues >> UInt32(SP_QUEUES_EACH_SHIFT) {
        case SP_EACH_CPU.rawValue: UInt32(bitPattern: event.cpu)
        case SP_EACH_LLC.rawValue: event.here.llc
        case SP_EACH_NODE.rawValue: event.here.node
        default: task.queue
        }
    }

    /// The near queue, then the others: what a pair with queues of its own does that leaves `dispatch` out. A task
    /// that could go on does so if its key is smaller than that of the first near one; and, where queues belong
    /// to CPUs, if nobody waits near: the others have CPUs of their own. Twin: `sp_near_dispatch`.
    @inlinable @inline(__always)
    public static func nearDispatch(_ event: sp_event, _ task: Task) -> sp_decision {
        let near = near(event, task)
        if event.hasPrev(task) {
            let goesOn =
                event.hasFirst
                ? isBefore(event.key, event.first.0)
                : event.waitingFar == 0 || Task.ownQueues >> UInt32(SP_QUEUES_EACH_SHIFT) != 0
            if goesOn { return .goOn(event, task) }
        }
        return event.waitingTasks == 0 ? .none(event) : .serve(event, queue: near)
    }
}

extension sp_decision {
    /// The asking CPU takes from `queue`, else from those of `then`, else from any other, the nearest first.
    @inlinable @inline(__always)
    public static func serve(_ event: sp_event, queue: UInt32) -> sp_decision {
        answer(event, SP_ACTION_SERVE, queue: queue)
    }

    /// Of a `serve`: and then from this queue. At most `SP_SERVE_MORE` times; beyond, the first ones of these are
    /// forgotten. Twin: `sp_then`.
    @inlinable @inline(__always)
    public func then(_ queue: UInt32) -> sp_decision {
        var more = self
        more.slice_ns = slice_ns << 16 | key >> 48
        more.key = key << 16 | UInt64(min(queue, 0xfffe) &+ 1)
        return more
    }

    /// The CPU's task, whose state is `task`, goes on. Answers a DISPATCH with `hasPrev` alone.
    @inlinable @inline(__always)
    public static func goOn(_ event: sp_event, _ task: some TaskState) -> sp_decision {
        answer(event, SP_ACTION_CONTINUE, queue: task.queue)
    }
}
