// SPDX-License-Identifier: GPL-2.0-only
import PolicyModel

/// What the BPF program cannot execute: a rule of the description that has no C twin yet.
///
/// Everything else of BPF mode is in `KernelLink.Scheduler`: load, attach, watch. No policy.
public enum BPFMode {
    /// The keys of rules, and which of their values the C policy knows: one bit for each.
    package static var twins: [(path: String, mask: UInt32)] { Shipped.twins }
}
