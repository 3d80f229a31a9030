// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import PolicyModel

/// CPU time by lot (Waldspurger and Weihl, "Lottery Scheduling", OSDI 1994): whoever waits has a number by chance, and
/// the smallest one is drawn. The numbers are distributed exponentially, with the weight as the rate: then the
/// chance of each is its weight's part of all, and what one that was not drawn has left is as good as a new number.
/// Whoever used a part of its slice only pays with that part. Twin: `lottery.h`, function by function.
public struct Lottery: PolicyPair {
    /// `drawn`: the last number that was; `chance`: the generator, xorshift64 (Marsaglia 2003), never 0.
    public var state = State()
    private let params: Params

    public init(_ params: Params) { self.params = params }

    private static func next(_ chance: UInt64) -> UInt64 {
        var next = chance
        next ^= next &<< 13
        next ^= next &>> 7
        return next ^ (next &<< 17)
    }

    /// The place of the highest bit.
    private static func top(_ number: UInt64) -> UInt64 {
        var (left, top): (UInt64, UInt64) = (number, 0)
        if left &>> 32 != 0 { (left, top) = (left &>> 32, 32) }
        if left &>> 16 != 0 { (left, top) = (left &>> 16, top &+ 16) }
        if left &>> 8 != 0 { (left, top) = (left &>> 8, top &+ 8) }
        if left &>> 4 != 0 { (left, top) = (left &>> 4, top &+ 4) }
        if left &>> 2 != 0 { (left, top) = (left &>> 2, top &+ 2) }
        // At most 1 now; said once more, since the proof does not find it.
        return top &+ ((left &>> 1) & 1)
    }

    /// The logarithm of 2^64 / chance in 65536ths, to base two: exponentially distributed where that is uniform. Between
    /// powers of two, log2(1 + x) is x + 0.3437 x (1 - x), to a thousandth.
    private static func logarithm(_ chance: UInt64) -> UInt64 {
        let top = top(chance)
        let rest = ((chance &<< (63 &- top)) &<< 1) &>> 48
        let bow = (((rest &* (65536 &- rest)) &>> 16) &* 22525) &>> 16
        return ((64 &- top) &<< 16) &- rest &- bow
    }

    public mutating func enqueue(_ event: sp_event, _ task: inout Task) -> sp_decision {
        // A new task has used nothing yet, and one that always sleeps after a moment would go before all others.
        let least = params.quantum_ns / 16
        let used = min(max(event.used_ns, least), params.quantum_ns)
        let price = used &* UInt64(SP_WEIGHT_NORMAL) / UInt64(event.clampedWeight)
        state.chance = Self.next(state.chance)
        task.lot = state.drawn &+ ((Self.logarithm(state.chance) &* price) &>> 16)
        if event.idle_cpu >= 0 { return .direct(event, task, key: task.lot) }
        return .queue(event, task, key: task.lot)
    }

    public mutating func running(_ event: sp_event, _ task: Task) -> sp_decision {
        if isBefore(state.drawn, task.lot) { state.drawn = task.lot }
        return .run(event, task, sliceNs: params.quantum_ns)
    }
}
