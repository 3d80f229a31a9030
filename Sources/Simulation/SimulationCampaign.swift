// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
public import PolicyModel

/// Random scenarios, one for each seed, each in both modes or in one.
public struct SimulationCampaign: Sendable {
    /// What all runs together came to.
    public struct Account: Sendable {
        public var runs = 0
        public var events: UInt64 = 0
        public var callbacks: UInt64 = 0
        public var switches: UInt64 = 0
        public var faults: UInt64 = 0
        public var stops: UInt64 = 0
        public var sections: UInt64 = 0
        public var decisions: UInt64 = 0
        public var effects: UInt64 = 0
        public var waitMaxNs: UInt64 = 0
        public var waitMaxSeed: UInt64 = 0
        public var besideIdleMaxNs: UInt64 = 0
        public var besideIdleMaxSeed: UInt64 = 0
        /// Answers without a meaning, by the backends' count and the daemon's.
        public var strange: UInt64 = 0
        /// Tasks that were let run past the policy, and queues that nobody served.
        public var fallback: UInt64 = 0
        public var overlooked: UInt64 = 0
        /// Of all runs in their order.
        public var hash: UInt64 = 0

        public init() {}

        mutating func add(_ outcome: Outcome, seed: UInt64) {
            runs += 1
            events += outcome.events
            callbacks += outcome.callbacks
            switches += outcome.switches
            faults += outcome.faults
            stops += outcome.stops
            sections += outcome.sections
            decisions += outcome.decisions
            effects += outcome.effects
            strange += outcome.counters[SP_COUNT_STRANGE] + (outcome.daemon?.strange ?? 0)
            fallback += outcome.counters[SP_COUNT_FALLBACK]
            overlooked += outcome.counters[SP_COUNT_OVERLOOKED] + (outcome.daemon?.overlooked ?? 0)
            hash = hash &* 31 &+ outcome.hash
            if outcome.waitMaxNs > waitMaxNs { (waitMaxNs, waitMaxSeed) = (outcome.waitMaxNs, seed) }
            if outcome.besideIdleMaxNs > besideIdleMaxNs {
                (besideIdleMaxNs, besideIdleMaxSeed) = (outcome.besideIdleMaxNs, seed)
            }
        }
    }

    /// A run that went wrong.
    public struct Finding: Sendable {
        public let scenario: Scenario
        public let outcome: Outcome
        public let flaw: Outcome.Flaw
    }

    public var modes = Scenario.Mode.allCases
    public var descriptions: [PolicyDescription]
    /// Whether every second scenario has a random policy.
    public var hasRandomPolicies = true
    /// Where no longest wait beside an idle CPU is given, it is what the timer needs, at worst, to find one
    /// that was forgotten: 50 ms to its beat, when the task has waited for less than 10 ms or the daemon has its
    /// turn (20 ms), and what an interrupt is late. None where the daemon hangs for a quarter of the time and more: one
    /// that needs up to 20 ms for each pass is waited for, and picks one task for each idle CPU in it.
    public var limits = Scenario.Limits()

    /// - Parameter descriptions: policies to take in turn.
    public init(_ descriptions: [PolicyDescription]) { self.descriptions = descriptions }

    public func scenario(seed: UInt64, mode: Scenario.Mode) -> Scenario {
        var scenario = Scenario.random(
            seed: seed, mode: mode, descriptions: descriptions, isRandomAllowed: hasRandomPolicies)
        scenario.limits = limits
        if limits.besideIdleNs == 0 {
            scenario.limits.besideIdleNs = 100_000_000 + 2 * scenario.faults.kickLateNs
            // A pair may hold tasks back so long; of CPUs that its queues do not have the model does not know.
            if scenario.policy.isAskedAlone { scenario.limits.besideIdleNs += UInt64(SP_HOLD_MAX_NS) }
            let faults = scenario.faults
            let isSlow = faults.daemonEveryNs > 0 && faults.daemonEveryNs / 4 < faults.daemonNs
            if !scenario.policy.sets.isEmpty || isSlow { scenario.limits.besideIdleNs = 0 }
        }
        return scenario
    }

    /// Runs one seed; what went wrong in each mode.
    public func run(seed: UInt64, _ account: inout Account) -> [Finding] {
        var findings: [Finding] = []
        for mode in modes {
            let scenario = scenario(seed: seed, mode: mode)
            let outcome = Simulator.run(scenario)
            account.add(outcome, seed: seed)
            if let flaw = outcome.flaw {
                findings.append(Finding(scenario: scenario, outcome: outcome, flaw: flaw))
            }
        }
        return findings
    }
}
