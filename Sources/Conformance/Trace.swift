// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// A description and the events that it is to decide, from its start.
public struct Trace {
    public var policy: sp_policy
    public var events: [sp_event]

    public init(policy: sp_policy, events: [sp_event]) {
        self.policy = policy
        self.events = events
    }
}

/// Where the events of a random trace come from.
public enum TraceSource: String, CaseIterable, Sendable {
    /// A simulated machine: what a kernel may send.
    case realistic
    /// Fields at their bounds and beyond: what no kernel sends.
    case hostile

    /// Fills the buffer with the beginning of the trace that the seed stands for. A shorter
    /// buffer gets a shorter beginning of the same trace.
    public func fill(
        _ events: UnsafeMutableBufferPointer<sp_event>, seed: UInt64, policy: sp_policy
    ) {
        switch self {
        case .realistic:
            Machine.fill(events, seed: seed, policy: policy.ofMachine)
        case .hostile:
            var trace = HostileTrace(seed: seed, policy: policy)
            trace.fill(events)
        }
    }
}

extension sp_policy {
    /// What the simulated machine decides by. A pair's parameters would be taken for numbers of rules that
    /// it does not have: its machine goes by vruntime.
    fileprivate var ofMachine: sp_policy {
        guard pair != 0 else { return self }
        var policy = self
        policy.pair = 0
        policy.slice_min_ns = 1_000_000
        policy.sleep_credit_ns = slice_max_ns
        policy.rate_window_ns = 1_000_000_000
        policy.rate_max = 10
        policy.starvation_ns = 0
        policy.wait_max_ns = 1_500_000_000
        return policy
    }
}
