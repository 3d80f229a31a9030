// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import PolicyModel

/// What the daemon's thread does between two rings: events in, answers out. No kernel, no clock.
///
/// Nothing here allocates after `init`, and nothing is counted in references.
public struct Decider<P: Policy>: ~Copyable {
    /// What could not go the usual way; each of them is an answered task, none a lost one.
    public struct Counters: Sendable {
        /// Events read.
        public var events: UInt64 = 0
        /// Tasks picked from the run queue in the policy's order.
        public var picked: UInt64 = 0
        /// No slot was free: the task was let run without the policy.
        public var overflows: UInt64 = 0
        /// Events of another generation than the task's.
        public var stale: UInt64 = 0
        /// Answers that a policy gave outside its choice (an action that has no meaning for the
        /// event, a slice of 0): the task was let run.
        public var strange: UInt64 = 0
    }

    struct Wait {
        var pid: UInt32 = 0
        var generation: UInt32 = 0
        var wait: UInt32 = 0
        var weight: UInt32 = 0
        var cpu: Int32 = 0
        /// The class that the backend was told last.
        var told: UInt32 = SP_QUEUE_REGULAR.rawValue
    }

    public var policy: P
    /// Description of the mechanism that the backend follows as well.
    private let described: sp_policy
    private var table: TaskTable
    private let tasks: UnsafeMutablePointer<sp_task>
    private let waits: UnsafeMutablePointer<Wait>
    private var regular: RunQueue
    private var priority: RunQueue
    private var cpus: UInt32 = 1
    public private(set) var counters = Counters()

    /// - Parameter maxTasks: tasks known at one time, 1...2^28; 144 to 152 bytes each.
    public init(_ policy: P, described: sp_policy, maxTasks: Int) {
        self.policy = policy
        self.described = described
        table = TaskTable(capacity: maxTasks)
        tasks = .allocate(capacity: maxTasks)
        tasks.initialize(repeating: sp_task(), count: maxTasks)
        waits = .allocate(capacity: maxTasks)
        waits.initialize(repeating: Wait(), count: maxTasks)
        regular = RunQueue(capacity: maxTasks)
        priority = RunQueue(capacity: maxTasks)
    }

    deinit {
        tasks.deallocate()
        waits.deallocate()
    }

    /// Tasks in the run queue.
    @inline(__always)
    public var waiting: Int { regular.count + priority.count }

    /// Tasks known.
    public var known: Int { table.count }

    #if DEBUG
    /// Comparisons of two tasks so far; for tests.
    var comparisons: Int { regular.comparisons + priority.comparisons }
    #endif

    /// Reads one event. An answer that is due at once is returned; other tasks wait for `pick`. One
    /// without a wait tells the backend a class only.
    // Other modules cannot look in here: without it they run it through the policy's witnesses.
    @specialized(where P == DescribedPolicy)
    @inline(__always)
    public mutating func take(_ read: UnsafePointer<sp_event>) -> sp_answer? {
        counters.events &+= 1
        var event = read.pointee
        cpus = event.cpus
        switch event.kind {
        case SP_EVENT_ENQUEUE.rawValue: return enqueue(&event)
        case UInt32(SP_EVENT_TAKEN): return taken(event)
        case SP_EVENT_EXIT.rawValue: exit(event)
        default: counters.strange &+= 1
        }
        return nil
    }

    private mutating func enqueue(_ event: inout sp_event) -> sp_answer? {
        guard let (slot, _) = table.findOrInsert(event.pid) else {
            counters.overflows &+= 1
            return at(once: event)
        }
        // It waited, was taken out by the kernel, and waits anew.
        leave(slot)
        if waits[Int(slot)].generation != event.generation {
            waits[Int(slot)].generation = event.generation
            waits[Int(slot)].told = SP_QUEUE_REGULAR.rawValue
        }
        event.waiting = (UInt32(regular.count), UInt32(priority.count))
        let decision = policy.decide(event, &tasks[Int(slot)])
        let runsAlready =
            event.idle_cpu >= 0 && described.idle == SP_IDLE_DIRECT.rawValue
        if runsAlready {
            // The standing decision: the backend let it run, we keep the books.
            if decision.action != SP_ACTION_DIRECT.rawValue { counters.strange &+= 1 }
            return note(started(event, slot), event.pid, slot)
        }
        switch decision.action {
        case SP_ACTION_QUEUE.rawValue, SP_ACTION_PREEMPT.rawValue:
            waits[Int(slot)] = Wait(
                pid: event.pid, generation: event.generation,
                wait: UInt32(truncatingIfNeeded: event.seq), weight: event.weight, cpu: event.cpu,
                told: waits[Int(slot)].told)
            if decision.queue == SP_QUEUE_PRIORITY.rawValue {
                priority.insert(slot, key: decision.key)
            } else {
                regular.insert(slot, key: decision.key)
            }
            return nil
        case SP_ACTION_DIRECT.rawValue, SP_ACTION_LOCAL.rawValue:
            return answer(
                started(event, slot), event.pid, UInt32(truncatingIfNeeded: event.seq), slot)
        case SP_ACTION_STALE.rawValue:
            counters.stale &+= 1
            return at(once: event)
        default:
            counters.strange &+= 1
            waits[Int(slot)].told = SP_QUEUE_REGULAR.rawValue
            return at(once: event)
        }
    }

    /// The backend let the only task that waited run: the books are kept as if it had been picked.
    private mutating func taken(_ event: sp_event) -> sp_answer? {
        guard let slot = table.find(event.pid),
            regular.contains(slot) || priority.contains(slot),
            waits[Int(slot)].wait == UInt32(truncatingIfNeeded: event.seq)
        else { return nil }
        var task = sp_task()
        _ = policy.decide(blank(SP_EVENT_DISPATCH, event.now), &task)
        leave(slot)
        return note(started(event, slot), event.pid, slot)
    }

    private mutating func exit(_ event: sp_event) {
        guard let slot = table.find(event.pid) else { return }
        let decision = policy.decide(event, &tasks[Int(slot)])
        if decision.action == SP_ACTION_STALE.rawValue {
            counters.stale &+= 1
            return
        }
        leave(slot)
        table.remove(event.pid)
    }

    /// Picks the next task in the policy's order; nil if nobody waits.
    /// - Parameter now: ns of a clock that only ever goes forward.
    @specialized(where P == DescribedPolicy)
    @inline(__always)
    public mutating func pick(now: UInt64) -> sp_answer? {
        guard waiting > 0 else { return nil }
        var event = blank(SP_EVENT_DISPATCH, now)
        var task = sp_task()
        let decision = policy.decide(event, &task)
        let slot: UInt32?
        if decision.queue == SP_QUEUE_PRIORITY.rawValue {
            slot = priority.popFirst() ?? regular.popFirst()
        } else {
            slot = regular.popFirst() ?? priority.popFirst()
        }
        guard let slot else { return nil }
        counters.picked &+= 1
        let wait = waits[Int(slot)]
        event.pid = wait.pid
        event.generation = wait.generation
        event.weight = wait.weight
        event.cpu = wait.cpu
        return answer(started(event, slot), wait.pid, wait.wait, slot)
    }

    /// Asks for the slice of a task that runs from now on, and its class.
    @inline(__always)
    private mutating func started(
        _ event: sp_event, _ slot: UInt32
    ) -> (sliceNs: UInt64, queue: UInt32) {
        var running = blank(SP_EVENT_RUNNING, event.now)
        running.pid = event.pid
        running.generation = event.generation
        running.weight = event.weight
        running.cpu = event.cpu
        let decision = policy.decide(running, &tasks[Int(slot)])
        if decision.action == SP_ACTION_RUN.rawValue && decision.slice_ns > 0 {
            return (decision.slice_ns, decision.queue)
        }
        counters.strange &+= 1
        return (described.slice_max_ns, SP_QUEUE_REGULAR.rawValue)
    }

    @inline(__always)
    private func blank(_ kind: sp_event_kind, _ now: UInt64) -> sp_event {
        var event = sp_event()
        event.kind = kind.rawValue
        event.now = now
        event.cpu = -1
        event.idle_cpu = -1
        event.cpus = cpus
        event.waiting = (UInt32(regular.count), UInt32(priority.count))
        return event
    }

    private func at(once event: sp_event) -> sp_answer {
        sp_answer(
            slice_ns: UInt32(clamping: described.slice_max_ns), queue: SP_QUEUE_REGULAR.rawValue,
            pid: event.pid, wait: UInt32(truncatingIfNeeded: event.seq))
    }

    /// The class of a task that runs without an answer, where the backend knows it otherwise. It may
    /// preempt, or be preempted, by it.
    @inline(__always)
    private mutating func note(
        _ start: (sliceNs: UInt64, queue: UInt32), _ pid: UInt32, _ slot: UInt32
    ) -> sp_answer? {
        waits[Int(slot)].told == start.queue ? nil : answer(start, pid, 0, slot)
    }

    /// A slice beyond 4.29 s is one of 4.29 s: the answer has 32 bits for it.
    @inline(__always)
    private mutating func answer(
        _ start: (sliceNs: UInt64, queue: UInt32), _ pid: UInt32, _ wait: UInt32, _ slot: UInt32
    ) -> sp_answer {
        waits[Int(slot)].told = start.queue
        return sp_answer(
            slice_ns: UInt32(clamping: start.sliceNs), queue: start.queue, pid: pid, wait: wait)
    }

    /// Walks once along every path of the loop, so that its code is in memory; the policy's state is
    /// as after a task that came and went, so use an object of its own for it.
    mutating func warmUp() {
        var event = sp_event()
        event.pid = 1
        event.weight = 100
        event.cpus = 1
        event.kind = SP_EVENT_ENQUEUE.rawValue
        for round: UInt32 in 0..<64 {
            event.generation = round / 8 + 1
            event.pid = round & 7
            event.seq = UInt64(round)
            event.now &+= 1 << 28
            event.switches &+= 1 << 12
            event.flags = round & SP_EVENT_FLAGS
            event.idle_cpu = round & 16 == 0 ? -1 : 0
            _ = take(&event)
            if round % 5 == 4 { _ = pick(now: event.now) }
            if round % 3 == 2 {
                event.kind = UInt32(SP_EVENT_TAKEN)
                _ = take(&event)
                event.kind = SP_EVENT_ENQUEUE.rawValue
            }
        }
        while pick(now: event.now) != nil {}
        event.kind = SP_EVENT_EXIT.rawValue
        for pid: UInt32 in 0..<8 {
            event.pid = pid
            _ = take(&event)
        }
    }

    @inline(__always)
    private mutating func leave(_ slot: UInt32) {
        regular.remove(slot)
        priority.remove(slot)
    }
}
