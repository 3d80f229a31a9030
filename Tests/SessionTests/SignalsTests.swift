// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import Testing

@testable import Session

@Suite(.serialized) struct SignalsTests {
    private func pipe() -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [0, 0]
        #expect(Foundation.pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    @Test func aWaitEndsWhenItsTimeIsOver() throws {
        let signals = try Signals()
        #expect(signals.wait(ns: 1_000_000) == .time)
        #expect(signals.wait(ns: 0) == .time)
    }

    @Test func aWaitEndsWhenTheOtherHasSomething() throws {
        let signals = try Signals()
        let (reader, writer) = pipe()
        defer { close(reader) }
        #expect(signals.wait(ns: 1_000_000, or: reader) == .time)
        write(writer, "x", 1)
        #expect(signals.wait(ns: nil, or: reader) == .ready)
        close(writer)
    }
}
