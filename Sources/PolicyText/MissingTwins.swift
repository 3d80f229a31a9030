// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import PolicyModel

/// The rules that a policy chooses and that only Swift knows.
///
/// - Parameters:
///   - policy: The policy.
///   - orders: The order rules that have a C twin, one bit for each value: `sp_native_orders()`.
///   - slices: The same for `slice.rule`: `sp_native_slices()`.
///   - classes: The same for `classes.rule`: `sp_native_classes()`.
///   - bursts: The same for `order.burst`: `sp_native_bursts()`.
/// - Returns: The keys and the words of the rules without a twin, in the order of a description;
///   empty if the policy can run as BPF. A value without a word is given as its number.
public func missingTwins(
    of policy: sp_policy, orders: UInt32, slices: UInt32, classes: UInt32, bursts: UInt32
) -> [(key: String, word: String)] {
    let masks = [
        ("order.rule", orders), ("order.burst", bursts), ("slice.rule", slices),
        ("classes.rule", classes),
    ]
    return masks.compactMap { path, mask in
        guard let key = PolicyKeys.named(path) else { return nil }
        // Only a deadline reads what a burst adds.
        if path == "order.burst" && policy.order != SP_ORDER_DEADLINE.rawValue { return nil }
        let value = key.value(in: policy)
        // A shift by 32 or more leaves no bit, which is the right answer.
        if mask & (UInt32(1) << value) != 0 { return nil }
        return (path, key.word(for: value) ?? String(value))
    }
}
