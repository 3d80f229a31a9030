// SPDX-License-Identifier: GPL-2.0-only
import Output
import Testing

@Suite struct DurationTests {
    @Test(arguments: [
        ("0ns", 0), ("1ns", 1), ("20ms", 20_000_000), ("1.5us", 1500), ("0.000000001s", 1),
        ("1.000s", 1_000_000_000), ("0.10000000000000000us", 100), ("18446744073709551615ns", UInt64.max),
        ("18446744073.709551615s", UInt64.max), ("007ms", 7_000_000),
    ])
    func durationsAreExact(_ text: String, _ ns: UInt64) throws {
        #expect(try DurationText.ns(text) == ns)
    }

    @Test(arguments: [
        ("", "is no duration"), ("ms", "is no duration"), ("20", "has no unit"), ("1.5", "has no unit"),
        ("-5ms", "is negative"), ("+5ms", "is no duration"), (".5ms", "is no duration"),
        ("5.ms", "is no duration"), ("20 ms", "is no duration"), ("1e3ms", "is no duration"),
        ("20m", "did you mean ms?"), ("20MS", "did you mean ms?"), ("20µs", "did you mean us?"),
        ("0.5ns", "is no whole number of nanoseconds"), ("1.0001us", "is no whole number of nanoseconds"),
        ("18446744073709551616ns", "is longer"), ("18446744073.709551616s", "is longer"),
        ("99999999999999999999999s", "is longer"), ("１ms", "is no duration"), ("1ms\n", "is no duration"),
    ])
    func otherTextsAreRefused(_ text: String, _ reason: String) {
        #expect {
            try DurationText.ns(text)
        } throws: { error in
            (error as? DurationText.Flaw)?.text.contains(reason) == true
        }
    }

    @Test func everyDurationIsReadAsItWasWritten() throws {
        var random = Repeatable(state: seed)
        for _ in 0..<2000 {
            let ns = random.next() >> UInt64.random(in: 0..<64, using: &random)
            #expect(try DurationText.ns(DurationText.text(ns)) == ns, "seed \(seed)")
        }
        #expect(DurationText.text(0) == "0s")
        #expect(DurationText.text(1_500_000) == "1500us")
        #expect(DurationText.text(20_000_000) == "20ms")
    }
}

@Suite struct WordsTests {
    @Test(arguments: [
        ("a", "a", 0), ("", "abc", 3), ("abc", "", 3), ("maxx", "max", 1), ("mxa", "max", 1),
        ("kitten", "sitting", 3), ("dedline", "deadline", 1),
    ])
    func distancesCountEdits(_ left: String, _ right: String, _ distance: Int) {
        #expect(Words.distance(left, right) == distance)
    }

    @Test func quotedTextIsHarmlessAndShort() {
        #expect(Words.quoted("\u{1B}[2J") == "\"\\u{1b}[2J\"")
        #expect(Words.quoted(String(repeating: "x", count: 100_000)).count == 43)
    }
}
