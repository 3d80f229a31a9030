// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import KernelLink
public import PolicyModel

/// Random descriptions and random traces, for a number of events or a time.
///
/// A campaign is a sequence of rounds, each with one description and a number of traces; a round
/// depends on the campaign's seed and on its own number alone, so it can be repeated by itself.
public struct Campaign {
    /// A description and what to call it.
    public struct Subject {
        public let name: String
        public let policy: sp_policy

        /// A part of a machine's CPUs is that of a machine of 8: descriptions are not loaded anew for each trace.
        public init(name: String, policy: sp_policy) {
            self.name = name
            self.policy = policy.withCPUs(of: 8)
        }
    }

    /// What is to be done. Without `events` and `seconds`, rounds go on without end.
    public struct Plan {
        public var seed: UInt64
        /// Descriptions to take in turn.
        public var subjects: [Subject]
        /// Whether half of the rounds, by lot, have a random description; all do without subjects.
        public var hasRandomSubjects = true
        /// Makes such a description.
        public var makeRandom: @Sendable (inout SplitMix64) -> sp_policy = { .random(using: &$0) }
        /// Of a pair: what the simulated machine decides by.
        public var makePair: (@Sendable (sp_policy) -> PairExecution)?
        /// Of a pair: what it asks whether tasks are called so, see `Pair.names`.
        public var names: @Sendable (sp_policy) -> [(UInt64, UInt64)] = { _ in [] }
        /// Events to decide.
        public var events: Int?
        /// Seconds after which no other trace begins.
        public var seconds: Double?
        /// Does the rounds whose number is `shard` modulo `shards`.
        public var shard = 0
        public var shards = 1
        /// The only round to do.
        public var round: Int?

        public init(seed: UInt64, subjects: [Subject]) {
            self.seed = seed
            self.subjects = subjects
        }
    }

    /// Where the lanes differed.
    public struct Finding {
        public let subject: Subject
        public let round: Int
        public let source: TraceSource
        /// The trace up to the record that differs.
        public let trace: Trace
        public let mismatch: Harness.Mismatch
    }

    /// Events of one round: many enough that loading the description does not matter.
    static let roundEvents = 1 << 18
    /// Events of one trace at most.
    public static let traceEventsMax = 1 << 16

    public let plan: Plan
    private let harness: Harness
    private let begin = Harness.clock()
    private let begun: Int

    public init(_ plan: Plan, on harness: Harness) {
        self.plan = plan
        self.harness = harness
        begun = harness.account.events
    }

    /// Runs until something differs or the plan is fulfilled.
    ///
    /// - Parameter progress: called after every trace; false ends the campaign.
    /// - Returns: what differed, or nil.
    public func run(progress: () -> Bool = { true }) throws(LaneError) -> Finding? {
        let buffer = UnsafeMutableBufferPointer<sp_event>.allocate(capacity: Self.traceEventsMax)
        buffer.initialize(repeating: sp_event())
        defer { buffer.deallocate() }
        var goesOn = true
        if let round = plan.round {
            return try run(round: round, buffer, &goesOn, progress)
        }
        var round = plan.shard
        while goesOn && !isDone {
            if let finding = try run(round: round, buffer, &goesOn, progress) { return finding }
            round += plan.shards
        }
        return nil
    }

    private var isDone: Bool {
        if let events = plan.events, harness.account.events - begun >= events { return true }
        if let seconds = plan.seconds, Harness.clock() - begin >= seconds { return true }
        return false
    }

    private func subject(ofRound round: Int, using random: inout SplitMix64) -> Subject {
        let count = plan.subjects.count
        // By lot, and not by the round's number: so that every shard sees all of them.
        if count == 0 || (plan.hasRandomSubjects && random.chance(50)) {
            return Subject(name: "random-\(round)", policy: plan.makeRandom(&random))
        }
        return plan.subjects[Int(random.below(UInt64(count)))]
    }

    private func run(
        round: Int, _ buffer: UnsafeMutableBufferPointer<sp_event>, _ goesOn: inout Bool,
        _ progress: () -> Bool
    ) throws(LaneError) -> Finding? {
        var random = SplitMix64(seed: plan.seed, stream: UInt64(round))
        let subject = subject(ofRound: round, using: &random)
        try harness.load(subject.policy)
        var left = Self.roundEvents
        while left > 0 && goesOn && !isDone {
            let length = min(left, Int(random.magnitude(64...UInt64(Self.traceEventsMax))))
            let source = TraceSource.allCases[Int(random.below(2))]
            var wanted = length
            if let events = plan.events {
                wanted = min(wanted, events - (harness.account.events - begun))
            }
            let events = UnsafeMutableBufferPointer(rebasing: buffer[..<wanted])
            source.fill(
                events, seed: random.next(), policy: subject.policy, pair: plan.makePair?(subject.policy),
                names: plan.names(subject.policy))
            if let mismatch = try harness.run(UnsafeBufferPointer(events)) {
                let trace = Trace(
                    policy: subject.policy, events: Array(events[...mismatch.index]))
                return Finding(
                    subject: subject, round: round, source: source, trace: trace,
                    mismatch: mismatch)
            }
            left -= length
            goesOn = progress()
        }
        return nil
    }
}
