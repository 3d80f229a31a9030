// SPDX-License-Identifier: GPL-2.0-only

/// A histogram by powers of two, printed in the shape that bpftrace prints.
public struct Histogram: Sendable {
    /// Values counted from 2^i up to 2^(i+1).
    public let buckets: [UInt64]

    public init(_ buckets: [UInt64]) {
        self.buckets = buckets
    }

    public var count: UInt64 { buckets.reduce(0, &+) }

    /// Upper end of the bucket in which the given share of all values is reached; 0 if there are
    /// none. So "at most", and at most twice the true value.
    /// - Parameter permille: 0...1000.
    public func quantile(permille: UInt64) -> UInt64 {
        let total = count
        guard total > 0 else { return 0 }
        let wanted = max((total &* permille + 999) / 1000, 1)
        var sum: UInt64 = 0
        for (index, bucket) in buckets.enumerated() {
            sum += bucket
            if sum >= wanted { return 1 << UInt64(index + 1) }
        }
        return 0
    }

    /// One line for each bucket from the first to the last that is not empty.
    public func lines() -> [String] {
        guard let first = buckets.firstIndex(where: { $0 > 0 }),
            let last = buckets.lastIndex(where: { $0 > 0 }), let most = buckets.max()
        else { return [] }
        let width: UInt64 = 52
        return (first...last).map { index in
            let low = index == 0 ? "0" : Self.short(1 << UInt64(index))
            let range = "[\(low), \(Self.short(1 << UInt64(index + 1))))"
            let bar = String(repeating: "@", count: Int(buckets[index] * width / most))
            return pad(range, to: 16) + pad(left: "\(buckets[index])", to: 10) + " |"
                + pad(bar, to: Int(width)) + "|"
        }
    }

    /// A power of two with bpftrace's suffixes: 1K is 1024.
    private static func short(_ value: UInt64) -> String {
        let units = ["", "K", "M", "G", "T"]
        var value = value
        var unit = 0
        while value >= 1024 && unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(value)\(units[unit])"
    }
}

func pad(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 0))
}

func pad(left text: String, to width: Int) -> String {
    String(repeating: " ", count: max(width - text.count, 0)) + text
}
