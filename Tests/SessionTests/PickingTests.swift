// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel
import Testing

@testable import UserMode

private func fair(_ change: (inout sp_policy) -> Void = { _ in }) -> sp_policy {
    var policy = sp_policy()
    policy.abi = UInt32(SP_ABI_VERSION)
    policy.order = SP_ORDER_VRUNTIME.rawValue
    policy.slice = SP_SLICE_WEIGHTED.rawValue
    policy.classes = SP_CLASSES_NONE.rawValue
    policy.burst = SP_BURST_PLAIN.rawValue
    policy.idle = SP_IDLE_QUEUE.rawValue
    policy.kthreads = SP_KTHREADS_LOCAL.rawValue
    policy.rate_max = 10
    policy.rate_window_ns = 1_000_000_000
    policy.slice_max_ns = 20_000_000
    policy.slice_min_ns = 1_000_000
    policy.sleep_credit_ns = 20_000_000
    policy.wait_max_ns = 1_500_000_000
    change(&policy)
    return policy
}

/// Remembers every event that it was asked, and answers as `fair` does.
private struct Recorder: Policy {
    var policy: DescribedPolicy
    var asked: [sp_event] = []

    mutating func start(_ task: inout sp_task, _ event: sp_event) { policy.start(&task, event) }
    mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        asked.append(event)
        return policy.enqueue(event, &task)
    }
    mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision {
        asked.append(event)
        return policy.running(event, task)
    }
    mutating func dispatch(_ event: sp_event, _ task: sp_task) -> sp_decision {
        asked.append(event)
        return policy.dispatch(event, task)
    }
    var global: sp_global { policy.global }
}

extension Decider {
    fileprivate mutating func begins(
        _ pid: UInt32, used: UInt64 = 0, weight: UInt32 = 100, now: UInt64 = 1000, cpu: Int32 = 0,
        flags: UInt32 = 0, affinity: UInt32 = SP_AFFINITY_ANY
    ) {
        var notice = sp_notice()
        notice.kind = SP_EVENT_ENQUEUE.rawValue
        notice.pid = pid
        notice.generation = 1
        notice.wait = pid + 100
        notice.used_ns = used
        notice.weight = weight
        notice.now = now
        notice.switches = 7
        notice.cpu = cpu
        notice.flags = flags
        notice.idle_cpu = -1
        notice.cpus = 4
        notice.affinity = affinity
        _ = take(&notice)
    }
}

/// Who is next, for a CPU that asks.
@Suite struct PickingTests {
    private func decider(
        _ policy: sp_policy = fair(), masks: UnsafePointer<sp_mask>? = nil
    ) -> Decider<Recorder> {
        Decider(
            Recorder(policy: DescribedPolicy(policy)), described: policy, maxTasks: 32, masks: masks)
    }

    @Test func whoMayNotRunThereIsNotPicked() {
        var decider = decider()
        decider.begins(1, affinity: SP_AFFINITY_ONE | 3)
        decider.begins(2, used: 5_000_000)
        let forZero = decider.pick(now: 2000, cpu: 0)
        #expect(forZero?.pid == 2 && forZero?.cpu == 0)
        let nobody = decider.pick(now: 2000, cpu: 0)
        #expect(nobody == nil && decider.waiting == 1)
        let forThree = decider.pick(now: 2000, cpu: 3)
        #expect(forThree?.pid == 1 && forThree?.cpu == 3)
    }

    @Test func ofPinnedAndOthersTheFirstInThePolicysOrderGoes() {
        var decider = decider()
        decider.begins(1, used: 3_000_000, affinity: SP_AFFINITY_ONE | 3)
        decider.begins(2, used: 2_000_000)
        decider.begins(3, used: 1_000_000, affinity: SP_AFFINITY_ONE | 3)
        var order: [UInt32] = []
        while let answer = decider.pick(now: 2000, cpu: 3) { order.append(answer.pid) }
        #expect(order == [3, 2, 1])
    }

    @Test func masksAreHonoured() {
        let masks = UnsafeMutablePointer<sp_mask>.allocate(capacity: Int(SP_MASKS))
        masks.initialize(repeating: sp_mask(), count: Int(SP_MASKS))
        defer { masks.deallocate() }
        masks[5].bits.0 = 0b0110
        masks[6].bits.15 = 1 << 63
        var decider = decider(masks: masks)
        decider.begins(1, affinity: 5)
        decider.begins(2, affinity: 6)
        for cpu: Int32 in [0, 3, 64, 1022] {
            let nobody = decider.pick(now: 2000, cpu: cpu)
            #expect(nobody == nil)
        }
        let one = decider.pick(now: 2000, cpu: 2)
        #expect(one?.pid == 1)
        let last = decider.pick(now: 2000, cpu: 1023)
        #expect(last?.pid == 2)
        // What there cannot be counts as anywhere.
        decider.begins(3, affinity: 4000)
        decider.begins(4, affinity: SP_AFFINITY_ONE | 5000)
        var rest: [UInt32] = []
        while let answer = decider.pick(now: 2000, cpu: 9) { rest.append(answer.pid) }
        #expect(rest == [3, 4])
    }

    /// A CPU's own task competes with the others by its key, and the policy is told of it.
    @Test func prevGoesOnWhileItIsFirst() throws {
        var decider = decider()
        decider.begins(1, used: 20_000_000, weight: 300)
        decider.begins(2, used: 20_000_000)
        let first = decider.pick(now: 2000, cpu: 3, prev: (1, 1))
        #expect(first?.pid == 1 && first?.wait == 101 && decider.counters.continued == 1)
        let event = try #require(decider.policy.asked.last { $0.kind == SP_EVENT_DISPATCH.rawValue })
        #expect(event.flags == SP_EVENT_PREV | SP_EVENT_LOOKED | SP_EVENT_FIRST)
        #expect(event.pid == 1 && event.generation == 1 && event.weight == 300 && event.cpu == 3)
        #expect(event.waiting == (1, 0), "prev is not among those that wait")
        #expect(event.key < event.first.0 && event.since.0 == 1000)
        // It has used more than the other's share by now.
        decider.begins(1, used: 90_000_000, weight: 300)
        let second = decider.pick(now: 3000, cpu: 3, prev: (1, 1))
        #expect(second?.pid == 2 && decider.waiting == 1 && decider.counters.continued == 1)
        let third = decider.pick(now: 4000, cpu: 3)
        #expect(third?.pid == 1)
    }

    @Test func prevThatWaitsNoMoreIsNone() {
        var decider = decider()
        decider.begins(2)
        for prev: (UInt32, UInt32) in [(9, 1), (2, 7), (0, 0)] {
            let answer = decider.pick(now: 2000, cpu: 0, prev: prev)
            #expect(answer?.pid == 2 && decider.counters.continued == 0)
            #expect(decider.policy.asked.filter { $0.flags & SP_EVENT_PREV != 0 }.isEmpty)
            decider.begins(2)
        }
    }

    /// Where nobody else may run there it goes on for the longest slice, as in BPF mode.
    @Test func prevAloneIsNotAskedAbout() {
        var decider = decider()
        decider.begins(1, weight: 10)
        decider.begins(2, affinity: SP_AFFINITY_ONE | 5)
        let answer = decider.pick(now: 2000, cpu: 0, prev: (1, 1))
        #expect(answer?.pid == 1 && answer?.slice_ns == 20_000_000)
        #expect(!decider.policy.asked.contains { $0.kind == SP_EVENT_DISPATCH.rawValue })
    }

    /// Of equal keys it came last.
    @Test func byArrivalPrevGoesLast() {
        var decider = decider(fair { $0.order = SP_ORDER_FIFO.rawValue })
        decider.begins(2)
        decider.begins(1)
        let answer = decider.pick(now: 2000, cpu: 0, prev: (1, 1))
        #expect(answer?.pid == 2)
    }

    /// Every field of every event, as `bpf/abi.h` says who fills it.
    @Test func eventsAreFilledAsTheHeaderSays() throws {
        var decider = decider()
        decider.begins(3, now: 500)
        decider.begins(1, used: 123, weight: 77, now: 1000, cpu: 2, flags: SP_EVENT_WAKEUP)
        let enqueue = try #require(decider.policy.asked.last)
        #expect(enqueue.now == 1000 && enqueue.used_ns == 123 && enqueue.switches == 7)
        #expect(enqueue.flags == SP_EVENT_WAKEUP && enqueue.pid == 1 && enqueue.generation == 1)
        #expect(enqueue.cpu == 2 && enqueue.idle_cpu == -1 && enqueue.weight == 77)
        #expect(enqueue.cpus == 4 && enqueue.waiting == (1, 0))
        _ = decider.pick(now: 900, cpu: 1)
        let asked = decider.policy.asked.suffix(2)
        let dispatch = try #require(asked.first)
        let running = try #require(asked.last)
        #expect(dispatch.kind == SP_EVENT_DISPATCH.rawValue && running.kind == SP_EVENT_RUNNING.rawValue)
        // Never before what led to it, by one clock.
        #expect(dispatch.now == 1000 && running.now == 1000)
        #expect(dispatch.cpu == 1 && dispatch.pid == 0 && dispatch.flags == 0)
        #expect(dispatch.waiting == (2, 0) && dispatch.cpus == 4)
        #expect(running.pid == 3 && running.generation == 1 && running.cpu == 1)
        #expect(running.weight == 100 && running.waiting == (1, 0))
        _ = decider.pick(now: 5000, cpu: 1)
        #expect(decider.policy.asked.last?.now == 5000)
    }

    /// With classes, both queues' first tasks are looked up where both have somebody.
    @Test func firstsAreLookedUpWhereBothQueuesWait() throws {
        let policy = fair {
            $0.classes = SP_CLASSES_VOLUNTARY_SWITCHES.rawValue
            $0.promote_sync = 1
            $0.promote_waiting_max = 4
        }
        var decider = decider(policy)
        decider.begins(1, now: 1000)
        decider.begins(2, now: 2000, flags: SP_EVENT_SYNC)
        let first = decider.pick(now: 3000, cpu: 0)
        #expect(first?.pid == 2 && first?.queue == UInt16(SP_QUEUE_PRIORITY.rawValue))
        let event = try #require(decider.policy.asked.last { $0.kind == SP_EVENT_DISPATCH.rawValue })
        #expect(event.flags == SP_EVENT_LOOKED | SP_EVENT_FIRST | SP_EVENT_FIRST_PRIORITY)
        #expect(event.since == (1000, 2000) && event.waiting == (1, 1))
        // The regular one has waited for longer than anybody may, and longer than the other.
        decider.begins(3, now: 2_000_000_000, flags: SP_EVENT_SYNC)
        let second = decider.pick(now: 2_000_000_000, cpu: 0)
        #expect(second?.pid == 1)
    }
}
