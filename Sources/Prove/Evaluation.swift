// SPDX-License-Identifier: GPL-2.0-only

/// Computes terms for given values of the variables, with exact products and quotients.
package struct Evaluation {
    private let terms: Terms
    /// The terms that are needed, each after its arguments.
    private let order: [Int32]
    private var values: [UInt64]

    /// - Parameter outputs: what will be asked for.
    package init(_ terms: Terms, outputs: [Term], conditions: [Condition] = []) {
        self.terms = terms
        var needed = [Bool](repeating: false, count: terms.nodes.count)
        var left: [Term] = outputs
        var seen: Set<Condition> = []
        func visit(_ condition: Condition) {
            guard condition.index > 1, seen.insert(condition).inserted else { return }
            let node = terms.diagrams.nodes[Int(condition.index)]
            left.append(terms.diagrams.atoms[Int(node.atom)])
            visit(node.low)
            visit(node.high)
        }
        conditions.forEach(visit)
        while let term = left.popLast() {
            if needed[term.place] { continue }
            needed[term.place] = true
            let node = terms.nodes[term.place]
            left += node.arguments
            if node.operation == .choice { visit(Condition(index: Int32(node.value))) }
        }
        order = needed.indices.filter { needed[$0] }.map { Int32($0) }
        values = [UInt64](repeating: 0, count: terms.nodes.count)
    }

    /// - Parameter inputs: the value of each variable, by its number.
    package mutating func compute(_ inputs: [UInt64]) {
        for index in order {
            let place = Int(index)
            values[place] = value(terms.nodes[place], inputs)
        }
    }

    package func value(of term: Term) -> UInt64 { values[term.place] }

    package func holds(_ condition: Condition) -> Bool {
        terms.diagrams.holds(condition) { values[$0.place] == 1 }
    }

    private func value(_ node: TermNode, _ inputs: [UInt64]) -> UInt64 {
        let width = Int(node.width)
        let all = mask(width)
        func argument(_ index: Int) -> UInt64 { values[node.arguments[index].place] }
        func ownWidth(_ index: Int) -> Int { terms.width(node.arguments[index]) }
        switch node.operation {
        case .constant: return node.value
        case .variable: return inputs[Int(node.value)]
        case .sum:
            var total = node.value
            for index in node.arguments.indices { total &+= node.factors[index] &* argument(index) }
            return total & all
        case .product: return argument(0) &* argument(1) & all
        case .quotient: return argument(1) == 0 ? 0 : argument(0) / argument(1)
        case .remainder: return argument(1) == 0 ? argument(0) : argument(0) % argument(1)
        case .and: return argument(0) & argument(1)
        case .or: return argument(0) | argument(1)
        case .xor: return argument(0) ^ argument(1)
        case .shiftLeft: return (argument(0) << argument(1)) & all
        case .shiftRight: return argument(0) >> argument(1)
        case .shiftRightSigned:
            return UInt64(bitPattern: signed(argument(0), width) >> Int64(argument(1))) & all
        case .zeroExtend: return argument(0)
        case .signExtend: return UInt64(bitPattern: signed(argument(0), ownWidth(0))) & all
        case .extract: return argument(0) >> node.value & all
        case .minimum: return min(argument(0), argument(1))
        case .maximum: return max(argument(0), argument(1))
        case .isZero: return argument(0) == 0 ? 1 : 0
        case .isAtMost: return argument(0) <= argument(1) ? 1 : 0
        case .isAtMostSigned:
            let width = ownWidth(0)
            return signed(argument(0), width) <= signed(argument(1), width) ? 1 : 0
        case .choice: return holds(Condition(index: Int32(node.value))) ? argument(0) : argument(1)
        }
    }
}
