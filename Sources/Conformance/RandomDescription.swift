// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

extension sp_policy {
    /// A valid description; every rule and every bound of every number is likely to come up.
    public static func random(using random: inout SplitMix64) -> sp_policy {
        var policy = sp_policy()
        policy.abi = UInt32(SP_ABI_VERSION)
        policy.order = 1 + UInt32(random.below(3))
        policy.slice = 1 + UInt32(random.below(4))
        policy.classes = 1 + UInt32(random.below(2))
        policy.burst = 1 + UInt32(random.below(2))
        policy.idle = 1 + UInt32(random.below(2))
        policy.kthreads = 1 + UInt32(random.below(2))
        policy.promote_sync = UInt32(random.below(2))
        policy.promote_waiting_max = UInt32(random.magnitude(0...1024))
        policy.rate_max = UInt32(random.magnitude(1...1000))
        policy.slice_max_ns = random.magnitude(100_000...100_000_000)
        policy.slice_min_ns = random.magnitude(10_000...policy.slice_max_ns)
        policy.sleep_credit_ns = random.magnitude(0...1_000_000_000)
        policy.rate_window_ns = random.magnitude(1_000_000...60_000_000_000)
        if random.chance(75) {
            policy.starvation_ns = random.magnitude(100_000...10_000_000_000)
        }
        return policy
    }
}
