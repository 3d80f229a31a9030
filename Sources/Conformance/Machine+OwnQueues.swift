// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import PolicyModel

extension Topology {
    /// A machine by lot: threads of cores, cores of caches, caches of nodes; mostly as many of each as of the next,
    /// and now and then with CPUs that are strewn.
    static func random(cpus: Int, using random: inout SplitMix64) -> Topology {
        let threads = Int(random.pick([1, 1, 2, 4]))
        let perLLC = Int(random.magnitude(1...32))
        let perNode = Int(random.magnitude(1...4))
        let isStrewn = random.chance(10)
        return Topology(
            (0..<cpus).map { cpu in
                if isStrewn {
                    return ("\(random.below(8))", "\(random.below(4))", "\(random.below(3))")
                }
                let core = cpu / threads
                return ("\(core)", "\(core / perLLC)", "\(core / perLLC / perNode)")
            })
    }
}

extension Machine {
    /// Tasks that wait.
    var waiting: Int {
        guard let layout else { return regular.count + priority.count }
        return (0..<layout.tables.count).reduce(0) { $0 + own[$1].count }
    }

    /// What events say of queues and places.
    /// - Parameter slot: of the actor that the event is about, or nil.
    func tellPlaces(_ event: inout sp_event, _ slot: Int?) {
        guard let tables = layout?.tables else { return }
        let near = nearQueue(slot, event.cpu)
        let here = own[Int(near)].count
        event.waiting = (UInt32(here), UInt32(waiting - here))
        event.first.1 = tables.here(event.cpu)
        guard event.kind == SP_EVENT_ENQUEUE.rawValue, let slot else { return }
        event.key = tables.place(actors[slot].ranOn >= 0 ? actors[slot].ranOn : event.cpu)
        if event.flags & SP_EVENT_WAKEUP != 0 { event.since.1 = tables.place(waker) }
    }

    /// The queue that is near to an actor that waits, or to a CPU.
    func nearQueue(_ slot: Int?, _ cpu: Int32) -> UInt32 {
        guard let tables = layout?.tables else { return 0 }
        guard let slot, states[slot].generation == actors[slot].generation else { return tables.near(cpu, 0) }
        return tables.near(cpu, states[slot].queue)
    }

    /// What a DISPATCH says of the near queue's first one.
    mutating func lookNear(_ event: inout sp_event, _ slot: Int) {
        event.flags |= SP_EVENT_LOOKED
        guard let first = own[Int(nearQueue(slot, event.cpu))].first else { return }
        event.flags |= SP_EVENT_FIRST
        event.first.0 = first.key
        event.since.0 = actors[Int(first.item)].since
    }

    /// An actor waits where the policy said; near by if there is no such queue.
    mutating func insertOwn(_ slot: Int, _ decision: sp_decision) {
        guard let tables = layout?.tables else { return }
        let exists = decision.queue < UInt32(tables.count)
        let queue = exists ? decision.queue : tables.near(actors[slot].cpu, 0)
        own[Int(queue)].insert(Int32(slot), key: decision.key)
    }

    /// The first of the queues that the policy listed, or of any; nil if nobody waits who may run there.
    mutating func takeOwn(_ decision: sp_decision, cpu: Int) -> Int? {
        guard let tables = layout?.tables else { return nil }
        let near = tables.near(Int32(cpu), 0)
        var list = decision
        if decision.action != SP_ACTION_SERVE.rawValue {
            list = sp_decision()
            list.queue = near
        }
        let (heaps, gone) = (own, setsGone)
        let (queue, _) = tables.first(list, for: Int32(cpu), near: near) {
            heaps[$0].count > 0 && tables.allows($0, Int32(cpu), gone: gone)
        }
        return queue.map { Int(own[$0].removeFirst().item) }
    }

    /// A bit of each set of CPUs of which the machine has none.
    private var setsGone: UInt64 {
        guard let tables = layout?.tables, tables.hasSets else { return 0 }
        return policy.sets.enumerated().reduce(0) { gone, set in
            set.element.numbers(of: cpuCount).overlaps(0...cpuCount - 1)
                ? gone : gone | 1 << UInt64(set.offset)
        }
    }

    /// Whether an actor whose queue the policy said runs on a CPU.
    func allows(_ decision: sp_decision, _ cpu: Int) -> Bool {
        guard let tables = layout?.tables else { return true }
        return tables.allows(
            decision.queue < UInt32(tables.count) ? Int(decision.queue) : 0, Int32(cpu), gone: setsGone)
    }

    /// An idle CPU for who waits now in the queue that the policy said; nil if there is none.
    func idleCPU(_ decision: sp_decision) -> Int? {
        if idleCPUs == 0 { return nil }
        if layout?.tables.hasSets != true { return idleCPUs.trailingZeroBitCount }
        return (0..<cpuCount).first { idleCPUs >> UInt64($0) & 1 != 0 && allows(decision, $0) }
    }
}
