// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import PolicyModel

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

    /// The same for a description.
    public func fill(_ events: UnsafeMutableBufferPointer<sp_event>, seed: UInt64, policy: sp_policy) {
        fill(events, seed: seed, policy: policy, pair: nil, names: [])
    }

    /// Fills the buffer with the beginning of the trace that the seed stands for. A shorter
    /// buffer gets a shorter beginning of the same trace.
    ///
    /// - Parameters:
    ///   - pair: whose policy it is, as before its first event; nil: a description's.
    ///   - names: what that asks whether tasks are called so.
    public func fill(
        _ events: UnsafeMutableBufferPointer<sp_event>, seed: UInt64, policy: sp_policy,
        pair: PairExecution?, names: [(UInt64, UInt64)]
    ) {
        let who = WhoSource(names: names, policy: policy)
        switch self {
        case .realistic:
            if let pair {
                Machine.fill(events, seed: seed, policy: policy, pair, who)
            } else {
                Machine.fill(events, seed: seed, policy: policy, DescribedPolicy(policy), who)
            }
        case .hostile:
            var trace = HostileTrace(seed: seed, policy: policy, who)
            trace.fill(events)
        }
    }
}
