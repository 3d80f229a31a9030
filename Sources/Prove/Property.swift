// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto

/// Something that every decision has to be like, whatever the inputs and the state.
package struct Property: Sendable {
    package let name: String
    /// The conditions under which it is broken.
    let broken: @Sendable (PropertyView) -> [Condition]

    package init(name: String, broken: @escaping @Sendable (PropertyView) -> Condition) {
        self.name = name
        self.broken = { [broken($0)] }
    }

    /// In parts, each of which is a question of its own.
    package init(name: String, parts: @escaping @Sendable (PropertyView) -> [Condition]) {
        self.name = name
        broken = parts
    }
}

/// The inputs and outputs of a step, as properties look at them.
package struct PropertyView {
    let inputs: Inputs
    let outcome: Outcome
    let part: Case
    let path: Condition

    package var terms: Terms { inputs.terms }
    var diagrams: Diagrams { inputs.terms.diagrams }

    package func input(_ name: String) -> Term { inputs[name] ?? terms.constant(0, 64) }

    func output(_ name: String) -> Value {
        outcome.values.first { $0.key.fullName == name }?.value ?? Value(.undefined)
    }

    /// Where `body` says so of an output's value.
    package func when(_ name: String, _ body: (Term) -> Condition) -> Condition {
        let value = output(name)
        return terms.test(value, value, under: path) { leaf, other in
            // The same leaf twice: the pairs of different ones are never met.
            guard leaf == other, case .word(let term) = leaf else { return .never }
            return body(term)
        }
    }

    package func when(_ first: String, _ second: String, _ body: (Term, Term) -> Condition) -> Condition {
        terms.test(output(first), output(second), under: path) { a, b in
            guard case .word(let x) = a, case .word(let y) = b else { return .never }
            return body(x, y)
        }
    }

    /// For each value that an output can have, and where it has it.
    package func each(_ name: String, _ body: (_ value: Term, _ when: Condition) -> [Condition])
        -> [Condition]
    {
        output(name).leaves.flatMap { one -> [Condition] in
            guard case .word(let term) = one.leaf else { return [] }
            return body(term, one.guarded)
        }
    }

    /// The same for each pair of values that can be met.
    package func each(_ first: String, _ second: String, _ body: (Term, Term) -> Condition) -> [Condition] {
        output(first).leaves.flatMap { one in
            output(second).leaves.compactMap { two -> Condition? in
                guard case .word(let x) = one.leaf, case .word(let y) = two.leaf else { return nil }
                let both = diagrams.and(path, diagrams.and(one.guarded, two.guarded))
                return both == .never ? nil : diagrams.and(both, body(x, y))
            }
        }
    }

    package func action(is actions: sp_action...) -> Condition {
        when("decision.action") { term in
            actions.reduce(Condition.never) {
                diagrams.or($0, terms.isEqual(term, terms.constant(UInt64($1.rawValue), 32)))
            }
        }
    }

    package func and(_ conditions: Condition...) -> Condition {
        conditions.reduce(.always) { diagrams.and($0, $1) }
    }
    package func or(_ conditions: Condition...) -> Condition {
        conditions.reduce(.never) { diagrams.or($0, $1) }
    }
    package func not(_ condition: Condition) -> Condition { diagrams.not(condition) }
    package func number(_ value: UInt64, _ width: Int = 64) -> Term { terms.constant(value, width) }
    package func wide(_ name: String) -> Term { terms.zeroExtend(input(name), 64) }
    package func flag(_ flag: UInt32) -> Condition {
        let bit = terms.extract(input("event.flags"), flag.trailingZeroBitCount, 1)
        return terms.isEqual(bit, terms.constant(1, 1))
    }
    package func isBefore(_ a: Term, _ b: Term) -> Condition { terms.isNegative(terms.subtract(a, b)) }
}

extension Property {
    /// What is proven of a kind of event: what has to be so of every policy, whatever it decides, and what the
    /// policy says of itself.
    static func all(of kind: UInt32, _ layout: Layout) -> [Property] {
        let hasTwoQueues = layout.pairHasOwnQueues != true
        return [actions(of: kind), places] + (layout.isPair ? [unused] : []) + (hasTwoQueues ? [queues] : [])
            + (kind == SP_EVENT_RUNNING.rawValue ? [slices] : [])
            + (layout.isAskedAlone && kind == SP_EVENT_ENQUEUE.rawValue ? [holds] : [])
            + layout.properties(kind)
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

}
