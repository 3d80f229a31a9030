// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Prove

/// What is proven of the rules that ship beside what has to be so of every policy.
enum ShippedProperties {
    static func of(_ kind: UInt32) -> [Property] {
        switch kind {
        case SP_EVENT_ENQUEUE.rawValue: [vtimes, keys, rounds, clock]
        case SP_EVENT_RUNNING.rawValue: [turns, clockAdvances]
        case SP_EVENT_DISPATCH.rawValue: [starving, going, clock]
        default: [clock]
        }
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
            return view.each("task.vtime") { vtime, guarded in
                let when = view.and(isThis, guarded)
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

    /// The order goes by vtime. Another one that has keys needs properties of its own.
    var isByVtime: Condition {
        or(
            terms.isEqual(input("policy.order"), number(UInt64(SP_ORDER_VRUNTIME.rawValue), 32)),
            terms.isEqual(input("policy.order"), number(UInt64(SP_ORDER_DEADLINE.rawValue), 32)))
    }
}
