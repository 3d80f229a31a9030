// SPDX-License-Identifier: GPL-2.0-only

/// Executes LLVM IR with terms for values, all ways at once.
struct IRExecution {
    let module: IRModule
    let terms: Terms
    /// Calls within calls.
    private var depth = 0
    /// How often a block may have its turn: loops are unrolled as far as this.
    private static let turnsMax = 600
    /// The same where it depends on numbers whether there is another turn: once for each bit, and some.
    private static let openTurnsMax = 70
    private static let depthMax = 24

    var obligations: [Obligation] = []
    /// Compiler's notes that are not so for all values, by `Obligation.identity`: where one is not, the result has no
    /// meaning, and nothing may depend on it.
    let doubted: Set<String>

    init(_ module: IRModule, _ terms: Terms, doubted: Set<String> = []) {
        self.module = module
        self.terms = terms
        self.doubted = doubted
    }

    /// What comes into a block by one way.
    struct Way {
        let from: Int
        let guarded: Condition
        let locals: [[Slot]?]
        let memory: Memory
    }

    /// The state while a block is worked on.
    struct State {
        var path: Condition
        var locals: [[Slot]?]
        var memory: Memory
        let function: IRFunction
    }

    /// Executes a function under a condition. Nil if it never returns.
    mutating func run(
        _ name: String, _ arguments: [[Slot]], _ memory: Memory, under path: Condition
    ) throws(NotModelled) -> Execution? {
        let function = try module.function(name)
        let place = module.place(function.line)
        guard depth < Self.depthMax else {
            throw NotModelled(what: "calls too deep, at \(name)", place: place)
        }
        guard function.parameters.count == arguments.count else {
            throw NotModelled(what: "\(name) has \(function.parameters.count) parameters", place: place)
        }
        depth += 1
        defer { depth -= 1 }
        var locals = [[Slot]?](repeating: nil, count: function.locals)
        for (parameter, argument) in zip(function.parameters, arguments) {
            locals[parameter.local] = argument
        }
        var pending: [Int: [Way]] = [
            0: [Way(from: -1, guarded: path, locals: locals, memory: memory)]
        ]
        var turns = [Int](repeating: 0, count: function.blocks.count)
        var openTurns = turns
        var paths: [Int: Condition] = [:]
        var ends: [(guarded: Condition, memory: Memory, result: [Slot]?)] = []
        while let block = pending.keys.min(by: { function.order[$0] < function.order[$1] }) {
            let ways = pending.removeValue(forKey: block) ?? []
            turns[block] += 1
            // An end by numbers leaves less of the path in each turn.
            let path = ways.reduce(Condition.never) { terms.diagrams.or($0, $1.guarded) }
            if let before = paths[block], path != before { openTurns[block] += 1 }
            paths[block] = path
            guard turns[block] <= Self.turnsMax, openTurns[block] <= Self.openTurnsMax else {
                let line = function.blocks[block].instructions[0].line
                let count = min(turns[block], openTurns[block] > Self.openTurnsMax ? Self.openTurnsMax : .max)
                throw NotModelled(
                    what: "a loop whose end is not seen after \(min(count, Self.turnsMax)) turns, in \(name)",
                    place: module.place(line))
            }
            var state = try enter(function, block, ways)
            try work(&state, block, &pending, &ends)
        }
        guard !ends.isEmpty else { return nil }
        return join(ends)
    }

    private func join(_ ends: [(guarded: Condition, memory: Memory, result: [Slot]?)]) -> Execution {
        var all = Condition.never
        for end in ends { all = terms.diagrams.or(all, end.guarded) }
        if ends.count == 1 {
            return Execution(memory: ends[0].memory, result: ends[0].result, ends: all, obligations: [])
        }
        let memory = Memory.join(ends.map { ($0.guarded, $0.memory) }, care: all, terms)
        var result: [Slot]?
        if let first = ends[0].result {
            result = first.indices.map { part in
                Slot.join(ends.compactMap { end in end.result.map { (end.guarded, $0[part]) } }, care: all)
            }
        }
        return Execution(memory: memory, result: result, ends: all, obligations: [])
    }

    /// Brings the ways to a block together, and gives its phis their values.
    private func enter(_ function: IRFunction, _ block: Int, _ ways: [Way]) throws(NotModelled) -> State {
        var path = Condition.never
        for way in ways { path = terms.diagrams.or(path, way.guarded) }
        var locals = ways[0].locals
        var memory = ways[0].memory
        if ways.count > 1 {
            memory = Memory.join(ways.map { ($0.guarded, $0.memory) }, care: path, terms)
            for local in locals.indices {
                guard let first = locals[local] else { continue }
                let others = ways.map(\.locals[local])
                if others.allSatisfy({ $0.map { $0.elementsEqual(first, by: ===) } ?? false }) { continue }
                // Defined on one way only: not used behind the place where they meet.
                guard others.allSatisfy({ $0 != nil }) else {
                    locals[local] = nil
                    continue
                }
                locals[local] = first.indices.map { part in
                    Slot.join(
                        zip(ways, others).compactMap { way, own in own.map { (way.guarded, $0[part]) } },
                        care: path)
                }
            }
        }
        var phis: [(Int, [Slot])] = []
        for instruction in function.blocks[block].instructions {
            guard case .phi(let type, let sources) = instruction.kind, let result = instruction.result else {
                break
            }
            var parts: [(guarded: Condition, slots: [Slot])] = []
            for way in ways {
                let name = function.blocks[way.from].name
                guard let source = sources.first(where: { $0.block == name }) else {
                    throw NotModelled(what: "phi without \(name)", place: module.place(instruction.line))
                }
                let state = State(
                    path: way.guarded, locals: way.locals, memory: way.memory, function: function)
                parts.append((way.guarded, try slots(source.operand, type, state, instruction.line)))
            }
            phis.append(
                (
                    result,
                    parts[0].slots.indices.map { part in
                        Slot.join(parts.map { ($0.guarded, $0.slots[part]) }, care: path)
                    }
                ))
        }
        for (result, slots) in phis { locals[result] = slots }
        return State(path: path, locals: locals, memory: memory, function: function)
    }

    private mutating func work(
        _ state: inout State, _ block: Int, _ pending: inout [Int: [Way]],
        _ ends: inout [(guarded: Condition, memory: Memory, result: [Slot]?)]
    ) throws(NotModelled) {
        func go(_ name: String, _ condition: Condition, _ line: Int) throws(NotModelled) {
            let guarded = terms.diagrams.and(state.path, condition)
            if guarded == .never { return }
            guard let to = state.function.numbers[name] else {
                throw NotModelled(what: "no block \(name)", place: module.place(line))
            }
            pending[to, default: []].append(
                Way(from: block, guarded: guarded, locals: state.locals, memory: state.memory))
        }
        for instruction in state.function.blocks[block].instructions {
            let line = instruction.line
            switch instruction.kind {
            case .phi: continue
            case .branch(let to):
                try go(to, .always, line)
                return
            case .branchIf(let operand, let then, let otherwise):
                let condition = try condition(operand, state, line)
                try go(then, condition, line)
                try go(otherwise, terms.diagrams.not(condition), line)
                return
            case .switchOn(let width, let operand, let otherwise, let cases):
                let value = try value(operand, .integer(width), state, line)
                noteUndefined(value, state.path, "a branch on something undefined", line)
                var rest = Condition.always
                for (constant, block) in cases {
                    let other = Value(terms.constant(constant, width))
                    let isThis = try compare("eq", value, other, under: state.path, line)
                    try go(block, terms.diagrams.and(rest, isThis), line)
                    rest = terms.diagrams.and(rest, terms.diagrams.not(isThis))
                }
                try go(otherwise, rest, line)
                return
            case .finish(let type, let operand):
                var result: [Slot]?
                if let operand { result = try slots(operand, type, state, line) }
                ends.append((state.path, state.memory, result))
                return
            case .unreachable:
                note(.trap, state.path, "a place that is not to be reached", line)
                return
            case .call(let name, let type, let arguments):
                let isOver = try call(name, type, arguments, instruction.result, &state, line)
                if isOver { return }
            default:
                guard let result = instruction.result else {
                    try effect(instruction, &state)
                    continue
                }
                state.locals[result] = try evaluate(instruction, &state)
            }
        }
    }

    mutating func note(_ kind: Obligation.Kind, _ condition: Condition, _ what: String, _ line: Int) {
        if condition == .never { return }
        obligations.append(
            Obligation(kind: kind, condition: condition, what: what, place: module.place(line)))
    }

    // MARK: Operands

    func slots(
        _ operand: IROperand, _ type: IRType, _ state: State, _ line: Int
    ) throws(NotModelled) -> [Slot] {
        if case .local(let number) = operand {
            guard let found = state.locals[number] else {
                throw NotModelled(what: "a value that is not there on this way", place: module.place(line))
            }
            return found
        }
        if case .undefined = operand, case .structure(let fields, _) = type {
            return fields.map { _ in Slot(Value(.undefined)) }
        }
        if case .parts(let parts) = operand {
            var all: [Slot] = []
            for part in parts { all.append(Slot(try value(part.operand, part.type, state, line))) }
            return all
        }
        return [Slot(try value(operand, type, state, line))]
    }

    func value(
        _ operand: IROperand, _ type: IRType, _ state: State, _ line: Int
    ) throws(NotModelled) -> Value {
        switch operand {
        case .local(let number):
            guard let found = state.locals[number], found.count == 1 else {
                throw NotModelled(what: "a value that is not there on this way", place: module.place(line))
            }
            return found[0].read(terms)
        case .integer(let value):
            guard case .integer(let width) = type else { break }
            return Value(terms.constant(value, width))
        case .null: return Value(terms.constant(0, 64))
        case .undefined: return Value(.undefined)
        case .global(let name):
            throw NotModelled(what: "the address of \(name)", place: module.place(line))
        case .parts: break
        }
        throw NotModelled(what: "an operand", place: module.place(line))
    }

    /// Of a value without a meaning it is as if it did not hold, and noted.
    mutating func condition(
        _ operand: IROperand, _ state: State, _ line: Int
    ) throws(NotModelled) -> Condition {
        let value = try value(operand, .integer(1), state, line)
        noteUndefined(value, state.path, "a branch on something undefined", line)
        guard let condition = terms.condition(value, under: state.path) else {
            throw NotModelled(what: "a branch on an address", place: module.place(line))
        }
        return condition
    }

    /// What the program does next may not depend on a value without a meaning.
    mutating func noteUndefined(_ value: Value, _ path: Condition, _ what: String, _ line: Int) {
        note(.note, terms.diagrams.and(path, terms.undefined(value, under: path)), what, line)
    }

    /// Where one of the two has no meaning it is as if it did not hold.
    func compare(
        _ predicate: String, _ a: Value, _ b: Value, under path: Condition, _ line: Int
    ) throws(NotModelled) -> Condition {
        var problem: NotModelled?
        let result = terms.test(a, b, under: path) { x, y in
            if x == .undefined || y == .undefined { return .never }
            guard case .word(let x) = x, case .word(let y) = y else {
                if let known = Self.comparePointers(predicate, x, y, terms) { return known }
                problem = NotModelled(what: "a comparison of addresses", place: module.place(line))
                return .never
            }
            switch predicate {
            case "eq": return terms.isEqual(x, y)
            case "ne": return terms.diagrams.not(terms.isEqual(x, y))
            case "ule": return terms.isAtMost(x, y)
            case "uge": return terms.isAtMost(y, x)
            case "ult": return terms.diagrams.not(terms.isAtMost(y, x))
            case "ugt": return terms.diagrams.not(terms.isAtMost(x, y))
            case "sle": return terms.isAtMostSigned(x, y)
            case "sge": return terms.isAtMostSigned(y, x)
            case "slt": return terms.diagrams.not(terms.isAtMostSigned(y, x))
            case "sgt": return terms.diagrams.not(terms.isAtMostSigned(x, y))
            default:
                problem = NotModelled(what: "icmp \(predicate)", place: module.place(line))
                return .never
            }
        }
        if let problem { throw problem }
        return result
    }

    /// Addresses are never 0, and equal only within a region.
    static func comparePointers(
        _ predicate: String, _ a: Value.Leaf, _ b: Value.Leaf, _ terms: Terms
    ) -> Condition? {
        guard predicate == "eq" || predicate == "ne" else { return nil }
        let isEqual: Condition
        switch (a, b) {
        case (.pointer(let x, let from), .pointer(let y, let to)):
            isEqual = x == y ? terms.isEqual(from, to) : .never
        case (.pointer, .word(let term)), (.word(let term), .pointer):
            guard terms.constant(term) == 0 else { return nil }
            isEqual = .never
        default: return nil
        }
        return predicate == "eq" ? isEqual : terms.diagrams.not(isEqual)
    }
}
