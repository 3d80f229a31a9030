// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Glibc
import PolicyModel
import PolicyText
import Testing

/// The lanes that can run here. As root all of them must; otherwise a line says what is missing.
func availableLanes() throws -> [any Lane] {
    var lanes: [any Lane] = []
    for kind in LaneKind.allCases {
        do throws(LaneError) {
            lanes.append(try kind.makeLane())
        } catch {
            guard case .missing = error, geteuid() != 0 else { throw error }
            _ = notice
        }
    }
    return lanes
}

/// Printed once.
private let notice: Void = print("NOTE: not root, so these tests compare without the bytecode lane")

/// The shipped policies, all of whose rules must have a C twin: without one, lanes have to differ.
func shippedSubjects() throws -> [Campaign.Subject] {
    try PolicySource.shipped().map { description in
        let missing = missingTwins(of: description.policy)
        let rules = missing.map { "\($0.key): \($0.word)" }.joined(separator: ", ")
        try #require(missing.isEmpty, "\(description.name) uses a rule that has no C twin yet: \(rules)")
        return .init(name: description.name, policy: description.policy)
    }
}

/// A description with every number other than zero.
func somePolicy() -> sp_policy {
    var policy = sp_policy()
    policy.abi = UInt32(SP_ABI_VERSION)
    policy.order = SP_ORDER_VRUNTIME.rawValue
    policy.slice = SP_SLICE_SHARED.rawValue
    policy.classes = SP_CLASSES_VOLUNTARY_SWITCHES.rawValue
    policy.burst = SP_BURST_PLAIN.rawValue
    policy.idle = SP_IDLE_DIRECT.rawValue
    policy.kthreads = SP_KTHREADS_LOCAL.rawValue
    policy.promote_sync = 1
    policy.promote_waiting_max = 4
    policy.rate_max = 10
    policy.slice_max_ns = 12_345_678
    policy.slice_min_ns = 500_000
    policy.sleep_credit_ns = 5_000_000
    policy.rate_window_ns = 100_000_000
    policy.starvation_ns = 5_000_000
    policy.wait_max_ns = 1_000_000_000
    return policy
}

extension TraceSource {
    /// The beginning of a trace.
    func events(_ count: Int, seed: UInt64, policy: sp_policy) -> [sp_event] {
        var events = [sp_event](repeating: sp_event(), count: count)
        events.withUnsafeMutableBufferPointer { fill($0, seed: seed, policy: policy) }
        return events
    }
}

extension Harness {
    func run(_ events: [sp_event]) throws -> Mismatch? {
        try events.withUnsafeBufferPointer { try run($0) }
    }
}

/// Bytes of a value, for comparison.
func bytes(of value: some BitwiseCopyable) -> [UInt8] {
    withUnsafeBytes(of: value) { Array($0) }
}
