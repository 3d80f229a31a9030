// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Testing

@testable import Conformance

@Suite struct ExhaustiveTests {
    /// All traces of four events for the shipped policies, of three for random ones.
    @Test func theLanesAgreeOnAllShortTraces() throws {
        let harness = Harness(try availableLanes())
        var traces = 0
        for subject in try shippedSubjects() {
            traces += try check(subject.policy, depth: 4, on: harness)
        }
        var random = SplitMix64(seed: 11)
        for _ in 0..<24 {
            traces += try check(.random(using: &random), depth: 3, on: harness)
        }
        #expect(harness.account.traces == traces)
        print("\(traces) traces, all of their length, identical: \(harness.account.events) decisions")
    }

    private func check(_ policy: sp_policy, depth: Int, on harness: Harness) throws -> Int {
        try harness.load(policy)
        let all = Exhaustive(policy, depth: depth)
        let before = harness.account.events
        let found = try all.run(on: harness)
        #expect(found == nil)
        #expect(harness.account.events - before == all.traces * depth)
        return all.traces
    }

    @Test func everyTraceComesOnce() throws {
        let policy = somePolicy()
        let all = Exhaustive(policy, depth: 2)
        let spy = Spy()
        let harness = Harness([spy, NativeLane()])
        try harness.load(policy)
        #expect(try all.run(on: harness) == nil)
        let count = all.alphabet.count
        #expect(all.traces == count * count)
        let traces = stride(from: 0, to: spy.events.count, by: 2).map { index in
            spy.events[index..<(index + 2)].flatMap { event -> [UInt8] in
                var event = event
                event.pid %= 2
                return bytes(of: event)
            }
        }
        #expect(traces.count == all.traces)
        #expect(Set(traces).count == all.traces)
    }

    @Test func aMistakeIsFoundInATraceOfItsOwn() throws {
        let lanes: [any Lane] = [NativeLane(), SwiftLane(name: "wrong") { WrongTwin($0, .task) }]
        let harness = Harness(lanes)
        try harness.load(somePolicy())
        let all = Exhaustive(somePolicy(), depth: 3)
        let found = try #require(try all.run(on: harness))
        #expect(found.trace.events.count <= 3)
        #expect(found.mismatch.index == found.trace.events.count - 1)
        // The trace shows the mistake by itself, from the start.
        #expect(try harness.run(found.trace.events)?.index == found.mismatch.index)
    }
}

/// The native lane, remembering what it was asked.
private final class Spy: Lane {
    let name = "spy"
    private let lane = NativeLane()
    private(set) var events: [sp_event] = []

    func load(_ policy: sp_policy) throws(LaneError) {
        lane.load(policy)
    }

    func decide(
        _ events: UnsafeBufferPointer<sp_event>, isStart: Bool, period: Int
    ) throws(LaneError) -> UnsafePointer<sp_outcome> {
        self.events += events
        return lane.decide(events, isStart: isStart, period: period)
    }

    func forget(_ events: UnsafeBufferPointer<sp_event>) {
        lane.forget(events)
    }
}
