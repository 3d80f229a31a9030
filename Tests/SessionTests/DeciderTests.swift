// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel
import Testing

@testable import UserMode

private func described(_ change: (inout sp_policy) -> Void = { _ in }) -> sp_policy {
    var policy = sp_policy()
    policy.abi = UInt32(SP_ABI_VERSION)
    policy.order = SP_ORDER_FIFO.rawValue
    policy.slice = SP_SLICE_SHARED.rawValue
    policy.classes = SP_CLASSES_NONE.rawValue
    policy.burst = SP_BURST_PLAIN.rawValue
    policy.idle = SP_IDLE_DIRECT.rawValue
    policy.kthreads = SP_KTHREADS_LOCAL.rawValue
    policy.rate_max = 10
    policy.rate_window_ns = 1_000_000_000
    policy.slice_max_ns = 20_000_000
    policy.slice_min_ns = 1_000_000
    policy.wait_max_ns = 1_500_000_000
    change(&policy)
    return policy
}

private func enqueued(_ pid: UInt32, generation: UInt32 = 1, wait: UInt32, idle: Int32 = -1) -> sp_notice {
    var event = sp_notice()
    event.kind = SP_EVENT_ENQUEUE.rawValue
    event.pid = pid
    event.generation = generation
    event.wait = wait
    event.idle_cpu = idle
    event.weight = 100
    event.cpus = 4
    return event
}

private func exited(_ pid: UInt32, generation: UInt32 = 1) -> sp_notice {
    var event = sp_notice()
    event.kind = SP_EVENT_EXIT.rawValue
    event.pid = pid
    event.generation = generation
    return event
}

extension Decider {
    fileprivate mutating func feed(_ event: sp_notice) -> sp_answer? {
        var event = event
        return take(&event)
    }
}

/// What the daemon answers, without a kernel. Whatever happens, each wait is answered or its task
/// is gone.
@Suite struct DeciderTests {
    @Test func picksInOrderAndNamesTheWait() {
        var decider = Decider(DescribedPolicy(described()), described: described(), maxTasks: 8)
        for pid: UInt32 in 1...3 { #expect(decider.feed(enqueued(pid, wait: pid + 100)) == nil) }
        #expect(decider.waiting == 3)
        let first = decider.pick(now: 5, cpu: 0)
        #expect(first?.pid == 1 && first?.wait == 101)
        #expect(first?.slice_ns == UInt32(20_000_000 / 3), "two others wait")
        let answer1 = decider.pick(now: 6, cpu: 0)
        #expect(answer1?.pid == 2)
        let answer2 = decider.pick(now: 7, cpu: 0)
        #expect(answer2?.pid == 3)
        let answer3 = decider.pick(now: 8, cpu: 0)
        #expect(answer3 == nil)
    }

    @Test func aSecondWaitReplacesTheFirst() {
        var decider = Decider(DescribedPolicy(described()), described: described(), maxTasks: 8)
        _ = decider.feed(enqueued(1, wait: 1))
        _ = decider.feed(enqueued(1, wait: 2))
        #expect(decider.waiting == 1)
        let answer4 = decider.pick(now: 1, cpu: 0)
        #expect(answer4?.wait == 2)
    }

    @Test func aTaskThatExitsWhileItWaitsIsForgotten() {
        var decider = Decider(DescribedPolicy(described()), described: described(), maxTasks: 8)
        _ = decider.feed(enqueued(1, wait: 1))
        _ = decider.feed(exited(1))
        #expect(decider.waiting == 0 && decider.known == 0)
        let answer5 = decider.pick(now: 1, cpu: 0)
        #expect(answer5 == nil)
    }

    @Test func theExitOfAnEarlierTaskOfThatPidChangesNothing() {
        var decider = Decider(DescribedPolicy(described()), described: described(), maxTasks: 8)
        _ = decider.feed(enqueued(1, generation: 2, wait: 1))
        _ = decider.feed(exited(1, generation: 1))
        #expect(decider.counters.stale == 1)
        let answer6 = decider.pick(now: 1, cpu: 0)
        #expect(answer6?.pid == 1)
    }

    @Test func anOldTaskOfAReusedPidIsLetRun() {
        var decider = Decider(DescribedPolicy(described()), described: described(), maxTasks: 8)
        _ = decider.feed(enqueued(1, generation: 2, wait: 1))
        _ = decider.pick(now: 1, cpu: 0)
        let answer = decider.feed(enqueued(1, generation: 1, wait: 2))
        #expect(answer?.wait == 2 && answer?.slice_ns == 20_000_000)
        #expect(decider.counters.stale == 1)
    }

    @Test func beyondItsTasksItLetsThemRunAndCounts() {
        var decider = Decider(DescribedPolicy(described()), described: described(), maxTasks: 2)
        _ = decider.feed(enqueued(1, wait: 1))
        _ = decider.feed(enqueued(2, wait: 2))
        let answer = decider.feed(enqueued(3, wait: 3))
        #expect(answer?.pid == 3 && answer?.slice_ns == 20_000_000)
        #expect(decider.counters.overflows == 1 && decider.waiting == 2)
    }

    @Test func theStandingDecisionNeedsNoAnswer() {
        var decider = Decider(DescribedPolicy(described()), described: described(), maxTasks: 8)
        let answer7 = decider.feed(enqueued(1, wait: 1, idle: 0))
        #expect(answer7 == nil)
        #expect(decider.waiting == 0 && decider.counters.strange == 0)
    }

    @Test func aTaskThatWasTakenAloneLeavesTheRunQueueAndIsCharged() {
        let policy = described { $0.order = SP_ORDER_VRUNTIME.rawValue }
        var asked = Decider(DescribedPolicy(policy), described: policy, maxTasks: 8)
        var told = Decider(DescribedPolicy(policy), described: policy, maxTasks: 8)
        for wait: UInt32 in 1...20 {
            var event = enqueued(wait % 3 + 1, wait: wait)
            event.used_ns = UInt64(wait) * 1_000_000
            event.now = UInt64(wait) * 5_000_000
            _ = asked.feed(event)
            _ = told.feed(event)
            let answer = asked.pick(now: event.now + 1000, cpu: 0)
            #expect(answer?.wait == wait)
            event.kind = UInt32(SP_NOTICE_TAKEN)
            event.now += 1000
            let none = told.feed(event)
            #expect(none == nil && told.waiting == 0)
            // The books are the same as if it had been picked.
            #expect(told.policy.global.vtime_now == asked.policy.global.vtime_now)
            #expect(told.policy.global.round == asked.policy.global.round)
        }
        #expect(told.policy.global.vtime_now > 0 && told.counters.strange == 0)
    }

    @Test func thatAnEarlierWaitWasTakenChangesNothing() {
        var decider = Decider(DescribedPolicy(described()), described: described(), maxTasks: 8)
        _ = decider.feed(enqueued(1, wait: 2))
        for (pid, wait): (UInt32, UInt32) in [(1, 1), (7, 2)] {
            var event = enqueued(pid, wait: wait)
            event.kind = UInt32(SP_NOTICE_TAKEN)
            _ = decider.feed(event)
        }
        #expect(decider.waiting == 1)
        let answer = decider.pick(now: 1, cpu: 0)
        #expect(answer?.wait == 2)
    }

    /// The backend preempts by the class that it was told last.
    @Test func theClassOfATaskThatWasTakenAloneIsTold() {
        let policy = described {
            $0.classes = SP_CLASSES_VOLUNTARY_SWITCHES.rawValue
            $0.rate_window_ns = 100_000_000
        }
        var decider = Decider(DescribedPolicy(policy), described: policy, maxTasks: 8)
        var notes: [sp_answer] = []
        for wait: UInt32 in 1...40 {
            var event = enqueued(1, wait: wait)
            event.flags = SP_EVENT_WAKEUP
            event.now = UInt64(wait) * 20_000_000
            event.switches = UInt64(wait)
            let none = decider.feed(event)
            #expect(none == nil)
            event.kind = UInt32(SP_NOTICE_TAKEN)
            if let note = decider.feed(event) { notes.append(note) }
        }
        #expect(notes.map(\.wait) == [0] && notes.first?.pid == 1)
        #expect(notes.first?.queue == UInt16(SP_QUEUE_PRIORITY.rawValue))
        // A new task of that pid begins anew, for both.
        var next = enqueued(1, generation: 2, wait: 41)
        next.now = 900_000_000
        _ = decider.feed(next)
        next.kind = UInt32(SP_NOTICE_TAKEN)
        let none = decider.feed(next)
        #expect(none == nil)
    }

    @Test func withoutTheStandingDecisionAnIdleCPUIsOnlyAnInput() {
        let policy = described { $0.idle = SP_IDLE_QUEUE.rawValue }
        var decider = Decider(DescribedPolicy(policy), described: policy, maxTasks: 8)
        let answer8 = decider.feed(enqueued(1, wait: 1, idle: 0))
        #expect(answer8 == nil)
        #expect(decider.waiting == 1)
    }

    @Test func aPolicyOfOnesOwnMayDecideDirectly() {
        struct Direct: Policy {
            mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
                .direct(event, task, key: 0)
            }
        }
        let policy = described { $0.idle = SP_IDLE_QUEUE.rawValue }
        var decider = Decider(Direct(), described: policy, maxTasks: 8)
        let answer9 = decider.feed(enqueued(1, wait: 9, idle: 2))
        #expect(answer9?.wait == 9 && answer9?.cpu == 2)
        // Without an idle CPU it has no meaning: counted, and the task waits as any other.
        let none = decider.feed(enqueued(2, wait: 10))
        #expect(none == nil && decider.waiting == 1 && decider.counters.strange == 1)
    }

    @Test func aSliceOfZeroIsStrangeAndNotPassedOn() {
        struct Zero: Policy {
            mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
                .queue(event, task, key: 0)
            }
            mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision {
                .run(event, task, sliceNs: 0)
            }
        }
        var decider = Decider(Zero(), described: described(), maxTasks: 8)
        _ = decider.feed(enqueued(1, wait: 1))
        let answer10 = decider.pick(now: 1, cpu: 0)
        #expect(answer10?.slice_ns == 20_000_000)
        #expect(decider.counters.strange == 1)
    }

    @Test func rehearsingLeavesNobodyBehind() {
        var decider = Decider(DescribedPolicy(described()), described: described(), maxTasks: 16)
        decider.warmUp()
        #expect(decider.waiting == 0)
    }

    /// Random waits and exits: at every moment each waiting task is in the run queue once.
    @Test(arguments: [UInt64(1), 2, 3])
    func answersEveryWait(seed: UInt64) {
        let policy = described {
            $0.order = SP_ORDER_VRUNTIME.rawValue
            $0.classes = SP_CLASSES_VOLUNTARY_SWITCHES.rawValue
            $0.promote_sync = 1
            $0.promote_waiting_max = 4
            $0.starvation_ns = 5_000_000
        }
        var decider = Decider(DescribedPolicy(policy), described: policy, maxTasks: 32)
        var state = seed
        func random(_ below: UInt32) -> UInt32 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt32(truncatingIfNeeded: state >> 33) % below
        }
        var open: [UInt32: UInt32] = [:]
        var wait: UInt32 = 0
        for step in 0..<20_000 {
            switch random(8) {
            case 0:
                let pid = random(48)
                open[pid] = nil
                _ = decider.feed(exited(pid))
            case 1, 2, 3:
                wait += 1
                let pid = random(48)
                var event = enqueued(pid, wait: wait)
                event.flags = random(8)
                event.affinity = random(3) == 0 ? SP_AFFINITY_ONE : SP_AFFINITY_ANY
                event.now = UInt64(step) << 20
                event.switches = UInt64(step)
                open[pid] = wait
                if let answer = decider.feed(event) {
                    #expect(open.removeValue(forKey: answer.pid) == answer.wait)
                }
            default:
                if let answer = decider.pick(now: UInt64(step) << 20, cpu: 0) {
                    #expect(open.removeValue(forKey: answer.pid) == answer.wait, "seed \(seed), step \(step)")
                    #expect(answer.slice_ns > 0)
                }
            }
            #expect(decider.waiting == open.count, "seed \(seed), step \(step)")
        }
    }
}
