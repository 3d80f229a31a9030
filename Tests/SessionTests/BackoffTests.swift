// SPDX-License-Identifier: GPL-2.0-only
import Testing

@testable import Session

@Suite struct BackoffTests {
    private func seconds(_ backoff: inout Backoff, _ count: Int, lastedNs: UInt64 = 0) -> [UInt64] {
        (0..<count).compactMap { _ in backoff.next(lastedNs: lastedNs)?.seconds }
    }

    @Test func noneIsTheDefault() {
        var backoff = Backoff(limit: Session.Options().restarts)
        #expect(backoff.next(lastedNs: 0) == nil)
        #expect(backoff.next(lastedNs: .max) == nil)
        #expect(backoff.made == 0)
    }

    @Test func doublesUpToAMinute() {
        var backoff = Backoff(limit: 1000)
        #expect(seconds(&backoff, 9) == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        #expect(seconds(&backoff, 991) == Array(repeating: 60, count: 991))
        #expect(backoff.next(lastedNs: 0) == nil)
    }

    @Test func countsTheRestarts() {
        var backoff = Backoff(limit: 2)
        #expect(backoff.next(lastedNs: 5) == Backoff.Step(number: 1, seconds: 1))
        #expect(backoff.next(lastedNs: 5) == Backoff.Step(number: 2, seconds: 2))
        #expect(backoff.next(lastedNs: 5) == nil)
        #expect(backoff.made == 2)
    }

    @Test func beginsAnewAfterMoreThanFiveMinutes() {
        let fiveMinutes: UInt64 = 300_000_000_000
        var backoff = Backoff(limit: 100)
        #expect(seconds(&backoff, 4) == [1, 2, 4, 8])
        #expect(backoff.next(lastedNs: fiveMinutes)?.seconds == 16)
        #expect(backoff.next(lastedNs: fiveMinutes + 1)?.seconds == 1)
        #expect(backoff.next(lastedNs: 0)?.seconds == 2)
    }

    @Test func aGoodSessionDoesNotGiveRestartsBack() {
        var backoff = Backoff(limit: 3)
        #expect(seconds(&backoff, 10, lastedNs: .max) == [1, 1, 1])
    }
}
