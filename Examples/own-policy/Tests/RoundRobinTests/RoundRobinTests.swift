// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Glibc
import PolicyModel
import PolicyText
import RoundRobin
import Testing

@Suite struct RoundRobinTests {
    /// The key at which a task begins to wait.
    private func key(_ pid: UInt32, _ policy: inout RoundRobin, _ task: inout sp_task) -> UInt64 {
        let decision = policy.decide(event(SP_EVENT_ENQUEUE, pid), &task)
        #expect(decision.action == SP_ACTION_QUEUE.rawValue)
        return decision.key
    }

    private func event(_ kind: sp_event_kind, _ pid: UInt32) -> sp_event {
        var event = sp_event()
        event.kind = kind.rawValue
        event.pid = pid
        event.generation = 1
        event.idle_cpu = -1
        return event
    }

    @Test func whoeverHadItsTurnWaitsForTheNextRound() {
        var policy = RoundRobin()
        var (one, two, three) = (sp_task(), sp_task(), sp_task())
        let first = key(1, &policy, &one)
        let second = key(2, &policy, &two)
        #expect(first < second)
        let picked = policy.decide(event(SP_EVENT_RUNNING, 1), &one)
        #expect(picked.slice_ns == 4_000_000)
        let again = key(1, &policy, &one)
        #expect(second < again)
        // A task that comes while a round is under way has its turn in the next one.
        #expect(again < key(3, &policy, &three))
    }

    /// No answer is one that the daemon would count as `strange`.
    @Test(arguments: TraceSource.allCases)
    func everyAnswerHasAMeaning(source: TraceSource) throws {
        let described = try PolicySource.load(nameOrPath: "fifo").policy
        var events = [sp_event](repeating: sp_event(), count: 50_000)
        events.withUnsafeMutableBufferPointer { source.fill($0, seed: 1, policy: described) }
        let lane = SwiftLane(name: "round robin") { _ in RoundRobin() }
        lane.load(described)
        try events.withUnsafeBufferPointer { events in
            let outcomes = try lane.decide(events, isStart: true, period: 0)
            let strange = events.indices.filter { index in
                let decision = outcomes[index].decision
                let isEmptyRun = decision.action == SP_ACTION_RUN.rawValue && decision.slice_ns == 0
                return isEmptyRun || !allowed(events[index]).contains(decision.action)
            }
            #expect(strange.isEmpty)
        }
    }

    /// What the kernel runs decides what the daemon decides: the same source, compiled twice. Needs root.
    @Test(.enabled(if: geteuid() == 0, "needs root"), arguments: TraceSource.allCases)
    func theKernelDecidesAlike(source: TraceSource) throws {
        let described = try PolicySource.load(nameOrPath: "fifo").policy
        let lanes: [any Lane] = [
            SwiftLane(name: "swift") { _ in RoundRobin() }, try BytecodeLane(RoundRobin.twin),
        ]
        let harness = Harness(lanes)
        try harness.load(described)
        for seed in 1...10 as ClosedRange<UInt64> {
            var events = [sp_event](repeating: sp_event(), count: 50_000)
            events.withUnsafeMutableBufferPointer { source.fill($0, seed: seed, policy: described) }
            let mismatch = try events.withUnsafeBufferPointer { try harness.run($0) }
            #expect(mismatch == nil, "seed \(seed)")
        }
    }

    /// What may be answered to an event. Hostile ones may speak of tasks that there are not.
    private func allowed(_ event: sp_event) -> [UInt32] {
        let stale = SP_ACTION_STALE.rawValue
        switch event.kind {
        case SP_EVENT_ENQUEUE.rawValue:
            let place = event.idle_cpu >= 0 ? SP_ACTION_DIRECT : SP_ACTION_QUEUE
            return [place.rawValue, stale]
        case SP_EVENT_RUNNING.rawValue: return [SP_ACTION_RUN.rawValue, stale]
        case SP_EVENT_DISPATCH.rawValue:
            let goesOn = event.flags & SP_EVENT_PREV != 0 ? [SP_ACTION_CONTINUE.rawValue] : []
            return goesOn + [SP_ACTION_SERVE.rawValue, SP_ACTION_NONE.rawValue]
        case SP_EVENT_EXIT.rawValue: return [SP_ACTION_NONE.rawValue, stale]
        default: return [SP_ACTION_INVALID.rawValue]
        }
    }
}
