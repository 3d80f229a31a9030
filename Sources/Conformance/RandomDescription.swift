// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

extension sp_policy {
    /// A valid description; every rule that has a C twin, and every bound of every number, is
    /// likely to come up.
    public static func random(using random: inout SplitMix64) -> sp_policy {
        combination(Int(random.below(UInt64(combinations))), using: &random)
    }

    /// How many combinations of rules with a C twin there are, switches that are on or off included.
    public static var combinations: Int {
        rules.reduce(1) { $0 * $1.nonzeroBitCount } << switches
    }

    /// The masks of the rules, and how many switches there are beside them.
    private static var rules: [UInt32] {
        [sp_native_orders(), sp_native_slices(), sp_native_classes(), sp_native_bursts()]
    }
    private static let switches = 5

    /// The description of a combination of rules, 0..<combinations, with random numbers.
    public static func combination(_ number: Int, using random: inout SplitMix64) -> sp_policy {
        var left = UInt64(number)
        func choose(_ count: Int) -> UInt32 {
            defer { left /= UInt64(count) }
            return UInt32(left % UInt64(count))
        }
        func choose(of mask: UInt32) -> UInt32 {
            var rest = mask
            for _ in 0..<choose(mask.nonzeroBitCount) { rest &= rest - 1 }
            return UInt32(rest.trailingZeroBitCount)
        }
        var policy = sp_policy()
        policy.abi = UInt32(SP_ABI_VERSION)
        policy.order = choose(of: sp_native_orders())
        policy.slice = choose(of: sp_native_slices())
        policy.classes = choose(of: sp_native_classes())
        policy.burst = choose(of: sp_native_bursts())
        policy.idle = 1 + choose(2)
        policy.kthreads = 1 + choose(2)
        policy.promote_sync = choose(2)
        policy.preempt = choose(2)
        let starves = choose(2)
        policy.promote_waiting_max = UInt32(random.magnitude(0...1024))
        policy.rate_max = UInt32(random.magnitude(1...1000))
        policy.slice_max_ns = random.magnitude(100_000...100_000_000)
        policy.slice_min_ns = random.magnitude(10_000...policy.slice_max_ns)
        policy.sleep_credit_ns = random.magnitude(0...1_000_000_000)
        policy.rate_window_ns = random.magnitude(1_000_000...60_000_000_000)
        policy.starvation_ns = starves == 0 ? 0 : random.magnitude(100_000...10_000_000_000)
        policy.wait_max_ns = random.magnitude(100_000_000...2_000_000_000)
        return policy
    }
}
