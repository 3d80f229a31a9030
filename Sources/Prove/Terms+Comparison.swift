// SPDX-License-Identifier: GPL-2.0-only

// Comparisons: each in one form, whichever way round a compiler wrote it.

extension Terms {
    package func isEqual(_ a: Term, _ b: Term) -> Condition {
        if a == b { return .always }
        if high(a) < low(b) || high(b) < low(a) { return .never }
        if let (x, y) = narrowed(a, b) { return isEqual(x, y) }
        if let value = constant(b) { return isEqual(a, value) }
        if let value = constant(a) { return isEqual(b, value) }
        return isZero(subtract(a, b))
    }

    private func isEqual(_ term: Term, _ value: UInt64) -> Condition {
        let node = nodes[term.place]
        let width = Int(node.width)
        if let own = constant(term) { return own == value ? .always : .never }
        if value & ~ones[term.place] != 0 { return .never }
        if width == 1 { return value == 1 ? diagrams.atom(term) : diagrams.not(diagrams.atom(term)) }
        if node.operation == .zeroExtend {
            return isEqual(node.arguments[0], value)
        }
        // Bit by bit, where the parts have bits of their own.
        if node.operation == .sum, node.arguments.count > 1 || node.factors[0] != 1, let pieces = pieces(node)
        {
            if node.value & ~value != 0 { return .never }
            var result = Condition.always
            let rest = value & ~node.value
            if rest & ~pieces.reduce(0, { $0 | $1.ones }) != 0 { return .never }
            for piece in pieces {
                let part = (rest & piece.ones) >> UInt64(piece.shift)
                result = diagrams.and(result, isEqual(piece.term, part))
            }
            return result
        }
        return isZero(sum([(1, term)], 0 &- value, width))
    }

    /// Whether a difference is 0, with the sign that makes its first factor small.
    private func isZero(_ difference: Term) -> Condition {
        let node = nodes[difference.place]
        if node.operation == .constant { return node.value == 0 ? .always : .never }
        if low(difference) > 0 { return .never }
        var term = difference
        if node.operation == .sum {
            let first = node.factors[0]
            if first > mask(Int(node.width) - 1) { term = negate(difference) }
        }
        if width(term) == 1 { return diagrams.not(diagrams.atom(term)) }
        return diagrams.atom(keep(TermNode(operation: .isZero, width: 1, arguments: [term])))
    }

    /// a <= b, unsigned.
    package func isAtMost(_ a: Term, _ b: Term) -> Condition {
        if a == b || high(a) <= low(b) { return .always }
        if low(a) > high(b) { return .never }
        if let (x, y) = narrowed(a, b) { return isAtMost(x, y) }
        if let value = constant(a) {
            return diagrams.not(isAtMost(b, constant(value - 1, width(a))))
        }
        if let value = constant(b), value == low(a) { return isEqual(a, value) }
        if let value = constant(b), value == high(a) - 1 { return diagrams.not(isEqual(a, high(a))) }
        return diagrams.atom(keep(TermNode(operation: .isAtMost, width: 1, arguments: [a, b])))
    }

    /// a <= b, signed.
    func isAtMostSigned(_ a: Term, _ b: Term) -> Condition {
        let width = width(a)
        let positive = mask(width - 1)
        if a == b { return .always }
        if high(a) <= positive && high(b) <= positive { return isAtMost(a, b) }
        let least = positive &+ 1
        if let value = constant(a) {
            if let other = constant(b) {
                return signed(value, width) <= signed(other, width) ? .always : .never
            }
            if value == least { return .always }
            return diagrams.not(isAtMostSigned(b, constant(value &- 1, width)))
        }
        if let value = constant(b) {
            if value == positive { return .always }
            if value == mask(width) { return isNegative(a) }
            if value == least { return isEqual(a, b) }
        }
        let node = TermNode(operation: .isAtMostSigned, width: 1, arguments: [a, b])
        return diagrams.atom(keep(node))
    }

    package func isNegative(_ term: Term) -> Condition {
        isEqual(extract(term, width(term) - 1, 1), constant(1, 1))
    }

    /// The term that is 1 where the condition holds.
    func bit(_ condition: Condition) -> Term {
        choice(condition, constant(1, 1), constant(0, 1))
    }

    func choice(_ condition: Condition, _ then: Term, _ otherwise: Term) -> Term {
        if condition == .always || then == otherwise { return then }
        if condition == .never { return otherwise }
        return keep(
            TermNode(
                operation: .choice, width: nodes[then.place].width, value: UInt64(condition.index),
                arguments: [then, otherwise]))
    }
}
