// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
public import Conformance
import Glibc
import PolicyText

extension Pair {
    /// What came of a comparison.
    public struct Verdict: Sendable, CustomStringConvertible {
        /// Events that all lanes decided alike.
        public let events: Int
        /// The executions that were compared.
        public let lanes: [String]
        /// What was found: who differs, in which field, after which events; nil if nothing.
        public let divergence: String?

        public var isIdentical: Bool { divergence == nil }

        public var description: String {
            divergence ?? "\(events) events, identical over \(lanes.joined(separator: ", "))"
        }
    }

    /// Compares the pair's executions on random, hostile and, up to `depth` events, all traces: in one line
    /// of a test, `#expect(try Mine.pair.compare().isIdentical)`.
    ///
    /// - Parameters:
    ///   - lanes: nil: all that can run here; without root's rights that is Swift against C for this machine.
    ///   - seed: of random parameters and traces; nil: one by chance, which a divergence names.
    ///   - events: of random traces.
    ///   - depth: of all traces, 1...8; 0 for none.
    /// - Throws: `LaneError` if a lane that was asked for cannot run.
    public func compare(
        lanes kinds: [LaneKind]? = nil, seed: UInt64? = nil, events: Int = 1_000_000, depth: Int = 2
    ) throws(LaneError) -> Verdict {
        var kinds = kinds ?? (geteuid() == 0 ? LaneKind.allCases : [.swift, .native])
        if swift.obstacle != nil { kinds.removeAll { $0 == .swiftBytecode } }
        var lanes: [any Lane] = []
        for kind in kinds { lanes.append(try makeLane(kind)) }
        let harness = Harness(lanes)
        let seed = seed ?? UInt64.random(in: 0..<1 << 48)
        guard let found = try firstDifference(on: harness, seed: seed, events: events, depth: depth) else {
            return Verdict(events: harness.account.events, lanes: lanes.map(\.name), divergence: nil)
        }
        return try verdict(harness, found.trace, found.mismatch, found.origin)
    }

    /// Where the lanes of a harness differ first; nil if they do not.
    package func firstDifference(
        on harness: Harness, seed: UInt64, events: Int, depth: Int
    ) throws(LaneError) -> (trace: Trace, mismatch: Harness.Mismatch, origin: String)? {
        let policy: sp_policy
        do throws(PolicyError) {
            policy = try description().policy
        } catch {
            throw .failed(lane: harness.lanes[0].name, reason: error.description)
        }
        if depth > 0 {
            try harness.load(policy)
            if let found = try Exhaustive(policy, depth: depth, names: names(of: policy)).run(on: harness) {
                return (found.trace, found.mismatch, "one of all traces of \(depth) events")
            }
        }
        var plan = Campaign.Plan(seed: seed, subjects: [.init(name: name, policy: policy)])
        plan.events = events
        let keys = keys
        plan.makeRandom = { random in keys.apply { randomPolicy(using: &random) } }
        let pair = self
        plan.makePair = { pair.execution($0) }
        plan.names = { pair.names(of: $0) }
        guard let found = try Campaign(plan, on: harness).run() else { return nil }
        return (
            found.trace, found.mismatch,
            "\(found.source.rawValue) trace of round \(found.round), seed \(seed)"
        )
    }

    private func verdict(
        _ harness: Harness, _ trace: Trace, _ mismatch: Harness.Mismatch, _ origin: String
    ) throws(LaneError) -> Verdict {
        var (trace, mismatch) = (trace, mismatch)
        var shrinker = Shrinker(harness.lanes)
        if let smaller = try shrinker.shrink(trace.events) {
            trace.events = smaller.events
            mismatch = smaller.mismatch
        }
        let names = harness.lanes.map(\.name)
        let report = DivergenceReport(lanes: names, trace: trace, mismatch: mismatch, naming: naming)
        let text = """
            \(name): the lanes decide differently (\(origin))
            \(report.summary)
            \(report.events)
            \(report.answers)
            """
        return Verdict(events: harness.account.events, lanes: names, divergence: text)
    }
}
