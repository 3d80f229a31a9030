// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto

/// Values for which two sides decide differently, or a property is broken: computed exactly, not guessed.
package struct Counterexample: Sendable {
    /// The inputs, as they are in memory.
    package let policy: sp_policy
    package let global: sp_global
    package let task: sp_task
    package let event: sp_event
    /// What each side answers, by its name.
    package let answers: [(side: String, outcome: sp_outcome)]
    /// The same inputs, by the names of their fields: of the description, and what was remembered.
    package let parameters: [(field: Field, value: UInt64)]
    package let state: [(field: Field, value: UInt64)]
}

/// Computes whole steps from values of the variables.
struct Exact {
    private let inputs: Inputs
    private let sides: [(name: String, outcome: Outcome)]
    private var evaluation: Evaluation
    private var terms: Terms { inputs.terms }

    init(_ inputs: Inputs, _ sides: [(name: String, outcome: Outcome)], conditions: [Condition] = []) {
        self.inputs = inputs
        self.sides = sides
        var outputs = Array(inputs.values.values)
        var conditions = conditions + [inputs.assumptions]
        for (_, outcome) in sides {
            conditions.append(outcome.ends)
            for value in outcome.values.values {
                for (leaf, guarded) in value.leaves {
                    conditions.append(guarded)
                    if case .word(let term) = leaf { outputs.append(term) }
                }
            }
        }
        evaluation = Evaluation(inputs.terms, outputs: outputs, conditions: conditions)
    }

    mutating func compute(_ variables: [UInt64]) { evaluation.compute(variables) }

    var isPossible: Bool { evaluation.holds(inputs.assumptions) }

    func holds(_ condition: Condition) -> Bool { evaluation.holds(condition) }

    /// Nil if it is undefined.
    func value(_ field: Field, of side: Int) -> UInt64? {
        guard let value = sides[side].outcome.values[field] else { return nil }
        for (leaf, guarded) in value.leaves where value.leaves.count == 1 || evaluation.holds(guarded) {
            guard case .word(let term) = leaf else { return nil }
            return evaluation.value(of: term)
        }
        return nil
    }

    func input(_ field: Field) -> UInt64 {
        inputs.values[field].map { evaluation.value(of: $0) } ?? 0
    }

    /// Whether two sides that both come to an end differ in a field.
    func differ(_ a: Int, _ b: Int, _ fields: [Field]) -> Bool {
        guard evaluation.holds(sides[a].outcome.ends), evaluation.holds(sides[b].outcome.ends) else {
            return false
        }
        return fields.contains { value($0, of: a) != value($0, of: b) }
    }

    /// What the parameters, the state and the event hold that is not 0.
    var text: String {
        let example = counterexample()
        let event = Layout.event.map { (field: $0, value: input($0)) }
        return (example.parameters + example.state + event).filter { $0.value != 0 }
            .map { "\($0.field.fullName)=\($0.value)" }.joined(separator: " ")
    }

    /// All of it as the structures of the policy.
    func counterexample() -> Counterexample {
        var policy = sp_policy()
        var global = sp_global()
        var task = sp_task()
        var event = sp_event()
        withUnsafeMutableBytes(of: &policy) { fill($0, inputs.layout.policy, input) }
        withUnsafeMutableBytes(of: &global) { fill($0, inputs.layout.global, input) }
        withUnsafeMutableBytes(of: &task) { fill($0, inputs.layout.task, input) }
        withUnsafeMutableBytes(of: &event) { fill($0, Layout.event, input) }
        policy.abi = UInt32(SP_ABI_VERSION)
        let answers = sides.indices.map { side in
            var outcome = sp_outcome()
            withUnsafeMutableBytes(of: &outcome.decision) {
                fill($0, Layout.decision) { value($0, of: side) ?? 0 }
            }
            withUnsafeMutableBytes(of: &outcome.task) {
                fill($0, inputs.layout.task) { value($0, of: side) ?? 0 }
            }
            withUnsafeMutableBytes(of: &outcome.global) {
                fill($0, inputs.layout.global) { value($0, of: side) ?? 0 }
            }
            return (side: sides[side].name, outcome: outcome)
        }
        func named(_ fields: [Field]) -> [(field: Field, value: UInt64)] {
            fields.filter { !inputs.layout.unused.contains($0) && !inputs.isFixed($0) }
                .map { ($0, input($0)) }
        }
        return Counterexample(
            policy: policy, global: global, task: task, event: event, answers: answers,
            parameters: named(inputs.layout.policy), state: named(inputs.layout.global + inputs.layout.task))
    }

    private func fill(_ bytes: UnsafeMutableRawBufferPointer, _ fields: [Field], _ value: (Field) -> UInt64) {
        for field in fields {
            let value = value(field)
            for byte in 0..<field.size {
                bytes[field.offset + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))
            }
        }
    }
}

/// Values of variables at which policies go wrong: their bounds, round numbers, each other's neighbours.
struct Guesses {
    private let terms: Terms
    private var state: UInt64

    init(_ terms: Terms, seed: UInt64) {
        self.terms = terms
        state = seed
    }

    /// SplitMix64, as the traces have it.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// All variables anew.
    mutating func values() -> [UInt64] {
        var all = terms.variables.map { terms.low($0) }
        for variable in terms.variables.indices { all[variable] = value(variable, all) }
        return all
    }

    /// The values with a few of them changed.
    mutating func neighbour(of values: [UInt64]) -> [UInt64] {
        var all = values
        guard !all.isEmpty else { return all }
        for _ in 0...Int(next() % 3) {
            let variable = Int(next() % UInt64(all.count))
            all[variable] = value(variable, all)
        }
        return all
    }

    private mutating func value(_ variable: Int, _ others: [UInt64]) -> UInt64 {
        let term = terms.variables[variable]
        let (low, high) = (terms.low(term), terms.high(term))
        let width = high - low
        var value: UInt64
        switch next() % 10 {
        case 0: value = low
        case 1: value = high
        case 2: value = others[variable] &+ 1
        case 3: value = others[variable] &- 1
        case 4, 5:
            // Beside another one, or a sum of two.
            let other = others[Int(next() % UInt64(others.count))]
            let second = others[Int(next() % UInt64(others.count))]
            value = next() % 2 == 0 ? other &+ (next() % 3) &- 1 : other &+ second &+ (next() % 3) &- 1
        case 6: value = low &+ (1 << (next() % 64))
        default:
            let bits = next() % 65
            value = low &+ (bits == 64 ? next() : next() & ((1 << bits) - 1))
        }
        value &= mask(terms.width(term))
        if value < low || value > high { value = width == .max ? value : low + (value &- low) % (width + 1) }
        return value
    }
}
