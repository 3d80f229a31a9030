// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Foundation
import PolicyModel
import Testing

@testable import Conformance

/// What a report says to look at is there.
@Suite struct TwinFunctionTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    @Test(arguments: Shipped.functions)
    func theFunctionsExist(_ function: TwinFunction) throws {
        #expect(try text(function.swiftFile).contains("func \(function.swift)("))
        let definition = try Regex("(?m)^static sp_inline [^;{]*\\b\(function.c)\\(")
        #expect(try text(function.cFile).contains(definition))
    }

    @Test func theFieldThatIsComputedFirstNamesIt() {
        var policy = somePolicy()
        policy.slice = SP_SLICE_WEIGHTED.rawValue
        var event = sp_event()
        event.kind = SP_EVENT_RUNNING.rawValue
        let slice = Shipped.suspect(["decision.slice_ns"], of: event, in: policy)
        #expect(slice.c == "sp_slice_weighted")
        event.kind = SP_EVENT_ENQUEUE.rawValue
        let rate = Shipped.suspect(["decision.key", "task.rate", "task.queue"], of: event, in: policy)
        #expect(rate.c == "sp_measure_rate")
    }
}
