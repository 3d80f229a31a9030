// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// Numbers that a pair's policy may compare times with: what its parameters and its rows hold, as far as that may be
/// a time. A rule is most often wrong exactly there.
enum PairLimits {
    /// 1 us to 73 min: what durations are for.
    private static let times: ClosedRange<UInt64> = 1000...(1 << 42)
    private static let most = 24

    /// Each once, and `slice-max`. Which field is a duration is not known here: every 64-bit number counts.
    static func of(_ policy: sp_policy) -> [UInt64] {
        var found = [policy.slice_max_ns]
        withUnsafeBytes(of: policy) { bytes in
            let params = Int(SP_PAIR_PARAMS)..<MemoryLayout<sp_policy>.size
            for offset in stride(from: params.lowerBound, to: params.upperBound - 7, by: 8) {
                let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                if times.contains(value), !found.contains(value) { found.append(value) }
                if found.count == most { break }
            }
        }
        return found
    }
}
