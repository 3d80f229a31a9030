// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// Which cases there are to be proven, one by one.
struct Cases {
    let parameters: [Parameter]
    let layout: Layout
    let sides: [Side]

    /// The rules by which cases are told apart: those with several words, and those on which it depends whether
    /// another parameter is read.
    private var rules: [Parameter] {
        parameters.filter { parameter in
            guard case .words(let words) = parameter.allowed else { return false }
            return words.count > 2
                || parameters.contains { $0.readWith?.contains { $0.path == parameter.path } ?? false }
        }
    }

    /// All cases of a kind of event. Together they are all inputs and states: only what no side looks at is not
    /// told apart.
    func all(of kind: UInt32) throws(NotModelled) -> [Case] {
        var cases: [Case] = []
        for generation in kind == 0 ? [nil] : Case.Generation.allCases.map({ Optional($0) }) {
            var whole = Case(kind: kind)
            whole.generation = generation
            let mentioned = try mentions(of: whole)
            var parts = [whole]
            for rule in rules {
                let isNeeded = needed(mentioned).contains(rule.path)
                if isNeeded { parts = parts.flatMap { split($0, rule) } }
            }
            if mentioned.contains("event.weight") {
                parts = parts.flatMap { part in
                    Case.Weight.allCases.map { weight in
                        var part = part
                        part.weight = weight
                        return part
                    }
                }
            }
            let wakeup = "event.flags.\(SP_EVENT_WAKEUP.trailingZeroBitCount)"
            if kind == SP_EVENT_ENQUEUE.rawValue, mentioned.contains(wakeup) {
                parts = parts.flatMap { part in
                    [true, false].map { isWakeup in
                        var part = part
                        part.isWakeup = isWakeup
                        return part
                    }
                }
            }
            cases += parts
        }
        return cases
    }

    /// Rules that are mentioned, and those on which it depends whether a mentioned parameter is read.
    private func needed(_ mentioned: Set<String>) -> Set<String> {
        var found: Set<String> = []
        var left = parameters.filter { parameter in
            layout.policy.contains { $0.offset == parameter.offset && mentioned.contains($0.fullName) }
        }
        while let parameter = left.popLast() {
            if case .words = parameter.allowed, !found.insert(parameter.path).inserted { continue }
            for clause in parameter.readWith ?? [] where !found.contains(clause.path) {
                left += parameters.filter { $0.path == clause.path }
            }
        }
        return found
    }

    private func split(_ part: Case, _ rule: Parameter) -> [Case] {
        guard case .words(let words) = rule.allowed else { return [part] }
        // A rule that is not read holds its first word.
        let isRead =
            rule.readWith?.contains { clause in
                part.rules[clause.path].map { clause.values.contains($0) } ?? true
            } ?? true
        return (isRead ? words : Array(words.prefix(1))).map { word in
            var part = part
            part.rules[rule.path] = word.value
            return part
        }
    }

    /// The variables that an output of any side depends on.
    private func mentions(of part: Case) throws(NotModelled) -> Set<String> {
        let terms = Terms()
        let inputs = Inputs(part, parameters, layout, terms)
        var found: Set<String> = []
        for side in sides {
            let outcome = try side.step(inputs)
            var collector = Mentions(terms)
            for value in outcome.values.values {
                for (leaf, guarded) in value.leaves {
                    if case .word(let term) = leaf { collector.add(term) }
                    collector.add(guarded)
                }
            }
            found.formUnion(collector.names)
        }
        return found
    }
}

/// Collects the variables of terms.
struct Mentions {
    private let terms: Terms
    private var seen: Set<Term> = []
    private var seenConditions: Set<Condition> = []
    private(set) var names: Set<String> = []

    init(_ terms: Terms) { self.terms = terms }

    mutating func add(_ term: Term) {
        var left = [term]
        while let term = left.popLast() {
            guard seen.insert(term).inserted else { continue }
            let node = terms.node(term)
            if node.operation == .variable { names.insert(terms.names[Int(node.value)]) }
            if node.operation == .choice { add(Condition(index: Int32(node.value))) }
            left += node.arguments
        }
    }

    mutating func add(_ condition: Condition) {
        guard condition.index > 1, seenConditions.insert(condition).inserted else { return }
        let node = terms.diagrams.nodes[Int(condition.index)]
        add(terms.diagrams.atoms[Int(node.atom)])
        add(node.low)
        add(node.high)
    }
}
