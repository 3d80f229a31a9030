// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import KernelLink
public import PolicyModel

/// What the daemon's thread does between two rings: notices in, answers out. No kernel, no clock.
///
/// It makes the policy's events of what the backend tells, and adds what it knows itself: how many
/// wait, and who is first for a CPU. `Decider+Picking.swift` has the way from a CPU that asks to an
/// answer. Nothing here allocates after `init`, and nothing is counted in references.
public struct Decider<P: Policy>: ~Copyable {
    /// What could not go the usual way; each of them is an answered task, none a lost one.
    public struct Counters: Sendable {
        /// Notices read.
        public var events: UInt64 = 0
        /// Tasks picked from the run queue in the policy's order.
        public var picked: UInt64 = 0
        /// Of these: tasks that went on where they were, since they were still first.
        public var continued: UInt64 = 0
        /// No slot was free: the task was let run without the policy.
        public var overflows: UInt64 = 0
        /// Notices of another generation than the task's.
        public var stale: UInt64 = 0
        /// Answers that a policy gave outside its choice (an action that has no meaning for the
        /// event, a slice of 0, a queue that there is not): the task was let run.
        public var strange: UInt64 = 0
        /// Tasks picked from a queue of a pair's own that nobody served for `overlookedNs`.
        public var overlooked: UInt64 = 0
    }

    /// What is known of a task beside the policy's state.
    struct Wait {
        /// When it began to wait, by the events' clock.
        var since: UInt64 = 0
        var pid: UInt32 = 0
        var generation: UInt32 = 0
        /// The number of its wait, for the answer.
        var wait: UInt32 = 0
        var weight: UInt32 = 0
        var cpu: Int32 = 0
        /// Where it may run: `sp_notice.affinity`.
        var affinity: UInt32 = 0
        /// The queue in which it waits or waited last, of `RunQueues`.
        var place: UInt32 = 0
        /// The class that the backend was told last.
        var told: UInt16 = 0
        /// Where it waits when it is held back no more.
        var heldQueue: UInt16 = 0
    }

    /// Not in here: most calls on a struct that others cannot look into copy it, and descriptions are large.
    private let policyAt: UnsafeMutablePointer<P>
    public internal(set) var policy: P {
        @inline(__always) unsafeAddress { UnsafePointer(policyAt) }
        @inline(__always) nonmutating unsafeMutableAddress { policyAt }
    }
    let described: Described
    /// Affinities that are neither everywhere nor one CPU, by number; nil if there are none.
    let masks: UnsafePointer<sp_mask>?
    var table: TaskTable
    let tasks: UnsafeMutablePointer<sp_task>
    let waits: UnsafeMutablePointer<Wait>
    /// Of each task that is held back the key at which it waits then; for policies that may hold tasks back.
    let heldKeys: UnsafeMutablePointer<UInt64>
    /// For each class: those that may run anywhere, on one CPU, on those of a mask.
    var queues: RunQueues
    /// Tasks that wait in each class, and how many of them have a mask.
    var counts = Counts()
    /// The same where a pair has queues of its own.
    var own: OwnQueues
    /// Then: a CPU in whose near queue nobody waits is not asked about.
    package var picksNear = false
    var cpus: UInt32 = 1
    /// Tasks that were picked beforehand in this pass and still wait, all in the regular queue.
    package var ahead: UInt32 = 0
    /// Tasks in the run queues that do not wait: they are held back until a time.
    package var held = 0
    /// The latest time that a notice told.
    var latest: UInt64 = 0
    public package(set) var counters = Counters()

    /// What of a description the backend follows as well.
    struct Described {
        /// Each task that waits has a key of its own; else all go by arrival.
        let hasKeys: Bool
        /// The second of the two queues is used as well.
        let hasClasses: Bool
        let idle, inputs, wanted: UInt32
        let sliceMaxNs: UInt64
        let isAskedAlone, isPair: Bool

        init(_ policy: sp_policy) {
            (hasKeys, hasClasses) = (policy.hasKeys, policy.hasClasses)
            (idle, inputs, wanted) = (policy.idle, policy.inputs, policy.wanted)
            (sliceMaxNs, isAskedAlone, isPair) = (
                policy.slice_max_ns, policy.isAskedAlone, policy.pair != 0
            )
        }
    }

    struct Counts {
        var regular: UInt32 = 0
        var priority: UInt32 = 0
        var regularMasked: UInt32 = 0
        var priorityMasked: UInt32 = 0
    }

    /// - Parameters:
    ///   - maxTasks: tasks known at one time, 1...2^28; 136 to 144 bytes each.
    ///   - masks: `SP_MASKS` affinities, which outlive this; the backend's.
    ///   - layout: a pair's own queues; nil if it has none.
    public init(
        _ policy: P, described: sp_policy, maxTasks: Int, masks: UnsafePointer<sp_mask>? = nil,
        layout: QueueLayout? = nil
    ) {
        policyAt = .allocate(capacity: 1)
        policyAt.initialize(to: policy)
        self.described = Described(described)
        self.masks = masks
        table = TaskTable(capacity: maxTasks)
        tasks = .allocate(capacity: maxTasks)
        tasks.initialize(repeating: sp_task(), count: maxTasks)
        waits = .allocate(capacity: maxTasks)
        waits.initialize(repeating: Wait(), count: maxTasks)
        heldKeys = .allocate(capacity: described.isAskedAlone ? maxTasks : 1)
        heldKeys.initialize(repeating: 0, count: described.isAskedAlone ? maxTasks : 1)
        own = OwnQueues(layout)
        queues = RunQueues(capacity: maxTasks, queues: Self.places(own.count))
    }

    deinit {
        policyAt.deinitialize(count: 1)
        policyAt.deallocate()
        own.deallocate()
        tasks.deallocate()
        waits.deallocate()
        heldKeys.deallocate()
    }

    /// Tasks in the run queue that wait.
    @inline(__always)
    public var waiting: Int { queues.count &- held }

    /// Tasks known.
    public var known: Int { table.count }

    #if DEBUG
    /// Comparisons of two tasks so far; for tests.
    var comparisons: Int { queues.comparisons }
    #endif

    /// Reads one notice. An answer that is due at once is returned; other tasks wait for `pick`. One
    /// without a wait tells the backend a class only.
    // Other modules cannot look in here: without it they run it through the policy's witnesses.
    @specialized(where P == DescribedPolicy)
    @specialized(where P == PairExecution)
    @specialized(where P == HostedPolicy)
    @inline(__always)
    public mutating func take(_ read: UnsafePointer<sp_notice>) -> sp_answer? {
        counters.events &+= 1
        let notice = read.pointee
        cpus = notice.cpus
        if hasOwnQueues { cpus &= 0xffff }
        if Int64(bitPattern: notice.now &- latest) > 0 { latest = notice.now }
        switch notice.kind {
        case SP_EVENT_ENQUEUE.rawValue: return enqueue(notice, read)
        case UInt32(SP_NOTICE_TAKEN): return taken(notice)
        case SP_EVENT_EXIT.rawValue: exit(notice)
        default: return takeOther(notice)
        }
        return nil
    }

    /// - Parameter read: the notice where it is: who the task is stands behind it, if the policy wants to know.
    private mutating func enqueue(_ notice: sp_notice, _ read: UnsafePointer<sp_notice>) -> sp_answer? {
        guard let (slot, _) = table.findOrInsert(notice.pid) else {
            counters.overflows &+= 1
            return atOnce(notice)
        }
        // It waited, was taken out by the kernel, and waits anew.
        leave(slot)
        begin(slot, notice)
        var event = event(notice, slot)
        if P.self == PairExecution.self && described.inputs != 0 {
            let whole = UnsafeRawPointer(read).assumingMemoryBound(to: sp_notice_who.self)
            event.put(whole.pointee.who, described.inputs)
        }
        let decision = policy.decide(event, &tasks[Int(slot)])
        if notice.idle_cpu >= 0 && described.idle == SP_IDLE_DIRECT.rawValue && !isAskedAlone {
            // The standing decision: the backend let it run, we keep the books.
            if decision.action != SP_ACTION_DIRECT.rawValue { counters.strange &+= 1 }
            return note(started(slot, notice.now), slot)
        }
        switch decision.action {
        case SP_ACTION_QUEUE.rawValue, SP_ACTION_PREEMPT.rawValue:
            wait(slot, decision.queue, key: decision.key)
            return tellSet(slot, decision.queue)
        case SP_ACTION_DIRECT.rawValue where notice.idle_cpu >= 0 && !runsThere(decision, notice, slot):
            wait(slot, decision.queue, key: decision.key)
            return tellSet(slot, decision.queue)
        case SP_ACTION_DIRECT.rawValue where notice.idle_cpu >= 0:
            // It meets no other there.
            let (sliceNs, queue) = started(slot, notice.now)
            return answer((alone(sliceNs), queue), slot, wait: notice.wait, cpu: notice.idle_cpu)
        case SP_ACTION_HOLD.rawValue: return holdBack(slot, decision, notice)
        case SP_ACTION_STALE.rawValue:
            counters.stale &+= 1
            return atOnce(notice)
        default: return waitStrangely(slot, decision)
        }
    }

    /// What was answered has no meaning for an ENQUEUE: the task waits in the regular queue.
    mutating func waitStrangely(_ slot: UInt32, _ decision: sp_decision) -> sp_answer? {
        counters.strange &+= 1
        wait(slot, SP_QUEUE_REGULAR.rawValue, key: decision.key)
        return tellSet(slot, SP_QUEUE_REGULAR.rawValue)
    }

    /// What the notice of a wait says of its task.
    @inline(__always)
    private mutating func begin(_ slot: UInt32, _ notice: sp_notice) {
        let known = waits[Int(slot)]
        let isKnown = known.generation == notice.generation && !forgetsSet(known.affinity, notice)
        let told = isKnown ? known.told : untold
        waits[Int(slot)] = Wait(
            since: notice.now, pid: notice.pid, generation: notice.generation, wait: notice.wait,
            weight: notice.weight, cpu: notice.cpu, affinity: notice.affinity, told: told)
    }

    /// The backend let the only task that waited run: the books are kept as if it had been picked.
    private mutating func taken(_ notice: sp_notice) -> sp_answer? {
        guard let slot = table.find(notice.pid), queues.contains(slot),
            waits[Int(slot)].wait == notice.wait
        else { return nil }
        leave(slot)
        waits[Int(slot)].cpu = notice.cpu
        return note(started(slot, notice.now), slot)
    }

    private mutating func exit(_ notice: sp_notice) {
        guard let slot = table.find(notice.pid) else { return }
        let decision = policy.decide(event(notice, slot), &tasks[Int(slot)])
        if decision.action == SP_ACTION_STALE.rawValue {
            counters.stale &+= 1
            return
        }
        leave(slot)
        table.remove(notice.pid)
    }

    /// The slot of a task that waits; nil if it does not, or is another one of that pid.
    @inline(__always)
    func waitingSlot(pid: UInt32, generation: UInt32) -> UInt32? {
        guard pid != 0, let slot = table.find(pid), queues.contains(slot),
            waits[Int(slot)].generation == generation, !isHeldBack(slot)
        else { return nil }
        return slot
    }

    /// For how long a task goes on that met no other, of which the policy said `sliceNs`.
    @inline(__always)
    func alone(_ sliceNs: UInt64) -> UInt64 { isAskedAlone ? sliceNs : described.sliceMaxNs }

    /// The policy's event of a notice.
    @inline(__always)
    private func event(_ notice: sp_notice, _ slot: UInt32) -> sp_event {
        var event = blank(notice.kind, notice.now, cpu: notice.cpu)
        event.used_ns = notice.used_ns
        event.switches = notice.switches
        event.flags = notice.flags
        event.pid = notice.pid
        event.generation = notice.generation
        event.idle_cpu = notice.idle_cpu
        event.weight = notice.weight
        if hasOwnQueues { tellOrigin(&event, notice, slot) }
        return event
    }

    @inline(__always)
    func blank(_ kind: UInt32, _ now: UInt64, cpu: Int32) -> sp_event {
        var event = sp_event()
        event.kind = kind
        event.now = now
        event.cpu = cpu
        event.idle_cpu = -1
        event.cpus = cpus
        event.waiting = (counts.regular &+ ahead, counts.priority)
        return event
    }

    /// Asks for the slice of a task that runs from now on, and its class.
    @inline(__always)
    mutating func started(
        _ slot: UInt32, _ now: UInt64
    ) -> (sliceNs: UInt64, queue: UInt32) {
        let wait = waits[Int(slot)]
        var running = blank(SP_EVENT_RUNNING.rawValue, now, cpu: wait.cpu)
        running.pid = wait.pid
        running.generation = wait.generation
        running.weight = wait.weight
        if hasOwnQueues { tellNear(&running, near(slot, wait.cpu)) }
        let decision = policy.decide(running, &tasks[Int(slot)])
        if decision.action == SP_ACTION_RUN.rawValue && decision.slice_ns > 0 {
            return (decision.slice_ns, decision.queue)
        }
        counters.strange &+= 1
        return (described.sliceMaxNs, SP_QUEUE_REGULAR.rawValue)
    }

    /// Lets a task run that has no place, or whose notice is stale.
    private func atOnce(_ notice: sp_notice) -> sp_answer {
        sp_answer(
            slice_ns: UInt32(clamping: described.sliceMaxNs),
            queue: UInt16(SP_QUEUE_REGULAR.rawValue), cpu: Int16(clamping: notice.cpu),
            pid: notice.pid, wait: notice.wait)
    }

    /// The class of a task that runs without an answer, where the backend knows it otherwise. It may
    /// preempt, or be preempted, by it.
    @inline(__always)
    private mutating func note(
        _ start: (sliceNs: UInt64, queue: UInt32), _ slot: UInt32
    ) -> sp_answer? {
        UInt32(waits[Int(slot)].told) == served(start.queue, slot)
            ? nil : answer(start, slot, wait: 0, cpu: -1)
    }

    /// A slice beyond 4.29 s is one of 4.29 s: the answer has 32 bits for it.
    @inline(__always)
    mutating func answer(
        _ start: (sliceNs: UInt64, queue: UInt32), _ slot: UInt32, wait: UInt32, cpu: Int32
    ) -> sp_answer {
        let queue = UInt16(truncatingIfNeeded: served(start.queue, slot))
        waits[Int(slot)].told = queue
        return sp_answer(
            slice_ns: UInt32(clamping: start.sliceNs), queue: queue, cpu: Int16(truncatingIfNeeded: cpu),
            pid: waits[Int(slot)].pid, wait: wait)
    }

    /// Walks once along every path of the loop, so that its code is in memory; the policy's state is
    /// as after tasks that came and went, so use an object of its own for it.
    mutating func warmUp() {
        var notice = sp_notice()
        notice.weight = 100
        notice.cpus = 1
        for round: UInt32 in 0..<64 {
            notice.kind = SP_EVENT_ENQUEUE.rawValue
            notice.generation = round / 8 + 1
            notice.pid = 1 + round & 7
            notice.wait = round + 1
            notice.now &+= 1 << 28
            notice.switches &+= 1 << 12
            notice.flags = round & (SP_EVENT_WAKEUP | SP_EVENT_SYNC | SP_EVENT_KTHREAD)
            notice.idle_cpu = round & 16 == 0 ? -1 : 0
            notice.affinity = round & 4 == 0 ? SP_AFFINITY_ANY : SP_AFFINITY_ONE
            warmUp(notice)
            if round % 5 == 4 {
                _ = pick(now: notice.now, cpu: 0, prev: (notice.pid, notice.generation))
            }
            if round % 3 == 2 {
                notice.kind = UInt32(SP_NOTICE_TAKEN)
                warmUp(notice)
            }
        }
        while pick(now: notice.now, cpu: 0) != nil {}
        notice.kind = SP_EVENT_EXIT.rawValue
        for pid: UInt32 in 0...8 {
            notice.pid = pid
            warmUp(notice)
        }
    }

    /// Takes a notice with room behind it for who the task is.
    private mutating func warmUp(_ notice: sp_notice) {
        var whole = sp_notice_who()
        whole.notice = notice
        withUnsafePointer(to: &whole) {
            _ = take(UnsafeRawPointer($0).assumingMemoryBound(to: sp_notice.self))
        }
    }
}
