// SPDX-License-Identifier: GPL-2.0-only
import Testing

@testable import Prove

/// The normal forms of terms, against plain arithmetic: a wrong one would prove what is not so.
@Suite struct TermTests {
    /// A term, and its value for each of a few assignments.
    private struct Known {
        let term: Term
        let values: [UInt64]
    }

    private static let assignments = 4

    private func bits(_ width: Int) -> UInt64 { width >= 64 ? .max : (1 << UInt64(width)) - 1 }

    @Test(arguments: [UInt64](1...400)) func randomTerms(seed: UInt64) {
        let terms = Terms()
        var random = Guesses(terms, seed: seed)
        var inputs = [[UInt64]](repeating: [], count: Self.assignments)
        var known: [Known] = []
        for (number, width) in [64, 64, 32, 32, 8, 1].enumerated() {
            let high = number == 1 ? random.next() >> (random.next() % 64) : bits(width)
            let low = number == 1 ? high / 3 : 0
            let term = terms.variable("v\(number)", width, in: low...high)
            let isConstant = terms.constant(term) != nil
            let values = (0..<Self.assignments).map { _ -> UInt64 in
                let raw = random.next() >> (random.next() % 64)
                return high - low == .max ? raw : low + raw % (high - low + 1)
            }
            if !isConstant { for place in inputs.indices { inputs[place].append(values[place]) } }
            known.append(Known(term: term, values: values))
        }
        for _ in 0..<60 { known.append(step(terms, &random, known)) }
        for place in inputs.indices {
            var evaluation = Evaluation(terms, outputs: known.map(\.term))
            evaluation.compute(inputs[place])
            for one in known {
                let value = evaluation.value(of: one.term)
                #expect(value == one.values[place], "\(terms.text(one.term)), seed \(seed)")
                #expect(terms.low(one.term) <= value && value <= terms.high(one.term), "bounds, seed \(seed)")
                #expect(value & ~terms.ones[one.term.place] == 0, "ones, seed \(seed)")
            }
        }
    }

    /// What a compiler notes of a shift: that no bit is lost (nuw), that the sign is as it was (nsw), and of one to
    /// the right, that what is lost is zero (exact).
    @Test(arguments: [8, 16, 32, 64], [UInt64](1...50)) func flagsOfShifts(_ width: Int, seed: UInt64) {
        let terms = Terms()
        var random = Guesses(terms, seed: seed)
        let all = bits(width)
        let most = (random.next() & all) >> (random.next() % UInt64(width))
        let mostCount = random.next() % UInt64(width)
        let a = terms.variable("a", width, in: 0...max(most, 1))
        let count = terms.variable("count", width, in: 0...max(mostCount, 1))
        let flags = [("nuw", "shl"), ("nsw", "shl"), ("exact", "lshr")]
        let conditions = flags.map {
            terms.choice(
                terms.holds($0, of: $1, a, count), terms.constant(1, width), terms.constant(0, width))
        }
        for _ in 0..<100 {
            let (value, places) = (
                random.next() % (max(most, 1) + 1), random.next() % (max(mostCount, 1) + 1)
            )
            var evaluation = Evaluation(terms, outputs: conditions)
            evaluation.compute([value, places])
            let wide = width == 64 ? value : value << UInt64(64 - width)
            let truth = [
                (value << places) & all == value << places && (value << places) >> places == value,
                (Int64(bitPattern: wide) << Int64(places)) >> Int64(places) == Int64(bitPattern: wide),
                (value >> places) << places == value,
            ]
            for (number, flag) in flags.enumerated() {
                #expect(
                    (evaluation.value(of: conditions[number]) == 1) == truth[number],
                    "\(flag) \(value) \(places), seed \(seed)")
            }
        }
    }

    private func step(_ terms: Terms, _ random: inout Guesses, _ known: [Known]) -> Known {
        let a = known[Int(random.next() % UInt64(known.count))]
        let width = terms.width(a.term)
        let all = bits(width)
        let fitting = known.filter { terms.width($0.term) == width }
        var b = fitting[Int(random.next() % UInt64(fitting.count))]
        if random.next() % 3 == 0 {
            let value = (random.next() >> (random.next() % 64)) & all
            b = Known(term: terms.constant(value, width), values: a.values.map { _ in value })
        }
        func both(_ term: Term, _ body: (UInt64, UInt64) -> UInt64) -> Known {
            Known(term: term, values: zip(a.values, b.values).map { body($0, $1) & all })
        }
        func truth(_ condition: Condition, _ body: (UInt64, UInt64) -> Bool) -> Known {
            Known(term: terms.bit(condition), values: zip(a.values, b.values).map { body($0, $1) ? 1 : 0 })
        }
        func sign(_ value: UInt64) -> Int64 { signed(value, width) }
        switch random.next() % 17 {
        case 0: return both(terms.add(a.term, b.term)) { $0 &+ $1 }
        case 1: return both(terms.subtract(a.term, b.term)) { $0 &- $1 }
        case 2: return both(terms.multiply(a.term, b.term)) { $0 &* $1 }
        case 3: return both(terms.divide(a.term, b.term)) { $1 == 0 ? 0 : $0 / $1 }
        case 4: return both(terms.remainder(a.term, b.term)) { $1 == 0 ? $0 : $0 % $1 }
        case 5: return both(terms.bitwise(.and, a.term, b.term)) { $0 & $1 }
        case 6: return both(terms.bitwise(.or, a.term, b.term)) { $0 | $1 }
        case 7: return both(terms.bitwise(.xor, a.term, b.term)) { $0 ^ $1 }
        case 8: return both(terms.minimum(a.term, b.term)) { min($0, $1) }
        case 9: return both(terms.maximum(a.term, b.term)) { max($0, $1) }
        case 10: return truth(terms.isEqual(a.term, b.term)) { $0 == $1 }
        case 11: return truth(terms.isAtMost(a.term, b.term)) { $0 <= $1 }
        case 12: return truth(terms.isAtMostSigned(a.term, b.term)) { sign($0) <= sign($1) }
        case 13:
            let count = Int(random.next() % UInt64(width))
            switch random.next() % 3 {
            case 0: return both(terms.shiftLeft(a.term, count)) { value, _ in value << UInt64(count) }
            case 1: return both(terms.shiftRight(a.term, count)) { value, _ in value >> UInt64(count) }
            default:
                return both(terms.shiftRightSigned(a.term, count)) { value, _ in
                    UInt64(bitPattern: sign(value) >> Int64(count))
                }
            }
        case 14:
            let wide = min(64, width + Int(random.next() % 33))
            let isSigned = random.next() % 2 == 0
            let term = isSigned ? terms.signExtend(a.term, wide) : terms.zeroExtend(a.term, wide)
            return Known(
                term: term,
                values: a.values.map { isSigned ? UInt64(bitPattern: sign($0)) & bits(wide) : $0 })
        case 15:
            let lowest = Int(random.next() % UInt64(width))
            let count = 1 + Int(random.next() % UInt64(width - lowest))
            return Known(
                term: terms.extract(a.term, lowest, count),
                values: a.values.map { ($0 >> UInt64(lowest)) & bits(count) })
        default:
            let bitTerms = known.filter { terms.width($0.term) == 1 }
            let condition = bitTerms[Int(random.next() % UInt64(bitTerms.count))]
            let isSet = terms.isEqual(condition.term, terms.constant(1, 1))
            return Known(
                term: terms.choice(isSet, a.term, b.term),
                values: a.values.indices.map { condition.values[$0] == 1 ? a.values[$0] : b.values[$0] })
        }
    }
}
