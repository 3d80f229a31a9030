// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// Something that every decision has to be like, whatever the inputs and the state.
struct Property: Sendable {
    let name: String
    /// The conditions under which it is broken.
    let broken: @Sendable (PropertyView) -> [Condition]

    init(name: String, broken: @escaping @Sendable (PropertyView) -> Condition) {
        self.name = name
        self.broken = { [broken($0)] }
    }

    /// In parts, each of which is a question of its own.
    init(name: String, parts: @escaping @Sendable (PropertyView) -> [Condition]) {
        self.name = name
        broken = parts
    }
}

/// The inputs and outputs of a step, as properties look at them.
struct PropertyView {
    let inputs: Inputs
    let outcome: Outcome
    let part: Case
    let path: Condition

    var terms: Terms { inputs.terms }
    var diagrams: Diagrams { inputs.terms.diagrams }

    func input(_ name: String) -> Term { inputs[name] ?? terms.constant(0, 64) }

    func output(_ name: String) -> Value {
        outcome.values.first { $0.key.fullName == name }?.value ?? Value(.undefined)
    }

    /// Where `body` says so of an output's value.
    func when(_ name: String, _ body: (Term) -> Condition) -> Condition {
        let value = output(name)
        return terms.test(value, value, under: path) { leaf, other in
            // The same leaf twice: the pairs of different ones are never met.
            guard leaf == other, case .word(let term) = leaf else { return .never }
            return body(term)
        }
    }

    func when(_ first: String, _ second: String, _ body: (Term, Term) -> Condition) -> Condition {
        terms.test(output(first), output(second), under: path) { a, b in
            guard case .word(let x) = a, case .word(let y) = b else { return .never }
            return body(x, y)
        }
    }

    /// The same for each pair of values that can be met.
    func each(_ first: String, _ second: String, _ body: (Term, Term) -> Condition) -> [Condition] {
        output(first).leaves.flatMap { one in
            output(second).leaves.compactMap { two -> Condition? in
                guard case .word(let x) = one.leaf, case .word(let y) = two.leaf else { return nil }
                let both = diagrams.and(path, diagrams.and(one.guarded, two.guarded))
                return both == .never ? nil : diagrams.and(both, body(x, y))
            }
        }
    }

    func action(is actions: sp_action...) -> Condition {
        when("decision.action") { term in
            actions.reduce(Condition.never) {
                diagrams.or($0, terms.isEqual(term, terms.constant(UInt64($1.rawValue), 32)))
            }
        }
    }

    func and(_ conditions: Condition...) -> Condition { conditions.reduce(.always) { diagrams.and($0, $1) } }
    func or(_ conditions: Condition...) -> Condition { conditions.reduce(.never) { diagrams.or($0, $1) } }
    func not(_ condition: Condition) -> Condition { diagrams.not(condition) }
    func number(_ value: UInt64, _ width: Int = 64) -> Term { terms.constant(value, width) }
    func wide(_ name: String) -> Term { terms.zeroExtend(input(name), 64) }
    func flag(_ flag: UInt32) -> Condition {
        let bit = terms.extract(input("event.flags"), flag.trailingZeroBitCount, 1)
        return terms.isEqual(bit, terms.constant(1, 1))
    }
    func isBefore(_ a: Term, _ b: Term) -> Condition { terms.isNegative(terms.subtract(a, b)) }
    /// The order goes by vtime. Another one that has keys needs properties of its own.
    var isByVtime: Condition {
        or(
            terms.isEqual(input("policy.order"), number(UInt64(SP_ORDER_VRUNTIME.rawValue), 32)),
            terms.isEqual(input("policy.order"), number(UInt64(SP_ORDER_DEADLINE.rawValue), 32)))
    }
}

extension Property {
    /// What is proven of the kinds of events.
    static func all(of kind: UInt32, _ layout: Layout) -> [Property] {
        if let hasOwnQueues = layout.pairHasOwnQueues {
            return ofEvery(kind, hasOwnQueues)
                + (layout.isAskedAlone && kind == SP_EVENT_ENQUEUE.rawValue ? [holds] : [])
        }
        return ofDescribed(kind)
    }

    /// What has to be so of every policy, whatever it decides.
    private static func ofEvery(_ kind: UInt32, _ hasOwnQueues: Bool) -> [Property] {
        [actions(of: kind), places, unused] + (hasOwnQueues ? [] : [queues])
            + (kind == SP_EVENT_RUNNING.rawValue ? [slices] : [])
    }

    private static func ofDescribed(_ kind: UInt32) -> [Property] {
        switch kind {
        case SP_EVENT_ENQUEUE.rawValue: [actions(of: kind), places, queues, vtimes, keys, rounds, clock]
        case SP_EVENT_RUNNING.rawValue: [actions(of: kind), places, queues, slices, turns, clockAdvances]
        case SP_EVENT_DISPATCH.rawValue: [actions(of: kind), places, queues, starving, going, clock]
        default: [actions(of: kind), places, queues, clock]
        }
    }

    private static func actions(of kind: UInt32) -> Property {
        Property(name: "an action that answers the event") { view in
            let allowed: Condition
            switch kind {
            case SP_EVENT_ENQUEUE.rawValue:
                let isIdle = view.not(view.terms.isNegative(view.input("event.idle_cpu")))
                allowed = view.or(
                    view.action(is: SP_ACTION_QUEUE, SP_ACTION_PREEMPT, SP_ACTION_STALE),
                    view.inputs.layout.isAskedAlone ? view.action(is: SP_ACTION_HOLD) : .never,
                    view.and(view.action(is: SP_ACTION_DIRECT), isIdle))
            case SP_EVENT_RUNNING.rawValue: allowed = view.action(is: SP_ACTION_RUN, SP_ACTION_STALE)
            case SP_EVENT_DISPATCH.rawValue:
                allowed = view.or(
                    view.action(is: SP_ACTION_NONE, SP_ACTION_SERVE),
                    view.and(view.action(is: SP_ACTION_CONTINUE), view.flag(SP_EVENT_PREV)))
            case SP_EVENT_CPUS.rawValue: allowed = view.action(is: SP_ACTION_NONE)
            case SP_EVENT_EXIT.rawValue, SP_EVENT_STOPPING.rawValue, SP_EVENT_CHANGED.rawValue:
                allowed = view.action(is: SP_ACTION_NONE, SP_ACTION_STALE)
            case SP_EVENT_TICK.rawValue:
                allowed = view.action(is: SP_ACTION_NONE, SP_ACTION_GIVE_WAY, SP_ACTION_STALE)
            default: allowed = view.action(is: SP_ACTION_INVALID)
            }
            return view.not(allowed)
        }
    }

    /// DIRECT names the idle CPU, PREEMPT the task's, all others none.
    private static let places = Property(name: "a CPU that exists") { view in
        let terms = view.terms
        let direct = view.action(is: SP_ACTION_DIRECT)
        let preempt = view.action(is: SP_ACTION_PREEMPT)
        let other = view.not(view.or(direct, preempt))
        func isNot(_ expected: Term) -> Condition {
            view.when("decision.cpu") { view.not(terms.isEqual($0, expected)) }
        }
        return view.or(
            view.and(direct, isNot(view.input("event.idle_cpu"))),
            view.and(preempt, isNot(view.input("event.cpu"))),
            view.and(other, isNot(terms.constant(mask(32), 32))))
    }

    /// What is assumed of bytes that no field is in: that they hold 0.
    private static let unused = Property(name: "bytes without a name stay 0") { view in
        view.inputs.layout.unused.filter { $0.structure != "policy" }.reduce(.never) { broken, field in
            let isSet = view.when(field.fullName) {
                view.not(view.terms.isEqual($0, view.number(0, 8 * field.size)))
            }
            return view.or(broken, isSet)
        }
    }

    /// The decision's queue is one of the two (the first, if a pair declares no other), and so is the task's afterwards, if it was before.
    private static let queues = Property(name: "a queue that exists") { view in
        let terms = view.terms
        // A CPU may be sent to either: in one that nobody declared there is nobody.
        let isAsked = view.part.kind == SP_EVENT_DISPATCH.rawValue
        let limit = terms.constant(isAsked ? UInt64(SP_QUEUES - 1) : view.inputs.layout.queueMax, 32)
        let before = terms.isAtMost(view.input("task.queue"), limit)
        let after = view.or(
            view.when("decision.queue") { view.not(terms.isAtMost($0, limit)) },
            view.when("task.queue") { view.not(terms.isAtMost($0, limit)) })
        return view.and(before, after)
    }

    private static let slices = Property(name: "a slice is never 0") { view in
        let isZero = view.when("decision.slice_ns") { view.terms.isEqual($0, view.number(0)) }
        return view.and(view.action(is: SP_ACTION_RUN), isZero)
    }

    private static let holds = Property(name: "a task is held back for 1 ns to 1 s") { view in
        let isOutside = view.when("decision.slice_ns") { ns in
            // 0 wraps.
            let before = view.terms.subtract(ns, view.number(1))
            return view.not(view.terms.isAtMost(before, view.number(UInt64(SP_HOLD_MAX_NS) - 1)))
        }
        return view.and(view.action(is: SP_ACTION_HOLD), isOutside)
    }

    /// One turn of all that wait takes no longer than `wait_max_ns`, or 1 ms each.
    private static let turns = Property(name: "a turn of all is bounded") { view in
        let terms = view.terms
        let all = terms.sum([(1, view.wide("event.waiting.0")), (1, view.wide("event.waiting.1"))], 1, 64)
        let limit = terms.maximum(
            terms.divide(view.input("policy.wait_max_ns"), all), view.number(UInt64(SP_SLICE_FLOOR_NS)))
        let isLonger = view.when("decision.slice_ns") { view.not(terms.isAtMost($0, limit)) }
        return view.and(view.action(is: SP_ACTION_RUN), isLonger)
    }

    /// clock - credit <= vtime <= clock + 1100 slices, by the values after the event. (1000 it is in truth: a
    /// bound with room costs the solver a tenth of the work, and 1100 + 100 are less than 1400 too.)
    private static let vtimes = Property(
        name: "vtime stays near the clock",
        parts: { view in
            let terms = view.terms
            let debt = UInt64(SP_DEBT_SLICES_MAX) * UInt64(SP_WEIGHT_NORMAL) / UInt64(SP_WEIGHT_MIN)
            let (slice, credit) = (view.input("policy.slice_max_ns"), view.input("policy.sleep_credit_ns"))
            let limit = terms.sum([(debt + UInt64(SP_BURST_SLICES_MAX), slice), (1, credit)], 0, 64)
            let isPlaced = view.action(is: SP_ACTION_QUEUE, SP_ACTION_PREEMPT, SP_ACTION_DIRECT)
            return view.each("task.vtime", "global.vtime_now") { vtime, clock in
                let distance = terms.sum([(1, vtime), (.max, clock), (1, credit)], 0, 64)
                return view.and(isPlaced, view.isByVtime, view.not(terms.isAtMost(distance, limit)))
            }
        })

    /// round + vtime <= key <= round + vtime + 100 slices, by the values after the event.
    private static let keys = Property(
        name: "keys stay near vtime",
        parts: { view in
            let terms = view.terms
            let limit = terms.sum([(UInt64(SP_BURST_SLICES_MAX), view.input("policy.slice_max_ns"))], 0, 64)
            let isPlaced = view.action(is: SP_ACTION_QUEUE, SP_ACTION_PREEMPT, SP_ACTION_DIRECT)
            let isThis = view.and(isPlaced, view.isByVtime)
            return view.output("task.vtime").leaves.flatMap { one -> [Condition] in
                guard case .word(let vtime) = one.leaf else { return [] }
                let when = view.and(isThis, one.guarded)
                return view.each("decision.key", "global.round") { key, round in
                    let distance = terms.sum([(1, key), (.max, round), (.max, vtime)], 0, 64)
                    return view.and(when, view.not(terms.isAtMost(distance, limit)))
                }
            }
        })

    /// A round ends with the first task that begins to wait after `wait_max_ns`, and the next one is
    /// SP_KEY_SPREAD_SLICES and the credit away; else nothing of it changes.
    private static let rounds = Property(name: "rounds end in time") { view in
        let terms = view.terms
        let (round, since) = (view.input("global.round"), view.input("global.round_since"))
        let now = view.input("event.now")
        let isOver = view.and(
            view.isBefore(view.input("policy.wait_max_ns"), terms.subtract(now, since)),
            view.not(view.action(is: SP_ACTION_STALE)))
        let next = terms.sum(
            [
                (1, round), (UInt64(SP_KEY_SPREAD_SLICES), view.input("policy.slice_max_ns")),
                (1, view.input("policy.sleep_credit_ns")),
            ], 0, 64)
        func differs(_ expected: Term, _ expectedSince: Term) -> Condition {
            view.or(
                view.when("global.round") { view.not(terms.isEqual($0, expected)) },
                view.when("global.round_since") { view.not(terms.isEqual($0, expectedSince)) })
        }
        return view.or(
            view.and(isOver, differs(next, now)), view.and(view.not(isOver), differs(round, since)))
    }

    /// Only RUNNING moves the clock of vtime.
    private static let clock = Property(name: "the clock stands still") { view in
        view.when("global.vtime_now") { view.not(view.terms.isEqual($0, view.input("global.vtime_now"))) }
    }

    /// Of a task whose vtime is not exactly half of all numbers away, which has no sign.
    private static let clockAdvances = Property(name: "the clock never goes back") { view in
        let terms = view.terms
        let distance = terms.subtract(view.input("task.vtime"), view.input("global.vtime_now"))
        let isOpposite = terms.isEqual(distance, view.number(1 << 63))
        let isBack = view.when("global.vtime_now") { view.isBefore($0, view.input("global.vtime_now")) }
        return view.and(view.not(isOpposite), isBack)
    }

    /// The regular queue is served once its first task has waited for longer than the limit, and for longer than
    /// the priority queue's, unless the CPU just served it.
    private static let starving = Property(name: "who starves is served") { view in
        let terms = view.terms
        let starvation = view.input("policy.starvation_ns")
        let wait = view.input("policy.wait_max_ns")
        let hasOwn = view.not(terms.isEqual(starvation, view.number(0)))
        let since = view.input("event.since.0")
        let age = terms.subtract(view.input("event.now"), since)
        let isLate = view.or(
            view.and(hasOwn, view.isBefore(terms.minimum(starvation, wait), age)),
            view.and(view.not(hasOwn), view.isBefore(wait, age)))
        let isOlder = view.or(
            view.not(view.flag(SP_EVENT_FIRST_PRIORITY)), view.isBefore(since, view.input("event.since.1")))
        let isThere = view.and(
            view.flag(SP_EVENT_FIRST),
            view.not(terms.isEqual(view.input("event.waiting.0"), view.number(0, 32))))
        let isServed = view.and(
            view.action(is: SP_ACTION_SERVE),
            view.when("decision.queue") {
                terms.isEqual($0, view.number(UInt64(SP_QUEUE_REGULAR.rawValue), 32))
            })
        return view.and(isThere, isLate, isOlder, view.not(view.regularPrev), view.not(isServed))
    }

    /// A task goes on only if its queue is served, and its key is before those that wait there.
    private static let going = Property(name: "who goes on was next") { view in
        let terms = view.terms
        func waits(_ queue: Int, _ first: UInt32) -> Condition {
            view.and(
                view.not(terms.isEqual(view.input("event.waiting.\(queue)"), view.number(0, 32))),
                view.or(view.not(view.flag(SP_EVENT_LOOKED)), view.flag(first)))
        }
        let key = view.input("event.key")
        let isRegular = view.regularPrev
        let isOverdue = view.or(
            view.and(
                isRegular, waits(0, SP_EVENT_FIRST), view.not(view.isBefore(key, view.input("event.first.0")))
            ),
            view.and(isRegular, waits(1, SP_EVENT_FIRST_PRIORITY)),
            view.and(
                view.not(isRegular), waits(1, SP_EVENT_FIRST_PRIORITY),
                view.not(view.isBefore(key, view.input("event.first.1")))))
        return view.and(view.action(is: SP_ACTION_CONTINUE), isOverdue)
    }
}

extension PropertyView {
    /// The task that could go on is one of the regular queue.
    var regularPrev: Condition {
        let generation = input("event.generation")
        return and(
            flag(SP_EVENT_PREV), not(terms.isEqual(generation, number(0, 32))),
            terms.isEqual(generation, input("task.generation")),
            terms.isEqual(input("task.queue"), number(UInt64(SP_QUEUE_REGULAR.rawValue), 32)))
    }
}
