// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Foundation
import Testing

@testable import KernelLink

@Suite struct LaneTests {
    /// Two shards, so that two CPUs share the work: together 30 million events.
    @Test(arguments: 0..<2)
    func theLanesAgreeOnRandomTraces(shard: Int) throws {
        let harness = Harness(try availableLanes())
        var plan = Campaign.Plan(seed: 1, subjects: try shippedSubjects())
        plan.events = 15_000_000
        plan.shard = shard
        plan.shards = 2
        if let finding = try Campaign(plan, on: harness).run() {
            let report = DivergenceReport(
                lanes: harness.lanes.map(\.name), trace: finding.trace, mismatch: finding.mismatch)
            Issue.record(
                "\(finding.subject.name), round \(finding.round):\n\(report.event)\n\(report.answers)")
        }
        #expect(harness.account.events >= 15_000_000)
        // Holding tasks back is for pairs.
        #expect(!harness.account.actions[..<Int(SP_ACTION_HOLD.rawValue)].contains(0))
        print(
            "\(harness.account.events) events, \(harness.account.traces) traces and",
            "\(harness.account.policies) policies, identical over", harness.lanes.map(\.name))
    }

    /// Every combination of rules, in four shares: a description for each, with other numbers each time.
    @Test(arguments: 0..<4)
    func theLanesAgreeOnAllCombinationsOfRules(share: Int) throws {
        let harness = Harness(try availableLanes())
        var random = SplitMix64(seed: 1536)
        #expect(sp_policy.combinations == 1536)
        for number in 0..<sp_policy.combinations {
            let policy = sp_policy.combination(number, using: &random)
            guard number % 4 == share else { continue }
            try harness.load(policy)
            for source in TraceSource.allCases {
                let events = source.events(1000, seed: UInt64(number), policy: policy)
                #expect(try harness.run(events) == nil, "combination \(number), \(source)")
            }
        }
        #expect(harness.account.policies == sp_policy.combinations / 4)
    }

    /// A shard is not the half that has no random descriptions.
    @Test func everyShardSeesAllSubjects() throws {
        for shard in 0..<2 {
            let spy = Loaded()
            var plan = Campaign.Plan(seed: 5, subjects: try shippedSubjects())
            plan.events = 40 << 18
            plan.shard = shard
            plan.shards = 2
            #expect(try Campaign(plan, on: Harness([spy, NativeLane()])).run() == nil)
            let shipped = try shippedSubjects().map { bytes(of: $0.policy) }
            #expect(Set(spy.policies).isSuperset(of: shipped))
            #expect(spy.policies.filter { !shipped.contains($0) }.count > 5)
        }
    }

    /// The description reaches the bytecode: clang does not fold it to what the object file has.
    @Test func everyLaneHonoursTheDescription() throws {
        var policy = somePolicy()
        policy.slice = SP_SLICE_FIXED.rawValue
        policy.slice_max_ns = 12_345_678
        var event = sp_event()
        event.kind = SP_EVENT_ENQUEUE.rawValue
        event.pid = 5
        event.generation = 1
        event.idle_cpu = 3
        var running = event
        running.kind = SP_EVENT_RUNNING.rawValue
        let events = [event, running]
        for lane in try availableLanes() {
            for idle in [SP_IDLE_DIRECT, SP_IDLE_QUEUE] {
                policy.idle = idle.rawValue
                policy.slice_max_ns += 1
                try lane.load(policy)
                let action = idle == SP_IDLE_DIRECT ? SP_ACTION_DIRECT : SP_ACTION_QUEUE
                try events.withUnsafeBufferPointer { events in
                    let outcomes = try lane.decide(events, isStart: true, period: 0)
                    #expect(outcomes[0].decision.action == action.rawValue)
                    #expect(outcomes[1].decision.slice_ns == policy.slice_max_ns)
                    #expect(outcomes[1].global.threshold == UInt64(policy.rate_max) * SP_RATE_SCALE)
                    lane.forget(events)
                }
            }
        }
    }

    /// A trace may be longer than a batch, and begins with nothing of the one before it.
    @Test func tracesBeginFresh() throws {
        let harness = Harness(try availableLanes())
        let policy = somePolicy()
        try harness.load(policy)
        let events = TraceSource.realistic.events(200_000, seed: 4, policy: policy)
        var digests: [UInt64] = []
        for _ in 0..<2 {
            let file = try Replay(on: harness).record(Trace(policy: policy, events: events))
            digests.append(file.digest)
            let other = TraceSource.hostile.events(1000, seed: 4, policy: policy)
            #expect(try harness.run(other) == nil)
        }
        #expect(digests[0] != 0)
        #expect(digests[0] == digests[1])
    }

    @Test func aLaneWithoutADescriptionFails() throws {
        let events = [sp_event()]
        for lane in try availableLanes() where lane.name != LaneKind.native.rawValue {
            #expect(throws: LaneError.self) {
                try events.withUnsafeBufferPointer {
                    _ = try lane.decide($0, isStart: true, period: 0)
                }
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func whatTheVerifierRefusesIsAnError() throws {
        let memory = try ProbeMemory()
        var image = BPFObject.policyProbe.bytes()
        // BPF_EXIT becomes an opcode that there is not.
        let exit: [UInt8] = [0x95, 0, 0, 0, 0, 0, 0, 0]
        var places = 0
        for place in stride(from: 0, to: image.count - 8, by: 8)
        where Array(image[place..<(place + 8)]) == exit {
            image[place] = 0x8d
            places += 1
        }
        #expect(places > 0)
        let broken = BPFObject(name: "broken", base64: Data(image).base64EncodedString())
        let log = refusal(broken, memory)
        #expect(log?.contains("PROG LOAD LOG") == true, "\(log ?? "loaded")")
        #expect(refusal(BPFObject(name: "none", base64: ""), memory) != nil)
    }

    private func refusal(_ image: BPFObject, _ memory: borrowing ProbeMemory) -> String? {
        do throws(ProbeError) {
            _ = try ProbeProgram(image, somePolicy(), memory: memory)
            return nil
        } catch {
            guard case .refused(let log) = error else { return nil }
            return log
        }
    }
}

/// The native lane, remembering the descriptions that it was given.
private final class Loaded: Lane {
    let name = "loaded"
    private let lane = NativeLane()
    private(set) var policies: [[UInt8]] = []

    func load(_ policy: sp_policy) throws(LaneError) {
        policies.append(bytes(of: policy))
        lane.load(policy)
    }

    func decide(
        _ events: UnsafeBufferPointer<sp_event>, isStart: Bool, period: Int
    ) throws(LaneError) -> UnsafePointer<sp_outcome> {
        lane.decide(events, isStart: isStart, period: period)
    }

    func forget(_ events: UnsafeBufferPointer<sp_event>) { lane.forget(events) }
}
