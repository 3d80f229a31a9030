// SPDX-License-Identifier: GPL-2.0-only

/// What a register, an SSA value or a cell of memory may hold, each under its condition. The conditions exclude
/// each other wherever the value can be used at all; elsewhere they say nothing.
struct Value {
    enum Leaf: Hashable {
        case word(Term)
        /// An address: the region, and the distance from its begin, 64 bits.
        case pointer(Int, Term)
        /// Never written, or without meaning to the compiler.
        case undefined
    }

    var leaves: [(leaf: Leaf, guarded: Condition)]

    init(_ leaf: Leaf) { leaves = [(leaf, .always)] }
    init(_ term: Term) { self.init(.word(term)) }
    init(leaves: [(leaf: Leaf, guarded: Condition)]) { self.leaves = leaves }

    /// The one term that this is, whatever the condition.
    var word: Term? {
        if leaves.count == 1, case .word(let term) = leaves[0].leaf { return term }
        return nil
    }
}

/// Why an execution cannot be modelled: what stands there, and where. Nothing is ever assumed instead.
package struct NotModelled: Error, CustomStringConvertible {
    package let what: String
    package let place: String

    package var description: String { "\(place): \(what)" }
}

/// Operations on values, leaf by leaf.
extension Terms {
    /// More leaves than this become one term with choices in it.
    private static let leavesMax = 40

    /// The value that is `values[i]` where its condition holds; they exclude each other, and `care` is all of
    /// them together.
    func merge(_ values: [(guarded: Condition, value: Value)], care: Condition) -> Value {
        var order: [Value.Leaf] = []
        var found: [Value.Leaf: Condition] = [:]
        for (guarded, value) in values {
            for (leaf, own) in value.leaves {
                let both = diagrams.and(guarded, own)
                if both == .never { continue }
                if let other = found[leaf] {
                    found[leaf] = diagrams.or(other, both)
                } else {
                    found[leaf] = both
                    order.append(leaf)
                }
            }
        }
        if order.count <= 1 { return Value(order.first ?? .undefined) }
        var leaves = order.map { (leaf: $0, guarded: found[$0] ?? .never) }
        joinExtremes(&leaves)
        if leaves.count == 1 { return Value(leaves[0].leaf) }
        for index in leaves.indices { leaves[index].guarded = diagrams.restrict(leaves[index].guarded, care) }
        return limited(Value(leaves: leaves))
    }

    /// Two leaves of which always the smaller one counts, or always the greater one, are one leaf.
    private func joinExtremes(_ leaves: inout [(leaf: Value.Leaf, guarded: Condition)]) {
        var isChanged = true
        while isChanged && leaves.count > 1 {
            isChanged = false
            search: for first in leaves.indices {
                for second in leaves.indices where second > first {
                    guard case .word(let a) = leaves[first].leaf, case .word(let b) = leaves[second].leaf,
                        let joined = extreme(a, leaves[first].guarded, b, leaves[second].guarded)
                    else { continue }
                    let both = diagrams.or(leaves[first].guarded, leaves[second].guarded)
                    leaves.remove(at: second)
                    leaves.remove(at: first)
                    if let same = leaves.firstIndex(where: { $0.leaf == .word(joined) }) {
                        leaves[same].guarded = diagrams.or(leaves[same].guarded, both)
                    } else {
                        leaves.append((.word(joined), both))
                    }
                    isChanged = true
                    break search
                }
            }
        }
    }

    private func extreme(_ a: Term, _ whenA: Condition, _ b: Term, _ whenB: Condition) -> Term? {
        let isA = diagrams.restrict(whenA, diagrams.or(whenA, whenB))
        let (below, above) = (isAtMost(a, b), isAtMost(b, a))
        guard below != .always, below != .never, above != .always, above != .never else { return nil }
        if isA == below || isA == diagrams.not(above) { return minimum(a, b) }
        if isA == above || isA == diagrams.not(below) { return maximum(a, b) }
        return nil
    }

    private func limited(_ value: Value) -> Value {
        guard value.leaves.count > Self.leavesMax else { return value }
        var term: Term?
        for (leaf, guarded) in value.leaves {
            guard case .word(let own) = leaf else { return value }
            term = term.map { choice(guarded, own, $0) } ?? own
        }
        return term.map { Value($0) } ?? value
    }

    /// `body` of each leaf.
    func map(_ value: Value, under path: Condition, _ body: (Value.Leaf) throws -> Value.Leaf) rethrows
        -> Value
    {
        if value.leaves.count == 1 { return Value(try body(value.leaves[0].leaf)) }
        var parts: [(guarded: Condition, value: Value)] = []
        for (leaf, guarded) in value.leaves {
            let both = diagrams.and(guarded, path)
            if both != .never { parts.append((both, Value(try body(leaf)))) }
        }
        return merge(parts, care: path)
    }

    /// `body` of each pair of leaves that can be met together.
    func map(
        _ a: Value, _ b: Value, under path: Condition,
        _ body: (Value.Leaf, Value.Leaf) throws -> Value.Leaf
    ) rethrows -> Value {
        if a.leaves.count == 1 && b.leaves.count == 1 {
            return Value(try body(a.leaves[0].leaf, b.leaves[0].leaf))
        }
        var parts: [(guarded: Condition, value: Value)] = []
        for (first, whenFirst) in a.leaves {
            let outer = diagrams.and(whenFirst, path)
            for (second, whenSecond) in b.leaves {
                let both = diagrams.and(outer, whenSecond)
                if both != .never { parts.append((both, Value(try body(first, second)))) }
            }
        }
        return merge(parts, care: path)
    }

    /// The condition that `body` says of each pair of leaves.
    func test(
        _ a: Value, _ b: Value, under path: Condition,
        _ body: (Value.Leaf, Value.Leaf) throws -> Condition
    ) rethrows -> Condition {
        if a.leaves.count == 1 && b.leaves.count == 1 { return try body(a.leaves[0].leaf, b.leaves[0].leaf) }
        var result = Condition.never
        for (first, whenFirst) in a.leaves {
            let outer = diagrams.and(whenFirst, path)
            for (second, whenSecond) in b.leaves {
                let both = diagrams.and(outer, whenSecond)
                if both == .never { continue }
                result = diagrams.or(result, diagrams.and(both, try body(first, second)))
            }
        }
        return diagrams.restrict(result, path)
    }

    /// A value of one bit, as a condition, which does not hold where the value has no meaning. Nil if it may be an
    /// address.
    func condition(_ value: Value, under path: Condition) -> Condition? {
        var result = Condition.never
        for (leaf, guarded) in value.leaves {
            let both = value.leaves.count == 1 ? .always : diagrams.and(guarded, path)
            if both == .never { continue }
            if leaf == .undefined { continue }
            guard case .word(let term) = leaf else { return nil }
            result = diagrams.or(result, diagrams.and(both, isEqual(term, constant(1, 1))))
        }
        return diagrams.restrict(result, path)
    }

    /// Where one of the values has no meaning.
    func undefined(_ a: Value, or b: Value? = nil, under path: Condition) -> Condition {
        var result = Condition.never
        for value in [a, b].compactMap({ $0 }) {
            for (leaf, guarded) in value.leaves where leaf == .undefined {
                result = diagrams.or(
                    result, value.leaves.count == 1 ? path : diagrams.and(guarded, path))
            }
        }
        return result
    }

    /// The value where it has a meaning.
    func meant(_ value: Value, where hasMeaning: Condition, under path: Condition) -> Value {
        let isMeant = diagrams.and(path, hasMeaning)
        let isNot = diagrams.and(path, diagrams.not(hasMeaning))
        if isNot == .never { return value }
        return merge([(isMeant, value), (isNot, Value(.undefined))], care: path)
    }

    /// The value of one bit that is 1 where the condition holds.
    func truth(_ condition: Condition) -> Value {
        if condition == .always { return Value(constant(1, 1)) }
        if condition == .never { return Value(constant(0, 1)) }
        return Value(leaves: [
            (.word(constant(1, 1)), condition), (.word(constant(0, 1)), diagrams.not(condition)),
        ])
    }

    /// The value as one term. Nil if it may be an address or undefined.
    func single(_ value: Value, under path: Condition) -> Term? {
        var term: Term?
        for (leaf, guarded) in value.leaves where diagrams.and(guarded, path) != .never {
            guard case .word(let own) = leaf else { return nil }
            term = term.map { choice(guarded, own, $0) } ?? own
        }
        return term
    }
}
