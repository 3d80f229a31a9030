// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import PolicyModel
import Testing

@testable import UserMode

/// The daemon's books where a pair has queues of its own: four CPUs, two caches, a queue for each and one more.
@Suite struct OwnQueuesTests {
    /// Waits in the queue that its weight says. A CPU asks queue `policy.order` first, then `policy.slice` - 1; what it
    /// was told last of a wait is left in the state.
    private static let functions = PairExecution.Functions(
        start: { _, _, _, _ in },
        enqueue: { _, global, task, event, decision in
            task.pointee.queue = event.pointee.weight
            global.pointee.vtime_now = event.pointee.key
            global.pointee.threshold = event.pointee.since.1
            global.pointee.average_waiting = event.pointee.first.1
            global.pointee.round = UInt64(event.pointee.waiting.0) << 32 | UInt64(event.pointee.waiting.1)
            decision.pointee = .queue(event.pointee, task.pointee, key: event.pointee.now)
        },
        running: { _, _, task, event, decision in
            decision.pointee = .run(event.pointee, task.pointee, sliceNs: 5)
        },
        dispatch: { policy, _, task, event, decision in
            if event.pointee.hasPrev(task.pointee) && policy.pointee.burst == 0 {
                decision.pointee = .goOn(event.pointee, SP_QUEUE_REGULAR)
            } else {
                decision.pointee = .serve(event.pointee, queue: policy.pointee.order)
                if policy.pointee.slice > 0 {
                    decision.pointee = decision.pointee.then(policy.pointee.slice - 1)
                }
            }
        })

    private func decider(
        first: UInt32 = 0, then: UInt32 = 0, goesOn: Bool = false
    ) -> Decider<PairExecution> {
        var policy = sp_policy()
        policy.pair = 1
        policy.rate_max = SP_EACH_LLC.rawValue << UInt32(SP_QUEUES_EACH_SHIFT) | 1
        policy.slice_max_ns = 20
        (policy.order, policy.slice, policy.burst) = (first, then, goesOn ? 0 : 1)
        let topology = Topology((0..<4).map { ("\($0)", "\($0 / 2)", "0") })
        return Decider(
            PairExecution(policy, sp_global(), Self.functions), described: policy, maxTasks: 64,
            layout: QueueLayout(policy, topology))
    }

    private func waits(
        _ pid: UInt32, in queue: UInt32, cpu: Int32 = 0, now: UInt64 = 10, waker: UInt32 = 0,
        last: UInt32 = 0,
        affinity: UInt32 = SP_AFFINITY_ANY
    ) -> sp_notice {
        var notice = sp_notice()
        notice.kind = SP_EVENT_ENQUEUE.rawValue
        (notice.pid, notice.generation, notice.wait, notice.weight) = (pid, 1, pid, queue)
        (notice.now, notice.cpu, notice.idle_cpu, notice.affinity) = (now, cpu, -1, affinity)
        notice.flags = SP_EVENT_WAKEUP | waker << UInt32(SP_NOTICE_CPU_SHIFT)
        notice.cpus = 4 | last << UInt32(SP_NOTICE_CPU_SHIFT)
        return notice
    }

    private func feed(_ decider: inout Decider<PairExecution>, _ notice: sp_notice) {
        var notice = notice
        #expect(decider.take(&notice) == nil)
    }

    @Test func theQueueThatThePolicyNamesIsServed() {
        var decider = decider(first: 1)
        feed(&decider, waits(1, in: 0))
        feed(&decider, waits(2, in: 1))
        feed(&decider, waits(3, in: 2))
        #expect(decider.pick(now: 20, cpu: 0)?.pid == 2)
        // Nobody is left there: the nearest.
        #expect(decider.pick(now: 20, cpu: 0)?.pid == 1)
        #expect(decider.pick(now: 20, cpu: 0)?.pid == 3)
        #expect(decider.pick(now: 20, cpu: 0) == nil)
        #expect(decider.counters.strange == 0)
    }

    @Test func thenTheNextOfTheList() {
        var decider = decider(first: 1, then: 3)
        feed(&decider, waits(1, in: 0))
        feed(&decider, waits(3, in: 2))
        #expect(decider.pick(now: 20, cpu: 0)?.pid == 3)
    }

    @Test func whoMayNotRunThereIsPassedOver() {
        var decider = decider(first: 1)
        feed(&decider, waits(2, in: 1, affinity: SP_AFFINITY_ONE | 3))
        feed(&decider, waits(1, in: 0))
        #expect(decider.pick(now: 20, cpu: 0)?.pid == 1)
        #expect(decider.pick(now: 20, cpu: 0) == nil)
        #expect(decider.pick(now: 20, cpu: 3)?.pid == 2)
    }

    @Test func aQueueThatThereIsNotIsCountedAndTheTaskServed() {
        var decider = decider(first: 7)
        feed(&decider, waits(1, in: 3, cpu: 2))
        #expect(decider.counters.strange == 1)
        // It waits near its own CPU.
        feed(&decider, waits(2, in: 0, cpu: 2))
        #expect(decider.pick(now: 20, cpu: 3)?.pid == 1)
        #expect(decider.counters.strange == 2)
    }

    @Test func aTaskThatGoesOnIsStillInItsQueueForOthers() {
        var decider = decider(goesOn: true)
        feed(&decider, waits(1, in: 0))
        feed(&decider, waits(2, in: 0))
        #expect(decider.pick(now: 20, cpu: 0, prev: (2, 1))?.pid == 2)
        #expect(decider.counters.continued == 1)
        #expect(decider.pick(now: 20, cpu: 0)?.pid == 1)
    }

    @Test func nearCPUsAreAskedAboutFirst() {
        var decider = decider(first: 1)
        feed(&decider, waits(1, in: 1))
        decider.picksNear = true
        #expect(decider.pick(now: 20, cpu: 0) == nil)
        #expect(decider.pick(now: 20, cpu: 2)?.pid == 1)
    }

    /// One pass of the loop between rings in memory.
    /// - Returns: pid and CPU of each answer, in their order.
    private func pass(
        first: UInt32 = 0, asks cpu: UInt32, prev: UInt32 = 0, idle: UInt64, _ notices: [sp_notice]
    ) -> [[Int32]] {
        func memory(_ bytes: Int) -> UnsafeMutableRawPointer {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 4096)
            memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
            return memory
        }
        let (consumer, producer, data) = (memory(4096), memory(4096), memory(2 * 4096))
        let answers = memory(Int(SP_ANSWERS_RING_OFFSET) + Int(SP_ANSWERS) * MemoryLayout<sp_answer>.stride)
        defer { for memory in [consumer, producer, data, answers] { memory.deallocate() } }
        let record = 8 + MemoryLayout<sp_notice>.size
        for (index, notice) in notices.enumerated() {
            data.storeBytes(
                of: UInt32(MemoryLayout<sp_notice>.size), toByteOffset: index * record, as: UInt32.self)
            data.storeBytes(of: notice, toByteOffset: index * record + 8, as: sp_notice.self)
        }
        producer.storeBytes(of: UInt64(notices.count * record), as: UInt64.self)
        let asked = (answers + Int(SP_ANSWERS_ASKED_OFFSET)).assumingMemoryBound(to: sp_asked.self)
        (asked.pointee.cpu, asked.pointee.now, asked.pointee.idle.0) = (cpu, 100, idle)
        (asked.pointee.prev_pid, asked.pointee.prev_generation) = (prev, 1)
        var loop = Loop(
            events: EventRing(consumer: consumer, producer: producer, data: data, size: 4096),
            answers: AnswerRing(memory: answers), decider: decider(first: first), faults: NoFault(),
            exitKind: nil)
        loop.pass(LoopFigures())
        let written = answers.loadUnaligned(as: sp_daemon.self).answers_head
        return (0..<Int(written)).map { index in
            let answer = answers.loadUnaligned(
                fromByteOffset: Int(SP_ANSWERS_RING_OFFSET) + index * 16, as: sp_answer.self)
            return [Int32(bitPattern: answer.pid), Int32(answer.cpu)]
        }
    }

    @Test func nobodyGetsFromAfarWhomAnIdleCPUIsNear() {
        #expect(pass(asks: 0, idle: 0b0100, [waits(1, in: 1)]) == [[1, 2]])
        #expect(pass(asks: 0, idle: 0b0111, [waits(1, in: 1), waits(2, in: 1)]) == [[1, 2], [2, 0]])
        // The CPU that asked gets who waits near it; those that idle have nobody near, and then it is from afar.
        #expect(
            pass(first: 1, asks: 3, idle: 0b0011, [waits(1, in: 1), waits(2, in: 1)]) == [[1, 3], [2, 0]])
    }

    @Test func whereNobodyIdlesNearTheCPUThatAskedGetsFromAfar() {
        #expect(pass(asks: 0, idle: 0, [waits(1, in: 1)]) == [[1, 0]])
        #expect(pass(asks: 0, idle: 0b1, [waits(1, in: 1)]) == [[1, 0]])
    }

    @Test func itsOwnTaskIsNotForAnIdleCPUNearIt() {
        #expect(pass(asks: 0, prev: 1, idle: 0b0010, [waits(1, in: 0)]) == [[1, 0]])
    }

    /// Longer than a second: whatever the policy says.
    @Test func aQueueThatNobodyServesIsNotForgotten() {
        var decider = decider(first: 0)
        feed(&decider, waits(99, in: 2))
        for pid: UInt32 in 1...8 { feed(&decider, waits(pid, in: 0)) }
        for pid: UInt32 in 1...4 { #expect(decider.pick(now: 1_000_000_000, cpu: 0)?.pid == pid) }
        let later = (0..<4).compactMap { _ in decider.pick(now: 1_000_000_020, cpu: 0)?.pid }
        #expect(later.contains(99))
        #expect(decider.counters.overlooked == 1)
    }

    /// All who waited there then, not one in each second: else the tenth would wait for ten, and the kernel would end
    /// the scheduler. The policy has its turns in between.
    @Test func allOfAQueueThatNobodyServesAreServed() {
        var decider = decider(first: 0)
        for pid: UInt32 in 101...112 { feed(&decider, waits(pid, in: 2)) }
        for pid: UInt32 in 1...40 { feed(&decider, waits(pid, in: 0)) }
        for pid: UInt32 in 1...4 { #expect(decider.pick(now: 900_000_000, cpu: 0)?.pid == pid) }
        let later = (0..<36).compactMap { turn in
            decider.pick(now: 1_000_000_020 + UInt64(turn) * 1000, cpu: 0)?.pid
        }
        #expect(later.filter { $0 > 100 } == Array(101...112), "\(later)")
        #expect(later.filter { $0 <= 100 } == Array(5...28), "\(later)")
        #expect(decider.counters.overlooked == 12)
        // Who comes later is served by the policy, or overlooked anew.
        feed(&decider, waits(113, in: 2, now: 1_100_000_000))
        let last = (0..<6).compactMap { _ in decider.pick(now: 1_200_000_000, cpu: 0)?.pid }
        #expect(last == Array(29...34))
    }

    private func deciderOfTwo(goesOn: Bool) -> Decider<PairExecution> {
        var policy = sp_policy()
        policy.pair = 1
        policy.classes = SP_CLASSES_VOLUNTARY_SWITCHES.rawValue
        policy.slice_max_ns = 20
        policy.burst = goesOn ? 0 : 1
        return Decider(
            PairExecution(policy, sp_global(), Self.functions), described: policy, maxTasks: 64, layout: nil)
    }

    /// So it is with the two queues that other policies have.
    @Test func aQueueOfTheTwoIsNotForgotten() {
        var decider = deciderOfTwo(goesOn: false)
        for pid: UInt32 in 101...112 { feed(&decider, waits(pid, in: 1)) }
        for pid: UInt32 in 1...40 { feed(&decider, waits(pid, in: 0)) }
        for pid: UInt32 in 1...10 { #expect(decider.pick(now: 900_000_000, cpu: 0)?.pid == pid) }
        let later = (0..<24).compactMap { turn in
            decider.pick(now: 1_000_000_020 + UInt64(turn), cpu: 0)?.pid
        }
        #expect(later.filter { $0 > 100 } == Array(101...112), "\(later)")
        #expect(later.filter { $0 <= 100 } == Array(11...22), "\(later)")
        #expect(decider.counters.overlooked == 12)
    }

    /// And where a CPU's task is always to go on.
    @Test func whoGoesOnForeverLetsOthersRunAfterAll() {
        var decider = deciderOfTwo(goesOn: true)
        for pid: UInt32 in 101...112 { feed(&decider, waits(pid, in: 0)) }
        feed(&decider, waits(1, in: 0))
        func picks(_ count: Int, _ now: UInt64) -> [UInt32] {
            (0..<count).compactMap { turn in
                let picked = decider.pick(now: now + UInt64(turn), cpu: 0, prev: (1, 1))?.pid
                if picked == 1 { feed(&decider, waits(1, in: 0, now: now + UInt64(turn))) }
                return picked
            }
        }
        #expect(picks(10, 900_000_000) == Array(repeating: 1, count: 10))
        let later = picks(30, 1_900_000_020)
        #expect(later.filter { $0 > 100 } == Array(101...112), "\(later)")
        #expect(later.count { $0 == 1 } >= 12, "\(later)")
        #expect(decider.counters.overlooked >= 12)
    }

    @Test func eventsSayPlacesAndHowManyWaitNearAndFar() {
        func place(_ cpu: UInt64) -> UInt64 {
            cpu | cpu << UInt64(SP_PLACE_CORE_SHIFT) | (cpu / 2) << UInt64(SP_PLACE_LLC_SHIFT)
        }
        var decider = decider()
        for pid: UInt32 in 1...3 { feed(&decider, waits(pid, in: pid == 3 ? 2 : 1)) }
        feed(&decider, waits(4, in: 1, cpu: 2, waker: 1, last: 3))
        let told = decider.policy.global
        #expect(told.vtime_now == place(3))
        #expect(told.threshold == place(1))
        #expect(told.average_waiting == place(2) & ~0xffff | 3)
        #expect(told.round == 2 << 32 | 1)
    }
}
