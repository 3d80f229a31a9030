// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import Output
import PolicyModel
import Testing

@testable import UserMode

/// The daemon's books where a pair's queues have CPUs of their own: four CPUs, and queues of all, of 0-1, and of 2-3.
@Suite struct SetsTests {
    /// Waits in the queue that its weight says, less 100 where it would run on an idle CPU at once. A CPU asks for the
    /// queue `promote_sync`; a task goes on if it may. How often a CPU asked, with whom, and how many waited is left in
    /// the state.
    private static let functions = PairExecution.Functions(
        start: { _, _, _, _ in },
        enqueue: { _, _, task, event, decision in
            let weight = event.pointee.weight
            task.pointee.queue = weight % 100
            let key = event.pointee.now
            decision.pointee =
                weight >= 100
                ? .direct(event.pointee, task.pointee, key: key)
                : .queue(event.pointee, task.pointee, key: key)
        },
        running: { _, _, task, event, decision in
            decision.pointee = .run(event.pointee, task.pointee, sliceNs: 5)
        },
        dispatch: { policy, global, task, event, decision in
            global.pointee.vtime_now &+= 1
            global.pointee.threshold = UInt64(event.pointee.pid)
            global.pointee.average_waiting = UInt64(event.pointee.waiting.0 + event.pointee.waiting.1)
            if event.pointee.hasPrev(task.pointee) {
                decision.pointee = .goOn(event.pointee, SP_QUEUE_REGULAR)
            } else {
                decision.pointee = .serve(event.pointee, queue: policy.pointee.promote_sync)
            }
        })

    private nonisolated(unsafe) static let masks: UnsafePointer<sp_mask> = {
        let masks = UnsafeMutablePointer<sp_mask>.allocate(capacity: Int(SP_MASKS))
        UnsafeMutableRawPointer(masks).initializeMemory(
            as: UInt8.self, repeating: 0, count: Int(SP_MASKS) * MemoryLayout<sp_mask>.stride)
        // Of number n: CPUs by bits of n.
        for mask in 1..<16 {
            UnsafeMutableRawPointer(masks + mask).storeBytes(of: UInt64(mask), as: UInt64.self)
        }
        return UnsafePointer(masks)
    }()

    /// - Parameter sets: of each queue one of 0-1 and 2-3, from 1 on; 0: all.
    private func decider(first: UInt32 = 0, sets: [UInt32] = [0, 1, 2]) -> Decider<PairExecution> {
        var policy = sp_policy()
        policy.pair = 1
        policy.slice = SP_SLICE_FIXED.rawValue | SP_ALONE_ASKED_BIT
        policy.rate_max = UInt32(sets.count)
        policy.promote_sync = first
        policy.slice_max_ns = 20
        policy.classes = 2 << UInt32(SP_SETS_COUNT_SHIFT)
        for (queue, set) in sets.enumerated() {
            policy.classes |=
                set << (UInt32(SP_SETS_QUEUES_SHIFT) + UInt32(SP_SETS_QUEUE_BITS) * UInt32(queue))
        }
        policy.slice_min_ns = UInt64(1 << 15 | 0) | UInt64(3 << 15 | 2) << 32
        let topology = Topology((0..<4).map { ("\($0)", "0", "0") })
        return Decider(
            PairExecution(policy, sp_global(), Self.functions), described: policy, maxTasks: 16,
            masks: Self.masks, layout: QueueLayout(policy, topology))
    }

    private func waits(
        _ pid: UInt32, in queue: UInt32, cpu: Int32 = 0, now: UInt64 = 10, idle: Int32 = -1,
        affinity: UInt32 = SP_AFFINITY_ANY
    ) -> sp_notice {
        var notice = sp_notice()
        notice.kind = SP_EVENT_ENQUEUE.rawValue
        (notice.pid, notice.generation, notice.wait, notice.weight) = (pid, 1, pid, queue)
        (notice.now, notice.cpu, notice.idle_cpu, notice.affinity) = (now, cpu, idle, affinity)
        (notice.flags, notice.cpus) = (SP_EVENT_WAKEUP, 4)
        return notice
    }

    private func take(_ decider: inout Decider<PairExecution>, _ notice: sp_notice) -> sp_answer? {
        var notice = notice
        return decider.take(&notice)
    }

    private func picks(_ decider: inout Decider<PairExecution>, _ cpu: Int32) -> UInt32? {
        decider.pick(now: 20, cpu: cpu)?.pid
    }

    @Test(arguments: [UInt32(0), 1, 2]) func nobodyIsPickedForACPUThatTheQueueDoesNotHave(_ first: UInt32) {
        var decider = decider(first: first)
        _ = take(&decider, waits(1, in: 1))
        _ = take(&decider, waits(2, in: 2))
        #expect(picks(&decider, 3) == 2)
        #expect(picks(&decider, 3) == nil && picks(&decider, 2) == nil)
        #expect(picks(&decider, 1) == 1)
        #expect(decider.waiting == 0 && decider.counters.strange == 0)
    }

    @Test func aQueueOfAllCPUsIsServedByAll() {
        var decider = decider()
        for pid: UInt32 in 1...4 { _ = take(&decider, waits(pid, in: 0, now: UInt64(pid))) }
        #expect((0..<4).map { picks(&decider, $0) } == [1, 2, 3, 4])
    }

    /// Whoever else asks in between: each CPU looks at its own queues in turn.
    @Test func anOverlookedQueueIsFoundByItsCPUs() {
        // Without a turn of its own the second queue would always be that of the CPU that does not have it.
        var decider = decider(first: 0, sets: [0, 2])
        for pid: UInt32 in 1...12 { _ = take(&decider, waits(pid, in: 0, now: UInt64(pid))) }
        _ = take(&decider, waits(99, in: 1))
        var picked: [UInt32] = []
        for cpu: Int32 in [3, 0, 3, 0, 3, 0] {
            if let answer = decider.pick(now: 2_000_000_000, cpu: cpu) { picked.append(answer.pid) }
        }
        #expect(picked.firstIndex(of: 99) == 2 && decider.counters.overlooked >= 1, "\(picked)")
    }

    /// Also one that nobody served for long.
    @Test func anOverlookedQueueIsServedByItsCPUsAlone() {
        var decider = decider()
        _ = take(&decider, waits(1, in: 2))
        for _ in 0..<6 { #expect(decider.pick(now: 2_000_000_000, cpu: 1) == nil) }
        #expect(decider.pick(now: 2_000_000_000, cpu: 2)?.pid == 1)
    }

    /// An idle CPU that was found elsewhere: the task waits, and the backend hears which CPUs it has.
    @Test func directOutsideIsAWait() throws {
        var decider = decider()
        let inside = try #require(take(&decider, waits(1, in: 102, idle: 3)))
        #expect(inside.wait == 1 && inside.cpu == 3 && inside.slice_ns == 5)
        let outside = try #require(take(&decider, waits(2, in: 102, idle: 1)))
        #expect(outside.wait == 0 && outside.cpu == -1 && outside.queue == 2)
        #expect(decider.waiting == 1 && decider.counters.strange == 0)
        #expect(picks(&decider, 1) == nil)
        #expect(picks(&decider, 2) == 2)
    }

    /// What has no wait tells the backend nothing but the queue; once, and again when it is another one.
    @Test func theBackendIsToldOfTheQueueOnce() throws {
        var decider = decider()
        let told = try #require(take(&decider, waits(1, in: 2)))
        #expect(told.pid == 1 && told.wait == 0 && told.cpu == -1 && told.queue == 2)
        #expect(picks(&decider, 2) == 1)
        #expect(take(&decider, waits(1, in: 2, now: 30)) == nil)
        #expect(take(&decider, waits(1, in: 1, now: 40))?.queue == 1)
        // Nothing is known of a task at first, also of one in the first queue.
        #expect(take(&decider, waits(2, in: 0, now: 50))?.queue == 0)
        #expect(take(&decider, waits(2, in: 0, now: 60)) == nil)
        // The backend forgot it when the affinity changed.
        #expect(take(&decider, waits(2, in: 0, now: 70, affinity: 0b0110))?.queue == 0)
        #expect(take(&decider, waits(2, in: 0, now: 80, affinity: 0b0110)) == nil)
    }

    /// Its queue is another one since its slice was over: it is no PREV, and not among those that wait when it is asked.
    @Test func whoMayNotGoOnWaitsForOthers() {
        var decider = decider()
        _ = take(&decider, waits(1, in: 2))
        #expect(decider.pick(now: 20, cpu: 0, prev: (1, 1)) == nil)
        #expect(decider.policy.global.vtime_now == 0, "nobody else waits: it is not asked")
        #expect(decider.waiting == 1)
        _ = take(&decider, waits(2, in: 1))
        #expect(decider.pick(now: 20, cpu: 0, prev: (1, 1))?.pid == 2)
        #expect(decider.policy.global.vtime_now == 1 && decider.policy.global.threshold == 0)
        #expect(decider.policy.global.average_waiting == 1)
        #expect(decider.counters.continued == 0)
        #expect(picks(&decider, 3) == 1 && decider.waiting == 0)
    }

    @Test func whoMayGoOnDoes() {
        var decider = decider()
        _ = take(&decider, waits(1, in: 2))
        #expect(decider.pick(now: 20, cpu: 2, prev: (1, 1))?.pid == 1)
        _ = take(&decider, waits(1, in: 2, now: 30))
        _ = take(&decider, waits(2, in: 2, now: 30))
        #expect(decider.pick(now: 40, cpu: 2, prev: (1, 1))?.pid == 1)
        #expect(decider.policy.global.threshold == 1 && decider.counters.continued == 1)
    }

    /// CPUs 0 and 1 by a mask, or one of them alone: the first queue that has one. The backend is told of that one: else
    /// CPUs would ask for the task that it has not.
    @Test(arguments: [UInt32(0b0011), SP_AFFINITY_ONE | 1, 0b0101])
    func whoMayUseNoneOfThemWaitsInAnOpenQueue(_ affinity: UInt32) throws {
        var decider = decider(sets: [2, 1, 2])
        let told = try #require(take(&decider, waits(1, in: 2, affinity: affinity)))
        // Of the third one it may use CPU 2.
        let mayUse = affinity == 0b0101
        #expect(told.queue == (mayUse ? 2 : 1) && told.wait == 0)
        #expect(picks(&decider, mayUse ? 1 : 2) == nil)
        let picked = decider.pick(now: 20, cpu: mayUse ? 2 : 1)
        let answer = try #require(picked)
        #expect(answer.pid == 1 && answer.queue == told.queue)
        #expect(take(&decider, waits(1, in: 2, now: 30, affinity: affinity)) == nil)
    }

    /// None of its CPUs is on-line: all serve it, until one is back.
    @Test func aSetThatIsGoneHasAllCPUs() {
        var decider = decider()
        decider.own.setsGone = 0b10
        _ = take(&decider, waits(1, in: 2))
        _ = take(&decider, waits(2, in: 2))
        _ = take(&decider, waits(3, in: 1))
        #expect((0..<3).compactMap { _ in picks(&decider, 0) }.sorted() == [1, 2, 3])
        _ = take(&decider, waits(4, in: 2, now: 30))
        decider.own.setsGone = 0
        #expect(picks(&decider, 0) == nil)
        #expect(picks(&decider, 2) == 4)
        // The other set is as it was.
        decider.own.setsGone = 0b10
        _ = take(&decider, waits(5, in: 1, now: 40))
        #expect(picks(&decider, 2) == nil && picks(&decider, 1) == 5)
    }

    /// A meaningless answer puts the task into the first queue; its CPUs are told as well.
    @Test func whatIsStrangeIsToldToo() throws {
        var decider = decider(sets: [1, 2])
        let told = try #require(take(&decider, waits(1, in: 101, idle: -1)))
        #expect(decider.counters.strange == 1)
        #expect(told.queue == 0 && told.wait == 0)
        #expect(picks(&decider, 3) == nil)
        #expect(picks(&decider, 0) == 1)
    }
}
