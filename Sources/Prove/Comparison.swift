// SPDX-License-Identifier: GPL-2.0-only

/// Whether two sides compute the same, in one case.
struct Comparison {
    /// An output for which it is not clear.
    struct Open {
        let field: Field
        let reason: String
        /// Values of the inputs' variables for which the solver thinks that they differ; in the order of the
        /// variables' numbers.
        let candidate: [UInt64]?
        /// No values for which they differ are looked for.
        var isLost = false
    }

    /// What was done.
    struct Account: Sendable {
        var outputs = 0
        /// Outputs of one normal form.
        var identical = 0
        var questions = 0
        /// Questions answered before.
        var repeated = 0
    }

    let terms: Terms
    let inputs: Inputs
    let solver: Solver
    let memory: QuestionMemory
    let effort: Effort
    private(set) var account = Account()

    init(_ inputs: Inputs, _ solver: Solver, _ memory: QuestionMemory, _ effort: Effort) {
        self.inputs = inputs
        terms = inputs.terms
        self.solver = solver
        self.memory = memory
        self.effort = effort
    }

    /// The outputs that are not proven to be the same.
    mutating func compare(_ a: Outcome, _ b: Outcome) -> [Open] {
        var open: [Open] = []
        let both = terms.diagrams.and(terms.diagrams.and(a.ends, b.ends), inputs.assumptions)
        for field in inputs.layout.outputs {
            guard let x = a.values[field], let y = b.values[field] else { continue }
            account.outputs += 1
            var isIdentical = true
            pairs: for (first, whenFirst) in x.leaves {
                let outer = x.leaves.count == 1 ? both : terms.diagrams.and(whenFirst, both)
                for (second, whenSecond) in y.leaves {
                    if first == second && first != .undefined { continue }
                    let when = y.leaves.count == 1 ? outer : terms.diagrams.and(outer, whenSecond)
                    if when == .never { continue }
                    isIdentical = false
                    if let found = refute(field, when, first, second) {
                        open.append(found)
                        break pairs
                    }
                }
            }
            if isIdentical { account.identical += 1 }
        }
        return open
    }

    /// Nil if two values cannot be met together, or are the same.
    private mutating func refute(
        _ field: Field, _ when: Condition, _ a: Value.Leaf, _ b: Value.Leaf
    ) -> Open? {
        var differ: (Term, Term)?
        if case .word(let x) = a, case .word(let y) = b {
            if terms.isEqual(x, y) == .always { return nil }
            differ = (x, y)
        }
        switch impossible(when, differ: differ) {
        case .impossible:
            return nil
        case .possible(let values):
            let isUndefined = differ == nil
            return Open(
                field: field, reason: isUndefined ? "an undefined value" : "they may differ",
                candidate: complete(values))
        case .unknown(let reason):
            return Open(field: field, reason: reason, candidate: nil)
        case .ended(let reason):
            return Open(field: field, reason: reason, candidate: nil, isLost: true)
        }
    }

    /// Asks with more and more of the meaning.
    ///
    /// - Parameter times: so much more work than for an output.
    mutating func impossible(
        _ condition: Condition, differ: (Term, Term)?, times: Int = 1
    ) -> Solver.Answer {
        var last = Solver.Answer.unknown("nothing was asked")
        for detail in SMTText.Detail.allCases {
            var text = SMTText(terms, detail)
            let question = text.question(condition, differ: differ)
            if memory.isImpossible(question) {
                account.repeated += 1
                return .impossible
            }
            if let reason = memory.refusal(question) {
                account.repeated += 1
                if case .unknown = last { last = .unknown(reason) }
                if !text.hasHidden { break }
                continue
            }
            account.questions += 1
            var answer = solver.ask(
                question, variables: text.variables.map { (text.name($0), $0) },
                effort: effort.limit(detail) * times)
            if case .possible(let values) = answer { answer = .possible(text.completed(values)) }
            if case .impossible = answer {
                memory.keep(question)
                return answer
            }
            if case .ended = answer { return answer }
            if case .unknown(let reason) = answer { memory.keep(question, refused: reason) }
            // A possible one stays the best that is known, where the exact question is too much.
            if case .unknown = answer, case .possible = last {} else { last = answer }
            if !text.hasHidden { break }
        }
        return last
    }

    /// All variables' values: those that the question did not name are at their least.
    func complete(_ values: [(term: Term, value: UInt64)]) -> [UInt64] {
        var all = terms.variables.map { terms.low($0) }
        for (term, value) in values where terms.node(term).operation == .variable {
            all[Int(terms.node(term).value)] = value
        }
        return all
    }
}

/// How much work the solver may do for one question.
package struct Effort: Sendable {
    package let unit: Int

    package init(unit: Int = 4_000_000) { self.unit = unit }

    func limit(_ detail: SMTText.Detail) -> Int {
        switch detail {
        case .hidden: unit
        case .functions: unit
        case .exact: unit / 2
        }
    }
}

/// Questions that were answered with "impossible" before: cases share much.
final class QuestionMemory {
    private var known: Set<String> = []
    private var refused: [String: String] = [:]

    func isImpossible(_ question: String) -> Bool { known.contains(question) }
    func keep(_ question: String) { known.insert(question) }

    /// Why the solver gave up on it; its limit is the same the next time.
    func refusal(_ question: String) -> String? { refused[question] }
    func keep(_ question: String, refused reason: String) { refused[question] = reason }
}
