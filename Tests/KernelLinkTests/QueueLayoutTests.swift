// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import Testing

/// Which queues a pair of one's own has on a machine, and in which order a CPU looks into them.
@Suite struct QueueLayoutTests {
    /// Two nodes of two caches of two CPUs each; the threads of a core are two CPUs apart of four.
    private static let topology = Topology(
        (0..<8).map { ("core \($0 % 2)", "cache \($0 / 2)", "node \($0 / 4)") })

    private func tables(_ each: sp_each, _ count: UInt32 = 0) -> QueueTables {
        var policy = sp_policy()
        policy.pair = 1
        policy.rate_max = each.rawValue << UInt32(SP_QUEUES_EACH_SHIFT) | count
        // They live as long as their layout: for good.
        return Unmanaged.passRetained(QueueLayout(policy, Self.topology)).takeUnretainedValue().tables
    }

    @Test func placesAreNumberedWithoutGaps() {
        let places = Self.topology.places
        #expect(places.map { $0 & 0xffff } == Array(0..<8))
        #expect(places.map { $0 >> UInt64(SP_PLACE_CORE_SHIFT) & 0xffff } == Array(0..<8))
        #expect(places.map { $0 >> UInt64(SP_PLACE_LLC_SHIFT) & 0xffff } == [0, 0, 1, 1, 2, 2, 3, 3])
        #expect(places.map { $0 >> UInt64(SP_PLACE_NODE_SHIFT) } == [0, 0, 0, 0, 1, 1, 1, 1])
    }

    @Test func thisMachineHasPlaces() {
        let places = Topology.ofThisMachine.places
        #expect(places.first == 0)
        #expect(places.enumerated().allSatisfy { $1 & 0xffff == UInt64($0) })
    }

    @Test func eachCPUHasItsQueue() {
        #expect(tables(SP_EACH_CPU).count == 8)
        #expect(tables(SP_EACH_LLC).count == 4)
        #expect(tables(SP_EACH_NODE, 3).count == 5)
        #expect((0..<8).map { tables(SP_EACH_LLC).near($0, 9) } == [0, 0, 1, 1, 2, 2, 3, 3])
        #expect((0..<8).map { tables(SP_EACH_NODE).near($0, 9) } == [0, 0, 0, 0, 1, 1, 1, 1])
        let here = tables(SP_EACH_LLC).here(7)
        #expect(here & 0xffff == 4 && here >> UInt64(SP_PLACE_LLC_SHIFT) & 0xffff == 3)
    }

    @Test func numberedQueuesAreNearTheirTasks() {
        let tables = tables(SP_EACH_NONE, 5)
        #expect(tables.count == 5 && tables.isByTask)
        #expect(tables.near(7, 4) == 4)
        #expect(tables.near(7, 5) == 0)
    }

    @Test func noOtherPolicyHasAny() {
        var policy = sp_policy()
        policy.rate_max = 10
        #expect(!policy.hasOwnQueues)
        #expect(QueueLayout(policy, Self.topology).tables.count == 0)
    }

    private func order(_ tables: QueueTables, _ cpu: Int32) -> [Int] {
        var seen: [Int] = []
        _ = tables.firstOfAll(for: cpu, near: tables.near(cpu, 0)) { queue in
            seen.append(queue)
            return false
        }
        return seen
    }

    @Test func theNearestGoFirst() {
        #expect(order(tables(SP_EACH_LLC), 6) == [3, 2, 0, 1])
        #expect(order(tables(SP_EACH_CPU), 2) == [2, 3, 0, 1, 4, 5, 6, 7])
        #expect(order(tables(SP_EACH_NONE, 3), 2) == [0, 1, 2])
    }

    private func serve(_ queue: UInt32, _ more: [UInt64]) -> sp_decision {
        var decision = sp_decision()
        decision.queue = queue
        for queue in more {
            decision.slice_ns = decision.slice_ns << 16 | decision.key >> 48
            decision.key = decision.key << 16 | (queue + 1)
        }
        return decision
    }

    @Test func aListGoesBeforeTheRest() {
        let tables = tables(SP_EACH_CPU)
        var seen: [Int] = []
        let list = serve(5, [1, 7, 0, 6])
        let (queue, isStrange) = tables.first(list, for: 2, near: 2) { queue in
            seen.append(queue)
            return queue == 4
        }
        #expect(queue == 4 && !isStrange)
        #expect(seen == [5, 1, 7, 0, 6, 2, 3, 0, 1, 4])
    }

    @Test func aQueueThatThereIsNotIsStrangeAndPassedOver() {
        let tables = tables(SP_EACH_CPU)
        let first = tables.first(serve(8, [3]), for: 0, near: 0) { $0 == 3 }
        #expect(first.queue == 3 && first.isStrange)
        let later = tables.first(serve(2, [0xfffe, 6]), for: 0, near: 0) { $0 == 6 }
        #expect(later.queue == 6 && later.isStrange)
        let fine = tables.first(serve(2, [6]), for: 0, near: 0) { $0 == 6 }
        #expect(fine.queue == 6 && !fine.isStrange)
    }
}
