// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto
import PolicyModel

/// The rules that a policy chooses and that only Swift knows.
///
/// - Parameters:
///   - policy: The policy.
///   - twins: The keys of rules, and their values that have a C twin, one bit for each.
/// - Returns: The keys and the words of the rules without a twin, in the order of `twins`;
///   empty if the policy can run as BPF. A value without a word is given as its number.
package func missingTwins(
    of policy: sp_policy, twins: [(path: String, mask: UInt32)] = Shipped.twins
) -> [(key: String, word: String)] {
    twins.compactMap { path, mask in
        guard let key = PolicyKeys.named(path), key.isRead(in: policy) else { return nil }
        let value = key.value(in: policy)
        // A shift by 32 or more leaves no bit, which is the right answer.
        if mask & (UInt32(1) << value) != 0 { return nil }
        return (path, key.word(for: value) ?? String(value))
    }
}
