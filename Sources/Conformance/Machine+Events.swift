// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel

extension Machine {
    /// Records an event about an actor and asks the policy.
    mutating func decide(
        _ slot: Int, _ kind: sp_event_kind, flags: UInt32 = 0, idleCPU: Int32 = -1
    ) -> sp_decision {
        let actor = actors + slot
        var event = sp_event()
        event.used_ns = actor.pointee.usedNs
        event.switches = actor.pointee.switches
        event.kind = kind.rawValue
        event.flags = actor.pointee.isKthread ? flags | SP_EVENT_KTHREAD : flags
        event.pid = actor.pointee.pid
        event.generation = actor.pointee.generation
        event.cpu = actor.pointee.cpu
        event.idle_cpu = idleCPU
        event.weight = actor.pointee.weight
        if policy.inputs != 0 && kind == SP_EVENT_ENQUEUE { event.put(actor.pointee.who, policy.inputs) }
        return record(&event, slot, task: states + slot)
    }

    /// Tells the policy that an actor stops running, if it wants to know.
    mutating func tellStop(_ slot: Int, sleeps: Bool) {
        guard wanted & SP_WANTS_STOPPING_BIT != 0 else { return }
        tellUsed(slot, SP_EVENT_STOPPING, flags: sleeps ? SP_EVENT_SLEEPS : 0)
        actors[slot].ranNs = 0
    }

    /// Records an event about an actor that runs, or did until now.
    @discardableResult
    mutating func tellUsed(
        _ slot: Int, _ kind: sp_event_kind, flags: UInt32 = 0, key: UInt64 = 0
    ) -> sp_decision {
        let actor = actors + slot
        var event = sp_event()
        event.used_ns = actor.pointee.ranNs
        event.key = key
        event.kind = kind.rawValue
        event.flags = flags
        event.pid = actor.pointee.pid
        event.generation = actor.pointee.generation
        event.cpu = actor.pointee.cpu
        event.idle_cpu = -1
        event.weight = actor.pointee.weight
        return record(&event, slot, task: states + slot)
    }

    /// Tells the policy that an actor has another weight or other CPUs, if it wants to know.
    mutating func tellChange(_ slot: Int) {
        guard wanted & SP_WANTS_CHANGED_BIT != 0 else { return }
        let ranNs = actors[slot].ranNs
        actors[slot].ranNs = 0
        tellUsed(slot, SP_EVENT_CHANGED, key: actors[slot].pinned >= 0 ? 1 : UInt64(cpuCount))
        actors[slot].ranNs = ranNs
    }

    /// Tells the policy of a CPU that comes or goes. The machine has it all the same.
    mutating func tellCPU(_ cpu: Int32, isOnline: Bool) {
        var event = sp_event()
        event.kind = SP_EVENT_CPUS.rawValue
        event.flags = isOnline ? SP_EVENT_ONLINE : 0
        event.cpu = cpu
        event.idle_cpu = -1
        var none = sp_task()
        _ = record(&event, nil, task: &none)
    }

    /// Records that a CPU asks for an actor and asks the policy.
    /// - Parameter prev: who could go on there, and at which key; nil if nobody.
    mutating func decideDispatch(cpu: Int, prev: (slot: Int, key: UInt64)?) -> sp_decision {
        var event = sp_event()
        event.kind = SP_EVENT_DISPATCH.rawValue
        event.cpu = Int32(cpu)
        event.idle_cpu = -1
        if layout != nil {
            if let prev { lookNear(&event, prev.slot) }
            return recordDispatch(&event, prev)
        }
        let looks =
            prev != nil || (policy.hasClasses && regular.count > 0 && priority.count > 0)
        if looks {
            event.flags = SP_EVENT_LOOKED
            if let first = regular.first {
                event.flags |= SP_EVENT_FIRST
                event.first.0 = first.key
                event.since.0 = actors[Int(first.item)].since
            }
            if let first = priority.first {
                event.flags |= SP_EVENT_FIRST_PRIORITY
                event.first.1 = first.key
                event.since.1 = actors[Int(first.item)].since
            }
        }
        return recordDispatch(&event, prev)
    }

    private mutating func recordDispatch(
        _ event: inout sp_event, _ prev: (slot: Int, key: UInt64)?
    ) -> sp_decision {
        guard let prev else {
            // No task: what the policy is given for pid 0 stays as it is.
            var none = sp_task()
            return record(&event, nil, task: &none)
        }
        event.flags |= SP_EVENT_PREV
        event.pid = actors[prev.slot].pid
        event.generation = actors[prev.slot].generation
        event.weight = actors[prev.slot].weight
        event.key = prev.key
        return record(&event, prev.slot, task: states + prev.slot)
    }

    private mutating func record(
        _ event: inout sp_event, _ slot: Int?, task: UnsafeMutablePointer<sp_task>
    ) -> sp_decision {
        event.seq = UInt64(count)
        event.now = epoch &+ elapsed
        event.cpus = UInt32(cpuCount)
        event.waiting = (UInt32(regular.count), UInt32(priority.count))
        tellPlaces(&event, slot)
        let decision = execution.decide(event, &task.pointee)
        if !isFull {
            events[count] = event
            count += 1
        }
        return decision
    }
}
