// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Testing

@testable import KernelLink
@testable import Output

/// Where a waking task of a pair looks for an idle CPU.
@Suite struct WakeupTests {
    /// Two nodes of two caches; their CPUs alternate.
    private static let topology = Topology(
        (0..<8).map { ("core \($0)", "cache \($0 % 4)", "node \($0 % 2)") })

    private func ring(_ next: [UInt16], from cpu: Int) -> [Int] {
        var seen = [cpu]
        while seen.count <= Int(SP_CPUS_MAX), Int(next[seen[seen.count - 1]]) != cpu {
            seen.append(Int(next[seen[seen.count - 1]]))
        }
        return seen
    }

    @Test func eachRingIsOneCacheOrOneNode() {
        let rings = WakeupRings(Self.topology)
        #expect(rings.nextInLLC.count == Int(SP_CPUS_MAX) && rings.nextInNode.count == Int(SP_CPUS_MAX))
        #expect(ring(rings.nextInLLC, from: 1) == [1, 5])
        #expect(ring(rings.nextInLLC, from: 5) == [5, 1])
        #expect(ring(rings.nextInNode, from: 3) == [3, 5, 7, 1])
        // A CPU of which nothing is known is not in anybody's.
        #expect(ring(rings.nextInLLC, from: 8) == [8])
        #expect(ring(rings.nextInNode, from: 1023) == [1023])
    }

    /// What user mode's backend is told of a pair's own queues.
    @Test func theNextCPUNearIsOfTheSameQueue() {
        var policy = sp_policy()
        policy.pair = 1
        policy.rate_max = SP_EACH_NODE.rawValue << UInt32(SP_QUEUES_EACH_SHIFT) | 2
        #expect(ring(QueueLayout(policy, Self.topology).nextNear, from: 0) == [0, 2, 4, 6])
        policy.rate_max = SP_EACH_CPU.rawValue << UInt32(SP_QUEUES_EACH_SHIFT)
        #expect(ring(QueueLayout(policy, Self.topology).nextNear, from: 5) == [5])
        // No queue belongs to a CPU: no CPU is near another one.
        policy.rate_max = 8
        #expect(ring(QueueLayout(policy, Self.topology).nextNear, from: 5) == [5])
    }

    /// What the declaration says is what the programs read.
    @Test func theWordsAreThoseOfTheHeader() {
        let values = [
            ("previous", SP_LOOK_PREVIOUS), ("waker", SP_LOOK_WAKER), ("core", SP_LOOK_CORE),
            ("llc", SP_LOOK_LLC),
            ("waker-llc", SP_LOOK_WAKER_LLC), ("node", SP_LOOK_NODE), ("any", SP_LOOK_ANY),
        ]
        #expect(values.map { WakeupPlace.named($0.0)?.rawValue } == values.map { $0.1.rawValue })
        #expect(WakeupPlace.named.map(\.rawValue) == values.map { $0.1.rawValue })
        #expect(WakeupPlace.listMax == Int(SP_LOOKS_MAX))
        let list = WakeupPlace.encode([.llc, .any])
        #expect(list == SP_LOOK_LLC.rawValue | SP_LOOK_ANY.rawValue << UInt32(SP_LOOK_BITS))
        #expect(WakeupPlace.decode(list) == [.llc, .any])
        #expect(WakeupPlace.decode(0).isEmpty)
        // More than these a list does not have.
        let most = Array(WakeupPlace.allCases.suffix(WakeupPlace.listMax))
        #expect(WakeupPlace.decode(WakeupPlace.encode(most)) == most)
    }

    /// Parameters that are CPUs are places as well, behind those that have a word of their own.
    @Test func setsOfCPUsArePlaces() {
        let sets = (0..<Int(SP_SETS_MAX)).map { WakeupPlace.set($0) }
        #expect(sets.map { $0?.rawValue } == (0..<UInt32(SP_SETS_MAX)).map { SP_LOOK_SET.rawValue + $0 })
        #expect(sets.map { $0?.setIndex } == Array(0..<Int(SP_SETS_MAX)))
        #expect(WakeupPlace.set(Int(SP_SETS_MAX)) == nil)
        #expect(WakeupPlace.allCases.count == WakeupPlace.named.count + Int(SP_SETS_MAX))
        // Each of them fits into the bits that a place has.
        #expect(WakeupPlace.allCases.allSatisfy { $0.rawValue <= UInt32(SP_LOOK_MASK) })
        #expect(WakeupPlace.named.allSatisfy { $0.setIndex == nil })
        #expect(WakeupPlace.named("set1") == nil)
    }

    @Test func onlyAPairHasThem() {
        var policy = sp_policy()
        policy.promote_sync = 1
        #expect(!policy.hasWakeups)
        policy.pair = 1
        #expect(policy.hasWakeups)
        (policy.promote_sync, policy.promote_waiting_max) = (0, 0)
        #expect(!policy.hasWakeups)
    }
}
