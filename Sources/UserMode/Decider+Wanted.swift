// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import PolicyModel

/// Events that a pair is told of since it wants them: each notice of one is one event.
extension Decider {
    /// A notice of another kind than those that there are for all policies.
    // The loop is compiled apart for pairs: for other policies nothing but the count is left.
    @inline(__always)
    mutating func takeOther(_ notice: sp_notice) -> sp_answer? {
        if P.self == PairExecution.self && described.wanted & sp_policy.wantedBit(notice.kind) != 0 {
            return takeWanted(notice)
        }
        counters.strange &+= 1
        return nil
    }

    private mutating func takeWanted(_ notice: sp_notice) -> sp_answer? {
        if notice.kind == SP_EVENT_CPUS.rawValue { return takeCPU(notice) }
        guard let slot = table.find(notice.pid) else {
            counters.stale &+= 1
            return nil
        }
        if notice.kind != SP_EVENT_CHANGED.rawValue { ranUnasked(slot, notice) }
        var event = blank(notice.kind, notice.now, cpu: notice.cpu)
        event.used_ns = notice.used_ns
        event.flags = notice.flags
        event.pid = notice.pid
        event.generation = notice.generation
        event.weight = notice.weight
        if notice.kind == SP_EVENT_CHANGED.rawValue {
            event.key = notice.switches
            if waits[Int(slot)].generation == notice.generation {
                waits[Int(slot)].weight = notice.weight
            }
        }
        if hasOwnQueues { tellNear(&event, near(slot, notice.cpu)) }
        switch policy.decide(event, &tasks[Int(slot)]).action {
        case SP_ACTION_NONE.rawValue: break
        case SP_ACTION_GIVE_WAY.rawValue where notice.kind == SP_EVENT_TICK.rawValue:
            let queue = tasks[Int(slot)].queue
            return answer((0, queue), slot, wait: notice.wait, cpu: Int32(SP_ANSWER_GIVE_WAY))
        case SP_ACTION_STALE.rawValue: counters.stale &+= 1
        default: counters.strange &+= 1
        }
        return nil
    }

    /// It stops, or is ticked, and waits as far as we know: the backend let it run without an answer, for want of
    /// one. The policy is told that it ran before it is told more.
    private mutating func ranUnasked(_ slot: UInt32, _ notice: sp_notice) {
        guard queues.contains(slot), waits[Int(slot)].generation == notice.generation else { return }
        leave(slot)
        waits[Int(slot)].cpu = notice.cpu
        _ = started(slot, notice.now)
    }

    /// A CPU came or went, which is about no task.
    private mutating func takeCPU(_ notice: sp_notice) -> sp_answer? {
        var event = blank(notice.kind, notice.now, cpu: notice.cpu)
        event.flags = notice.flags
        if hasOwnQueues { tellNear(&event, own.tables.near(notice.cpu, 0)) }
        var none = sp_task()
        if policy.decide(event, &none).action != SP_ACTION_NONE.rawValue { counters.strange &+= 1 }
        return nil
    }
}
