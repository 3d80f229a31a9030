// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel
import Testing

@testable import Conformance

@Suite struct TraceSourceTests {
    @Test(arguments: TraceSource.allCases)
    func theSameSeedGivesTheSameTrace(source: TraceSource) {
        let first = source.events(5000, seed: 42, policy: somePolicy())
        let again = source.events(5000, seed: 42, policy: somePolicy())
        let shorter = source.events(500, seed: 42, policy: somePolicy())
        let other = source.events(5000, seed: 43, policy: somePolicy())
        #expect(first.map { bytes(of: $0) } == again.map { bytes(of: $0) })
        #expect(first.prefix(500).map { bytes(of: $0) } == shorter.map { bytes(of: $0) })
        #expect(first.map { bytes(of: $0) } != other.map { bytes(of: $0) })
    }

    /// The reference values of the generator's author.
    @Test func splitMixIsSplitMix() {
        var random = SplitMix64(seed: 1_234_567)
        #expect(random.next() == 6_457_827_717_110_365_317)
        #expect(random.next() == 3_203_168_211_198_807_973)
    }

    /// What the traces are there for comes up in them.
    @Test func hostileTracesReachTheBounds() {
        var events: [sp_event] = []
        for seed in 0..<200 {
            events += TraceSource.hostile.events(500, seed: UInt64(seed), policy: somePolicy())
        }
        #expect(events.contains { $0.weight == 0 })
        #expect(events.contains { $0.weight == .max })
        #expect(events.contains { $0.used_ns == .max })
        #expect(events.contains { $0.generation == 0 })
        #expect(events.contains { $0.kind == 0 })
        #expect(events.contains { $0.kind > 4 })
        #expect(events.contains { $0.flags > UInt32(SP_EVENT_FLAGS) })
        #expect(events.contains { $0.cpu < 0 })
        #expect(events.contains { $0.idle_cpu == .min })
        #expect(events.contains { $0.waiting.1 == .max })
        #expect(events.contains { $0.cpus == 0 })
        #expect(zip(events, events.dropFirst()).contains { $0.now > 1 << 63 && $1.now < 1 << 62 })
        #expect(zip(events, events.dropFirst()).contains { $0.now == $1.now })
        #expect(events.allSatisfy { $0.pid < SP_PROBE_TASKS })
    }

    /// A pair's durations, in its parameters and rows, are where its rules change their mind.
    @Test(arguments: [
        Int(SP_PAIR_PARAMS), Int(SP_PAIR_PARAMS) + 32, Int(SP_PAIR_ROWS), Int(SP_PAIR_ROWS) + 64,
    ])
    func hostileTracesReachAPairsLimits(offset: Int) {
        var policy = sp_policy()
        policy.pair = 7
        policy.slice_max_ns = 20_000_000
        let limit: UInt64 = 123_456_789
        withUnsafeMutableBytes(of: &policy) {
            $0.storeBytes(of: limit, toByteOffset: offset, as: UInt64.self)
        }
        var events: [sp_event] = []
        for seed in 0..<60 {
            events += TraceSource.hostile.events(500, seed: UInt64(seed), policy: policy)
        }
        let steps = zip(events, events.dropFirst()).map { $1.now &- $0.now }
        for exact in [limit - 1, limit, limit + 1] { #expect(steps.contains(exact)) }
        #expect(events.contains { $0.used_ns == limit })
        for exact in [limit - 1, limit, limit + 1] {
            #expect(events.contains { $0.now &- $0.since.0 == exact })
        }
        // A machine's own slices as well.
        #expect(steps.contains(20_000_000))
    }

    /// A machine's events are such as a kernel sends.
    @Test func realisticTracesAreRealistic() {
        var reused = false
        var kinds = Set<UInt32>()
        for seed in 0..<40 {
            let events = TraceSource.realistic.events(5000, seed: UInt64(seed), policy: somePolicy())
            kinds.formUnion(events.map(\.kind))
            reused = reused || events.contains { $0.generation > 1 }
            var before = events[0].now
            for event in events {
                #expect(event.now &- before < 1 << 40)
                before = event.now
                #expect(event.cpu >= 0 && event.cpu < Int32(event.cpus))
                #expect(event.idle_cpu < Int32(event.cpus))
                #expect(event.waiting.0 + event.waiting.1 <= UInt32(Machine<DescribedPolicy>.actorsMax))
                #expect(event.pid == 0 || (1...10_000).contains(event.weight))
            }
        }
        #expect(kinds == [1, 2, 3, 4])
        #expect(reused)
    }

    @Test func randomDescriptionsAreInTheirRanges() {
        var random = SplitMix64(seed: 1)
        for _ in 0..<2000 {
            let policy = sp_policy.random(using: &random)
            #expect((100_000...100_000_000).contains(policy.slice_max_ns))
            #expect((10_000...policy.slice_max_ns).contains(policy.slice_min_ns))
            #expect(policy.sleep_credit_ns <= 1_000_000_000)
            #expect((1...1000).contains(policy.rate_max))
            #expect((1_000_000...60_000_000_000).contains(policy.rate_window_ns))
            #expect(policy.promote_waiting_max <= 1024)
            let starvation = policy.starvation_ns
            #expect(starvation == 0 || (100_000...10_000_000_000).contains(starvation))
        }
    }

    @Test func theHeapGivesBackInOrder() {
        var random = SplitMix64(seed: 3)
        var heap = BinaryHeap(capacity: 300)
        let base = UInt64.max - 50
        for item in 0..<300 { heap.insert(Int32(item), key: base &+ random.below(100)) }
        var last = heap.removeFirst()
        while heap.count > 0 {
            let next = heap.removeFirst()
            #expect(last.precedes(next))
            last = next
        }
    }

    /// A pair with queues of its own: machines by lot, whose CPUs, caches and nodes are told as they are.
    @Test func tracesHavePlaces() {
        var policy = sp_policy()
        policy.pair = 1
        policy.rate_max = SP_EACH_LLC.rawValue << UInt32(SP_QUEUES_EACH_SHIFT)
        policy.slice_max_ns = 5_000_000
        var (far, moved, counts) = (0, 0, Set<UInt32>())
        for seed: UInt64 in 1...20 {
            var events = [sp_event](repeating: sp_event(), count: 2000)
            events.withUnsafeMutableBufferPointer {
                TraceSource.realistic.fill($0, seed: seed, policy: policy)
            }
            counts.insert(events[0].queues)
            var places: [Int32: UInt32] = [:]
            for event in events {
                #expect(event.here.llc < event.queues && event.queues == events[0].queues)
                #expect(
                    places.updateValue(event.here.llc, forKey: event.cpu) ?? event.here.llc == event.here.llc)
                if event.waitingFar > 0 { far += 1 }
                if event.kind == SP_EVENT_ENQUEUE.rawValue && event.last.llc != event.here.llc { moved += 1 }
            }
        }
        #expect(counts.count > 3 && far > 100 && moved > 10, "\(counts) \(far) \(moved)")
    }

    /// However short its slices are and long its sleeps, a machine comes to its next event soon: a trace of 4,096 events
    /// took minutes for some seeds.
    @Test func noMachineIsQuietForLong() throws {
        let events = UnsafeMutableBufferPointer<sp_event>.allocate(capacity: 4096)
        events.initialize(repeating: sp_event())
        defer { events.deallocate() }
        for seed: UInt64 in 1...400 {
            var policy = somePolicy()
            policy.slice_max_ns = 100_000
            policy.slice_min_ns = 10_000
            let steps = Machine.fill(
                events, seed: seed, policy: policy, DescribedPolicy(policy),
                WhoSource(names: [], policy: policy))
            #expect(steps < 200 * events.count, "seed \(seed): \(steps) timers")
        }
    }
}
