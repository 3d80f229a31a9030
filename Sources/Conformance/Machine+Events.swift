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
        return record(&event, task: states + slot)
    }

    /// Records that a CPU asks for an actor and asks the policy.
    mutating func decideDispatch(cpu: Int) -> sp_decision {
        var event = sp_event()
        event.kind = SP_EVENT_DISPATCH.rawValue
        event.cpu = Int32(cpu)
        event.idle_cpu = -1
        // A DISPATCH has no task: what the policy is given for pid 0 stays as it is.
        var none = sp_task()
        return record(&event, task: &none)
    }

    private mutating func record(
        _ event: inout sp_event, task: UnsafeMutablePointer<sp_task>
    ) -> sp_decision {
        event.seq = UInt64(count)
        event.now = epoch &+ elapsed
        event.cpus = UInt32(cpuCount)
        event.waiting = (UInt32(regular.count), UInt32(priority.count))
        let decision = execution.decide(event, &task.pointee)
        if !isFull {
            events[count] = event
            count += 1
        }
        return decision
    }
}
