// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import Glibc

/// Runs traces over all lanes and compares every byte of their answers: the decision, the task
/// and the rest of the state after each event.
public final class Harness {
    /// The first record that differs.
    public struct Mismatch {
        /// Its place in the trace.
        public let index: Int
        /// What each lane answered, in the order of `lanes`.
        public let outcomes: [sp_outcome]

        package init(index: Int, outcomes: [sp_outcome]) {
            self.index = index
            self.outcomes = outcomes
        }
    }

    /// The names of `sp_action`, by its values.
    public static let actionNames = [
        "NONE", "QUEUE", "DIRECT", "CONTINUE", "RUN", "SERVE", "STALE", "INVALID",
        "PREEMPT", "HOLD", "GIVE_WAY",
    ]

    /// What was done so far.
    public struct Account: Sendable {
        public var events = 0
        public var traces = 0
        public var policies = 0
        /// Decisions by `sp_action`, of the first lane.
        public var actions = [Int](repeating: 0, count: actionNames.count)
        /// Seconds that each lane took to decide.
        public var seconds: [Double]
        /// Seconds that all lanes took to load descriptions.
        public var loading = 0.0
    }

    /// Events that each lane decides before the answers are compared: few enough that answers
    /// are still in the cache then.
    static let chunk = 2048

    public let lanes: [any Lane]
    public private(set) var account: Account
    /// What each lane answered last; kept, so that a piece of a trace costs no allocation.
    private var answers: [UnsafePointer<sp_outcome>] = []

    /// - Parameter lanes: two or more, else there is nothing to compare.
    public init(_ lanes: [any Lane]) {
        self.lanes = lanes
        account = Account(seconds: [Double](repeating: 0, count: lanes.count))
    }

    /// Gives a description to all lanes.
    public func load(_ policy: sp_policy) throws(LaneError) {
        let begin = Self.clock()
        for lane in lanes { try lane.load(policy) }
        account.loading += Self.clock() - begin
        account.policies += 1
    }

    /// Runs one trace from its start. Returns the first record that differs, or nil.
    ///
    /// - Parameters:
    ///   - period: if not 0, the events are many traces of so many events each, which must not
    ///     share pids; at most 2048.
    ///   - observe: is given all outcomes, piece by piece, as long as the lanes agree.
    public func run(
        _ events: UnsafeBufferPointer<sp_event>, period: Int = 0,
        observe: (UnsafeBufferPointer<sp_outcome>) -> Void = { _ in }
    ) throws(LaneError) -> Mismatch? {
        let chunk = period == 0 ? Self.chunk : Self.chunk / period * period
        account.traces += period == 0 ? 1 : (events.count + period - 1) / period
        var begin = 0
        var mismatch: Mismatch?
        while begin < events.count && mismatch == nil {
            let end = min(begin + chunk, events.count)
            let part = UnsafeBufferPointer(rebasing: events[begin..<end])
            mismatch = try compare(part, at: begin, period: period, observe)
            begin = end
        }
        for lane in lanes { lane.forget(events) }
        return mismatch
    }

    private func compare(
        _ events: UnsafeBufferPointer<sp_event>, at start: Int, period: Int,
        _ observe: (UnsafeBufferPointer<sp_outcome>) -> Void
    ) throws(LaneError) -> Mismatch? {
        var first: UnsafePointer<sp_outcome>?
        var differs = false
        answers.removeAll(keepingCapacity: true)
        for (number, lane) in lanes.enumerated() {
            let begin = Self.clock()
            let outcomes = try lane.decide(events, isStart: start == 0, period: period)
            account.seconds[number] += Self.clock() - begin
            answers.append(outcomes)
            if let first {
                let size = events.count * MemoryLayout<sp_outcome>.stride
                if memcmp(first, outcomes, size) != 0 { differs = true }
            } else {
                first = outcomes
            }
        }
        if differs { return locate(count: events.count, start: start) }
        account.events += events.count
        if let first {
            let outcomes = UnsafeBufferPointer(start: first, count: events.count)
            count(outcomes)
            observe(outcomes)
        }
        return nil
    }

    private func locate(count: Int, start: Int) -> Mismatch? {
        for index in 0..<count {
            let differs = answers.dropFirst().contains { outcomes in
                memcmp(answers[0] + index, outcomes + index, MemoryLayout<sp_outcome>.stride) != 0
            }
            if differs {
                return Mismatch(index: start + index, outcomes: answers.map { $0[index] })
            }
        }
        return nil
    }

    private func count(_ outcomes: UnsafeBufferPointer<sp_outcome>) {
        account.actions.withUnsafeMutableBufferPointer { actions in
            for outcome in outcomes {
                let action = Int(outcome.decision.action)
                if action < actions.count { actions[action] &+= 1 }
            }
        }
    }

    /// Seconds of the monotonic clock.
    static func clock() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
