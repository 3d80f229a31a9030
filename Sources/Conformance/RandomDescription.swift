// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

extension sp_policy {
    /// A valid description; every rule that has a C twin, and every bound of every number, is
    /// likely to come up.
    public static func random(using random: inout SplitMix64) -> sp_policy {
        var policy = sp_policy()
        policy.abi = UInt32(SP_ABI_VERSION)
        policy.order = random.bit(of: sp_native_orders())
        policy.slice = random.bit(of: sp_native_slices())
        policy.classes = random.bit(of: sp_native_classes())
        policy.burst = random.bit(of: sp_native_bursts())
        policy.idle = 1 + UInt32(random.below(2))
        policy.kthreads = 1 + UInt32(random.below(2))
        policy.promote_sync = UInt32(random.below(2))
        policy.promote_waiting_max = UInt32(random.magnitude(0...1024))
        policy.preempt = UInt32(random.below(2))
        policy.rate_max = UInt32(random.magnitude(1...1000))
        policy.slice_max_ns = random.magnitude(100_000...100_000_000)
        policy.slice_min_ns = random.magnitude(10_000...policy.slice_max_ns)
        policy.sleep_credit_ns = random.magnitude(0...1_000_000_000)
        policy.rate_window_ns = random.magnitude(1_000_000...60_000_000_000)
        if random.chance(75) {
            policy.starvation_ns = random.magnitude(100_000...10_000_000_000)
        }
        policy.wait_max_ns = random.magnitude(100_000_000...3_000_000_000)
        return policy
    }
}

extension SplitMix64 {
    /// The number of one of the bits that are set in `mask`, which has one at least.
    fileprivate mutating func bit(of mask: UInt32) -> UInt32 {
        var rest = mask
        for _ in 0..<below(UInt64(mask.nonzeroBitCount)) { rest &= rest - 1 }
        return UInt32(rest.trailingZeroBitCount)
    }
}
