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

    /// The first of the queues that the policy listed, or of any; somebody must wait.
    mutating func takeOwn(_ decision: sp_decision, cpu: Int) -> Int {
        guard let tables = layout?.tables else { return 0 }
        let near = tables.near(Int32(cpu), 0)
        var list = decision
        if decision.action != SP_ACTION_SERVE.rawValue {
            list = sp_decision()
            list.queue = near
        }
        let heaps = own
        let (queue, _) = tables.first(list, for: Int32(cpu), near: near) { heaps[$0].count > 0 }
        return Int(own[queue ?? 0].removeFirst().item)
    }
}
