// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Foundation
import Testing

/// Recorded traces decide today as they did when they were recorded, in all lanes.
@Suite struct CorpusTests {
    @Test func theCorpusIsDecidedAsItWas() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources/PolicyModel/Shipped/traces")
        let files = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil
        ).filter { $0.pathExtension == "trace" }.sorted { $0.path < $1.path }
        #expect(files.count >= 20)
        let harness = Harness(try availableLanes())
        for file in files {
            let trace = try TraceFile(path: file.path)
            #expect(trace.digest != 0, "\(file.lastPathComponent)")
            let verdict = try Replay(on: harness).run(trace)
            guard case .same = verdict else {
                Issue.record("\(file.lastPathComponent): \(verdict)")
                continue
            }
        }
        // Holding tasks back is for pairs.
        #expect(!harness.account.actions[..<Int(SP_ACTION_HOLD.rawValue)].contains(0))
    }

    @Test func anotherDecisionThanTheRecordedOneIsNoticed() throws {
        let policy = somePolicy()
        let events = TraceSource.realistic.events(50, seed: 2, policy: policy)
        let harness = Harness([NativeLane(), try LaneKind.swift.makeLane()])
        var file = try Replay(on: harness).record(Trace(policy: policy, events: events))
        guard case .same = try Replay(on: harness).run(file) else {
            Issue.record("a fresh recording is not the same")
            return
        }
        file.digest ^= 1
        guard case .changed = try Replay(on: harness).run(file) else {
            Issue.record("another digest is not noticed")
            return
        }
    }
}
