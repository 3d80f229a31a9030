// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import PolicyModel
import Testing

@testable import Conformance

/// Traces of pairs that hold tasks back, and of those whose queues have CPUs: no kernel is needed.
@Suite struct PairTraceTests {
    /// Every third ENQUEUE of a task is held back for its used time, and 1 ns; no idle CPU is taken.
    private static let holding = PairExecution.Functions(
        start: { _, _, _, _ in },
        enqueue: { _, _, task, event, decision in
            task.pointee.vtime &+= 1
            decision.pointee = .queue(event.pointee, task.pointee, key: event.pointee.now)
            guard task.pointee.vtime % 3 == 0 else { return }
            decision.pointee.action = SP_ACTION_HOLD.rawValue
            decision.pointee.slice_ns = min(event.pointee.used_ns, 999_999_999) + 1
        },
        running: { _, _, task, event, decision in
            decision.pointee = .run(event.pointee, task.pointee, sliceNs: 3_000_000)
        },
        dispatch: { _, _, task, event, decision in
            decision.pointee = .serve(event.pointee, SP_QUEUE_REGULAR)
        })

    /// A task waits in the second queue at every other ENQUEUE. An idle CPU is taken, if it may be.
    private static let sorting = PairExecution.Functions(
        start: { _, _, _, _ in },
        enqueue: { _, _, task, event, decision in
            task.pointee.vtime &+= 1
            task.pointee.queue = UInt32(task.pointee.vtime & 1)
            decision.pointee =
                event.pointee.idle_cpu >= 0
                ? .direct(event.pointee, task.pointee, key: event.pointee.now)
                : .queue(event.pointee, task.pointee, key: event.pointee.now)
        },
        running: { _, _, task, event, decision in
            decision.pointee = .run(event.pointee, task.pointee, sliceNs: 3_000_000)
        },
        dispatch: { _, _, task, event, decision in
            decision.pointee =
                event.pointee.hasPrev(task.pointee)
                ? .goOn(event.pointee, SP_QUEUE_REGULAR) : .serve(event.pointee, queue: 0)
        })

    private static let holdingPolicy = {
        var policy = sp_policy()
        policy.abi = UInt32(SP_ABI_VERSION)
        policy.pair = 1
        policy.slice = SP_SLICE_FIXED.rawValue | SP_ALONE_ASKED_BIT
        policy.classes = SP_CLASSES_NONE.rawValue
        policy.slice_max_ns = 20_000_000
        return policy
    }()

    /// The second queue has the CPUs 4 to 7.
    private static let sortingPolicy = {
        var policy = holdingPolicy
        policy.rate_max = 2
        policy.classes =
            1 << UInt32(SP_SETS_COUNT_SHIFT)
            | 1 << (UInt32(SP_SETS_QUEUES_SHIFT) + UInt32(SP_SETS_QUEUE_BITS))
        policy.slice_min_ns = 7 << UInt64(SP_CPUS_LAST_SHIFT) | 4
        return policy
    }()

    private func events(
        _ policy: sp_policy, _ functions: PairExecution.Functions, seed: UInt64
    ) -> [sp_event] {
        var events = [sp_event](repeating: sp_event(), count: 5000)
        events.withUnsafeMutableBufferPointer {
            TraceSource.realistic.fill(
                $0, seed: seed, policy: policy, pair: PairExecution(policy, sp_global(), functions), names: []
            )
        }
        return events
    }

    /// Calls `body` with each event, and what is decided.
    private func replay(
        _ events: [sp_event], _ policy: sp_policy, _ functions: PairExecution.Functions,
        _ body: (sp_event, sp_decision) -> Void
    ) {
        var execution = PairExecution(policy, sp_global(), functions)
        var tasks: [UInt32: sp_task] = [:]
        for event in events {
            body(event, execution.decide(event, &tasks[event.pid, default: sp_task()]))
        }
    }

    private func actions(
        _ policy: sp_policy, _ functions: PairExecution.Functions
    ) throws -> [Int] {
        func lane(_ name: String) -> any Lane {
            SwiftLane(name: name) { PairExecution($0, sp_global(), functions) }
        }
        let harness = Harness([lane("one"), lane("other")])
        try harness.load(policy)
        for seed: UInt64 in 1...10 { #expect(try harness.run(events(policy, functions, seed: seed)) == nil) }
        return harness.account.actions
    }

    @Test func actionsAreCounted() throws {
        let held = try actions(Self.holdingPolicy, Self.holding)
        for action in [SP_ACTION_HOLD, SP_ACTION_QUEUE, SP_ACTION_RUN, SP_ACTION_SERVE] {
            #expect(held[Int(action.rawValue)] > 500, "\(held)")
        }
        #expect(Harness.actionNames.count == held.count)
        #expect(Harness.actionNames[Int(SP_ACTION_HOLD.rawValue)] == "HOLD")
        let sorted = try actions(Self.sortingPolicy, Self.sorting)
        for action in [SP_ACTION_DIRECT, SP_ACTION_QUEUE, SP_ACTION_RUN, SP_ACTION_SERVE] {
            #expect(sorted[Int(action.rawValue)] > 50, "\(sorted)")
        }
        #expect(sorted[Int(SP_ACTION_CONTINUE.rawValue)] > 10, "\(sorted)")
    }

    /// Who is held back does not run before its time, nor is it told of in another way; and it runs after it.
    @Test func whoIsHeldBackDoesNotRunBefore() {
        var (released, early) = (0, 0)
        for seed: UInt64 in 1...10 {
            var until: [UInt32: UInt64] = [:]
            replay(events(Self.holdingPolicy, Self.holding, seed: seed), Self.holdingPolicy, Self.holding) {
                event, decision in
                if decision.action == SP_ACTION_HOLD.rawValue {
                    until[event.pid] = event.now &+ decision.slice_ns
                } else if decision.action != SP_ACTION_STALE.rawValue, event.pid != 0,
                    let time = until.removeValue(forKey: event.pid)
                {
                    if Int64(bitPattern: event.now &- time) < 0 { early += 1 }
                    #expect(event.kind == SP_EVENT_RUNNING.rawValue)
                    released += 1
                }
            }
        }
        #expect(early == 0 && released > 500, "\(early) of \(released)")
    }

    /// Such a pair is told of a task though nobody else waits: RUNNING follows, and no DISPATCH.
    @Test func aTaskThatIsAloneIsToldOf() {
        var alone = 0
        for seed: UInt64 in 1...10 {
            let events = events(Self.holdingPolicy, Self.holding, seed: seed)
            for (event, next) in zip(events, events.dropFirst())
            where event.kind == SP_EVENT_ENQUEUE.rawValue && event.flags & SP_EVENT_WAKEUP == 0
                && event.waiting.0 + event.waiting.1 == 0 && event.used_ns > 0
                && next.kind == SP_EVENT_RUNNING.rawValue && next.pid == event.pid && next.cpu == event.cpu
            {
                alone += 1
            }
        }
        #expect(alone > 100)
    }

    /// Where a machine has one of its CPUs, nobody of that queue runs elsewhere, whether an idle CPU was found for it,
    /// it was picked, or would have gone on; else everywhere.
    @Test func whoWaitsInAQueueWithCPUsRunsThereAlone() {
        var (inside, outside, elsewhere) = (0, 0, 0)
        for seed: UInt64 in 1...40 {
            var queues: [UInt32: UInt32] = [:]
            replay(events(Self.sortingPolicy, Self.sorting, seed: seed), Self.sortingPolicy, Self.sorting) {
                event, decision in
                if decision.action == SP_ACTION_STALE.rawValue { return }
                if event.kind == SP_EVENT_ENQUEUE.rawValue { queues[event.pid] = decision.queue }
                guard event.kind == SP_EVENT_RUNNING.rawValue, queues[event.pid] == 1 else { return }
                if (4...7).contains(event.cpu) {
                    inside += 1
                } else if event.cpus > 4 {
                    outside += 1
                } else {
                    elsewhere += 1
                }
            }
        }
        #expect(outside == 0 && inside > 500 && elsewhere > 100, "\(inside) \(outside) \(elsewhere)")
    }

    /// A task that may not go on, since its queue has other CPUs now, is no PREV.
    @Test func whoMayNotGoOnIsNoPrev() {
        var prevs = 0
        for seed: UInt64 in 1...40 {
            var queues: [UInt32: UInt32] = [:]
            replay(events(Self.sortingPolicy, Self.sorting, seed: seed), Self.sortingPolicy, Self.sorting) {
                event, decision in
                if event.kind == SP_EVENT_ENQUEUE.rawValue && decision.action != SP_ACTION_STALE.rawValue {
                    queues[event.pid] = decision.queue
                }
                guard event.kind == SP_EVENT_DISPATCH.rawValue, event.flags & SP_EVENT_PREV != 0,
                    event.cpus > 4, queues[event.pid] == 1
                else { return }
                prevs += 1
                #expect((4...7).contains(event.cpu), "seed \(seed)")
            }
        }
        #expect(prevs > 10)
    }

    /// Campaigns do not load a description for each machine: a part of the CPUs is that of eight.
    @Test func aCampaignsPartsAreThoseOfEightCPUs() {
        var policy = Self.sortingPolicy
        policy.slice_min_ns = UInt64(SP_CPUS_PART | 100 << UInt32(SP_CPUS_LAST_SHIFT) | 50)
        #expect(Campaign.Subject(name: "halves", policy: policy).policy.slice_min_ns == 7 << 15 | 4)
    }
}
