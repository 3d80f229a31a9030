// SPDX-License-Identifier: GPL-2.0-only

/// How long tasks waited, in steps of an eighth of a power of two.
public struct WaitHistogram: Sendable, Equatable {
    public let counts: [UInt64]
    public let totalNs: UInt64
    public let maxNs: UInt64

    public var count: UInt64 { counts.reduce(0, +) }
    public var meanNs: UInt64 { count == 0 ? 0 : totalNs / count }

    /// Lower end of a step, ns.
    public static func lowerEnd(_ step: Int) -> UInt64 {
        let power = UInt64(1) << UInt64(step / 8)
        return power + power / 8 * UInt64(step % 8)
    }

    /// Upper end of the step in which the share of all waits is reached, not above the longest.
    /// - Parameter permille: 0...1000.
    public func quantile(permille: UInt64) -> UInt64 {
        let total = count
        guard total > 0 else { return 0 }
        let wanted = max((total * permille + 999) / 1000, 1)
        var sum: UInt64 = 0
        for (step, number) in counts.enumerated() {
            sum += number
            if sum >= wanted { return min(maxNs, Self.lowerEnd(step + 1)) }
        }
        return maxNs
    }

    /// By powers of two of nanoseconds.
    public var powers: [UInt64] {
        stride(from: 0, to: counts.count, by: 8).map { counts[$0..<$0 + 8].reduce(0, +) }
    }
}
