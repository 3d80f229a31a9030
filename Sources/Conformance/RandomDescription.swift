// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import PolicyModel

extension sp_policy {
    /// A valid description; every rule that has a C twin, and every bound of every number, is
    /// likely to come up.
    public static func random(using random: inout SplitMix64) -> sp_policy {
        combination(Int(random.below(UInt64(combinations))), using: &random)
    }

    /// How many combinations of rules with a C twin there are, switches that are on or off included.
    public static var combinations: Int { Shipped.combinations }

    /// The description of a combination of rules, 0..<combinations, with random numbers.
    public static func combination(_ number: Int, using random: inout SplitMix64) -> sp_policy {
        Shipped.combination(number) { random.magnitude($0) }
    }
}
