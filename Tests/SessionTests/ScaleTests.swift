// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Testing

@testable import PolicyModel
@testable import UserMode

/// What the daemon does for one wait when very many tasks wait: counted, not timed.
@Suite struct DeciderScaleTests {
    /// A description has 1,632 bytes. In the loop's own structures it would be copied by calls several times a pass:
    /// 20 us of the daemon's time for a wake-up, not 12.
    @Test func theLoopsStructuresAreSmall() {
        #expect(MemoryLayout<Loop<DescribedPolicy, NoFault>>.size <= 640)
        #expect(MemoryLayout<Loop<PairExecution, NoFault>>.size <= 640)
    }

    /// Comparisons of tasks for one that is picked and waits anew, while `tasks` wait: the mean.
    private func comparisons(_ tasks: Int, _ order: sp_order) -> Double {
        var policy = sp_policy()
        policy.abi = UInt32(SP_ABI_VERSION)
        policy.order = order.rawValue
        policy.slice = SP_SLICE_SHARED.rawValue
        policy.classes = SP_CLASSES_NONE.rawValue
        policy.burst = SP_BURST_PLAIN.rawValue
        policy.idle = SP_IDLE_DIRECT.rawValue
        policy.kthreads = SP_KTHREADS_LOCAL.rawValue
        policy.slice_max_ns = 20_000_000
        policy.slice_min_ns = 1_000_000
        policy.wait_max_ns = 1_500_000_000
        var decider = Decider(DescribedPolicy(policy), described: policy, maxTasks: tasks)
        var event = sp_notice()
        event.kind = SP_EVENT_ENQUEUE.rawValue
        event.generation = 1
        event.weight = 100
        event.cpus = 4
        event.idle_cpu = -1
        for task in 0..<tasks {
            event.pid = UInt32(task + 1)
            event.now += 1000
            event.used_ns = UInt64(task &* 7919 % 4096) << 8
            _ = decider.take(&event)
        }
        #expect(decider.waiting == tasks && decider.counters.overflows == 0)
        let before = decider.comparisons
        let rounds = 5000
        for round in 0..<rounds {
            event.now += 1000
            guard let answer = decider.pick(now: event.now, cpu: 0) else { break }
            event.pid = answer.pid
            event.wait = UInt32(round + 1)
            event.used_ns = UInt64(round &* 7919 % 4096) << 10
            _ = decider.take(&event)
        }
        #expect(decider.waiting == tasks)
        return Double(decider.comparisons - before) / Double(rounds)
    }

    @Test(arguments: [SP_ORDER_FIFO, SP_ORDER_VRUNTIME, SP_ORDER_DEADLINE])
    func aHundredTimesTheTasksCostLessThanTwice(order: sp_order) {
        let (few, many) = (comparisons(1000, order), comparisons(100_000, order))
        #expect(few > 1)
        #expect(many < 2 * few, "\(few) and \(many) comparisons; log2 says a factor of 1.7")
        #expect(many < 3 * 17 + 1)
    }

    /// What the help and the documents say of `--max-tasks`.
    @Test func aTaskTakes136To144Bytes() {
        let queue = MemoryLayout<RunQueues.Node>.stride
        let state =
            MemoryLayout<sp_task>.stride + MemoryLayout<Decider<DescribedPolicy>.Wait>.stride + queue
        // The table: a pid and a free slot, and two to four places of 4 bytes.
        #expect((136...144).contains(state + 8 + 8))
        #expect((136...144).contains(state + 8 + 16))
    }

    @Test func whatIsBeyondItsTasksCostsNoComparison() {
        var policy = sp_policy()
        policy.abi = UInt32(SP_ABI_VERSION)
        policy.order = SP_ORDER_FIFO.rawValue
        policy.slice = SP_SLICE_SHARED.rawValue
        policy.slice_max_ns = 20_000_000
        var decider = Decider(DescribedPolicy(policy), described: policy, maxTasks: 16)
        var event = sp_notice()
        event.kind = SP_EVENT_ENQUEUE.rawValue
        event.generation = 1
        event.idle_cpu = -1
        for pid: UInt32 in 1...100_000 {
            event.pid = pid
            let answer = decider.take(&event)
            #expect((answer == nil) == (pid <= 16))
        }
        #expect(decider.counters.overflows == 100_000 - 16)
        #expect(decider.comparisons < 16 * 5)
    }
}
