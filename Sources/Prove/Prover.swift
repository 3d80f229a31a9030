// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// Proves that the sides of a policy decide the same, and that what they decide has the policy's properties.
package struct Prover {
    /// What came of a case.
    package enum Verdict: Sendable {
        case proven
        /// The side, what differs or is broken, and for which values.
        case refuted(side: String, what: [String], Counterexample)
        /// The side, what is not clear, and why.
        case open(side: String, what: String, reason: String)

        package var isProven: Bool {
            if case .proven = self { true } else { false }
        }

        var isRefuted: Bool {
            if case .refuted = self { true } else { false }
        }
    }

    package struct CaseResult: Sendable {
        /// The kind of event.
        package let function: String
        package let name: String
        package let seconds: Double
        package let verdicts: [Verdict]
    }

    /// What was proven of a side for a kind of event, in numbers.
    package struct Row: Sendable {
        package let function: String
        package let side: String
        package var cases = 0
        package var outputs = 0
        package var identical = 0
        package var properties = 0
        package var questions = 0
        package var open = 0
        package var refuted = 0
        package var seconds = 0.0
    }

    package struct Report: Sendable {
        package var cases: [CaseResult] = []
        package var rows: [Row] = []
        package var seconds = 0.0
        package var questions = 0
        package var solver = ""
        package var restarts = 0
        package var properties: [String] = []
    }

    /// All are compared with this one, so each equals each.
    private let reference: Side
    private let others: [Side]
    private let parameters: [Parameter]
    private let layout: Layout
    private let solver: Solver
    private let memory = QuestionMemory()
    private let effort: Effort
    /// Random values tried in each case before the solver is asked.
    private let trials: Int
    private let seed: UInt64
    /// Nothing is asked of the reference, which was proven before, and of the others, whether they decide as it
    /// does, and never trap.
    private let isEqualityOnly: Bool

    package init(
        reference: Side, others: [Side], parameters: [Parameter], layout: Layout, solver: Solver,
        effort: Effort = Effort(), trials: Int = 100, seed: UInt64 = 1, isEqualityOnly: Bool = false
    ) {
        self.isEqualityOnly = isEqualityOnly
        self.reference = reference
        self.others = others
        self.parameters = parameters
        self.layout = layout
        self.solver = solver
        self.effort = effort
        self.trials = trials
        self.seed = seed
    }

    private var sides: [Side] { [reference] + others }

    /// When a proof is over.
    package enum End: Sendable {
        case all
        /// The first case that is not proven.
        case unproven
        /// The first counterexample.
        case refuted
    }

    /// - Parameters:
    ///   - end: what is not looked for any more.
    ///   - isOver: whether the rest is not wanted any more.
    ///   - tell: is told of each case, with how many of how many are done.
    package func prove(
        until end: End = .all, isOver: () -> Bool = { false },
        tell: (CaseResult, Int, Int) -> Void = { _, _, _ in }
    ) -> Report {
        let begin = ContinuousClock.now
        var report = Report()
        report.solver = solver.version
        var work: [(function: String, part: Case?)] = [("start", nil)]
        for (kind, name) in Case.kinds(layout) {
            do throws(NotModelled) {
                work += try Cases(parameters: parameters, layout: layout, sides: sides).all(of: kind).map {
                    (name, $0)
                }
            } catch {
                let verdict = Verdict.open(
                    side: "all", what: "the whole function", reason: "not modelled: \(error)")
                report.cases.append(CaseResult(function: name, name: name, seconds: 0, verdicts: [verdict]))
            }
        }
        for (number, item) in work.enumerated() {
            let result = prove(item.function, item.part, &report)
            report.cases.append(result)
            tell(result, number + 1, work.count)
            if isOver() { break }
            switch end {
            case .all: continue
            case .unproven: if result.verdicts.allSatisfy(\.isProven) { continue }
            case .refuted: if report.refutation == nil { continue }
            }
            break
        }
        report.seconds = (ContinuousClock.now - begin) / .seconds(1)
        report.questions = solver.questions
        report.restarts = solver.restarts
        return report
    }

    private func prove(_ function: String, _ part: Case?, _ report: inout Report) -> CaseResult {
        let begin = ContinuousClock.now
        let terms = Terms()
        let start = Case(kind: 0)
        let inputs = Inputs(part ?? start, parameters, layout, terms)
        let name = part?.name(parameters) ?? "the state before the first event"
        var verdicts: [Verdict] = []
        var outcomes: [(name: String, outcome: Outcome)] = []
        var modelled: [Side] = []
        for side in sides {
            do throws(NotModelled) {
                outcomes.append((side.name, try side.step(inputs, isStart: part == nil)))
                modelled.append(side)
            } catch {
                verdicts.append(.open(side: side.name, what: "all of it", reason: "not modelled: \(error)"))
                if side.name == reference.name {
                    return CaseResult(function: function, name: name, seconds: 0, verdicts: verdicts)
                }
            }
        }
        var judge = CaseJudge(
            inputs: inputs, outcomes: outcomes, part: part, solver: solver, memory: memory, effort: effort,
            trials: trials, seed: seed, isEqualityOnly: isEqualityOnly)
        for side in outcomes.indices where side > 0 || !isEqualityOnly {
            let before = ContinuousClock.now
            var row = Row(function: function, side: outcomes[side].name)
            var found = judge.judge(side, &row)
            var doubted: Set<String> = []
            while !judge.doubted.isSubset(of: doubted), !found.contains(where: \.isRefuted) {
                doubted.formUnion(judge.doubted)
                guard let outcome = try? modelled[side].step(inputs, isStart: part == nil, doubted: doubted)
                else { break }
                judge.outcomes[side].outcome = outcome
                found = judge.judge(side, &row)
            }
            verdicts += found
            row.cases = 1
            row.seconds = (ContinuousClock.now - before) / .seconds(1)
            for verdict in found {
                if case .refuted = verdict { row.refuted += 1 }
                if case .open = verdict { row.open += 1 }
            }
            report.add(row)
        }
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        return CaseResult(
            function: function, name: name, seconds: seconds,
            verdicts: verdicts.isEmpty ? [.proven] : verdicts)
    }
}

extension Prover.Report {
    mutating func add(_ row: Prover.Row) {
        guard let place = rows.firstIndex(where: { $0.function == row.function && $0.side == row.side })
        else {
            rows.append(row)
            return
        }
        rows[place].cases += row.cases
        rows[place].outputs += row.outputs
        rows[place].identical += row.identical
        rows[place].properties += row.properties
        rows[place].questions += row.questions
        rows[place].open += row.open
        rows[place].refuted += row.refuted
        rows[place].seconds += row.seconds
    }

    package var isProven: Bool { !cases.isEmpty && cases.allSatisfy { $0.verdicts.allSatisfy(\.isProven) } }

    /// The first counterexample, if there is one.
    package var refutation: (name: String, side: String, what: [String], example: Counterexample)? {
        for result in cases {
            for case .refuted(let side, let what, let example) in result.verdicts {
                return (result.name, side, what, example)
            }
        }
        return nil
    }
}

/// Judges one case, side by side.
struct CaseJudge {
    let inputs: Inputs
    fileprivate(set) var outcomes: [(name: String, outcome: Outcome)]
    /// Compiler's notes of the side that was judged last which are not so for all values, or not known to be.
    fileprivate(set) var doubted: Set<String> = []
    let part: Case?
    private let trials: Int
    private let seed: UInt64
    private let isEqualityOnly: Bool
    private var comparison: Comparison
    /// Values that looked like counterexamples are varied so often before the question stays open.
    private static let searchMax = 20_000

    init(
        inputs: Inputs, outcomes: [(name: String, outcome: Outcome)], part: Case?, solver: Solver,
        memory: QuestionMemory, effort: Effort, trials: Int, seed: UInt64, isEqualityOnly: Bool
    ) {
        self.isEqualityOnly = isEqualityOnly
        self.inputs = inputs
        self.outcomes = outcomes
        self.part = part
        self.trials = trials
        self.seed = seed
        comparison = Comparison(inputs, solver, memory, effort)
    }

    /// What is not proven of a side; the first one is what the others are compared with.
    mutating func judge(_ side: Int, _ row: inout Prover.Row) -> [Prover.Verdict] {
        let before = comparison.account
        doubted = []
        var verdicts: [Prover.Verdict] = []
        if side > 0 { verdicts += equality(side) }
        if verdicts.isEmpty { verdicts += properties(side, &row) }
        let after = comparison.account
        row.outputs = after.outputs - before.outputs
        row.identical = after.identical - before.identical
        row.questions = after.questions - before.questions
        return verdicts
    }

    private mutating func equality(_ side: Int) -> [Prover.Verdict] {
        let name = outcomes[side].name
        var exact = Exact(inputs, [outcomes[0], outcomes[side]])
        let fields = inputs.layout.outputs.filter { outcomes[0].outcome.values[$0] != nil }
        // Where one side does not come to an end there is nothing to compare: that is a trap, and a property.
        if let found = search(&exact, from: nil, count: trials, { $0.differ(0, 1, fields) }) {
            return [refuted(side, fields.filter { found.value($0, of: 0) != found.value($0, of: 1) }, found)]
        }
        let open = comparison.compare(outcomes[0].outcome, outcomes[side].outcome)
        for one in open where !one.isLost {
            let start = one.candidate
            if let found = search(&exact, from: start, count: Self.searchMax, { $0.differ(0, 1, fields) }) {
                return [
                    refuted(side, fields.filter { found.value($0, of: 0) != found.value($0, of: 1) }, found)
                ]
            }
        }
        return open.map { one in
            .open(
                side: name, what: one.field.fullName,
                reason: one.isLost ? one.reason : "\(one.reason), and no such values are found")
        }
    }

    private func refuted(_ side: Int, _ fields: [Field], _ exact: Exact) -> Prover.Verdict {
        .refuted(side: outcomes[side].name, what: fields.map(\.fullName), exact.counterexample())
    }

    /// Values for which it is so, near those given or anywhere.
    private func search(
        _ exact: inout Exact, from start: [UInt64]?, count: Int, _ isFound: (Exact) -> Bool
    ) -> Exact? {
        var guesses = Guesses(inputs.terms, seed: seed)
        var base = start ?? guesses.values()
        for attempt in 0..<count {
            if attempt > 0 || start == nil {
                let isNear = attempt % 4 != 0
                base =
                    start.map { isNear ? guesses.neighbour(of: $0) : guesses.neighbour(of: base) }
                    ?? (isNear ? guesses.neighbour(of: base) : guesses.values())
            }
            exact.compute(base)
            if exact.isPossible, isFound(exact) { return exact }
        }
        return nil
    }

    private mutating func properties(_ side: Int, _ row: inout Prover.Row) -> [Prover.Verdict] {
        let outcome = outcomes[side].outcome
        var verdicts: [Prover.Verdict] = []
        for obligation in outcome.obligations {
            let what = "\(obligation.kind.rawValue) (\(obligation.what)) at \(obligation.place)"
            row.properties += 1
            let found = never(obligation.condition, what, side, isCertain: obligation.kind != .note)
            if !found.isEmpty && obligation.kind == .note { doubted.insert(obligation.identity) }
            verdicts += found
        }
        verdicts += undefined(side)
        guard let part, !isEqualityOnly else { return verdicts }
        let path = inputs.terms.diagrams.and(outcome.ends, inputs.assumptions)
        let view = PropertyView(inputs: inputs, outcome: outcome, part: part, path: path)
        for property in Property.all(of: part.kind, inputs.layout) {
            row.properties += 1
            for condition in property.broken(view) {
                let broken = inputs.terms.diagrams.and(path, condition)
                // A pair's state is any that its fields can hold: one that cannot come up is no counterexample.
                let isCertain = !inputs.layout.isPair || !dependsOnState(condition)
                let found = never(broken, property.name, side, isCertain: isCertain)
                verdicts += found
                if !found.isEmpty { break }
            }
        }
        return verdicts
    }

    /// What others are compared with has a meaning.
    private mutating func undefined(_ side: Int) -> [Prover.Verdict] {
        guard side == 0 else { return [] }
        let outcome = outcomes[side].outcome
        return inputs.layout.outputs.flatMap { field -> [Prover.Verdict] in
            guard let value = outcome.values[field] else { return [] }
            let condition = inputs.terms.undefined(value, under: outcome.ends)
            return never(condition, "\(field.fullName) without a meaning", side, isCertain: false)
        }
    }

    /// Whether it looks at what is remembered, beside whose task it is.
    private func dependsOnState(_ condition: Condition) -> Bool {
        var mentions = Mentions(inputs.terms)
        mentions.add(condition)
        return mentions.names.contains {
            ($0.hasPrefix("state.") || $0.hasPrefix("task.")) && $0 != "task.generation"
        }
    }

    /// That a condition never holds.
    private mutating func never(
        _ condition: Condition, _ what: String, _ side: Int, isCertain: Bool
    ) -> [Prover.Verdict] {
        let condition = inputs.terms.diagrams.and(condition, inputs.assumptions)
        if condition == .never { return [] }
        let reason: String
        var candidate: [UInt64]?
        switch comparison.impossible(condition, differ: nil, times: 8) {
        case .impossible: return []
        case .possible(let values):
            reason = "it may be"
            candidate = comparison.complete(values)
        case .unknown(let text): reason = text
        case .ended(let text): return [.open(side: outcomes[side].name, what: what, reason: text)]
        }
        var exact = Exact(inputs, [outcomes[side]], conditions: [condition])
        if let found = search(&exact, from: candidate, count: Self.searchMax, { $0.holds(condition) }) {
            if isCertain {
                return [.refuted(side: outcomes[side].name, what: [what], found.counterexample())]
            }
            let values = inputs.layout.isPair ? ", such as \(found.text)" : ""
            return [
                .open(side: outcomes[side].name, what: what, reason: "it is not so for all values\(values)")
            ]
        }
        return [
            .open(side: outcomes[side].name, what: what, reason: "\(reason), and no such values are found")
        ]
    }
}
