import Testing

// SPDX-License-Identifier: GPL-2.0-only
@testable import Session

@Suite struct HistogramTests {
    @Test func hasBpftracesShape() {
        var buckets = [UInt64](repeating: 0, count: 40)
        buckets[10] = 4
        buckets[11] = 2
        let lines = Histogram(buckets).lines()
        #expect(lines.count == 2)
        #expect(lines[0] == "[1K, 2K)                 4 |" + String(repeating: "@", count: 52) + "|")
        #expect(lines[1].hasPrefix("[2K, 4K)                 2 |@@@@@@@@@@@@@@@@@@@@@@@@@@   "))
    }

    @Test func quantilesAreUpperEndsOfBuckets() {
        var buckets = [UInt64](repeating: 0, count: 40)
        buckets[3] = 99
        buckets[20] = 1
        let histogram = Histogram(buckets)
        #expect(histogram.quantile(permille: 500) == 16)
        #expect(histogram.quantile(permille: 990) == 16)
        #expect(histogram.quantile(permille: 1000) == 1 << 21)
        #expect(Histogram([]).quantile(permille: 500) == 0)
    }
}
