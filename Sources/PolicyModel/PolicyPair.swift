// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// A policy of one's own that has a twin in C, with its own state and parameters.
///
/// The pair's declaration (`NAME.yaml`, beside the policy) says what it remembers and what can be set; from it the build
/// makes the types `Task`, `State` and `Params`, members of the policy's type, and the same structures for
/// C. The twin is `NAME.h`, function by function; what both have around them is in
/// `bpf/policy_pair.h` and here. Write the methods with integers alone, see `Policy`. The type may keep what
/// `init` makes of the parameters; whatever else it remembers has to be declared: it is made anew for each event.
public protocol PolicyPair: Policy, Sendable {
    /// What is remembered of one task.
    associatedtype Task: TaskState
    /// What is remembered beside the tasks.
    associatedtype State: BitwiseCopyable & Sendable
    /// What descriptions and settings say.
    associatedtype Params: BitwiseCopyable & Sendable

    /// Before the first event: `State()`.
    var state: State { get set }
    init(_ params: Params)
    /// What a description says. Not to be written: the build does so for a pair that has tables of rows, which stay
    /// where they are in the kernel.
    static func params(_ policy: UnsafePointer<sp_policy>) -> Params

    /// A task is seen for the first time; `task` is all zero but for its generation.
    mutating func start(_ task: inout Task, _ event: sp_event)
    /// A task begins to wait: answer with `sp_decision.queue`, `.preempt`, `.hold` or `.direct`.
    mutating func enqueue(_ event: sp_event, _ task: inout Task) -> sp_decision
    /// A task was picked: answer with `sp_decision.run`.
    mutating func running(_ event: sp_event, _ task: Task) -> sp_decision
    /// A CPU wants a task: answer with `sp_decision.serve`, or with `.goOn` if `event.hasPrev(task)`.
    /// Left out: the priority queue first, the smaller key within each; with queues of its own, the near one first
    /// (`nearDispatch`). In C both are `sp_default_dispatch`.
    mutating func dispatch(_ event: sp_event, _ task: Task) -> sp_decision

    // Events that the declaration names (`events:`): the build refuses a function without its event, and the other way.

    /// A task stops running: `event.used_ns` is CPU time since the last `running` or `stopping` of it, and
    /// `event.sleeps` whether it is not runnable any more.
    mutating func stopping(_ event: sp_event, _ task: inout Task)
    /// The kernel's tick while a task runs: answer with `sp_decision.giveWay`, which ends its slice, or with `.none`.
    mutating func tick(_ event: sp_event, _ task: inout Task) -> sp_decision
    /// A task has another weight, `event.weight`, or may run on other CPUs, so many as `event.allowedCPUs` says.
    mutating func changed(_ event: sp_event, _ task: inout Task)
    /// The CPU `event.cpu` came, `event.isOnline`, or went; `event.cpus` are there now.
    mutating func cpus(_ event: sp_event)
}

/// The state of one task, as a pair declares it: `SP_PAIR_BYTES` of its own, and what all have.
public protocol TaskState: BitwiseCopyable, Sendable {
    /// Which task of this pid it is; 0: none.
    var generation: UInt32 { get }
    /// The queue it waits in: `sp_queue`, its class; or the number of one of the pair's own.
    var queue: UInt32 { get set }
    /// The pair's own queues, as `sp_policy.rate_max` says them; 0: it has none.
    static var ownQueues: UInt32 { get }
    /// The events that it wants beside those of all policies: `SP_WANTS_STOPPING_BIT` and its like.
    static var wanted: UInt32 { get }
}

extension TaskState {
    @inlinable
    public static var wanted: UInt32 { 0 }
}

// The protocol `Policy` speaks of the structures of all policies; the bytes are the same.
extension PolicyPair {
    @inlinable @inline(__always)
    public mutating func start(_ task: inout sp_task, _ event: sp_event) {
        var own = unsafeBitCast(task, to: Task.self)
        start(&own, event)
        task = unsafeBitCast(own, to: sp_task.self)
    }

    @inlinable @inline(__always)
    public mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        var own = unsafeBitCast(task, to: Task.self)
        let decision = enqueue(event, &own)
        task = unsafeBitCast(own, to: sp_task.self)
        return decision
    }

    @inlinable @inline(__always)
    public mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision {
        running(event, unsafeBitCast(task, to: Task.self))
    }

    @inlinable @inline(__always)
    public mutating func dispatch(_ event: sp_event, _ task: sp_task) -> sp_decision {
        dispatch(event, unsafeBitCast(task, to: Task.self))
    }

    /// An event that it wants; of a kind that it does not want nothing is known.
    @inlinable @inline(__always)
    public mutating func decideWanted(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        guard sp_policy.wantedBit(event.kind) & Task.wanted != 0 else { return .invalid(event) }
        if event.kind == SP_EVENT_CPUS.rawValue {
            cpus(event)
            return .none(event)
        }
        guard event.speaks(of: task) else { return .stale(event) }
        var own = unsafeBitCast(task, to: Task.self)
        let decision = answerWanted(event, &own)
        task = unsafeBitCast(own, to: sp_task.self)
        return decision
    }

    @inlinable @inline(__always)
    mutating func answerWanted(_ event: sp_event, _ task: inout Task) -> sp_decision {
        switch event.kind {
        case SP_EVENT_TICK.rawValue: return tick(event, &task)
        case SP_EVENT_CHANGED.rawValue: changed(event, &task)
        default: stopping(event, &task)
        }
        return .none(event)
    }

    @inlinable
    public var global: sp_global { unsafeBitCast(state, to: sp_global.self) }

    @inlinable @inline(__always)
    public mutating func start(_ task: inout Task, _ event: sp_event) {}

    @inlinable @inline(__always)
    public mutating func stopping(_ event: sp_event, _ task: inout Task) {}

    @inlinable @inline(__always)
    public mutating func tick(_ event: sp_event, _ task: inout Task) -> sp_decision { .none(event) }

    @inlinable @inline(__always)
    public mutating func changed(_ event: sp_event, _ task: inout Task) {}

    @inlinable @inline(__always)
    public mutating func cpus(_ event: sp_event) {}

    @inlinable @inline(__always)
    public mutating func dispatch(_ event: sp_event, _ task: Task) -> sp_decision {
        defaultDispatch(event, task)
    }

    /// What `dispatch` answers where it is left out, for those that answer otherwise sometimes. Twin:
    /// `sp_default_dispatch`.
    @inlinable @inline(__always)
    public func defaultDispatch(_ event: sp_event, _ task: Task) -> sp_decision {
        if Task.ownQueues != 0 { return Self.nearDispatch(event, task) }
        var all = sp_task()
        all.generation = task.generation
        all.queue = task.queue
        return firstComeDispatch(event, all)
    }
}

/// How those call it who know the structures of all policies alone.
extension PolicyPair {
    /// As before the first event, with the parameters of a description.
    @inlinable @inline(__always)
    public init(_ policy: UnsafePointer<sp_policy>) {
        self.init(Self.params(policy))
    }

    @inlinable @inline(__always)
    public static func params(_ policy: UnsafePointer<sp_policy>) -> Params {
        UnsafeRawPointer(policy).loadUnaligned(fromByteOffset: Int(SP_PAIR_PARAMS), as: Params.self)
    }

    /// The same.
    @inlinable
    public init(_ policy: sp_policy) {
        self = withUnsafePointer(to: policy) { Self($0) }
    }

    /// Puts `global` into the state before the first event. Twin: `sp_pair_start`.
    @inlinable
    public static func begin(
        _ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>
    ) {
        global.pointee = Self(policy).global
    }

    /// Decides one event. Twin: `sp_decide`.
    @inlinable @inline(__always)
    public static func decide(
        _ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>,
        _ task: UnsafeMutablePointer<sp_task>, _ event: UnsafePointer<sp_event>,
        _ decision: UnsafeMutablePointer<sp_decision>
    ) {
        var execution = Self(policy)
        execution.state = unsafeBitCast(global.pointee, to: State.self)
        decision.pointee = execution.decide(event.pointee, &task.pointee)
        global.pointee = execution.global
    }

    /// Decides events in order; `tasks` are `SP_PROBE_TASKS`. Twin: `sp_pair_decide`.
    @inlinable
    public static func decideAll(
        _ policy: UnsafePointer<sp_policy>, _ global: UnsafeMutablePointer<sp_global>,
        _ tasks: UnsafeMutablePointer<sp_task>, _ events: UnsafePointer<sp_event>,
        _ outcomes: UnsafeMutablePointer<sp_outcome>, _ count: UInt32
    ) {
        for index in 0..<Int(count) {
            let event = events + index
            let task = tasks + Int(event.pointee.pid & (SP_PROBE_TASKS - 1))
            // From event to event goes the state alone, here as in both modes.
            var execution = Self(policy)
            execution.state = unsafeBitCast(global.pointee, to: State.self)
            outcomes[index].decision = execution.decide(event.pointee, &task.pointee)
            outcomes[index].task = task.pointee
            global.pointee = execution.global
            outcomes[index].global = global.pointee
        }
    }
}

extension sp_decision {
    /// The task waits in `task.queue`; the smaller key goes first, ties by arrival.
    @inlinable @inline(__always)
    public static func queue(_ event: sp_event, _ task: some TaskState, key: UInt64) -> sp_decision {
        answer(event, SP_ACTION_QUEUE, queue: task.queue, key: key)
    }

    /// The same, and a task of the regular queue's class that runs on the task's CPU gives way: where the description
    /// says `preempt-on-wakeup: true`, which it does not by default. Else it is `queue`. Twin: `sp_preempt`.
    @inlinable @inline(__always)
    public static func preempt(_ event: sp_event, _ task: some TaskState, key: UInt64) -> sp_decision {
        answer(event, SP_ACTION_PREEMPT, queue: task.queue, key: key, cpu: event.cpu)
    }

    /// The task waits in `task.queue` as well, but not before `ns` have passed: until then nobody serves it. Answers an
    /// ENQUEUE of a pair that declares `alone: asked`; 1...`SP_HOLD_MAX_NS`. Twin: `sp_hold`.
    @inlinable @inline(__always)
    public static func hold(
        _ event: sp_event, _ task: some TaskState, key: UInt64, ns: UInt64
    ) -> sp_decision {
        answer(event, SP_ACTION_HOLD, queue: task.queue, key: key, sliceNs: ns)
    }

    /// The task that runs gives way: its slice is over. Answers a TICK. Twin: `sp_give_way`.
    @inlinable @inline(__always)
    public static func giveWay(_ event: sp_event) -> sp_decision { answer(event, SP_ACTION_GIVE_WAY) }

    /// The task runs on the idle CPU that was claimed for it.
    @inlinable @inline(__always)
    public static func direct(_ event: sp_event, _ task: some TaskState, key: UInt64) -> sp_decision {
        answer(event, SP_ACTION_DIRECT, queue: task.queue, key: key, cpu: event.idle_cpu)
    }

    /// The picked task runs for `sliceNs`, more than 0.
    @inlinable @inline(__always)
    public static func run(_ event: sp_event, _ task: some TaskState, sliceNs: UInt64) -> sp_decision {
        answer(event, SP_ACTION_RUN, queue: task.queue, sliceNs: sliceNs)
    }
}

extension sp_event {
    /// DISPATCH: whether the CPU's task could go on; `task` is its state.
    @inlinable @inline(__always)
    public func hasPrev(_ task: some TaskState) -> Bool {
        flags & SP_EVENT_PREV != 0 && generation != 0 && generation == task.generation
    }
}
