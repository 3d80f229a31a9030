// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Testing

@testable import Output

/// CPUs from one to another: as descriptions write them, and as the mechanism has them.
@Suite struct CPUSpanTests {
    @Test(arguments: [
        ("4", 4, 4, false), ("0", 0, 0, false), ("4-7", 4, 7, false), ("5-5", 5, 5, false),
        ("0-1023", 0, 1023, false), ("0%-50%", 0, 50, true), ("50%-100%", 50, 100, true),
        ("99%-100%", 99, 100, true), ("all", 0, 100, true), ("0%-100%", 0, 100, true),
    ])
    func whatMayBeWritten(_ text: String, _ first: UInt32, _ last: UInt32, _ isPart: Bool) throws {
        let span = try #require(CPUSpan(text))
        #expect(span.first == first && span.last == last && span.isPart == isPart)
        // As the header has it, and back.
        let encoded = first | last << UInt32(SP_CPUS_LAST_SHIFT) | (isPart ? SP_CPUS_PART : 0)
        #expect(span.encoded == encoded)
        #expect(CPUSpan(encoded: encoded) == span)
        #expect(CPUSpan(span.text) == span)
        #expect(text.wholeMatch(of: try Regex(CPUSpan.pattern)) != nil)
    }

    @Test(arguments: [
        "", "-", "4-", "-7", "7-4", "1024", "0-1024", "4-7-8", "4,5", "04", "0-07", "+4", " 4", "4 - 7", "٤",
        "50%", "50%-50%", "50%-40%", "0%-101%", "0-50%", "0%-50", "%-%", "0.5%-1%", "none", "All", "0x4",
        "99999", "4294967296",
    ])
    func whatMayNotBeWritten(_ text: String) {
        #expect(CPUSpan(text) == nil)
    }

    @Test(arguments: [
        ("5-5", "5"), ("0%-100%", "all"), ("4-7", "4-7"), ("25%-50%", "25%-50%"), ("0-1023", "0-1023"),
    ])
    func oneIsWrittenInOneWay(_ text: String, _ written: String) {
        #expect(CPUSpan(text)?.text == written)
    }

    @Test(arguments: [
        ("all", 8, 0, 7), ("0%-50%", 8, 0, 3), ("50%-100%", 8, 4, 7), ("0%-50%", 5, 0, 1),
        ("50%-100%", 5, 2, 4), ("25%-75%", 4, 1, 2),
        // At least one, also where a part is less than that.
        ("0%-50%", 1, 0, 0), ("50%-100%", 1, 0, 0), ("99%-100%", 4, 3, 3), ("0%-1%", 64, 0, 0),
        ("all", 1, 0, 0), ("0%-50%", 1024, 0, 511), ("50%-100%", 1024, 512, 1023),
        // Numbers are what they are, whatever machine it is.
        ("4-7", 2, 4, 7), ("4", 64, 4, 4),
    ])
    func numbersOfAMachine(_ text: String, _ cpus: Int, _ first: Int, _ last: Int) {
        #expect(CPUSpan(text)?.numbers(of: cpus) == first...last)
    }

    /// Nobody is in two halves, and nobody in none, of a machine of 2 or more.
    @Test func halvesAreAWhole() {
        for cpus in 2...1024 {
            let lower = CPUSpan("0%-50%")?.numbers(of: cpus), upper = CPUSpan("50%-100%")?.numbers(of: cpus)
            #expect(lower?.lowerBound == 0 && upper?.upperBound == cpus - 1)
            #expect(lower.map { $0.upperBound + 1 } == upper?.lowerBound, "\(cpus) CPUs")
        }
    }

    /// What is said twice, here and in `bpf/abi.h` and `bpf/link.h`.
    @Test func numbersAreThoseOfTheHeader() {
        let span = CPUSpan(encoded: SP_CPUS_PART | 7 << UInt32(SP_CPUS_LAST_SHIFT) | 5)
        #expect(span.isPart && span.last == 7 && span.first == 5)
        let most = CPUSpan(encoded: .max)
        #expect(most.first == SP_CPUS_MASK && most.last == SP_CPUS_MASK && most.isPart)
        #expect(CPUSpan("\(SP_CPUS_MAX - 1)") != nil && CPUSpan("\(SP_CPUS_MAX)") == nil)
        // Every CPU's number has room.
        #expect(UInt32(SP_CPUS_MAX) <= SP_CPUS_MASK)
    }

    /// What is no span, as a trace or a random description may have it, is one that has its first CPU.
    @Test func noEncodingIsAnEmptySpan() {
        let turned = CPUSpan(encoded: 2 << UInt32(SP_CPUS_LAST_SHIFT) | 7)
        #expect(turned.numbers(of: 4) == 7...7)
        let part = CPUSpan(encoded: SP_CPUS_PART | 10 << UInt32(SP_CPUS_LAST_SHIFT) | 90)
        #expect(part.numbers(of: 4) == 3...3)
    }
}
