// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import PolicyModel

/// Numbers of the run queues: for each class one for tasks that may run anywhere, one for each CPU
/// for those that may run there alone, and one for each mask.
enum HeapPlace {
    static var perClass: Int { 1 + Int(SP_CPUS_MAX) + Int(SP_MASKS) }

    @inline(__always)
    static func base(_ queue: UInt32) -> Int {
        queue == SP_QUEUE_PRIORITY.rawValue ? perClass : 0
    }

    /// The place of a task of the class that begins at `base`, with this affinity. A CPU or mask that there cannot
    /// be counts as anywhere: the backend finds a CPU for it.
    @inline(__always)
    static func of(_ base: Int, _ affinity: UInt32) -> Int {
        if affinity & SP_AFFINITY_ONE != 0 {
            let cpu = Int(affinity & ~SP_AFFINITY_ONE)
            return base + (cpu < Int(SP_CPUS_MAX) ? 1 + cpu : 0)
        }
        if affinity == SP_AFFINITY_ANY || affinity >= UInt32(SP_MASKS) { return base }
        return base + 1 + Int(SP_CPUS_MAX) + Int(affinity)
    }

}

extension Decider {
    /// Picks the next task for a CPU in the policy's order, of those that may run there; nil if none
    /// waits that may.
    ///
    /// - Parameters:
    ///   - now: when the CPU asked, by the clock of the notices, ns.
    ///   - cpu: the CPU, 0..<SP_CPUS_MAX.
    ///   - prev: the CPU's own task, if it could go on: pid and generation. It waits by now, and
    ///     competes with the others as what it is.
    @specialized(where P == DescribedPolicy)
    @specialized(where P == PairExecution)
    @specialized(where P == HostedPolicy)
    @inline(__always)
    public mutating func pick(
        now: UInt64, cpu: Int32, prev: (pid: UInt32, generation: UInt32) = (0, 0)
    ) -> sp_answer? {
        guard waiting > 0 else { return nil }
        // Answers and notices are of one clock, and an event is never before what led to it.
        let now = Int64(bitPattern: now &- latest) > 0 ? now : latest
        let prev = waitingSlot(pid: prev.pid, generation: prev.generation)
        if let prev { leave(prev) }
        if hasOwnQueues { return pickOwn(prev, now, cpu) }
        let regular = first(SP_QUEUE_REGULAR.rawValue, cpu)
        let priority = first(SP_QUEUE_PRIORITY.rawValue, cpu)
        if regular == nil && priority == nil {
            guard let prev else { return nil }
            // Nobody else may run there: it goes on, without a question.
            let start = started(prev, now)
            return run(prev, (alone(start.sliceNs), start.queue), cpu)
        }
        var chosen = choose(regular, priority, prev, now, cpu)
        if mayOverlook {
            let queue = own.overlooked(
                now, after: Self.overlookedNs, regular: counts.regular, priority: counts.priority)
            if let queue, let first = queue == SP_QUEUE_PRIORITY.rawValue ? priority : regular {
                counters.overlooked &+= 1
                own.noteOwed(Int(queue))
                chosen = first
            }
            if chosen != prev { own.noteServed(Int(waits[Int(chosen)].place) / HeapPlace.perClass, now) }
        }
        return go(chosen, prev, now, cpu)
    }

    /// Lets the chosen task run; `prev`, which waits no more, waits again if it is another one.
    @inline(__always)
    mutating func go(_ chosen: UInt32, _ prev: UInt32?, _ now: UInt64, _ cpu: Int32) -> sp_answer {
        if let prev, chosen != prev {
            restore(prev)
        } else if prev != nil {
            counters.continued &+= 1
        }
        if chosen != prev { leave(chosen) }
        waits[Int(chosen)].cpu = cpu
        return run(chosen, started(chosen, now), cpu)
    }

    /// Lets the policy say who is next. Of the two queues' first tasks, one at least is there.
    @inline(__always)
    private mutating func choose(
        _ regular: UInt32?, _ priority: UInt32?, _ prev: UInt32?, _ now: UInt64, _ cpu: Int32
    ) -> UInt32 {
        var event = blank(SP_EVENT_DISPATCH.rawValue, now, cpu: cpu)
        if looks(prev != nil) {
            event.flags = SP_EVENT_LOOKED
            if let regular {
                event.flags |= SP_EVENT_FIRST
                event.first.0 = queues.key(regular)
                event.since.0 = waits[Int(regular)].since
            }
            if let priority {
                event.flags |= SP_EVENT_FIRST_PRIORITY
                event.first.1 = queues.key(priority)
                event.since.1 = waits[Int(priority)].since
            }
        }
        var task = sp_task()
        if let prev {
            event.flags |= SP_EVENT_PREV
            event.pid = waits[Int(prev)].pid
            event.generation = waits[Int(prev)].generation
            event.weight = waits[Int(prev)].weight
            event.key = queues.key(prev)
            task = tasks[Int(prev)]
        }
        let decision = policy.decide(event, &task)
        if decision.action == SP_ACTION_CONTINUE.rawValue, let prev { return prev }
        var queue = decision.queue
        if decision.action != SP_ACTION_SERVE.rawValue {
            counters.strange &+= 1
            queue = SP_QUEUE_REGULAR.rawValue
        }
        let wantsPriority = queue == SP_QUEUE_PRIORITY.rawValue
        return (wantsPriority ? priority ?? regular : regular ?? priority) ?? 0
    }

    /// The twin of `sp_looks`.
    @inline(__always)
    private func looks(_ hasPrev: Bool) -> Bool {
        if !described.hasClasses { return hasPrev }
        return hasPrev || (counts.regular != 0 && counts.priority != 0)
    }

    @inline(__always)
    mutating func run(
        _ slot: UInt32, _ start: (sliceNs: UInt64, queue: UInt32), _ cpu: Int32
    ) -> sp_answer {
        counters.picked &+= 1
        return answer(start, slot, wait: waits[Int(slot)].wait, cpu: cpu)
    }

    /// The first task of a class that may run on the CPU.
    /// - Complexity: O(1), and O(masks in use) while tasks with masks wait in the class.
    @inline(__always)
    private func first(_ queue: UInt32, _ cpu: Int32) -> UInt32? {
        let isPriority = queue == SP_QUEUE_PRIORITY.rawValue
        if (isPriority ? counts.priority : counts.regular) == 0 { return nil }
        let isMasked = (isPriority ? counts.priorityMasked : counts.regularMasked) != 0
        return first(from: HeapPlace.base(queue), isMasked: isMasked, cpu)
    }

    /// - Parameter base: the place of those that may run anywhere, which the others follow.
    @inline(__always)
    func first(from base: Int, isMasked: Bool, _ cpu: Int32) -> UInt32? {
        var best = queues.first(base)
        if cpu >= 0 && cpu < Int32(SP_CPUS_MAX) {
            best = earlier(best, queues.first(base + 1 + Int(cpu)))
        }
        if !isMasked { return best }
        for mask in 1..<Int(SP_MASKS) {
            guard let other = queues.first(base + 1 + Int(SP_CPUS_MAX) + mask) else { continue }
            if allows(mask, cpu) { best = earlier(best, other) }
        }
        return best
    }

    @inline(__always)
    private func earlier(_ a: UInt32?, _ b: UInt32?) -> UInt32? {
        guard let a else { return b }
        guard let b else { return a }
        return queues.goesBefore(b, a) ? b : a
    }

    @inline(__always)
    func allows(_ mask: Int, _ cpu: Int32) -> Bool {
        guard let masks, cpu >= 0, cpu < Int32(SP_CPUS_MAX) else { return true }
        let words = UnsafeRawPointer(masks + mask).assumingMemoryBound(to: UInt64.self)
        return words[Int(cpu) / 64] >> UInt64(cpu % 64) & 1 != 0
    }

    /// The task in `slot` waits in a class, at a key.
    @inline(__always)
    mutating func wait(_ slot: UInt32, _ queue: UInt32, key: UInt64) {
        let base = hasOwnQueues ? ownBase(queue, slot) : HeapPlace.base(queue)
        let place = HeapPlace.of(base, waits[Int(slot)].affinity)
        waits[Int(slot)].place = UInt32(truncatingIfNeeded: place)
        if mayOverlook && !hasOwnQueues && (base == 0 ? counts.regular : counts.priority) == 0 {
            own.noteServed(base == 0 ? 0 : 1, latest)
        }
        queues.insert(slot, place, key: key)
        countWaiting(place, 1)
    }

    /// It waits again where it waited before `leave`, a moment ago.
    @inline(__always)
    mutating func restore(_ slot: UInt32) {
        let place = Int(waits[Int(slot)].place)
        queues.putBack(slot, place)
        countWaiting(place, 1)
    }

    /// The task in `slot` does not wait any more, if it did.
    @inline(__always)
    mutating func leave(_ slot: UInt32) {
        guard queues.contains(slot) else { return }
        queues.remove(slot)
        countWaiting(Int(waits[Int(slot)].place), UInt32.max)
    }

    /// - Parameter by: 1, or -1 as it wraps.
    @inline(__always)
    private mutating func countWaiting(_ place: Int, _ by: UInt32) {
        if isAskedAlone && place == heldPlace {
            held &-= 1
            return
        }
        if hasOwnQueues { return own.countWaiting(place, by) }
        if place >= HeapPlace.perClass {
            counts.priority &+= by
            if place - HeapPlace.perClass > Int(SP_CPUS_MAX) { counts.priorityMasked &+= by }
        } else {
            counts.regular &+= by
            if place > Int(SP_CPUS_MAX) { counts.regularMasked &+= by }
        }
    }
}
