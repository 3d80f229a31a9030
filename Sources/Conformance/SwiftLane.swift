// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import PolicyModel

/// A policy written in Swift: the described one, or any other that claims to be its twin.
public final class SwiftLane<Execution: Policy>: Lane {
    public let name: String
    private let makeExecution: (sp_policy) -> Execution
    private let buffers = LaneBuffers()
    /// The policy before the first event, and now. Nil before the first `load`.
    private var state: (fresh: Execution, now: Execution)?

    /// - Parameter makeExecution: makes the policy of a description, as before its first event.
    public init(name: String, _ makeExecution: @escaping (sp_policy) -> Execution) {
        self.name = name
        self.makeExecution = makeExecution
    }

    public func load(_ policy: sp_policy) {
        let fresh = makeExecution(policy)
        state = (fresh, fresh)
    }

    // Lanes are called through `any Lane`, where the compiler does not know the policy.
    @specialized(where Execution == DescribedPolicy)
    public func decide(
        _ events: UnsafeBufferPointer<sp_event>, isStart: Bool, period: Int
    ) throws(LaneError) -> UnsafePointer<sp_outcome> {
        guard let state else { throw .failed(lane: name, reason: "it has no description") }
        guard let first = events.baseAddress else { return UnsafePointer(buffers.outcomes) }
        // A local copy: what is reached through `self` would be looked up and checked each time.
        var execution = isStart ? state.fresh : state.now
        let tasks = buffers.tasks
        let outcomes = buffers.outcomes
        let length = period == 0 ? events.count : period
        var index = 0
        while index < events.count {
            if period != 0 { execution = state.fresh }
            let end = min(index + length, events.count)
            while index < end {
                let event = first + index
                let task = tasks.task(of: event)
                outcomes[index].decision = execution.decide(event.pointee, &task.pointee)
                outcomes[index].task = task.pointee
                outcomes[index].global = execution.global
                index += 1
            }
        }
        self.state = (state.fresh, execution)
        return UnsafePointer(outcomes)
    }

    public func forget(_ events: UnsafeBufferPointer<sp_event>) {
        buffers.tasks.forget(events)
    }
}
