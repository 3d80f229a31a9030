// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel
import Testing

@testable import Conformance

/// Traces of pairs that want events of which others are not told.
@Suite struct WantedEventTests {
    /// First come, first served, for 3 ms each.
    private static let functions = PairExecution.Functions(
        start: { _, _, _, _ in },
        enqueue: { _, _, task, event, decision in
            decision.pointee = .queue(event.pointee, task.pointee, key: event.pointee.now)
        },
        running: { _, _, task, event, decision in
            decision.pointee = .run(event.pointee, task.pointee, sliceNs: 3_000_000)
        },
        dispatch: { _, _, task, event, decision in
            decision.pointee =
                event.pointee.hasPrev(task.pointee)
                ? .goOn(event.pointee, SP_QUEUE_REGULAR) : .serve(event.pointee, SP_QUEUE_REGULAR)
        },
        wanted: { _, _, task, event, decision in
            decision.pointee = .none(event.pointee)
            if event.pointee.kind == SP_EVENT_TICK.rawValue && event.pointee.used_ns >= 2_000_000 {
                decision.pointee = .giveWay(event.pointee)
            }
            if !event.pointee.speaks(of: task.pointee) {
                decision.pointee.action = SP_ACTION_STALE.rawValue
            }
        })

    private static func policy(_ bits: UInt32, queues: UInt32 = 0) -> sp_policy {
        var policy = sp_policy()
        policy.abi = UInt32(SP_ABI_VERSION)
        policy.pair = 1
        policy.slice = SP_SLICE_FIXED.rawValue | bits
        policy.classes = SP_CLASSES_NONE.rawValue
        policy.rate_max = queues
        policy.slice_max_ns = 20_000_000
        return policy
    }

    private func events(
        _ source: TraceSource, _ policy: sp_policy, seed: UInt64, count: Int = 5000
    ) -> [sp_event] {
        var events = [sp_event](repeating: sp_event(), count: count)
        events.withUnsafeMutableBufferPointer {
            source.fill(
                $0, seed: seed, policy: policy,
                pair: PairExecution(policy, sp_global(), Self.functions), names: [])
        }
        return events
    }

    /// All kinds that are wanted, and none of the others.
    @Test(arguments: [0, SP_WANTS_STOPPING_BIT, SP_WANTS_TICK_BIT, SP_WANTS_BITS])
    func tracesHaveWhatIsWanted(_ bits: UInt32) {
        let policy = Self.policy(bits)
        for source in TraceSource.allCases {
            var seen: Set<UInt32> = []
            for seed: UInt64 in 1...8 { seen.formUnion(events(source, policy, seed: seed).map(\.kind)) }
            for kind in sp_policy.allWanted where source == .realistic || policy.wantedKinds.contains(kind) {
                #expect(seen.contains(kind) == policy.wantedKinds.contains(kind), "\(source) \(kind)")
            }
        }
        let alphabet = Exhaustive(policy, depth: 1).alphabet
        for kind in policy.wantedKinds {
            #expect(alphabet.count { $0.kind.rawValue == kind } >= 2)
        }
        #expect((alphabet.count == Exhaustive(Self.policy(0), depth: 1).alphabet.count) == (bits == 0))
    }

    /// What a machine does is the same, whoever is told of it.
    @Test(arguments: [UInt32(0), 4]) func aMachineIsTheSameForWhoWantsToKnow(_ queues: UInt32) {
        for seed: UInt64 in 1...5 {
            let plain = events(.realistic, Self.policy(0, queues: queues), seed: seed)
            let told = events(.realistic, Self.policy(SP_WANTS_STOPPING_BIT, queues: queues), seed: seed)
            func texts(_ events: [sp_event]) -> [String] {
                events.filter { $0.kind != SP_EVENT_STOPPING.rawValue }.map { event in
                    EventField.deciding.map { $0.text(event) }.joined(separator: " ")
                }
            }
            let some = texts(told)
            #expect(some.count > 1000 && some.count < 5000)
            #expect(some == Array(texts(plain).prefix(some.count)))
        }
    }

    /// A tick is told while a task runs, and who gives way runs no more.
    @Test(arguments: [SP_WANTS_TICK_BIT, SP_WANTS_BITS]) func whoGivesWayStops(_ bits: UInt32) {
        var (ticks, ends) = (0, 0)
        for seed: UInt64 in 1...10 {
            var lives: [UInt32: UInt32] = [:]
            // Of who runs, what ticks told, and whether it gave way.
            var running: [UInt32: (used: UInt64, isOver: Bool)] = [:]
            for event in events(.realistic, Self.policy(bits | SP_ALONE_ASKED_BIT), seed: seed) {
                lives[event.pid] = max(lives[event.pid, default: 1], event.generation)
                if event.pid == 0 || event.generation != lives[event.pid] { continue }
                switch event.kind {
                case SP_EVENT_RUNNING.rawValue: running[event.pid] = (0, false)
                case SP_EVENT_TICK.rawValue:
                    #expect(running[event.pid]?.isOver == false)
                    #expect(event.used_ns > running[event.pid]?.used ?? .max)
                    running[event.pid] = (event.used_ns, event.used_ns >= 2_000_000)
                    ticks += 1
                case SP_EVENT_STOPPING.rawValue, SP_EVENT_ENQUEUE.rawValue:
                    guard let last = running.removeValue(forKey: event.pid), last.isOver else { continue }
                    #expect(event.used_ns == last.used)
                    ends += 1
                default: break
                }
            }
        }
        #expect(ticks > 1000 && ends > 500 && ends < ticks, "\(ticks) \(ends)")
    }

    /// A task stops once for each time that it was picked, before it is told of anew; and together stops tell all of the
    /// CPU time that its waits tell.
    @Test(arguments: [0, SP_ALONE_ASKED_BIT]) func stopsTellAllCPUTime(_ alone: UInt32) {
        var (stops, sleeps) = (0, 0)
        for seed: UInt64 in 1...10 {
            var running: Set<UInt32> = []
            var used: [UInt32: UInt64] = [:]
            var lives: [UInt32: UInt32] = [:]
            for event in events(.realistic, Self.policy(alone | SP_WANTS_STOPPING_BIT), seed: seed) {
                // What comes too late is of the life before.
                lives[event.pid] = max(lives[event.pid, default: 1], event.generation)
                if event.pid == 0 || event.generation != lives[event.pid] { continue }
                switch event.kind {
                case SP_EVENT_RUNNING.rawValue: running.insert(event.pid)
                case SP_EVENT_STOPPING.rawValue:
                    #expect(running.remove(event.pid) != nil)
                    used[event.pid, default: 0] += event.used_ns
                    stops += 1
                    if event.sleeps { sleeps += 1 }
                case SP_EVENT_ENQUEUE.rawValue where event.used_ns > 0:
                    #expect(!running.contains(event.pid))
                    #expect(used.removeValue(forKey: event.pid) == event.used_ns)
                case SP_EVENT_EXIT.rawValue: used[event.pid] = nil
                default: break
                }
            }
        }
        #expect(stops > 2000 && sleeps > 500 && sleeps < stops, "\(stops) \(sleeps)")
    }
}
