// SPDX-License-Identifier: GPL-2.0-only

/// Writes a condition as a question for a solver, in SMT-LIB.
struct SMTText {
    /// How much of the meaning the solver is told. What it finds impossible with little, is impossible.
    enum Detail: Int, CaseIterable, Sendable {
        /// Products and quotients may be anything within their bounds.
        case hidden
        /// The same arguments give the same product, and quotients are what their divisors allow.
        case functions
        /// All of it.
        case exact
    }

    fileprivate struct Item {
        var text: String
        /// The term that it defines, if it is one.
        var term: Term?
        /// The items that it refers to.
        var uses: [Int]
        /// Of a sum: what it is a sum of, as far as that counts once.
        var parts: [(item: Int, factor: UInt64)] = []
        /// A variable that may be anything.
        var isFree = false
    }

    /// A variable that stands in nothing but a sum, which so may be anything itself.
    struct Replaced {
        let variable: Term
        let sum: Term
    }

    private let terms: Terms
    private let detail: Detail
    private(set) var replaced: [Replaced] = []
    /// One line of the question each, in an order in which they may stand.
    private var items: [Item] = []
    /// Numbers in the order of their first mention, so that the same question of another case is the same text.
    private var done: [Term: Int] = [:]
    private var diagrams: [Condition: Int] = [:]
    private(set) var usesFunctions = false
    /// The variables that the question names.
    private(set) var variables: [Term] = []

    init(_ terms: Terms, _ detail: Detail) {
        self.terms = terms
        self.detail = detail
    }

    /// The sums that were defined, by which others are written where that is shorter: the solver sees what they
    /// have in common only so.
    private var sums: [(term: Term, node: TermNode)] = []

    /// Whether there is anything in the question that a higher detail would say more of.
    private(set) var hasHidden = false

    /// The whole question: whether the condition can hold, with the terms different if there are some.
    mutating func question(_ condition: Condition, differ: (Term, Term)?) -> String {
        // Short sums first, so that the longer ones are written by them.
        var finder = SumFinder(terms, hidesProducts: detail == .hidden)
        finder.visit(condition)
        if let (a, b) = differ { finder.visit([a, b]) }
        let found = finder.sums.map { (count: terms.node($0).arguments.count, term: $0) }
        for (_, term) in found.sorted(by: { ($0.count, $0.term.index) < ($1.count, $1.term.index) }) {
            define(term)
        }
        define(condition)
        var last = "(assert \(name(condition)))\n"
        var uses = [diagrams[condition]].compactMap { $0 }
        if let (a, b) = differ {
            define(a)
            define(b)
            uses += [done[a], done[b]].compactMap { $0 }
            last += "(assert (not (= \(name(a)) \(name(b)))))\n"
        }
        let text = reduced(uses)
        return (usesFunctions ? "(set-logic QF_UFBV)\n" : "(set-logic QF_BV)\n") + functions + text + last
            + "(check-sat)\n"
    }

    /// The lines that are needed. A sum with a variable in it that may be anything, and stands nowhere else, may
    /// be anything too: so it is declared, and not defined. That is exact, and takes most of the work away.
    private mutating func reduced(_ uses: [Int]) -> String {
        while true {
            var isNeeded = [Bool](repeating: false, count: items.count)
            uses.forEach { isNeeded[$0] = true }
            var counts = [Int](repeating: 0, count: items.count)
            uses.forEach { counts[$0] += 1 }
            for index in items.indices.reversed() where isNeeded[index] {
                for other in items[index].uses {
                    isNeeded[other] = true
                    counts[other] += 1
                }
            }
            var isChanged = false
            for index in items.indices where isNeeded[index] {
                guard let sum = items[index].term,
                    let part = items[index].parts.first(where: { part in
                        items[part.item].isFree && counts[part.item] == 1
                            && (detail == .hidden || part.factor == 1
                                || part.factor == mask(terms.width(sum)))
                    })
                else { continue }
                // A multiple of anything is not anything: that is more than what can be.
                if part.factor & 1 == 0 { hasHidden = true }
                if let variable = items[part.item].term {
                    replaced.append(Replaced(variable: variable, sum: sum))
                }
                items[index] = Item(
                    text: "(declare-const t\(index) (_ BitVec \(terms.width(sum))))\n", term: sum, uses: [],
                    isFree: true)
                isChanged = true
                break
            }
            if isChanged { continue }
            variables = items.indices.filter { isNeeded[$0] && items[$0].isDeclared }.compactMap {
                items[$0].term
            }
            return items.indices.filter { isNeeded[$0] }.map { items[$0].text }.joined()
        }
    }

    private var functions: String {
        guard usesFunctions else { return "" }
        return [32, 64].map { width in
            let sort = "(_ BitVec \(width))"
            return ["product", "quotient", "remainder"].map {
                "(declare-fun \($0)\(width) (\(sort) \(sort)) \(sort))\n"
            }.joined()
        }.joined()
    }

    func name(_ term: Term) -> String { "t\(done[term] ?? -1)" }

    private func name(_ condition: Condition) -> String {
        switch condition {
        case .never: "false"
        case .always: "true"
        default: "c\(diagrams[condition] ?? -1)"
        }
    }

    private mutating func define(_ condition: Condition) {
        var stack = [condition]
        while let top = stack.last {
            guard top.index > 1, diagrams[top] == nil else {
                stack.removeLast()
                continue
            }
            let node = terms.diagrams.nodes[Int(top.index)]
            let left = [node.low, node.high].filter { $0.index > 1 && diagrams[$0] == nil }
            if !left.isEmpty {
                stack += left
                continue
            }
            stack.removeLast()
            let atom = terms.diagrams.atoms[Int(node.atom)]
            define(atom)
            diagrams[top] = items.count
            let holds = "(= \(name(atom)) #b1)"
            let meaning: String
            switch (node.low, node.high) {
            case (.never, .always): meaning = holds
            case (.always, .never): meaning = "(not \(holds))"
            case (.never, let high): meaning = "(and \(holds) \(name(high)))"
            case (let low, .never): meaning = "(and (not \(holds)) \(name(low)))"
            case (.always, let high): meaning = "(or (not \(holds)) \(name(high)))"
            case (let low, .always): meaning = "(or \(holds) \(name(low)))"
            case (let low, let high): meaning = "(ite \(holds) \(name(high)) \(name(low)))"
            }
            let uses = [done[atom], diagrams[node.low], diagrams[node.high]].compactMap { $0 }
            items.append(Item(text: "(define-fun \(name(top)) () Bool \(meaning))\n", uses: uses))
        }
    }

    private mutating func define(_ term: Term) {
        var stack = [term]
        while let top = stack.last {
            if done[top] != nil {
                stack.removeLast()
                continue
            }
            let node = terms.node(top)
            let isHidden = detail == .hidden && Self.isHard(node.operation)
            let left = (isHidden ? Array(node.arguments.prefix(keepsDividend(node) ? 1 : 0)) : node.arguments)
                .filter { done[$0] == nil }
            if !left.isEmpty {
                stack += left
                continue
            }
            stack.removeLast()
            write(top, node)
        }
    }

    /// Whether a quotient that is hidden is told to be at most its dividend: where that says something.
    private func keepsDividend(_ node: TermNode) -> Bool {
        node.operation == .quotient && terms.high(node.arguments[0]) < mask(Int(node.width))
    }

    private static func isHard(_ operation: Operation) -> Bool {
        operation == .product || operation == .quotient || operation == .remainder
    }

    private mutating func write(_ term: Term, _ node: TermNode) {
        let width = Int(node.width)
        let sort = "(_ BitVec \(width))"
        if node.operation == .choice { define(Condition(index: Int32(node.value))) }
        let number = items.count
        done[term] = number
        if node.operation == .variable || (Self.isHard(node.operation) && detail == .hidden) {
            var bounds = self.bounds(term, width)
            var uses: [Int] = []
            if keepsDividend(node) {
                bounds += facts(term, node)
                uses = [done[node.arguments[0]]].compactMap { $0 }
            }
            if node.operation != .variable { hasHidden = true }
            items.append(
                Item(
                    text: "(declare-const \(name(term)) \(sort))\n" + bounds, term: term, uses: uses,
                    isFree: bounds.isEmpty))
            return
        }
        var uses = node.arguments.compactMap { done[$0] }
        if node.operation == .choice {
            uses += [diagrams[Condition(index: Int32(node.value))]].compactMap { $0 }
        }
        var parts: [(item: Int, factor: UInt64)] = []
        let text: String
        if node.operation == .sum {
            let (arguments, factors, value) = shared(node)
            text = sum(arguments.map { name($0) }, factors, value, width)
            uses = arguments.compactMap { done[$0] }
            parts = zip(uses, factors).map { ($0, $1) }
            sums.append((term, node))
        } else {
            text = meaning(node)
        }
        var line = "(define-fun \(name(term)) () \(sort) \(text))\n"
        if Self.isHard(node.operation) && detail == .functions {
            hasHidden = true
            usesFunctions = true
            line += bounds(term, width) + facts(term, node)
        }
        items.append(Item(text: line, term: term, uses: uses, parts: parts))
    }

    private func bounds(_ term: Term, _ width: Int) -> String {
        var text = ""
        if terms.low(term) > 0 {
            text += "(assert (bvuge \(name(term)) \(constant(terms.low(term), width))))\n"
        }
        if terms.high(term) < mask(width) {
            text += "(assert (bvule \(name(term)) \(constant(terms.high(term), width))))\n"
        }
        return text
    }

    /// What is true of every quotient and remainder.
    private func facts(_ term: Term, _ node: TermNode) -> String {
        let (a, b) = (name(node.arguments[0]), name(node.arguments[1]))
        switch node.operation {
        case .quotient: return "(assert (bvule \(name(term)) \(a)))\n"
        case .remainder:
            return "(assert (bvule \(name(term)) \(a)))\n"
                + "(assert (or (= \(b) \(constant(0, Int(node.width)))) (bvult \(name(term)) \(b))))\n"
        default: return ""
        }
    }

    private func constant(_ value: UInt64, _ width: Int) -> String { "(_ bv\(value) \(width))" }

    private func meaning(_ node: TermNode) -> String {
        let names = node.arguments.map { name($0) }
        let width = Int(node.width)
        func bit(_ condition: String) -> String { "(ite \(condition) #b1 #b0)" }
        switch node.operation {
        case .constant: return constant(node.value, width)
        case .product:
            if detail == .functions { return cut(node, "(product\(padded(node, names)))") }
            return "(bvmul \(names[0]) \(names[1]))"
        case .quotient:
            if detail == .functions { return cut(node, "(quotient\(padded(node, names)))") }
            let zero = constant(0, width)
            return "(ite (= \(names[1]) \(zero)) \(zero) (bvudiv \(names[0]) \(names[1])))"
        case .remainder:
            if detail == .functions { return cut(node, "(remainder\(padded(node, names)))") }
            return "(bvurem \(names[0]) \(names[1]))"
        case .and: return "(bvand \(names[0]) \(names[1]))"
        case .or: return "(bvor \(names[0]) \(names[1]))"
        case .xor: return "(bvxor \(names[0]) \(names[1]))"
        case .shiftLeft: return "(bvshl \(names[0]) \(names[1]))"
        case .shiftRight: return "(bvlshr \(names[0]) \(names[1]))"
        case .shiftRightSigned: return "(bvashr \(names[0]) \(names[1]))"
        case .zeroExtend: return "((_ zero_extend \(width - terms.width(node.arguments[0]))) \(names[0]))"
        case .signExtend: return "((_ sign_extend \(width - terms.width(node.arguments[0]))) \(names[0]))"
        case .extract: return "((_ extract \(Int(node.value) + width - 1) \(node.value)) \(names[0]))"
        case .minimum: return "(ite (bvule \(names[0]) \(names[1])) \(names[0]) \(names[1]))"
        case .maximum: return "(ite (bvule \(names[0]) \(names[1])) \(names[1]) \(names[0]))"
        case .isZero: return bit("(= \(names[0]) \(constant(0, terms.width(node.arguments[0]))))")
        case .isAtMost: return bit("(bvule \(names[0]) \(names[1]))")
        case .isAtMostSigned: return bit("(bvsle \(names[0]) \(names[1]))")
        case .choice: return "(ite \(name(Condition(index: Int32(node.value)))) \(names[0]) \(names[1]))"
        case .variable, .sum: return names.first ?? ""
        }
    }

    /// Functions are of 32 or 64 bits only.
    private func padded(_ node: TermNode, _ names: [String]) -> String {
        let width = Int(node.width)
        let whole = width <= 32 ? 32 : 64
        func wide(_ name: String) -> String {
            width == whole ? name : "((_ zero_extend \(whole - width)) \(name))"
        }
        return "\(whole) \(wide(names[0])) \(wide(names[1]))"
    }

    private func cut(_ node: TermNode, _ text: String) -> String {
        let width = Int(node.width)
        return width == 32 || width == 64 ? text : "((_ extract \(width - 1) 0) \(text))"
    }

    /// A sum as another one, or what is missing to it, and the rest.
    private func shared(_ node: TermNode) -> (arguments: [Term], factors: [UInt64], value: UInt64) {
        let width = Int(node.width)
        var best: (term: Term, isNegative: Bool, rest: [Term: UInt64], value: UInt64)?
        for (term, other) in sums where other.width == node.width && node.arguments.count > 1 {
            for isNegative in [false, true] {
                var rest = Dictionary(uniqueKeysWithValues: zip(node.arguments, node.factors))
                for (argument, factor) in zip(other.arguments, other.factors) {
                    let new = rest[argument, default: 0] &+ (isNegative ? factor : 0 &- factor)
                    rest[argument] = new & mask(width) == 0 ? nil : new & mask(width)
                }
                guard rest.count < node.arguments.count, rest.count < best?.rest.count ?? .max else {
                    continue
                }
                best = (term, isNegative, rest, node.value &+ (isNegative ? other.value : 0 &- other.value))
            }
        }
        guard let best else { return (node.arguments, node.factors, node.value) }
        let arguments = best.rest.keys.sorted { $0.index < $1.index }
        return (
            [best.term] + arguments,
            [best.isNegative ? mask(width) : 1] + arguments.map { best.rest[$0] ?? 0 },
            best.value & mask(width)
        )
    }

    private func sum(_ names: [String], _ factors: [UInt64], _ value: UInt64, _ width: Int) -> String {
        var result = ""
        for (name, factor) in zip(names, factors) {
            let part: String
            var isNegative = false
            if factor == 1 {
                part = name
            } else if factor == mask(width) {
                part = name
                isNegative = true
            } else if factor & (factor - 1) == 0 {
                part = "(bvshl \(name) \(constant(UInt64(factor.trailingZeroBitCount), width)))"
            } else {
                part = "(bvmul \(constant(factor, width)) \(name))"
            }
            if result.isEmpty {
                result = isNegative ? "(bvneg \(part))" : part
            } else {
                result = isNegative ? "(bvsub \(result) \(part))" : "(bvadd \(result) \(part))"
            }
        }
        if value != 0 { result = "(bvadd \(result) \(constant(value, width)))" }
        return result
    }
}

extension SMTText.Item {
    /// Whether the solver chooses its value.
    fileprivate var isDeclared: Bool { text.hasPrefix("(declare") }
}

extension SMTText {
    /// The values of a solver's answer, with those of the variables that were not in the question any more.
    func completed(_ values: [(term: Term, value: UInt64)]) -> [(term: Term, value: UInt64)] {
        var all = terms.variables.map { terms.low($0) }
        var known: [Term: UInt64] = [:]
        for (term, value) in values {
            known[term] = value
            if terms.node(term).operation == .variable { all[Int(terms.node(term).value)] = value }
        }
        // The last one that was replaced depends on none of the others.
        for one in replaced.reversed() {
            guard let wanted = known[one.sum], terms.node(one.variable).operation == .variable else {
                continue
            }
            let node = terms.node(one.sum)
            guard let place = node.arguments.firstIndex(of: one.variable) else { continue }
            let number = Int(terms.node(one.variable).value)
            all[number] = 0
            var evaluation = Evaluation(terms, outputs: [one.sum])
            evaluation.compute(all)
            let missing = wanted &- evaluation.value(of: one.sum)
            let width = Int(node.width)
            let factor = node.factors[place]
            guard factor == 1 || factor == mask(width) else { continue }
            all[number] = (factor == 1 ? missing : 0 &- missing) & mask(width)
            known[one.variable] = all[number]
        }
        return terms.variables.map { ($0, all[Int(terms.node($0).value)]) }
    }
}

/// Finds the sums that a question is made of.
private struct SumFinder {
    private let terms: Terms
    private let hidesProducts: Bool
    private var seen: Set<Term> = []
    private var seenConditions: Set<Condition> = []
    private(set) var sums: [Term] = []

    init(_ terms: Terms, hidesProducts: Bool) {
        self.terms = terms
        self.hidesProducts = hidesProducts
    }

    mutating func visit(_ all: [Term]) {
        var left = all
        while let term = left.popLast() {
            guard seen.insert(term).inserted else { continue }
            let node = terms.node(term)
            switch node.operation {
            case .sum: sums.append(term)
            case .choice: visit(Condition(index: Int32(node.value)))
            case .product, .quotient, .remainder: if hidesProducts { continue }
            default: break
            }
            left += node.arguments
        }
    }

    mutating func visit(_ condition: Condition) {
        guard condition.index > 1, seenConditions.insert(condition).inserted else { return }
        let node = terms.diagrams.nodes[Int(condition.index)]
        visit([terms.diagrams.atoms[Int(node.atom)]])
        visit(node.low)
        visit(node.high)
    }
}
