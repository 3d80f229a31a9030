// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import PolicyModel
import Testing

@testable import UserMode

/// What the daemon makes of notices that only some pairs want.
@Suite struct WantedTests {
    /// A task's `vtime` sums up what its stops tell; `queue` is how often it slept; the last event is in the state.
    private static let functions = PairExecution.Functions(
        start: { _, _, _, _ in },
        enqueue: { _, _, task, event, decision in
            decision.pointee = .queue(event.pointee, task.pointee, key: event.pointee.now)
        },
        running: { _, global, task, event, decision in
            global.pointee.round &+= 1
            decision.pointee = .run(event.pointee, task.pointee, sliceNs: 5)
        },
        dispatch: { _, _, task, event, decision in
            decision.pointee = .serve(event.pointee, SP_QUEUE_REGULAR)
        },
        wanted: { _, global, task, event, decision in
            decision.pointee = .none(event.pointee)
            if event.pointee.kind == SP_EVENT_CPUS.rawValue {
                global.pointee.round = UInt64(event.pointee.cpu) << 32 | UInt64(event.pointee.cpus)
                if !event.pointee.isOnline { global.pointee.round_since &+= 1 }
                task.pointee.vtime = 99
                return
            }
            guard event.pointee.speaks(of: task.pointee) else {
                decision.pointee.action = SP_ACTION_STALE.rawValue
                return
            }
            task.pointee.vtime &+= event.pointee.used_ns
            task.pointee.burst_ns &+= event.pointee.sleeps ? 1 : 0
            global.pointee.vtime_now = event.pointee.now
            if event.pointee.kind == SP_EVENT_CHANGED.rawValue {
                task.pointee.rate = UInt64(event.pointee.weight)
                task.pointee.rate_switches = event.pointee.allowedCPUs
            }
            global.pointee.threshold = UInt64(event.pointee.waiting.0)
            if event.pointee.used_ns == 11 { decision.pointee = .giveWay(event.pointee) }
            if event.pointee.used_ns == 13 { decision.pointee.action = SP_ACTION_RUN.rawValue }
        })

    private func decider(_ bits: UInt32 = SP_WANTS_BITS) -> Decider<PairExecution> {
        var policy = sp_policy()
        policy.pair = 1
        policy.slice = SP_SLICE_FIXED.rawValue | bits
        policy.order = SP_ORDER_VRUNTIME.rawValue
        policy.classes = SP_CLASSES_NONE.rawValue
        policy.slice_max_ns = 20
        return Decider(
            PairExecution(policy, sp_global(), Self.functions), described: policy, maxTasks: 16)
    }

    private func notice(
        _ kind: sp_event_kind, _ pid: UInt32, generation: UInt32 = 1, used: UInt64 = 0, flags: UInt32 = 0,
        now: UInt64 = 100
    ) -> sp_notice {
        var notice = sp_notice()
        (notice.kind, notice.pid, notice.generation, notice.wait) = (kind.rawValue, pid, generation, pid)
        (notice.now, notice.idle_cpu, notice.affinity, notice.cpus) = (now, -1, SP_AFFINITY_ANY, 2)
        (notice.used_ns, notice.flags, notice.weight) = (used, flags, 100)
        return notice
    }

    private func take(_ decider: inout Decider<PairExecution>, _ notice: sp_notice) -> sp_answer? {
        var notice = notice
        return decider.take(&notice)
    }

    @Test func aStopIsOneEvent() throws {
        var decider = decider()
        for pid: UInt32 in 1...2 { #expect(take(&decider, notice(SP_EVENT_ENQUEUE, pid)) == nil) }
        #expect(decider.pick(now: 110, cpu: 0)?.pid == 1)
        #expect(take(&decider, notice(SP_EVENT_STOPPING, 1, used: 7, now: 117)) == nil)
        #expect(
            take(&decider, notice(SP_EVENT_STOPPING, 1, used: 5, flags: SP_EVENT_SLEEPS, now: 130)) == nil)
        let found = decider.table.find(1)
        let slot = try #require(found)
        #expect(decider.tasks[Int(slot)].vtime == 12 && decider.tasks[Int(slot)].burst_ns == 1)
        #expect(decider.policy.global.vtime_now == 130 && decider.policy.global.threshold == 1)
        // Who waits goes on waiting.
        #expect(decider.waiting == 1 && decider.counters.events == 4)
        #expect(decider.counters.strange == 0 && decider.counters.stale == 0)
    }

    /// The backend let it run without an answer: the policy hears first that it ran.
    @Test func whoWasNotPickedRanAllTheSame() throws {
        var decider = decider()
        for pid: UInt32 in 1...2 { #expect(take(&decider, notice(SP_EVENT_ENQUEUE, pid)) == nil) }
        let found = decider.table.find(1)
        let slot = Int(try #require(found))
        decider.tasks[slot].vtime = 0
        // Of another life: it waits still.
        #expect(take(&decider, notice(SP_EVENT_STOPPING, 1, generation: 9, used: 7, now: 117)) == nil)
        #expect(decider.waiting == 2 && decider.counters.stale == 1)
        #expect(take(&decider, notice(SP_EVENT_STOPPING, 1, used: 7, now: 118)) == nil)
        #expect(decider.waiting == 1 && decider.tasks[slot].vtime == 7)
        #expect(decider.policy.global.round == 1)
        #expect(decider.pick(now: 120, cpu: 0)?.pid == 2)
        #expect(take(&decider, notice(SP_EVENT_TICK, 1, used: 7, now: 121)) == nil)
        #expect(decider.policy.global.round == 2 && decider.counters.strange == 0)
    }

    /// The answer names the wait that ended when the task was picked.
    @Test func whoGivesWayIsTold() throws {
        var decider = decider()
        #expect(take(&decider, notice(SP_EVENT_ENQUEUE, 1)) == nil)
        #expect(decider.pick(now: 110, cpu: 0)?.pid == 1)
        #expect(take(&decider, notice(SP_EVENT_TICK, 1, used: 7)) == nil)
        var tick = notice(SP_EVENT_TICK, 1, used: 11)
        tick.wait = 42
        let answer = try #require(take(&decider, tick))
        #expect(answer.pid == 1 && answer.wait == 42 && Int32(answer.cpu) == SP_ANSWER_GIVE_WAY)
        #expect(answer.queue == UInt16(SP_QUEUE_REGULAR.rawValue) && answer.slice_ns == 0)
        #expect(decider.counters.strange == 0 && decider.counters.stale == 0)
        // A stop is answered with nothing.
        #expect(take(&decider, notice(SP_EVENT_STOPPING, 1, used: 11)) == nil)
        #expect(decider.counters.strange == 1)
    }

    /// The new weight is that of the task's events from then on.
    @Test func aChangeIsOneEvent() throws {
        var decider = decider()
        #expect(take(&decider, notice(SP_EVENT_ENQUEUE, 1)) == nil)
        var change = notice(SP_EVENT_CHANGED, 1)
        (change.weight, change.switches, change.wait) = (37, 3, 0)
        #expect(take(&decider, change) == nil)
        let found = decider.table.find(1)
        let slot = try #require(found)
        #expect(decider.tasks[Int(slot)].rate == 37 && decider.tasks[Int(slot)].rate_switches == 3)
        #expect(decider.waits[Int(slot)].weight == 37 && decider.waiting == 1)
        (change.weight, change.generation) = (50, 9)
        #expect(take(&decider, change) == nil)
        #expect(decider.waits[Int(slot)].weight == 37 && decider.counters.stale == 1)
    }

    /// It is about no task, nor is one of pid 0 looked for.
    @Test func aCPUThatGoesIsOneEvent() {
        var decider = decider()
        var notice = notice(SP_EVENT_CPUS, 0, generation: 0)
        (notice.cpu, notice.cpus) = (3, 7)
        #expect(take(&decider, notice) == nil)
        #expect(decider.policy.global.round == 3 << 32 | 7 && decider.policy.global.round_since == 1)
        (notice.cpus, notice.flags) = (8, SP_EVENT_ONLINE)
        #expect(take(&decider, notice) == nil)
        #expect(decider.policy.global.round == 3 << 32 | 8 && decider.policy.global.round_since == 1)
        #expect(decider.counters.stale == 0 && decider.counters.strange == 0 && decider.known == 0)
    }

    @Test func whoIsNotKnownIsStale() {
        var decider = decider()
        #expect(take(&decider, notice(SP_EVENT_STOPPING, 3)) == nil)
        #expect(decider.counters.stale == 1)
        #expect(take(&decider, notice(SP_EVENT_ENQUEUE, 3, generation: 2)) == nil)
        #expect(take(&decider, notice(SP_EVENT_STOPPING, 3, generation: 1, used: 4)) == nil)
        #expect(decider.counters.stale == 2 && decider.counters.strange == 0)
    }

    /// A notice of an event that this pair does not want, or that there is not.
    @Test func whatIsNotWantedIsStrange() {
        var decider = decider(0)
        #expect(take(&decider, notice(SP_EVENT_ENQUEUE, 1)) == nil)
        #expect(take(&decider, notice(SP_EVENT_STOPPING, 1, used: 7)) == nil)
        #expect(decider.counters.strange == 1 && decider.policy.global.vtime_now == 0)
        var other = self.decider()
        #expect(take(&other, notice(sp_event_kind(rawValue: 15), 1)) == nil)
        #expect(other.counters.strange == 1)
    }

    @Test func anAnswerWithoutMeaningIsStrange() {
        var decider = decider()
        #expect(take(&decider, notice(SP_EVENT_ENQUEUE, 1)) == nil)
        #expect(take(&decider, notice(SP_EVENT_STOPPING, 1, used: 13)) == nil)
        #expect(decider.counters.strange == 1)
    }
}
