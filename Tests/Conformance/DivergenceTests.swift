// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Foundation
import PolicyModel
import Testing

@testable import Conformance

/// The harness can fail.
@Suite struct DivergenceTests {
    private func harness(_ mistake: WrongTwin.Mistake) -> Harness {
        Harness([NativeLane(), SwiftLane(name: "wrong") { WrongTwin($0, mistake) }])
    }

    @Test(arguments: WrongTwin.Mistake.allCases)
    func aWrongTwinIsFoundShrunkAndKept(_ mistake: WrongTwin.Mistake) throws {
        let harness = harness(mistake)
        var plan = Campaign.Plan(
            seed: 7, subjects: [.init(name: "some", policy: somePolicy())])
        plan.events = 1_000_000
        plan.hasRandomSubjects = false
        let found = try #require(try Campaign(plan, on: harness).run())
        #expect(found.mismatch.index == found.trace.events.count - 1)

        var shrinker = Shrinker(harness.lanes)
        let small = try #require(try shrinker.shrink(found.trace.events))
        let most = mistake == .lateQueue ? 10 : 4
        #expect(small.events.count <= most)
        #expect(small.mismatch.index == small.events.count - 1)

        let path = NSTemporaryDirectory() + "divergence-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try TraceFile(trace: Trace(policy: found.subject.policy, events: small.events)).save(to: path)
        let verdict = try Replay(on: harness).run(TraceFile(path: path))
        guard case .differ(let again) = verdict else {
            Issue.record("the file replays without a divergence")
            return
        }
        #expect(again.index == small.mismatch.index)
    }

    @Test func aRoundIsRepeatedByItself() throws {
        let harness = harness(.slice)
        var plan = Campaign.Plan(seed: 3, subjects: [])
        plan.events = 5_000_000
        let first = try #require(try Campaign(plan, on: harness).run())
        plan.events = nil
        plan.round = first.round
        let again = try #require(try Campaign(plan, on: harness).run())
        #expect(again.mismatch.index == first.mismatch.index)
        #expect(again.trace.events.map { bytes(of: $0) } == first.trace.events.map { bytes(of: $0) })
    }

    @Test func theReportMarksWhatDiffers() throws {
        let harness = harness(.slice)
        var enqueue = sp_event()
        enqueue.kind = SP_EVENT_ENQUEUE.rawValue
        enqueue.pid = 9
        enqueue.generation = 1
        var running = enqueue
        running.kind = SP_EVENT_RUNNING.rawValue
        running.waiting = (1, 2)
        try harness.load(somePolicy())
        let events = [enqueue, running]
        let mismatch = try #require(try harness.run(events))
        #expect(mismatch.index == 1)
        let report = DivergenceReport(
            lanes: harness.lanes.map(\.name), trace: Trace(policy: somePolicy(), events: events),
            mismatch: mismatch)
        let marked = report.answers.split(separator: "\n").filter { $0.contains("*") }
        #expect(marked.count == 1)
        #expect(marked.first?.contains("decision.slice_ns") == true)
        #expect(report.event.contains("waiting.1 = 2"))
        #expect(report.history.contains("ENQUEUE"))
        #expect(report.summary.contains("in answer to RUNNING: decision.slice_ns"))
        #expect(report.summary.contains("sp_slice_share in Sources/PolicyModel/Shipped/policy_slice.h"))
    }

    @Test func theReportAsJSONHasEveryFieldOfEveryLane() throws {
        let harness = Harness([
            NativeLane(), try LaneKind.swift.makeLane(), SwiftLane(name: "wrong") { WrongTwin($0, .slice) },
        ])
        var event = sp_event()
        event.kind = SP_EVENT_ENQUEUE.rawValue
        event.generation = 1
        var running = event
        running.kind = SP_EVENT_RUNNING.rawValue
        running.waiting = (1, 2)
        try harness.load(somePolicy())
        let mismatch = try #require(try harness.run([event, running]))
        let report = DivergenceReport(
            lanes: harness.lanes.map(\.name), trace: Trace(policy: somePolicy(), events: [event, running]),
            mismatch: mismatch)
        let read = try JSONSerialization.jsonObject(with: Data(report.json.line.utf8))
        let object = try #require(read as? [String: Any])
        #expect(object["alone"] as? String == "wrong")
        #expect(object["differing"] as? [String] == ["decision.slice_ns"])
        #expect((object["events"] as? [[String: Any]])?.count == 2)
        #expect((object["event"] as? [String: Any])?["kind"] as? String == "RUNNING")
        let fields = try #require(object["fields"] as? [[String: Any]])
        #expect(fields.count == ReportNaming.described.fields.count)
        for field in fields {
            let values = try #require(field["values"] as? [String: Any])
            #expect(Set(values.keys) == ["native", "swift", "wrong"])
            #expect(field["differs"] as? Bool == (field["field"] as? String == "decision.slice_ns"))
        }
    }

    /// The fields that are printed are all there are: a difference in any byte is shown.
    @Test func everyByteOfAnOutcomeBelongsToAPrintedField() {
        for index in 0..<MemoryLayout<sp_outcome>.size {
            var outcome = sp_outcome()
            withUnsafeMutableBytes(of: &outcome) { $0[index] = 1 }
            let changed = ReportNaming.described.fields.filter { $0.text(outcome) != $0.text(sp_outcome()) }
            #expect(changed.count == 1)
        }
    }

    @Test func everyByteOfAnEventBelongsToAField() {
        for index in 0..<MemoryLayout<sp_event>.size {
            var event = sp_event()
            withUnsafeMutableBytes(of: &event) { $0[index] = 1 }
            let changed = EventField.all.filter { $0.get(event) != 0 }
            #expect(changed.count == 1)
            var copy = sp_event()
            for field in changed { field.set(&copy, field.get(event)) }
            #expect(bytes(of: copy) == bytes(of: event))
        }
    }

    @Test func tracesOnWhichTheLanesAgreeAreNotShrunk() throws {
        let lanes: [any Lane] = [NativeLane(), try LaneKind.swift.makeLane()]
        for lane in lanes { try lane.load(somePolicy()) }
        var shrinker = Shrinker(lanes)
        let events = TraceSource.realistic.events(1000, seed: 1, policy: somePolicy())
        #expect(try shrinker.shrink(events) == nil)
    }
}
