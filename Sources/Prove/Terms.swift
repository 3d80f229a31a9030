// SPDX-License-Identifier: GPL-2.0-only

/// Makes terms, each in one normal form, and remembers what is known of their values. Two executions that
/// compute the same in different ways mostly end in the same term here; the rest is for the solver.
package final class Terms {
    let diagrams = Diagrams()
    private(set) var nodes: [TermNode] = []
    /// Bounds of each term's value, and the bits of it that may be 1.
    private(set) var lows: [UInt64] = []
    private(set) var highs: [UInt64] = []
    private(set) var ones: [UInt64] = []
    /// The names of the variables, by their number.
    private(set) var names: [String] = []
    private(set) var variables: [Term] = []
    private var known: [TermNode: Term] = [:]

    package init() {
        nodes.reserveCapacity(4096)
    }

    func node(_ term: Term) -> TermNode { nodes[term.place] }
    func width(_ term: Term) -> Int { Int(nodes[term.place].width) }
    func low(_ term: Term) -> UInt64 { lows[term.place] }
    func high(_ term: Term) -> UInt64 { highs[term.place] }

    /// The term's value if it is a constant.
    package func constant(_ term: Term) -> UInt64? {
        let node = nodes[term.place]
        return node.operation == .constant ? node.value : nil
    }

    package func constant(_ value: UInt64, _ width: Int) -> Term {
        keep(TermNode(operation: .constant, width: UInt8(width), value: value & mask(width)))
    }

    /// A new variable, whose value is within `range`.
    func variable(_ name: String, _ width: Int, in range: ClosedRange<UInt64>? = nil) -> Term {
        let range = range ?? 0...mask(width)
        if range.lowerBound == range.upperBound { return constant(range.lowerBound, width) }
        names.append(name)
        let node = TermNode(operation: .variable, width: UInt8(width), value: UInt64(names.count - 1))
        let term = add(node, range.lowerBound, range.upperBound)
        variables.append(term)
        return term
    }

    /// The term of a node that is in normal form already.
    func keep(_ node: TermNode) -> Term {
        if let found = known[node] { return found }
        let (low, high) = bounds(node)
        if low == high && node.operation != .constant { return constant(low, Int(node.width)) }
        return add(node, low, high)
    }

    private func add(_ node: TermNode, _ low: UInt64, _ high: UInt64) -> Term {
        let term = Term(index: Int32(nodes.count))
        nodes.append(node)
        lows.append(low)
        highs.append(high)
        ones.append(spread(high) & possibleOnes(node))
        known[node] = term
        return term
    }

    /// The bits that may be 1, as far as the operation tells.
    private func possibleOnes(_ node: TermNode) -> UInt64 {
        func ones(_ index: Int) -> UInt64 { self.ones[node.arguments[index].place] }
        switch node.operation {
        case .constant: return node.value
        case .zeroExtend: return ones(0)
        case .extract: return ones(0) >> node.value
        case .and: return ones(0) & ones(1)
        case .or, .xor: return ones(0) | ones(1)
        case .sum: return pieces(node)?.reduce(node.value) { $0 | $1.ones } ?? .max
        default: return .max
        }
    }

    /// A part of a sum that shares no bit with the others: `term` moved to the left by `shift`.
    struct Piece {
        let term: Term
        let shift: Int
        let ones: UInt64
    }

    /// The parts of a sum, if none of them shares a bit with another.
    func pieces(_ node: TermNode) -> [Piece]? {
        var used = node.value
        var found: [Piece] = []
        for (term, factor) in zip(node.arguments, node.factors) {
            guard factor & (factor &- 1) == 0 else { return nil }
            let shift = factor.trailingZeroBitCount
            let ones = ones[term.place]
            guard (ones << UInt64(shift)) >> UInt64(shift) == ones else { return nil }
            let moved = ones << UInt64(shift)
            guard moved & used == 0, moved & ~mask(Int(node.width)) == 0 else { return nil }
            used |= moved
            found.append(Piece(term: term, shift: shift, ones: moved))
        }
        return found
    }

    /// The least and the greatest value.
    private func bounds(_ node: TermNode) -> (UInt64, UInt64) {
        let all = mask(Int(node.width))
        let place = node.arguments.map(\.place)
        switch node.operation {
        case .constant: return (node.value, node.value)
        case .sum: return sumBounds(node) ?? differenceBounds(node) ?? (0, all)
        case .product:
            let (high, overflow) = highs[place[0]].multipliedReportingOverflow(by: highs[place[1]])
            return overflow || high > all ? (0, all) : (lows[place[0]] &* lows[place[1]], high)
        case .quotient:
            let least = lows[place[1]]
            return least == 0
                ? (0, highs[place[0]]) : (lows[place[0]] / highs[place[1]], highs[place[0]] / least)
        case .remainder:
            return (0, lows[place[1]] == 0 ? highs[place[0]] : min(highs[place[0]], highs[place[1]] - 1))
        case .and: return (0, min(highs[place[0]], highs[place[1]]))
        case .or:
            return (max(lows[place[0]], lows[place[1]]), spread(highs[place[0]] | highs[place[1]]))
        case .xor: return (0, spread(highs[place[0]] | highs[place[1]]))
        case .shiftRight: return (0, highs[place[0]])
        case .zeroExtend: return (lows[place[0]], highs[place[0]])
        case .extract:
            let (low, high) = (lows[place[0]] >> node.value, highs[place[0]] >> node.value)
            return high <= all ? (low, high) : (0, all)
        case .minimum:
            return (min(lows[place[0]], lows[place[1]]), min(highs[place[0]], highs[place[1]]))
        case .maximum:
            return (max(lows[place[0]], lows[place[1]]), max(highs[place[0]], highs[place[1]]))
        case .choice:
            return (min(lows[place[0]], lows[place[1]]), max(highs[place[0]], highs[place[1]]))
        default: return (0, all)
        }
    }

    /// Those of a sum that cannot wrap.
    private func sumBounds(_ node: TermNode) -> (UInt64, UInt64)? {
        var (low, high) = (node.value, node.value)
        for (term, factor) in zip(node.arguments, node.factors) {
            let (part, isOver) = factor.multipliedReportingOverflow(by: highs[term.place])
            let (sum, isMore) = high.addingReportingOverflow(part)
            guard !isOver, !isMore, sum <= mask(Int(node.width)) else { return nil }
            high = sum
            low &+= factor &* lows[term.place]
        }
        return (low, high)
    }

    /// Those of one in which something is subtracted, and that cannot wrap either.
    private func differenceBounds(_ node: TermNode) -> (UInt64, UInt64)? {
        let all = mask(Int(node.width))
        // The least and the most of what is added, and of what is taken away.
        var added: (least: UInt64, most: UInt64) = (0, 0)
        var taken: (least: UInt64, most: UInt64) = (0, 0)
        func add(_ times: UInt64, _ low: UInt64, _ high: UInt64, to sum: inout (least: UInt64, most: UInt64))
            -> Bool
        {
            let (part, isOver) = times.multipliedReportingOverflow(by: high)
            let (most, isMore) = sum.most.addingReportingOverflow(part)
            sum = (sum.least &+ times &* low, most)
            return !isOver && !isMore && most <= all
        }
        for (low, high, factor) in [(1, 1, node.value)]
            + zip(node.arguments, node.factors).map({ (lows[$0.place], highs[$0.place], $1) })
        {
            let fits =
                factor > all >> 1
                ? add((all &- factor) &+ 1, low, high, to: &taken) : add(factor, low, high, to: &added)
            guard fits else { return nil }
        }
        guard added.least >= taken.most else { return nil }
        return (added.least - taken.most, added.most - taken.least)
    }
}
