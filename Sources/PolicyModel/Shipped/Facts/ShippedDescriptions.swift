// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto

/// Descriptions by number: each combination of rules that have a C twin.
extension Shipped {
    /// The keys of rules, and which of their values have a C twin: a bit each.
    package static var twins: [(path: String, mask: UInt32)] {
        [
            ("order.rule", sp_native_orders()), ("order.burst", sp_native_bursts()),
            ("slice.rule", sp_native_slices()), ("classes.rule", sp_native_classes()),
        ]
    }

    /// What the C policy says of itself, by the functions that say it: the masks of `twins`.
    package static var claims: [(function: String, mask: UInt32)] {
        [
            ("sp_native_orders", sp_native_orders()), ("sp_native_slices", sp_native_slices()),
            ("sp_native_classes", sp_native_classes()), ("sp_native_bursts", sp_native_bursts()),
        ]
    }

    /// Switches beside the rules, each on or off.
    private static let switches = 5

    /// How many combinations there are.
    package static var combinations: Int { claims.reduce(1) { $0 * $1.mask.nonzeroBitCount } << switches }

    /// The description of one.
    ///
    /// - Parameters:
    ///   - number: 0..<combinations.
    ///   - magnitude: a random number of a range; small ones and bounds are to come up often.
    package static func combination(
        _ number: Int, _ magnitude: (ClosedRange<UInt64>) -> UInt64
    ) -> sp_policy {
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
        policy.promote_waiting_max = UInt32(magnitude(0...1024))
        policy.rate_max = UInt32(magnitude(1...1000))
        policy.slice_max_ns = magnitude(100_000...100_000_000)
        policy.slice_min_ns = magnitude(10_000...policy.slice_max_ns)
        policy.sleep_credit_ns = magnitude(0...1_000_000_000)
        policy.rate_window_ns = magnitude(1_000_000...60_000_000_000)
        policy.starvation_ns = starves == 0 ? 0 : magnitude(100_000...10_000_000_000)
        policy.wait_max_ns = magnitude(100_000_000...2_000_000_000)
        // Else some combinations would come up twice, and others never.
        assert(left == UInt64(number / combinations))
        return policy
    }
}
