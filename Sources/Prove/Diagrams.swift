// SPDX-License-Identifier: GPL-2.0-only

/// A condition: a node of an ordered binary decision diagram, whose variables are terms of one bit. Equal
/// conditions over the same atoms are the same node, so the join of both ways out of a branch is what held
/// before it.
package struct Condition: Hashable, Sendable {
    let index: Int32

    package static let never = Condition(index: 0)
    package static let always = Condition(index: 1)
}

/// Makes conditions.
final class Diagrams {
    struct Node: Hashable {
        /// Number of the atom; smaller ones stand nearer to the root.
        let atom: Int32
        let low: Condition
        let high: Condition
    }

    private struct Triple: Hashable {
        let condition: Condition
        let then: Condition
        let otherwise: Condition
    }

    private struct Pair: Hashable {
        let first: Condition
        let second: Condition
    }

    private(set) var nodes: [Node]
    private(set) var atoms: [Term] = []
    private var known: [Node: Condition] = [:]
    private var numbers: [Term: Int32] = [:]
    private var choices: [Triple: Condition] = [:]
    private var restrictions: [Pair: Condition] = [:]

    init() {
        let leaf = Node(atom: .max, low: .never, high: .never)
        nodes = [leaf, leaf]
    }

    /// That the term of one bit is 1.
    func atom(_ term: Term) -> Condition {
        let number = numbers[term] ?? Int32(atoms.count)
        if Int(number) == atoms.count {
            atoms.append(term)
            numbers[term] = number
        }
        return node(number, .never, .always)
    }

    private func node(_ atom: Int32, _ low: Condition, _ high: Condition) -> Condition {
        if low == high { return low }
        let node = Node(atom: atom, low: low, high: high)
        if let found = known[node] { return found }
        let made = Condition(index: Int32(nodes.count))
        nodes.append(node)
        known[node] = made
        return made
    }

    func atom(of condition: Condition) -> Int32 { nodes[Int(condition.index)].atom }

    /// The condition where the atom is false and where it is true.
    private func cofactors(_ condition: Condition, _ atom: Int32) -> (low: Condition, high: Condition) {
        let node = nodes[Int(condition.index)]
        return node.atom == atom ? (node.low, node.high) : (condition, condition)
    }

    func choose(_ condition: Condition, _ then: Condition, _ otherwise: Condition) -> Condition {
        if condition == .always || then == otherwise { return then }
        if condition == .never { return otherwise }
        if then == .always && otherwise == .never { return condition }
        let key = Triple(condition: condition, then: then, otherwise: otherwise)
        if let found = choices[key] { return found }
        let top = min(atom(of: condition), atom(of: then), atom(of: otherwise))
        let (c, t, o) = (cofactors(condition, top), cofactors(then, top), cofactors(otherwise, top))
        let made = node(top, choose(c.low, t.low, o.low), choose(c.high, t.high, o.high))
        choices[key] = made
        return made
    }

    func and(_ a: Condition, _ b: Condition) -> Condition { choose(a, b, .never) }
    func or(_ a: Condition, _ b: Condition) -> Condition { choose(a, .always, b) }
    func not(_ a: Condition) -> Condition { choose(a, .never, .always) }

    /// `condition` as it is where `care` holds, and anything elsewhere: as small as that makes it.
    func restrict(_ condition: Condition, _ care: Condition) -> Condition {
        if care == .never || care == .always || condition == .never || condition == .always {
            return condition
        }
        if condition == care { return .always }
        let key = Pair(first: condition, second: care)
        if let found = restrictions[key] { return found }
        let (top, careTop) = (atom(of: condition), atom(of: care))
        let made: Condition
        if careTop < top {
            let node = nodes[Int(care.index)]
            made = restrict(condition, or(node.low, node.high))
        } else {
            let (c, k) = (cofactors(condition, top), cofactors(care, top))
            if k.low == .never {
                made = restrict(c.high, k.high)
            } else if k.high == .never {
                made = restrict(c.low, k.low)
            } else {
                made = node(top, restrict(c.low, k.low), restrict(c.high, k.high))
            }
        }
        restrictions[key] = made
        return made
    }

    /// Whether the condition holds, given the atoms.
    func holds(_ condition: Condition, _ isTrue: (Term) -> Bool) -> Bool {
        var now = condition
        while now.index > 1 {
            let node = nodes[Int(now.index)]
            now = isTrue(atoms[Int(node.atom)]) ? node.high : node.low
        }
        return now == .always
    }
}
