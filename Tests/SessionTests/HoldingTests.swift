// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import PolicyModel
import Testing

@testable import UserMode

/// The daemon's books of tasks that a pair holds back until a time.
@Suite struct HoldingTests {
    /// Who weighs more than 1000 is held back for so many ns less 1000, at that key; others wait. A task whose weight is
    /// odd waits in the priority queue. A pick is for 5 ns.
    private static let functions = PairExecution.Functions(
        start: { _, _, _, _ in },
        enqueue: { _, _, task, event, decision in
            let weight = event.pointee.weight
            task.pointee.queue = weight & 1
            decision.pointee = .queue(event.pointee, task.pointee, key: UInt64(event.pointee.pid))
            if weight >= 1000 {
                let ns = weight == 9999 ? UInt64(SP_HOLD_MAX_NS) + 1 : UInt64(weight) - 1000
                decision.pointee.action = SP_ACTION_HOLD.rawValue
                decision.pointee.slice_ns = ns
            }
        },
        running: { _, _, task, event, decision in
            decision.pointee = .run(event.pointee, task.pointee, sliceNs: 5)
        },
        dispatch: { _, _, task, event, decision in
            decision.pointee =
                event.pointee.hasPrev(task.pointee)
                ? .goOn(event.pointee, SP_QUEUE_REGULAR) : .serve(event.pointee, SP_QUEUE_REGULAR)
        })

    private func decider(isAsked: Bool = true, queues: UInt32 = 0) -> Decider<PairExecution> {
        var policy = sp_policy()
        policy.pair = 1
        policy.slice = SP_SLICE_FIXED.rawValue | (isAsked ? SP_ALONE_ASKED_BIT : 0)
        policy.classes = queues == 0 ? SP_CLASSES_VOLUNTARY_SWITCHES.rawValue : 0
        policy.order = SP_ORDER_VRUNTIME.rawValue
        policy.rate_max = queues
        policy.slice_max_ns = 20
        let layout = queues == 0 ? nil : QueueLayout(policy, Topology([("0", "0", "0"), ("1", "0", "0")]))
        return Decider(
            PairExecution(policy, sp_global(), Self.functions), described: policy, maxTasks: 16,
            layout: layout)
    }

    private func notice(
        _ pid: UInt32, weight: UInt32, now: UInt64 = 100, wait: UInt32? = nil, idle: Int32 = -1
    ) -> sp_notice {
        var notice = sp_notice()
        notice.kind = SP_EVENT_ENQUEUE.rawValue
        (notice.pid, notice.generation, notice.wait, notice.weight) = (pid, 1, wait ?? pid, weight)
        (notice.now, notice.idle_cpu, notice.affinity, notice.cpus) = (now, idle, SP_AFFINITY_ANY, 2)
        notice.flags = SP_EVENT_WAKEUP
        return notice
    }

    private func take(_ decider: inout Decider<PairExecution>, _ notice: sp_notice) -> sp_answer? {
        var notice = notice
        return decider.take(&notice)
    }

    /// The lowest bits of the time say when it is.
    @Test(arguments: [100, 0xffff_fffd, UInt64.max - 3] as [UInt64])
    func theBackendIsToldUntilWhen(_ now: UInt64) throws {
        var decider = decider()
        let answer = try #require(take(&decider, notice(7, weight: 1011, now: now, wait: 42)))
        #expect(answer.pid == 7 && answer.wait == 42)
        #expect(Int32(answer.cpu) == SP_ANSWER_HOLD)
        #expect(answer.queue == UInt16(SP_QUEUE_PRIORITY.rawValue))
        #expect(answer.slice_ns == UInt32(truncatingIfNeeded: now &+ 11))
        #expect(decider.held == 1 && decider.waiting == 0)
        // Just before, and then.
        decider.release(now &+ 10)
        #expect(decider.held == 1 && decider.pick(now: now &+ 10, cpu: 0) == nil)
        decider.release(now &+ 11)
        #expect(decider.held == 0 && decider.waiting == 1)
        #expect(decider.pick(now: now &+ 11, cpu: 0)?.wait == 42)
        #expect(decider.counters.strange == 0)
    }

    @Test(arguments: [UInt32(0), 2]) func nobodyIsPickedWhoIsHeldBack(_ queues: UInt32) {
        var decider = decider(queues: queues)
        #expect(take(&decider, notice(1, weight: 1500)) != nil)
        #expect(take(&decider, notice(2, weight: 100)) == nil)
        #expect(decider.waiting == 1)
        #expect(decider.pick(now: 110, cpu: 0)?.pid == 2)
        #expect(decider.pick(now: 5000, cpu: 0) == nil)
        decider.release(600)
        // From then on its key counts, and not the time.
        #expect(take(&decider, notice(0x40, weight: 100, now: 600)) == nil)
        #expect(decider.pick(now: 700, cpu: 0)?.pid == 1)
        #expect(decider.pick(now: 700, cpu: 0)?.pid == 0x40)
        #expect(decider.pick(now: 700, cpu: 0) == nil)
    }

    @Test func timesGoBeforeTheOrderOfArrival() {
        var decider = decider()
        for (pid, ns) in [(1, 50), (2, 20), (3, 30)] as [(UInt32, UInt32)] {
            #expect(take(&decider, notice(pid, weight: 1000 + ns * 2)) != nil)
        }
        #expect(decider.held == 3)
        var picked: [UInt32] = []
        for now in [UInt64(139), 140, 159, 160, 199, 200] {
            decider.release(now)
            while let answer = decider.pick(now: now, cpu: 0) { picked.append(answer.pid) }
        }
        #expect(picked == [2, 3, 1] && decider.held == 0)
        // All at once, they go by their keys.
        for pid: UInt32 in [3, 2, 1] {
            _ = take(&decider, notice(pid, weight: 1010 + 2 * pid, now: 300, wait: 9))
        }
        decider.release(1000)
        #expect((0..<3).map { _ in decider.pick(now: 1000, cpu: 0)?.pid } == [1, 2, 3])
    }

    /// The CPU's own task, whose slice was over, and that is held back: it is no PREV, and another one is picked.
    @Test func aTaskThatIsHeldBackIsNoPrev() {
        var decider = decider()
        #expect(take(&decider, notice(1, weight: 1500)) != nil)
        #expect(decider.pick(now: 110, cpu: 0, prev: (1, 1)) == nil)
        #expect(take(&decider, notice(2, weight: 100)) == nil)
        #expect(decider.pick(now: 110, cpu: 0, prev: (1, 1))?.pid == 2)
        #expect(decider.held == 1 && decider.counters.continued == 0)
    }

    @Test func anExitAndANewWaitEndIt() {
        var decider = decider()
        #expect(take(&decider, notice(1, weight: 1500)) != nil)
        #expect(take(&decider, notice(2, weight: 1500)) != nil)
        var exit = notice(1, weight: 100)
        exit.kind = SP_EVENT_EXIT.rawValue
        #expect(take(&decider, exit) == nil)
        #expect(decider.held == 1 && decider.known == 1)
        // The kernel took it out, since its affinity changed, say, and it waits anew.
        #expect(take(&decider, notice(2, weight: 100, now: 200, wait: 77)) == nil)
        #expect(decider.held == 0 && decider.waiting == 1)
        decider.release(10_000)
        #expect(decider.pick(now: 10_000, cpu: 0)?.wait == 77)
        #expect(decider.pick(now: 10_000, cpu: 0) == nil && decider.waiting == 0)
        // Or is held back anew, for another time.
        #expect(take(&decider, notice(2, weight: 1500, now: 20_000, wait: 78)) != nil)
        #expect(take(&decider, notice(2, weight: 1100, now: 20_000, wait: 79)) != nil)
        #expect(decider.held == 1)
        decider.release(20_100)
        #expect(decider.pick(now: 20_100, cpu: 0)?.wait == 79)
    }

    /// 0 ns, and more than a second: it waits as if `QUEUE` had been answered.
    @Test(arguments: [UInt32(1000), 9999]) func noTimeAndTooLongAreStrange(_ weight: UInt32) {
        var decider = decider()
        #expect(take(&decider, notice(1, weight: weight)) == nil)
        #expect(decider.counters.strange == 1 && decider.held == 0)
        #expect(decider.pick(now: 110, cpu: 0)?.pid == 1)
    }

    /// A pair that did not declare that it is asked may not hold anybody back: any action without a meaning puts the task
    /// into the regular queue, as in BPF mode.
    @Test func othersHoldNobodyBack() {
        var decider = decider(isAsked: false)
        #expect(take(&decider, notice(1, weight: 1501)) == nil)
        #expect(decider.counters.strange == 1 && decider.held == 0)
        #expect(decider.counts.regular == 1 && decider.counts.priority == 0)
        decider.release(.max)
        #expect(decider.pick(now: 110, cpu: 0)?.pid == 1)
    }

    /// Such a policy says for how long a task runs that met no other; of another one it is the longest slice.
    @Test(arguments: [(true, UInt32(0), 5), (true, 2, 5), (false, 0, 20), (false, 2, 20)])
    func theSliceOfATaskThatIsAlone(_ isAsked: Bool, _ queues: UInt32, _ slice: UInt32) {
        var decider = decider(isAsked: isAsked, queues: queues)
        #expect(take(&decider, notice(1, weight: 100)) == nil)
        #expect(decider.pick(now: 110, cpu: 0, prev: (1, 1))?.slice_ns == slice)
    }

    /// An idle CPU lets nobody run before the policy is asked.
    @Test func nobodyRunsOnAnIdleCPUUnasked() {
        var decider = decider()
        let answer = take(&decider, notice(1, weight: 1500, idle: 1))
        #expect(answer.map { Int32($0.cpu) } == SP_ANSWER_HOLD)
        #expect(decider.held == 1)
    }
}
