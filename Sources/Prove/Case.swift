// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// A parameter of policies: which values a description may give a field.
package struct Parameter: Sendable {
    package enum Allowed: Sendable {
        case range(ClosedRange<UInt64>)
        /// Each a rule of its own, by its word.
        case words([(word: String, value: UInt64)])
    }

    /// The key in a description.
    package let path: String
    /// The field's distance from the begin of `sp_policy`.
    package let offset: Int
    package let allowed: Allowed
    /// With which words of which keys the field is read; nil if always. Else it holds 0.
    package let readWith: [(path: String, values: [UInt64])]?
    /// The key whose value this one does not exceed.
    package let notAbove: String?
    /// How people read it.
    package let text: String

    package init(
        path: String, offset: Int, allowed: Allowed, readWith: [(path: String, values: [UInt64])]?,
        notAbove: String?, text: String
    ) {
        self.path = path
        self.offset = offset
        self.allowed = allowed
        self.readWith = readWith
        self.notAbove = notAbove
        self.text = text
    }
}

/// Some of all inputs and states: those that a proof is about at one time. All cases of a kind of event together
/// are all that there are.
struct Case: Sendable {
    enum Generation: String, CaseIterable, Sendable {
        case nobody = "generation 0"
        case same = "same task"
        case first = "first task"
        case newer = "newer task"
        case older = "older task"
    }

    enum Weight: String, CaseIterable, Sendable {
        case zero = "weight 0"
        case usual = "weight in range"
        case more = "weight at its maximum or above"
    }

    /// One of `kinds`; 0 stands for all others.
    var kind: UInt32
    var generation: Generation?
    var weight: Weight?
    var isWakeup: Bool?
    /// Values of the rules that were chosen, by the keys.
    var rules: [String: UInt64] = [:]

    private static let all: [(kind: UInt32, name: String)] = [
        (SP_EVENT_ENQUEUE.rawValue, "ENQUEUE"), (SP_EVENT_RUNNING.rawValue, "RUNNING"),
        (SP_EVENT_DISPATCH.rawValue, "DISPATCH"), (SP_EVENT_EXIT.rawValue, "EXIT"),
        (SP_EVENT_STOPPING.rawValue, "STOPPING"), (SP_EVENT_TICK.rawValue, "TICK"),
        (SP_EVENT_CHANGED.rawValue, "CHANGED"), (SP_EVENT_CPUS.rawValue, "CPUS"), (0, "any other event"),
    ]

    /// Those that a policy is told of; what it does not want is among the others.
    static func kinds(_ layout: Layout) -> [(kind: UInt32, name: String)] {
        all.filter { kind, _ in
            kind < SP_EVENT_STOPPING.rawValue
                || layout.wanted & SP_WANTS_STOPPING_BIT << (kind - SP_EVENT_STOPPING.rawValue) != 0
        }
    }

    func name(_ parameters: [Parameter]) -> String {
        var parts = [Self.all.first { $0.kind == kind }?.name ?? "any event"]
        if let generation { parts.append(generation.rawValue) }
        for parameter in parameters {
            guard let value = rules[parameter.path], case .words(let words) = parameter.allowed else {
                continue
            }
            parts.append("\(parameter.path) \(words.first { $0.value == value }?.word ?? String(value))")
        }
        if let weight { parts.append(weight.rawValue) }
        if let isWakeup { parts.append(isWakeup ? "woken" : "not woken") }
        return parts.joined(separator: ", ")
    }
}

/// The variables of a case: what each field of the inputs holds before the event.
struct Inputs {
    let terms: Terms
    private(set) var values: [Field: Term] = [:]
    /// What is known beside the ranges of the variables.
    private(set) var assumptions = Condition.always
    let layout: Layout
    private let parameters: [Parameter]

    /// - Parameter part: nil: every kind of event at once, and nothing assumed of anything.
    init(_ part: Case?, _ parameters: [Parameter], _ layout: Layout, _ terms: Terms) {
        self.terms = terms
        self.layout = layout
        self.parameters = parameters
        for field in layout.inputs { values[field] = value(of: field, part) }
        guard let part else { return }
        if part.kind == 0, let kind = self["event.kind"] {
            for (other, _) in Case.kinds(layout) where other != 0 {
                assume(terms.diagrams.not(terms.isEqual(kind, terms.constant(UInt64(other), 32))))
            }
        }
        for parameter in parameters {
            guard let other = parameter.notAbove, isRead(parameter, part),
                let limit = parameters.first(where: { $0.path == other }),
                let low = field(parameter), let high = field(limit)
            else { continue }
            assume(terms.isAtMost(low, high))
        }
        if part.generation == .newer || part.generation == .older {
            assumeGenerations(part.generation == .newer)
        }
    }

    subscript(name: String) -> Term? {
        values.first { $0.key.fullName == name }?.value
    }

    private mutating func assume(_ condition: Condition) {
        assumptions = terms.diagrams.and(assumptions, condition)
    }

    /// Whether no description says anything of it.
    func isFixed(_ field: Field) -> Bool {
        layout.fixed[field] != nil && !parameters.contains { $0.offset == field.offset }
    }

    private func field(_ parameter: Parameter) -> Term? {
        values.first { $0.key.structure == "policy" && $0.key.offset == parameter.offset }?.value
    }

    /// Both are not 0, and the difference is not 0 and of that sign.
    private mutating func assumeGenerations(_ isNewer: Bool) {
        guard let new = self["event.generation"], let old = self["task.generation"] else { return }
        let zero = terms.constant(0, 32)
        assume(terms.diagrams.not(terms.isEqual(new, zero)))
        assume(terms.diagrams.not(terms.isEqual(old, zero)))
        assume(terms.diagrams.not(terms.isEqual(new, old)))
        let isNegative = terms.isNegative(terms.subtract(new, old))
        assume(isNewer ? terms.diagrams.not(isNegative) : isNegative)
    }

    private func isRead(_ parameter: Parameter, _ part: Case) -> Bool {
        guard let clauses = parameter.readWith else { return true }
        return clauses.contains { clause in
            guard let chosen = part.rules[clause.path], clause.values.contains(chosen) else { return false }
            return parameters.first { $0.path == clause.path }.map { isRead($0, part) } ?? false
        }
    }

    private func value(of field: Field, _ part: Case?) -> Term {
        let width = 8 * field.size
        if layout.unused.contains(field) { return terms.constant(0, width) }
        guard let part else { return free(field, width) }
        switch field.fullName {
        case "event.kind":
            return part.kind == 0
                ? terms.variable(field.fullName, width) : terms.constant(UInt64(part.kind), width)
        case "event.generation":
            return part.generation == .nobody
                ? terms.constant(0, width) : free(field, width, from: part.generation == nil ? 0 : 1)
        case "task.generation":
            switch part.generation {
            case .same:
                return values.first { $0.key.fullName == "event.generation" }?.value ?? generation(part)
            case .first: return terms.constant(0, width)
            case .newer, .older: return free(field, width, from: 1)
            default: return free(field, width)
            }
        case "event.weight":
            switch part.weight {
            case nil: return free(field, width)
            case .zero: return terms.constant(0, width)
            case .usual: return terms.variable(field.fullName, width, in: 1...UInt64(SP_WEIGHT_MAX) - 1)
            case .more: return terms.variable(field.fullName, width, in: UInt64(SP_WEIGHT_MAX)...mask(32))
            }
        case "event.flags":
            return flags(part)
        default:
            return field.structure == "policy" ? policyField(field, part) : free(field, width)
        }
    }

    /// The same variable for both generations, whichever is made first.
    private func generation(_ part: Case) -> Term {
        terms.variables.first { terms.names[Int(terms.node($0).value)] == "event.generation" }
            ?? terms.variable("event.generation", 32, in: 1...mask(32))
    }

    private func free(_ field: Field, _ width: Int, from low: UInt64 = 0) -> Term {
        if field.fullName == "event.generation",
            let found = terms.variables.first(where: {
                terms.names[Int(terms.node($0).value)] == field.fullName
            })
        {
            return found
        }
        return terms.variable(field.fullName, width, in: low...mask(width))
    }

    /// Each flag is a variable of its own, and what is above them another one.
    private func flags(_ part: Case) -> Term {
        let count = 64 - UInt64(SP_EVENT_FLAGS).leadingZeroBitCount
        var parts: [(UInt64, Term)] = []
        for bit in 0..<count {
            let flag: Term
            if UInt32(1) << UInt32(bit) == SP_EVENT_WAKEUP, let isWakeup = part.isWakeup {
                flag = terms.constant(isWakeup ? 1 : 0, 1)
            } else {
                flag = terms.variable("event.flags.\(bit)", 1)
            }
            parts.append((1 << UInt64(bit), terms.zeroExtend(flag, 32)))
        }
        let rest = terms.variable("event.flags.rest", 32 - count)
        parts.append((1 << UInt64(count), terms.zeroExtend(rest, 32)))
        return terms.sum(parts, 0, 32)
    }

    private func policyField(_ field: Field, _ part: Case) -> Term {
        let width = 8 * field.size
        guard let parameter = parameters.first(where: { $0.offset == field.offset }) else {
            return layout.fixed[field].map { terms.constant($0, width) }
                ?? terms.variable(field.fullName, width)
        }
        switch parameter.allowed {
        case .words(let words):
            if let value = part.rules[parameter.path] { return terms.constant(value, width) }
            let values = words.map(\.value)
            return terms.variable(
                field.fullName, width, in: (values.min() ?? 0)...(values.max() ?? mask(width)))
        case .range(let range):
            let low = isRead(parameter, part) ? range.lowerBound : 0
            return terms.variable(field.fullName, width, in: low...range.upperBound)
        }
    }
}
