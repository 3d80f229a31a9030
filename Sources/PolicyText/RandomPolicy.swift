// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import Output
import PolicyModel

/// A valid policy, from all that descriptions can say.
///
/// Rules are equally likely. Numbers are extremes, round values, or anything between: the ends of a
/// range, and its small values, come up far more often than they would by chance.
public func randomPolicy(using generator: inout some RandomNumberGenerator) -> sp_policy {
    var policy = KeyTable.current.base
    for key in PolicyKeys.resolvable {
        let value = key.isRead(in: policy) ? key.random(in: policy, using: &generator) : key.unread
        key.store(value, in: &policy)
    }
    for table in PolicyKeys.tables { table.storeRandom(in: &policy, using: &generator) }
    return policy
}

extension PolicyKey {
    /// A value that may stand at this key, given the keys that it depends on; 0 for text.
    func random(
        in policy: sp_policy, using generator: inout some RandomNumberGenerator
    ) -> UInt64 {
        switch kind {
        case .name, .line: return 0
        case .words(let words): return words.randomElement(using: &generator)?.value ?? 0
        case .bool: return UInt64.random(in: 0...1, using: &generator)
        case .cpus: return UInt64(Self.randomCPUs(using: &generator).encoded)
        case .integer(let range): return Self.random(in: range, using: &generator)
        case .duration(let range, let none):
            if none && UInt8.random(in: 0..<4, using: &generator) == 0 { return 0 }
            let bound = notAbove.flatMap(PolicyKeys.named)?.value(in: policy) ?? range.upperBound
            return Self.random(in: range.lowerBound...min(range.upperBound, bound), using: &generator)
        }
    }

    /// Parts of a machine, mostly; numbers that few machines have, too.
    private static func randomCPUs(using generator: inout some RandomNumberGenerator) -> CPUSpan {
        let isPart = UInt8.random(in: 0..<4, using: &generator) > 0
        let most: UInt32 = isPart ? 100 : 63
        let first = UInt32.random(in: 0..<most, using: &generator)
        let last = UInt32.random(in: first + 1...most, using: &generator)
        return CPUSpan(isPart ? "\(first)%-\(last)%" : "\(first)-\(last)") ?? .all
    }

    private static func random(
        in range: ClosedRange<UInt64>, using generator: inout some RandomNumberGenerator
    ) -> UInt64 {
        switch UInt8.random(in: 0..<8, using: &generator) {
        case 0: return range.lowerBound
        case 1: return range.upperBound
        case 2, 3: return UInt64.random(in: range, using: &generator)
        default:
            // As many small values as large ones: a random number of bits above the lower end.
            let width = range.upperBound - range.lowerBound
            let bits = UInt64(64 - width.leadingZeroBitCount)
            let most = min(width, (1 << UInt64.random(in: 0...bits, using: &generator)) - 1)
            return range.lowerBound + UInt64.random(in: 0...most, using: &generator)
        }
    }
}
