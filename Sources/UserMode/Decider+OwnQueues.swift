// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import PolicyModel

/// What the daemon knows of queues of a pair's own, beside the run queue; nothing if there are none.
struct OwnQueues {
    /// Queues; 0: the policy has none of its own.
    var count: Int { tables.count }
    let tables: QueueTables
    private let layout: QueueLayout
    /// Of each queue: tasks that wait there, how many of them have a mask, and when one of them was picked
    /// last, or the queue was filled.
    private let waiting: UnsafeMutablePointer<UInt32>
    private let masked: UnsafeMutablePointer<UInt32>
    private let served: UnsafeMutablePointer<UInt64>
    /// So many of each queue, who waited when it was found to be overlooked, are still to be served.
    private let owed: UnsafeMutablePointer<UInt32>
    /// Idle CPUs for which nobody was found near, by 64.
    private let idle: UnsafeMutablePointer<UInt64>
    /// The queue that is looked at next for being overlooked.
    private var next = 0
    /// A bit of each set of CPUs of which none is on-line, as the backend says.
    var setsGone: UInt64 = 0

    init(_ layout: QueueLayout?) {
        self.layout = layout ?? QueueLayout(sp_policy(), Topology([]))
        tables = self.layout.tables
        let count = tables.count
        waiting = .allocate(capacity: max(count, 1))
        waiting.initialize(repeating: 0, count: max(count, 1))
        masked = .allocate(capacity: max(count, 1))
        masked.initialize(repeating: 0, count: max(count, 1))
        // Those of the two queues of all too.
        served = .allocate(capacity: max(count, 2))
        served.initialize(repeating: 0, count: max(count, 2))
        owed = .allocate(capacity: max(count, 2))
        owed.initialize(repeating: 0, count: max(count, 2))
        idle = .allocate(capacity: Int(SP_CPUS_MAX) / 64)
        idle.initialize(repeating: 0, count: Int(SP_CPUS_MAX) / 64)
    }

    func deallocate() {
        waiting.deallocate()
        masked.deallocate()
        served.deallocate()
        owed.deallocate()
        idle.deallocate()
    }

    /// - Parameter word: 0..<SP_CPUS_MAX / 64.
    @inline(__always)
    func idle(_ word: Int) -> UInt64 { idle[word] }

    @inline(__always)
    func noteIdle(_ word: Int, _ cpus: UInt64) { idle[word] = cpus }

    @inline(__always)
    func waiting(_ queue: Int) -> UInt32 { waiting[queue] }

    @inline(__always)
    func isMasked(_ queue: Int) -> Bool { masked[queue] != 0 }

    /// - Parameter by: 1, or -1 as it wraps.
    @inline(__always)
    func countWaiting(_ place: Int, _ by: UInt32) {
        let queue = place / HeapPlace.perClass
        waiting[queue] &+= by
        if place - queue * HeapPlace.perClass > Int(SP_CPUS_MAX) { masked[queue] &+= by }
    }

    /// Whether who waits in a queue runs on a CPU.
    @inline(__always)
    func allows(_ queue: Int, _ cpu: Int32) -> Bool { tables.allows(queue, cpu, gone: setsGone) }

    @inline(__always)
    func noteServed(_ queue: Int, _ now: UInt64) { served[queue] = now }

    /// A queue in which somebody waits for CPUs of which `cpu` is one, and that was not served for `ns`; then also as
    /// often as there are others who waited in it then. One queue of that CPU is looked at each time.
    @inline(__always)
    mutating func overlooked(_ now: UInt64, after ns: UInt64, _ cpu: Int32) -> Int? {
        var queue = next
        for _ in 0..<count {
            queue = next
            next = queue + 1 < count ? queue + 1 : 0
            if allows(queue, cpu) { break }
        }
        return isOwed(queue, waiting[queue], now, ns) ? queue : nil
    }

    /// The same of the two queues of all, in which so many wait; each time the other one is looked at.
    @inline(__always)
    mutating func overlooked(
        _ now: UInt64, after ns: UInt64, regular: UInt32, priority: UInt32
    ) -> UInt32? {
        next = 1 - next
        return isOwed(next, next == 0 ? regular : priority, now, ns) ? UInt32(next) : nil
    }

    @inline(__always)
    private func isOwed(_ queue: Int, _ waiting: UInt32, _ now: UInt64, _ ns: UInt64) -> Bool {
        if waiting == 0 {
            owed[queue] = 0
            return false
        }
        if Int64(bitPattern: now &- served[queue]) > Int64(ns) {
            owed[queue] = waiting
        }
        return owed[queue] > 0
    }

    /// One of those whom it is owed is picked.
    @inline(__always)
    func noteOwed(_ queue: Int) { owed[queue] -= 1 }
}

extension Decider {
    /// A queue of a pair's own is overlooked if it is not served for so long though somebody waits there.
    static var overlookedNs: UInt64 { 1_000_000_000 }

    /// Whether queues may be overlooked: of a policy of somebody's own nothing is known. The simulated kernel hosts
    /// both kinds.
    @inline(__always)
    var mayOverlook: Bool {
        P.self != DescribedPolicy.self && (P.self != HostedPolicy.self || described.isPair)
    }

    /// The loop is compiled apart for pairs: for other policies this is false when it is compiled.
    @inline(__always)
    var hasOwnQueues: Bool { P.self == PairExecution.self && own.count > 0 }

    /// The queue that is near to a CPU, or to the task in `slot`; 0 of a task whose state is another one's.
    @inline(__always)
    func near(_ slot: UInt32, _ cpu: Int32) -> UInt32 {
        let task = tasks[Int(slot)]
        let isOwn = task.generation == waits[Int(slot)].generation
        return own.tables.near(cpu, isOwn ? task.queue : 0)
    }

    /// What an event says of queues, and of its CPU.
    @inline(__always)
    func tellNear(_ event: inout sp_event, _ near: UInt32) {
        let here = own.waiting(Int(near))
        event.waiting = (here, UInt32(truncatingIfNeeded: waiting) &- here)
        event.first.1 = own.tables.here(event.cpu)
    }

    /// The same of a notice's task, and where that comes from.
    @inline(__always)
    func tellOrigin(_ event: inout sp_event, _ notice: sp_notice, _ slot: UInt32) {
        event.flags = notice.flags & 0xffff
        tellNear(&event, near(slot, event.cpu))
        guard notice.kind == SP_EVENT_ENQUEUE.rawValue else { return }
        event.key = own.tables.place(Int32(notice.cpus >> UInt32(SP_NOTICE_CPU_SHIFT)))
        if event.isWakeup {
            event.since.1 = own.tables.place(Int32(notice.flags >> UInt32(SP_NOTICE_CPU_SHIFT)))
        }
    }

    /// The place of the first of a queue; of the near one where there is no such queue, which is counted.
    @inline(__always)
    mutating func ownBase(_ queue: UInt32, _ slot: UInt32) -> Int {
        var queue = queue
        if queue >= UInt32(own.count) {
            counters.strange &+= 1
            queue = own.tables.near(waits[Int(slot)].cpu, 0)
        }
        if own.tables.hasSets { queue = usable(queue, slot) }
        if own.waiting(Int(queue)) == 0 { own.noteServed(Int(queue), latest) }
        return Int(queue) * HeapPlace.perClass
    }

    /// The queue, if the task may run on one of its CPUs; else the first one of which it may. Twin: `own_queue`.
    private func usable(_ queue: UInt32, _ slot: UInt32) -> UInt32 {
        guard let cpus = own.tables.cpus(of: Int(queue)), !mayUse(cpus, slot) else { return queue }
        return own.tables.openQueue { mayUse($0, slot) }
    }

    /// Whether the task in `slot` may run on some of these CPUs.
    private func mayUse(_ cpus: ClosedRange<Int>, _ slot: UInt32) -> Bool {
        let affinity = waits[Int(slot)].affinity
        if affinity & SP_AFFINITY_ONE != 0 { return cpus.contains(Int(affinity & ~SP_AFFINITY_ONE)) }
        if affinity == SP_AFFINITY_ANY || affinity >= UInt32(SP_MASKS) { return true }
        return cpus.contains { allows(Int(affinity), Int32(truncatingIfNeeded: $0)) }
    }

    /// Whether the task in `slot`, which waited a moment ago, may run on a CPU as far as its queue goes.
    @inline(__always)
    private func suits(_ slot: UInt32, _ cpu: Int32) -> Bool {
        own.allows(Int(waits[Int(slot)].place) / HeapPlace.perClass, cpu)
    }

    /// Whether the queue of a task that is to run on an idle CPU at once has that CPU.
    @inline(__always)
    func runsThere(_ decision: sp_decision, _ notice: sp_notice, _ slot: UInt32) -> Bool {
        !hasSets || own.allows(Int(usable(decision.queue, slot)), notice.idle_cpu)
    }

    /// What the backend is told of a task that waits, so that no CPU asks for it that its queue does not have.
    @inline(__always)
    mutating func tellSet(_ slot: UInt32, _ queue: UInt32) -> sp_answer? {
        guard hasSets, UInt32(waits[Int(slot)].told) != served(queue, slot) else { return nil }
        return answer((0, queue), slot, wait: 0, cpu: -1)
    }

    @inline(__always)
    private var hasSets: Bool { hasOwnQueues && own.tables.hasSets }

    /// The queue that the backend is told of a task: that in which it waits, since it looks up the CPUs of that one.
    @inline(__always)
    func served(_ queue: UInt32, _ slot: UInt32) -> UInt32 { hasSets ? usable(queue, slot) : queue }

    /// What was told of a task of which nothing was: with CPUs of queues the backend knows of none then.
    @inline(__always)
    var untold: UInt16 { hasSets ? .max : UInt16(SP_QUEUE_REGULAR.rawValue) }

    /// Whether the backend does not know the CPUs of the task's queue any more: it may run elsewhere since.
    @inline(__always)
    func forgetsSet(_ affinity: UInt32, _ notice: sp_notice) -> Bool {
        hasSets && affinity != notice.affinity
    }

    @inline(__always)
    private func firstOwn(_ queue: Int, _ cpu: Int32) -> UInt32? {
        if own.waiting(queue) == 0 || !own.allows(queue, cpu) { return nil }
        return first(from: queue * HeapPlace.perClass, isMasked: own.isMasked(queue), cpu)
    }

    /// Picks for a CPU as the policy says, from queues of its own.
    /// - Parameter prev: the CPU's own task, which waits no more.
    mutating func pickOwn(_ prev: UInt32?, _ now: UInt64, _ cpu: Int32) -> sp_answer? {
        if let prev, !suits(prev, cpu) {
            // It waits only when this is decided, as in the kernel.
            let answer = pickOwn(nil, now, cpu)
            restore(prev)
            return answer
        }
        if waiting == 0 {
            guard let prev else { return nil }
            let start = started(prev, now)
            return run(prev, (alone(start.sliceNs), start.queue), cpu)
        }
        if let queue = own.overlooked(now, after: Self.overlookedNs, cpu),
            let first = firstOwn(queue, cpu)
        {
            counters.overlooked &+= 1
            own.noteOwed(queue)
            return goOwn(first, prev, now, cpu)
        }
        if picksNear && !own.tables.isByTask && firstOwn(Int(own.tables.near(cpu, 0)), cpu) == nil {
            return nil
        }
        guard let chosen = chooseOwn(prev, now, cpu) ?? prev else { return nil }
        return goOwn(chosen, prev, now, cpu)
    }

    @inline(__always)
    private mutating func goOwn(
        _ chosen: UInt32, _ prev: UInt32?, _ now: UInt64, _ cpu: Int32
    ) -> sp_answer {
        own.noteServed(Int(waits[Int(chosen)].place) / HeapPlace.perClass, now)
        return go(chosen, prev, now, cpu)
    }

    /// Lets the policy say who is next; nil if nobody who waits may run there.
    private mutating func chooseOwn(_ prev: UInt32?, _ now: UInt64, _ cpu: Int32) -> UInt32? {
        var event = blank(SP_EVENT_DISPATCH.rawValue, now, cpu: cpu)
        var task = sp_task()
        var near = own.tables.near(cpu, 0)
        if let prev {
            near = self.near(prev, cpu)
            event.flags = SP_EVENT_PREV | SP_EVENT_LOOKED
            event.pid = waits[Int(prev)].pid
            event.generation = waits[Int(prev)].generation
            event.weight = waits[Int(prev)].weight
            event.key = queues.key(prev)
            task = tasks[Int(prev)]
            if let first = firstOwn(Int(near), cpu) {
                event.flags |= SP_EVENT_FIRST
                event.first.0 = queues.key(first)
                event.since.0 = waits[Int(first)].since
            }
        }
        tellNear(&event, near)
        let decision = policy.decide(event, &task)
        if decision.action == SP_ACTION_CONTINUE.rawValue, let prev { return prev }
        var list = decision
        if decision.action != SP_ACTION_SERVE.rawValue {
            counters.strange &+= 1
            list = sp_decision()
            list.queue = near
        }
        let (queue, isStrange) = own.tables.first(list, for: cpu, near: near) { firstOwn($0, cpu) != nil }
        if isStrange { counters.strange &+= 1 }
        return queue.flatMap { firstOwn($0, cpu) }
    }
}
