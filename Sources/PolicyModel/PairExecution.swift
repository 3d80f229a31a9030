// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// A pair's Swift policy behind C functions: one type, whatever the pair, for which the loop that decides is
/// compiled. A pair's own type is in its author's package, where that loop cannot be looked into.
@frozen
public struct PairExecution: Policy, Sendable {
    /// The functions of a pair, each on description, state, task, event and, but for `start`, decision.
    public struct Functions: Sendable {
        public typealias Start =
            @convention(c) (
                UnsafePointer<sp_policy>, UnsafeMutablePointer<sp_global>, UnsafeMutablePointer<sp_task>,
                UnsafePointer<sp_event>
            ) -> Void
        public typealias Answer =
            @convention(c) (
                UnsafePointer<sp_policy>, UnsafeMutablePointer<sp_global>, UnsafeMutablePointer<sp_task>,
                UnsafePointer<sp_event>, UnsafeMutablePointer<sp_decision>
            ) -> Void

        @usableFromInline package let start: Start
        @usableFromInline package let enqueue: Answer
        @usableFromInline package let running: Answer
        @usableFromInline package let dispatch: Answer
        /// All events that it wants beside those.
        @usableFromInline package let wanted: Answer

        public init(
            start: Start, enqueue: Answer, running: Answer, dispatch: Answer,
            wanted: Answer = { _, _, _, event, decision in decision.pointee = .invalid(event.pointee) }
        ) {
            self.start = start
            self.enqueue = enqueue
            self.running = running
            self.dispatch = dispatch
            self.wanted = wanted
        }
    }

    @usableFromInline var policy: sp_policy
    public var global: sp_global
    @usableFromInline package let functions: Functions

    /// - Parameter global: the state before the first event.
    public init(_ policy: sp_policy, _ global: sp_global, _ functions: Functions) {
        self.policy = policy
        self.global = global
        self.functions = functions
    }

    /// The same policy, in its present state, behind other functions: of somebody who sees each decision.
    package func seen(by functions: Functions) -> PairExecution { PairExecution(policy, global, functions) }

    @inlinable
    public mutating func start(_ task: inout sp_task, _ event: sp_event) {
        var event = event
        functions.start(&policy, &global, &task, &event)
    }

    @inlinable
    public mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        answer(functions.enqueue, event, &task)
    }

    @inlinable
    public mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision {
        var task = task
        return answer(functions.running, event, &task)
    }

    @inlinable
    public mutating func dispatch(_ event: sp_event, _ task: sp_task) -> sp_decision {
        var task = task
        return answer(functions.dispatch, event, &task)
    }

    @inlinable
    public mutating func decideWanted(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        answer(functions.wanted, event, &task)
    }

    @inlinable @inline(__always)
    mutating func answer(
        _ function: Functions.Answer, _ event: sp_event, _ task: inout sp_task
    ) -> sp_decision {
        var event = event
        var decision = sp_decision()
        function(&policy, &global, &task, &event, &decision)
        return decision
    }
}

/// What such functions are made of, in the module of a pair.
extension PolicyPair {
    @inlinable @inline(__always)
    public static func start(
        _ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>,
        _ task: UnsafeMutablePointer<sp_task>, _ event: UnsafePointer<sp_event>
    ) {
        var execution = Self(policy)
        execution.state = unsafeBitCast(global.pointee, to: State.self)
        execution.start(&task.pointee, event.pointee)
        global.pointee = execution.global
    }

    @inlinable @inline(__always)
    public static func enqueue(
        _ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>,
        _ task: UnsafeMutablePointer<sp_task>, _ event: UnsafePointer<sp_event>,
        _ decision: UnsafeMutablePointer<sp_decision>
    ) {
        var execution = Self(policy)
        execution.state = unsafeBitCast(global.pointee, to: State.self)
        decision.pointee = execution.enqueue(event.pointee, &task.pointee)
        global.pointee = execution.global
    }

    @inlinable @inline(__always)
    public static func running(
        _ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>,
        _ task: UnsafeMutablePointer<sp_task>, _ event: UnsafePointer<sp_event>,
        _ decision: UnsafeMutablePointer<sp_decision>
    ) {
        var execution = Self(policy)
        execution.state = unsafeBitCast(global.pointee, to: State.self)
        decision.pointee = execution.running(event.pointee, task.pointee)
        global.pointee = execution.global
    }

    @inlinable @inline(__always)
    public static func dispatch(
        _ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>,
        _ task: UnsafeMutablePointer<sp_task>, _ event: UnsafePointer<sp_event>,
        _ decision: UnsafeMutablePointer<sp_decision>
    ) {
        var execution = Self(policy)
        execution.state = unsafeBitCast(global.pointee, to: State.self)
        decision.pointee = execution.dispatch(event.pointee, task.pointee)
        global.pointee = execution.global
    }

    @inlinable @inline(__always)
    public static func decideWanted(
        _ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>,
        _ task: UnsafeMutablePointer<sp_task>, _ event: UnsafePointer<sp_event>,
        _ decision: UnsafeMutablePointer<sp_decision>
    ) {
        var execution = Self(policy)
        execution.state = unsafeBitCast(global.pointee, to: State.self)
        decision.pointee = execution.decideWanted(event.pointee, &task.pointee)
        global.pointee = execution.global
    }
}
