// SPDX-License-Identifier: GPL-2.0-only

// Sums in one form, and what else computes numbers.

extension Terms {
    /// Σ factor × term + constant, made of what the terms themselves are sums of.
    package func sum(_ parts: [(factor: UInt64, term: Term)], _ constant: UInt64, _ width: Int) -> Term {
        let all = mask(width)
        var total = constant
        var factors: [Term: UInt64] = [:]
        for (factor, term) in parts {
            let node = nodes[term.place]
            switch node.operation {
            case .constant: total &+= factor &* node.value
            case .sum:
                total &+= factor &* node.value
                for (inner, own) in zip(node.arguments, node.factors) {
                    factors[inner, default: 0] &+= factor &* own
                }
            default: factors[term, default: 0] &+= factor
            }
        }
        let kept = factors.filter { $0.value & all != 0 }.sorted { $0.key.index < $1.key.index }
        total &= all
        if kept.isEmpty { return self.constant(total, width) }
        if kept.count == 1, kept[0].value & all == 1, total == 0 { return kept[0].key }
        return keep(
            TermNode(
                operation: .sum, width: UInt8(width), value: total, arguments: kept.map(\.key),
                factors: kept.map { $0.value & all }))
    }

    func add(_ a: Term, _ b: Term) -> Term { sum([(1, a), (1, b)], 0, width(a)) }
    package func subtract(_ a: Term, _ b: Term) -> Term { sum([(1, a), (.max, b)], 0, width(a)) }
    func negate(_ a: Term) -> Term { sum([(.max, a)], 0, width(a)) }

    func multiply(_ a: Term, _ b: Term) -> Term {
        let width = width(a)
        if let factor = constant(b) { return sum([(factor, a)], 0, width) }
        if let factor = constant(a) { return sum([(factor, b)], 0, width) }
        let (a, b, factor) = (withoutFactor(a), withoutFactor(b), ownFactor(a) &* ownFactor(b))
        let pair = a.index < b.index ? [a, b] : [b, a]
        let product = keep(TermNode(operation: .product, width: UInt8(width), arguments: pair))
        return factor == 1 ? product : sum([(factor, product)], 0, width)
    }

    /// c of a term c × x.
    private func ownFactor(_ term: Term) -> UInt64 {
        let node = nodes[term.place]
        return node.operation == .sum && node.arguments.count == 1 && node.value == 0 ? node.factors[0] : 1
    }

    private func withoutFactor(_ term: Term) -> Term {
        let node = nodes[term.place]
        return node.operation == .sum && node.arguments.count == 1 && node.value == 0
            ? node.arguments[0] : term
    }

    package func divide(_ a: Term, _ b: Term) -> Term {
        let width = width(a)
        if let divisor = constant(b) {
            if divisor == 0 { return constant(0, width) }
            if divisor & (divisor - 1) == 0 { return shiftRight(a, divisor.trailingZeroBitCount) }
            if let value = constant(a) { return constant(value / divisor, width) }
        }
        if let (x, y) = narrowed(a, b) { return zeroExtend(divide(x, y), width) }
        return keep(TermNode(operation: .quotient, width: UInt8(width), arguments: [a, b]))
    }

    func remainder(_ a: Term, _ b: Term) -> Term {
        let width = width(a)
        if let divisor = constant(b) {
            if divisor == 0 { return a }
            if divisor & (divisor - 1) == 0 { return and(a, constant(divisor - 1, width)) }
            if let value = constant(a) { return constant(value % divisor, width) }
        }
        if let (x, y) = narrowed(a, b) { return zeroExtend(remainder(x, y), width) }
        return keep(TermNode(operation: .remainder, width: UInt8(width), arguments: [a, b]))
    }

    /// Both without the bits on top that are 0 in both.
    func narrowed(_ a: Term, _ b: Term) -> (Term, Term)? {
        func inner(_ term: Term) -> Int? {
            let node = nodes[term.place]
            switch node.operation {
            case .constant: return 64 - node.value.leadingZeroBitCount
            case .zeroExtend: return width(node.arguments[0])
            default: return nil
            }
        }
        guard let x = inner(a), let y = inner(b) else { return nil }
        let most = max(x, y, 1)
        guard most < width(a), constant(a) == nil || constant(b) == nil else { return nil }
        return (extract(a, 0, most), extract(b, 0, most))
    }

    package func minimum(_ a: Term, _ b: Term) -> Term { extreme(.minimum, a, b) }
    package func maximum(_ a: Term, _ b: Term) -> Term { extreme(.maximum, a, b) }

    private func extreme(_ operation: Operation, _ a: Term, _ b: Term) -> Term {
        let isMinimum = operation == .minimum
        if a == b || high(a) <= low(b) { return isMinimum ? a : b }
        if high(b) <= low(a) { return isMinimum ? b : a }
        if let (x, y) = narrowed(a, b) { return zeroExtend(extreme(operation, x, y), width(a)) }
        let pair = a.index < b.index ? [a, b] : [b, a]
        return keep(TermNode(operation: operation, width: UInt8(width(a)), arguments: pair))
    }
}
