// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import PolicyModel

/// What the BPF program cannot execute: a rule of the description that has no C twin yet.
///
/// Everything else of BPF mode is in `KernelLink.Scheduler`: load, attach, watch. No policy.
public enum BPFMode {
    /// The rules that the C policy knows, one bit for each value of the header's enum.
    public struct Twins: Sendable {
        public let orders = sp_native_orders()
        public let slices = sp_native_slices()
        public let classes = sp_native_classes()

        public init() {}
    }

    /// Whether the C policy knows every rule of the description.
    public static func knows(_ policy: sp_policy) -> Bool {
        let twins = Twins()
        return twins.orders & (1 << policy.order) != 0 && twins.slices & (1 << policy.slice) != 0
            && twins.classes & (1 << policy.classes) != 0
    }
}
