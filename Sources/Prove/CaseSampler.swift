// SPDX-License-Identifier: GPL-2.0-only

/// Random inputs of every case, computed by every side's terms: for checks of the evaluator itself against the code
/// that the terms were made from.
package struct CaseSampler {
    private let sides: [Side]
    private let parameters: [Parameter]
    private let layout: Layout

    package init(sides: [Side], parameters: [Parameter], layout: Layout) {
        self.sides = sides
        self.parameters = parameters
        self.layout = layout
    }

    /// - Parameters:
    ///   - count: inputs of each case.
    ///   - take: is given the inputs, and what each side answers to them.
    /// - Returns: how many inputs there were.
    package func sample(count: Int, seed: UInt64, _ take: (Counterexample) -> Void) throws(NotModelled) -> Int
    {
        var total = 0
        for (kind, _) in Case.kinds(layout) {
            for part in try Cases(parameters: parameters, layout: layout, sides: sides).all(of: kind) {
                let terms = Terms()
                let inputs = Inputs(part, parameters, layout, terms)
                var outcomes: [(name: String, outcome: Outcome)] = []
                for side in sides { outcomes.append((side.name, try side.step(inputs))) }
                var exact = Exact(inputs, outcomes)
                var guesses = Guesses(terms, seed: seed &+ UInt64(total))
                var values = guesses.values()
                for number in 0..<count {
                    values = number % 3 == 0 ? guesses.values() : guesses.neighbour(of: values)
                    exact.compute(values)
                    guard exact.isPossible else { continue }
                    total += 1
                    take(exact.counterexample())
                }
            }
        }
        return total
    }
}
