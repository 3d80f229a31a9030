// SPDX-License-Identifier: GPL-2.0-only

// Bits: extensions, pieces, masks and shifts.

extension Terms {
    package func zeroExtend(_ term: Term, _ width: Int) -> Term {
        let own = self.width(term)
        if own >= width { return term }
        let node = nodes[term.place]
        switch node.operation {
        case .constant: return constant(node.value, width)
        case .zeroExtend: return zeroExtend(node.arguments[0], width)
        case .extract where node.value == 0 && ones[node.arguments[0].place] & ~mask(own) == 0:
            // Nothing was cut off.
            let whole = node.arguments[0]
            if self.width(whole) <= width { return zeroExtend(whole, width) }
            return extract(whole, 0, width)
        default:
            return keep(TermNode(operation: .zeroExtend, width: UInt8(width), arguments: [term]))
        }
    }

    func signExtend(_ term: Term, _ width: Int) -> Term {
        let own = self.width(term)
        if own >= width { return term }
        let node = nodes[term.place]
        if node.operation == .constant {
            return constant(UInt64(bitPattern: signed(node.value, own)), width)
        }
        if high(term) <= mask(own - 1) { return zeroExtend(term, width) }
        if node.operation == .signExtend { return signExtend(node.arguments[0], width) }
        return keep(TermNode(operation: .signExtend, width: UInt8(width), arguments: [term]))
    }

    /// `width` bits of the term, from bit `lowest` on.
    func extract(_ term: Term, _ lowest: Int, _ width: Int) -> Term {
        let own = self.width(term)
        if lowest == 0 && width == own { return term }
        let node = nodes[term.place]
        if ones[term.place] >> UInt64(lowest) & mask(width) == 0 { return constant(0, width) }
        switch node.operation {
        case .constant: return constant(node.value >> UInt64(lowest), width)
        case .zeroExtend:
            let inner = node.arguments[0]
            let bits = self.width(inner)
            if lowest + width <= bits { return extract(inner, lowest, width) }
            return zeroExtend(extract(inner, lowest, bits - lowest), width)
        case .signExtend where lowest + width <= self.width(node.arguments[0]):
            return extract(node.arguments[0], lowest, width)
        case .extract: return extract(node.arguments[0], lowest + Int(node.value), width)
        case .and, .or, .xor:
            let (a, b) = (
                extract(node.arguments[0], lowest, width), extract(node.arguments[1], lowest, width)
            )
            return bitwise(node.operation, a, b)
        case .sum:
            if let found = extract(pieces: node, lowest, width) { return found }
            guard lowest == 0 else { break }
            let parts = zip(node.factors, node.arguments).map { ($0, extract($1, 0, width)) }
            return sum(parts, node.value, width)
        case .product where lowest == 0:
            return multiply(extract(node.arguments[0], 0, width), extract(node.arguments[1], 0, width))
        default: break
        }
        return keep(
            TermNode(operation: .extract, width: UInt8(width), value: UInt64(lowest), arguments: [term]))
    }

    /// From a sum whose parts share no bits.
    private func extract(pieces node: TermNode, _ lowest: Int, _ width: Int) -> Term? {
        guard lowest > 0 || node.arguments.count > 1 || node.factors[0] != 1,
            let pieces = pieces(node)
        else { return nil }
        var parts: [(UInt64, Term)] = []
        for piece in pieces {
            let begin = max(lowest - piece.shift, 0)
            let end = min(lowest + width - piece.shift, Int(node.width))
            guard begin < end else { continue }
            let bits = zeroExtend(extract(piece.term, begin, end - begin), width)
            parts.append((1 << UInt64(max(piece.shift - lowest, 0)), extract(bits, 0, width)))
        }
        return sum(parts, node.value >> UInt64(lowest), width)
    }

    func shiftLeft(_ term: Term, _ count: Int) -> Term {
        count >= width(term) ? constant(0, width(term)) : sum([(1 << UInt64(count), term)], 0, width(term))
    }

    func shiftRight(_ term: Term, _ count: Int) -> Term {
        let width = width(term)
        return count >= width ? constant(0, width) : zeroExtend(extract(term, count, width - count), width)
    }

    func shiftRightSigned(_ term: Term, _ count: Int) -> Term {
        let width = width(term)
        return signExtend(extract(term, min(count, width - 1), width - min(count, width - 1)), width)
    }

    /// A shift by a number of places that is less than the width, which the caller has made sure of.
    func shift(_ operation: Operation, _ term: Term, by count: Term) -> Term {
        if let places = constant(count).map({ Int($0) }) {
            switch operation {
            case .shiftLeft: return shiftLeft(term, places)
            case .shiftRight: return shiftRight(term, places)
            default: return shiftRightSigned(term, places)
            }
        }
        return keep(
            TermNode(operation: operation, width: nodes[term.place].width, arguments: [term, count]))
    }

    func and(_ a: Term, _ b: Term) -> Term { bitwise(.and, a, b) }

    func bitwise(_ operation: Operation, _ a: Term, _ b: Term) -> Term {
        let width = width(a)
        let all = mask(width)
        if let value = constant(b) {
            if let other = constant(a) {
                switch operation {
                case .and: return constant(value & other, width)
                case .or: return constant(value | other, width)
                default: return constant(value ^ other, width)
                }
            }
            switch operation {
            case .and: return masked(a, value)
            case .or:
                // What is not covered by the constant, and the constant.
                return sum([(1, masked(a, ~value & all))], value, width)
            default:
                if value == 0 { return a }
                if value == all { return sum([(.max, a)], all, width) }
            }
        } else if constant(a) != nil {
            return bitwise(operation, b, a)
        }
        if a == b { return operation == .xor ? constant(0, width) : a }
        if ones[a.place] & ones[b.place] == 0 {
            return operation == .and ? constant(0, width) : add(a, b)
        }
        let pair = a.index < b.index ? [a, b] : [b, a]
        return keep(TermNode(operation: operation, width: UInt8(width), arguments: pair))
    }

    /// The bits of a constant mask, as the sum of its runs of ones.
    private func masked(_ term: Term, _ bits: UInt64) -> Term {
        let width = width(term)
        var left = bits & ones[term.place]
        if left == ones[term.place] { return term }
        var parts: [(UInt64, Term)] = []
        while left != 0 {
            let begin = left.trailingZeroBitCount
            let count = (~(left >> UInt64(begin))).trailingZeroBitCount
            parts.append((1 << UInt64(begin), zeroExtend(extract(term, begin, count), width)))
            left &= ~(mask(count) << UInt64(begin))
        }
        return sum(parts, 0, width)
    }
}
