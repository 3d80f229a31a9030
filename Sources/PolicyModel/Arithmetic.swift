// SPDX-License-Identifier: GPL-2.0-only

// The integer rules that the parts of the policy share: unsigned 64-bit arithmetic that wraps,
// unsigned division only and never by zero. Twin: bpf/policy_base.h.

/// Whether time or vtime `a` is before `b`, by signed difference. Twin: `sp_before`.
@inlinable @inline(__always)
public func isBefore(_ a: UInt64, _ b: UInt64) -> Bool {
    Int64(bitPattern: a &- b) < 0
}

/// ¾ old + ¼ latest, rounded down part by part (scx_bpfland's `calc_avg`).
@inlinable @inline(__always)
func average(_ old: UInt64, _ latest: UInt64) -> UInt64 {
    old &- (old >> 2) &+ (latest >> 2)
}
