// SPDX-License-Identifier: GPL-2.0-only
import CAllocations
import CSchedProto
import CSystem
import Glibc
import PolicyModel
import Testing

@testable import UserMode

/// The daemon's loop allocates nothing. Serialised: one thread at a time is counted.
@Suite(.serialized) struct AllocationTests {
    private func counted(_ body: () -> Void) -> Int {
        sp_count_allocations(1)
        body()
        sp_count_allocations(0)
        return sp_counted_allocations()
    }

    @Test func countsEveryKind() {
        #expect(counted {} == 0)
        var kept: [UnsafeMutableRawPointer?] = []
        kept.reserveCapacity(8)
        let count = counted {
            kept.append(malloc(40))
            kept.append(calloc(5, 8))
            kept[0] = realloc(kept[0], 80_000)
            kept.append(aligned_alloc(64, 128))
            var aligned: UnsafeMutableRawPointer?
            #expect(posix_memalign(&aligned, 24, 100) == EINVAL)
            #expect(posix_memalign(&aligned, 4096, 100) == 0)
            kept.append(aligned)
        }
        #expect(count >= 5)
        #expect(kept.allSatisfy { $0 != nil })
        #expect(UInt(bitPattern: kept[3]) & 4095 == 0)
        for memory in kept { free(memory) }
    }

    /// Else it may meet a page of the heap for the first time, and count that as the loop's.
    @Test func whatAThreadHasUsedIsReadWithoutMemory() throws {
        var usage = ThreadUsage.ofThisThread()
        #expect(counted { usage = ThreadUsage.ofThisThread() } == 0)
        let read = try #require(ThreadUsage(thread: sp_gettid()))
        #expect(usage.pageFaults > 0)
        #expect(read.pageFaults >= usage.pageFaults)
        #expect(read.sleeps >= usage.sleeps && read.yields >= usage.yields)
    }

    @Test func countsWhatSwiftAllocates() {
        var array: [Int] = []
        #expect(counted { array.append(1) } > 0)
        #expect(counted { array[0] = 2 } == 0)
    }

    @Test func countsNobodyElse() {
        let count = counted {
            var handle = pthread_t()
            let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { _ in
                for _ in 0..<1000 { free(malloc(100)) }
                return nil
            }
            if pthread_create(&handle, nil, body, nil) == 0 { pthread_join(handle, nil) }
        }
        #expect(count < 100, "pthread_create itself may allocate")
    }

    @Test(arguments: [SP_ORDER_FIFO, SP_ORDER_VRUNTIME, SP_ORDER_DEADLINE])
    func theDeciderAllocatesNothing(order: sp_order) {
        var policy = sp_policy()
        policy.abi = UInt32(SP_ABI_VERSION)
        policy.order = order.rawValue
        policy.slice = SP_SLICE_SHARED.rawValue
        policy.classes = SP_CLASSES_VOLUNTARY_SWITCHES.rawValue
        policy.burst = SP_BURST_BY_SWITCHES.rawValue
        policy.idle = SP_IDLE_DIRECT.rawValue
        policy.kthreads = SP_KTHREADS_LOCAL.rawValue
        policy.rate_max = 10
        policy.rate_window_ns = 1_000_000_000
        policy.slice_max_ns = 20_000_000
        policy.slice_min_ns = 1_000_000
        policy.wait_max_ns = 1_500_000_000
        var decider = Decider(DescribedPolicy(policy), described: policy, maxTasks: 64)
        var event = sp_notice()
        var answers = 0
        var round: UInt32 = 0
        // Not `for`, which allocates where the optimiser is off.
        while round < 20_000 {
            // Not the first ones: what this test, which is not optimised, calls for the first time is made then.
            if round == 16 { sp_count_allocations(1) }
            event.kind = round % 7 == 6 ? SP_EVENT_EXIT.rawValue : SP_EVENT_ENQUEUE.rawValue
            event.pid = round &* 2_654_435_761 >> 16 & 127
            event.generation = 1
            event.wait = round &+ 1
            event.now = UInt64(round) << 20
            event.switches = UInt64(round)
            event.weight = 100
            event.cpus = 4
            event.idle_cpu = round % 5 == 0 ? 0 : -1
            if decider.take(&event) != nil { answers += 1 }
            if decider.pick(now: event.now, cpu: 0, prev: (event.pid, 1)) != nil { answers += 1 }
            round += 1
        }
        sp_count_allocations(0)
        #expect(sp_counted_allocations() == 0)
        #expect(answers > 1000 && decider.counters.overflows > 0)
    }
}
