// SPDX-License-Identifier: GPL-2.0-only
import Testing

@testable import UserMode

@Suite struct FaultTests {
    @Test func readsWhatItPrints() {
        #expect(Fault("crash:1") == .crash(answer: 1))
        #expect(Fault("crash:1000000000000") == .crash(answer: 1_000_000_000_000))
        #expect(Fault("slow:60000") == .slow(milliseconds: 60_000))
        for text in ["crash:17", "slow:5"] { #expect(Fault(text)?.description == text) }
    }

    @Test(arguments: [
        "", "crash", "crash:", "crash:0", "crash:-1", "crash:+1", "crash: 1", "crash:1:2",
        "crash:1000000000001",
        "crash:99999999999999999999", "slow:0", "slow:60001", "slow:0.5", "Slow:5", "hang:1", ":1", "slow:٣",
    ])
    func refusesAnythingElse(text: String) {
        #expect(Fault(text) == nil)
    }
}
