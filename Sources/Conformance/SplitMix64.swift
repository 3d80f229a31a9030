// SPDX-License-Identifier: GPL-2.0-only

/// Sebastiano Vigna's SplitMix64: the same numbers from the same seed on every machine and with
/// every Swift release, which the standard library does not promise of its own.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    /// A generator of its own for each pair of a seed and an index.
    public init(seed: UInt64, stream: UInt64) {
        var first = SplitMix64(seed: seed)
        var second = SplitMix64(seed: stream ^ first.next())
        state = second.next()
    }

    @inline(__always)
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number in 0..<bound, for 1 ≤ bound < 2³²; 0 for bound 0.
    @inline(__always)
    mutating func below(_ bound: UInt64) -> UInt64 {
        ((next() >> 32) &* bound) >> 32
    }

    /// True in `percent` of 100 cases.
    @inline(__always)
    mutating func chance(_ percent: UInt64) -> Bool {
        below(100) < percent
    }

    /// A number in the range, every order of magnitude equally likely, its bounds often.
    mutating func magnitude(_ range: ClosedRange<UInt64>) -> UInt64 {
        switch below(8) {
        case 0: return range.lowerBound
        case 1: return range.upperBound
        default: break
        }
        let low = 64 - range.lowerBound.leadingZeroBitCount
        let high = 64 - range.upperBound.leadingZeroBitCount
        let bits = UInt64(low) + below(UInt64(high - low + 1))
        let number = bits == 0 ? 0 : next() >> (64 - bits)
        return Swift.min(Swift.max(number, range.lowerBound), range.upperBound)
    }

    /// One of the values.
    @inline(__always)
    mutating func pick(_ values: [UInt64]) -> UInt64 {
        values[Int(below(UInt64(values.count)))]
    }
}
