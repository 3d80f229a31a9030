// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// What the BPF program cannot execute: a rule of the description that has no C twin yet.
///
/// Everything else of BPF mode is in `KernelLink.Scheduler`: load, attach, watch. No policy.
public enum BPFMode {
    /// The rules that the C policy knows, one bit for each value of the header's enum.
    public struct Twins: Sendable {
        public let orders = sp_native_orders()
        public let slices = sp_native_slices()
        public let classes = sp_native_classes()
        public let bursts = sp_native_bursts()

        public init() {}
    }
}
