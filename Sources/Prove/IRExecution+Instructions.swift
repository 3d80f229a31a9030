// SPDX-License-Identifier: GPL-2.0-only

extension IRExecution {
    private func refused(_ what: String, _ line: Int) -> NotModelled {
        NotModelled(what: what, place: module.place(line))
    }

    /// An instruction that has a result.
    mutating func evaluate(_ instruction: IRInstruction, _ state: inout State) throws(NotModelled) -> [Slot] {
        let line = instruction.line
        switch instruction.kind {
        case .binary(let name, let width, let first, let second, let flags):
            let a = try value(first, .integer(width), state, line)
            let b = try value(second, .integer(width), state, line)
            return [Slot(try binary(name, a, b, width, flags, state.path, line))]
        case .compare(let predicate, let type, let first, let second, let isSameSign):
            let a = try value(first, type, state, line)
            let b = try value(second, type, state, line)
            var holds = try compare(predicate, a, b, under: state.path, line)
            holds = terms.diagrams.restrict(holds, state.path)
            var hasMeaning = terms.diagrams.not(terms.undefined(a, or: b, under: state.path))
            if isSameSign {
                hasMeaning = terms.diagrams.and(hasMeaning, sameSign(a, b, state.path, line))
            }
            return [Slot(terms.meant(terms.truth(holds), where: hasMeaning, under: state.path))]
        case .cast(let name, let from, let operand, let to, let flags):
            let value = try value(operand, from, state, line)
            return [Slot(try cast(name, value, from, to, flags, state.path, line))]
        case .select(let operand, let type, let then, let otherwise):
            let choice = try value(operand, .integer(1), state, line)
            guard let condition = terms.condition(choice, under: state.path) else {
                throw refused("a choice by an address", line)
            }
            let a = try slots(then, type, state, line)
            let b = try slots(otherwise, type, state, line)
            let isUndefined = terms.diagrams.and(state.path, terms.undefined(choice, under: state.path))
            let isMeant = terms.diagrams.and(state.path, terms.diagrams.not(isUndefined))
            let isThis = terms.diagrams.and(isMeant, condition)
            let isOther = terms.diagrams.and(isMeant, terms.diagrams.not(condition))
            if isUndefined == .never {
                if isOther == .never { return a }
                if isThis == .never { return b }
                return zip(a, b).map { Slot([(isThis, $0), (isOther, $1)], care: state.path) }
            }
            let none = Slot(Value(.undefined))
            return zip(a, b).map {
                Slot([(isThis, $0), (isOther, $1), (isUndefined, none)], care: state.path)
            }
        case .load(let type, let operand):
            let pointer = try value(operand, .pointer, state, line)
            let loaded = try state.memory.load(
                pointer, type.size, under: state.path, terms, at: module.place(line))
            return [Slot(try narrowed(loaded, type, state.path, line))]
        case .address(let type, let base, let indices):
            return [Slot(try address(type, base, indices, state, line))]
        case .alloca(let type):
            let number = state.memory.add(Memory.Region(name: "a local variable", size: type.size))
            return [Slot(Value(.pointer(number, terms.constant(0, 64))))]
        case .extractValue(let operand, let index):
            guard case .local(let number) = operand, let slots = state.locals[number], index < slots.count
            else { throw refused("extractvalue", line) }
            return [slots[index]]
        case .insertValue(let type, let operand, let partType, let part, let index):
            var all = try slots(operand, type, state, line)
            guard index < all.count else { throw refused("insertvalue", line) }
            all[index] = try slots(part, partType, state, line)[0]
            return all
        case .freeze(let type, let operand): return try slots(operand, type, state, line)
        case .other(let name): throw refused("the instruction \(name)", line)
        default: throw refused("an instruction", line)
        }
    }

    /// An instruction that has none.
    mutating func effect(_ instruction: IRInstruction, _ state: inout State) throws(NotModelled) {
        let line = instruction.line
        switch instruction.kind {
        case .store(let type, let operand, let pointer):
            let address = try value(pointer, .pointer, state, line)
            var slot = try slots(operand, type, state, line)[0]
            if case .integer(let width) = type, width % 8 != 0 {
                slot = Slot(extended(slot.read(terms), 8 * type.size, state.path))
            }
            if case .structure = type { throw refused("a store of an aggregate", line) }
            try state.memory.store(
                address, type.size, slot, under: state.path, terms, at: module.place(line))
        case .assembly(let text):
            if !text.isEmpty { throw refused("assembly: \(text)", line) }
        case .other(let name): throw refused("the instruction \(name)", line)
        default: throw refused("an instruction", line)
        }
    }

    private func extended(_ value: Value, _ width: Int, _ path: Condition) -> Value {
        terms.map(value, under: path) { leaf in
            guard case .word(let term) = leaf else { return leaf }
            return .word(terms.zeroExtend(term, width))
        }
    }

    /// What was loaded, as the type has it.
    private func narrowed(
        _ value: Value, _ type: IRType, _ path: Condition, _ line: Int
    ) throws(NotModelled) -> Value {
        switch type {
        case .integer(let width):
            if width % 8 == 0 { return value }
            return terms.map(value, under: path) { leaf in
                guard case .word(let term) = leaf else { return leaf }
                return .word(terms.extract(term, 0, width))
            }
        case .pointer: return value
        default: throw refused("a load of an aggregate", line)
        }
    }

    // MARK: Arithmetic

    private mutating func binary(
        _ name: String, _ a: Value, _ b: Value, _ width: Int, _ flags: [String], _ path: Condition,
        _ line: Int
    ) throws(NotModelled) -> Value {
        if width == 1, ["and", "or", "xor"].contains(name), terms.undefined(a, or: b, under: path) == .never,
            let x = terms.condition(a, under: path), let y = terms.condition(b, under: path)
        {
            let diagrams = terms.diagrams
            let result =
                switch name {
                case "and": diagrams.and(x, y)
                case "or": diagrams.or(x, y)
                default: diagrams.choose(x, diagrams.not(y), y)
                }
            return terms.truth(diagrams.restrict(result, path))
        }
        if name == "sdiv" || name == "srem" {
            return try signedDivision(name, a, b, width, flags, path, line)
        }
        guard ["add", "sub", "mul", "udiv", "urem", "and", "or", "xor", "shl", "lshr", "ashr"].contains(name)
        else { throw refused("the instruction \(name)", line) }
        let hasMeaning = flagsHold(name, a, b, width, flags, path, line)
        if name == "udiv" || name == "urem" {
            let zero = Value(terms.constant(0, width))
            noteUndefined(b, path, "\(name) by something undefined", line)
            let isZero = try compare("eq", b, zero, under: path, line)
            note(.division, terms.diagrams.and(path, isZero), name, line)
        }
        var value = terms.map(a, b, under: path) { x, y in
            guard case .word(let x) = x, case .word(let y) = y else { return .undefined }
            switch name {
            case "add": return .word(terms.add(x, y))
            case "sub": return .word(terms.subtract(x, y))
            case "mul": return .word(terms.multiply(x, y))
            case "udiv": return .word(terms.divide(x, y))
            case "urem": return .word(terms.remainder(x, y))
            case "and": return .word(terms.bitwise(.and, x, y))
            case "or": return .word(terms.bitwise(.or, x, y))
            case "xor": return .word(terms.bitwise(.xor, x, y))
            default:
                let operation: Operation =
                    name == "shl" ? .shiftLeft : name == "lshr" ? .shiftRight : .shiftRightSigned
                // By as many places as it has a meaning for: of the others, below.
                let most = terms.constant(UInt64(width - 1), width)
                return .word(
                    terms.shift(
                        operation, x,
                        by: terms.high(y) < UInt64(width) ? y : terms.bitwise(.and, y, most)))
            }
        }
        if ["shl", "lshr", "ashr"].contains(name) { value = shifted(value, by: b, width, path) }
        return terms.meant(value, where: hasMeaning, under: path)
    }

    /// A shift by too many places has no meaning.
    private func shifted(_ value: Value, by count: Value, _ width: Int, _ path: Condition) -> Value {
        let most = terms.constant(UInt64(width - 1), width)
        let hasMeaning = terms.test(count, count, under: path) { leaf, _ in
            guard case .word(let count) = leaf else { return .never }
            // Not of a width that is no power of two, where the places were not the ones meant.
            return width & (width - 1) == 0 || terms.high(count) < UInt64(width)
                ? terms.isAtMost(count, most) : .never
        }
        let diagrams = terms.diagrams
        return terms.merge(
            [
                (diagrams.and(path, hasMeaning), value),
                (diagrams.and(path, diagrams.not(hasMeaning)), Value(.undefined)),
            ], care: path)
    }

    /// By the amounts, and then the sign.
    private mutating func signedDivision(
        _ name: String, _ a: Value, _ b: Value, _ width: Int, _ flags: [String], _ path: Condition,
        _ line: Int
    ) throws(NotModelled) -> Value {
        guard flags.isEmpty else { throw refused("the instruction \(name) \(flags[0])", line) }
        noteUndefined(b, path, "\(name) by something undefined", line)
        let isZero = try compare("eq", b, Value(terms.constant(0, width)), under: path, line)
        note(.division, terms.diagrams.and(path, isZero), name, line)
        let isLeast = try compare(
            "eq", a, Value(terms.constant(1 << UInt64(width - 1), width)), under: path, line)
        let isMinusOne = try compare("eq", b, Value(terms.constant(mask(width), width)), under: path, line)
        let isOver = terms.diagrams.and(isLeast, isMinusOne)
        note(.trap, terms.diagrams.and(path, isOver), "\(name) of the least number by -1", line)
        return terms.map(a, b, under: path) { x, y in
            guard case .word(let x) = x, case .word(let y) = y else { return .undefined }
            let (p, q) = (terms.isNegative(x), terms.isNegative(y))
            let (m, n) = (terms.choice(p, terms.negate(x), x), terms.choice(q, terms.negate(y), y))
            let diagrams = terms.diagrams
            let isDivision = name == "sdiv"
            let amount = isDivision ? terms.divide(m, n) : terms.remainder(m, n)
            let isNegative = isDivision ? diagrams.choose(p, diagrams.not(q), q) : p
            return .word(terms.choice(isNegative, terms.negate(amount), amount))
        }
    }

    /// Where the result has a meaning: what the compiler noted beside an operation must be true, which is asked, and
    /// taken for true; or, where it was asked and is doubted, it has a meaning where that is true.
    private mutating func noted(
        _ what: String, _ holds: Condition, _ path: Condition, _ line: Int
    ) -> Condition {
        let place = module.place(line)
        if doubted.contains(Obligation.identity(what, place)) { return holds }
        note(.note, terms.diagrams.and(path, terms.diagrams.not(holds)), what, line)
        return .always
    }

    private mutating func flagsHold(
        _ name: String, _ a: Value, _ b: Value, _ width: Int, _ flags: [String], _ path: Condition,
        _ line: Int
    ) -> Condition {
        var all = Condition.always
        for flag in flags {
            let holds = terms.test(a, b, under: path) { x, y in
                if x == .undefined || y == .undefined { return .always }
                guard case .word(let x) = x, case .word(let y) = y else { return .never }
                return terms.holds(flag, of: name, x, y)
            }
            all = terms.diagrams.and(all, noted("\(flag) of \(name)", holds, path, line))
        }
        return all
    }

    private mutating func sameSign(_ a: Value, _ b: Value, _ path: Condition, _ line: Int) -> Condition {
        let isSame = terms.test(a, b, under: path) { x, y in
            if x == .undefined || y == .undefined { return .always }
            guard case .word(let x) = x, case .word(let y) = y else { return .never }
            let diagrams = terms.diagrams
            let (p, q) = (terms.isNegative(x), terms.isNegative(y))
            return diagrams.choose(p, q, diagrams.not(q))
        }
        return noted("samesign of icmp", isSame, path, line)
    }

    private mutating func cast(
        _ name: String, _ value: Value, _ from: IRType, _ to: IRType, _ flags: [String], _ path: Condition,
        _ line: Int
    ) throws(NotModelled) -> Value {
        guard case .integer(let width) = to, case .integer(let own) = from,
            ["zext", "sext", "trunc"].contains(name)
        else { throw refused("the instruction \(name)", line) }
        var hasMeaning = Condition.always
        for flag in flags {
            let holds = terms.test(value, value, under: path) { x, _ in
                if x == .undefined { return .always }
                guard case .word(let x) = x else { return .never }
                switch (name, flag) {
                case ("zext", "nneg"): return terms.diagrams.not(terms.isNegative(x))
                case ("trunc", "nuw"):
                    return terms.isEqual(x, terms.zeroExtend(terms.extract(x, 0, width), own))
                case ("trunc", "nsw"):
                    return terms.isEqual(x, terms.signExtend(terms.extract(x, 0, width), own))
                default: return .never
                }
            }
            hasMeaning = terms.diagrams.and(hasMeaning, noted("\(flag) of \(name)", holds, path, line))
        }
        let result = terms.map(value, under: path) { leaf in
            guard case .word(let term) = leaf else { return .undefined }
            switch name {
            case "zext": return .word(terms.zeroExtend(term, width))
            case "sext": return .word(terms.signExtend(term, width))
            default: return .word(terms.extract(term, 0, width))
            }
        }
        return terms.meant(result, where: hasMeaning, under: path)
    }

    private func address(
        _ type: IRType, _ base: IROperand, _ indices: [(width: Int, operand: IROperand)], _ state: State,
        _ line: Int
    ) throws(NotModelled) -> Value {
        var pointer = try value(base, .pointer, state, line)
        var type = type
        for (number, index) in indices.enumerated() {
            let place = try value(index.operand, .integer(index.width), state, line)
            var factor = type.size
            if number > 0 {
                switch type {
                case .array(_, let element):
                    type = element
                    factor = element.size
                case .structure(let fields, _):
                    guard let word = place.word, let field = terms.constant(word).map({ Int($0) }),
                        field < fields.count
                    else { throw refused("getelementptr", line) }
                    let offset = type.layout.offsets[field]
                    type = fields[field]
                    pointer = move(pointer, Value(terms.constant(1, 64)), offset, state.path)
                    continue
                default: throw refused("getelementptr", line)
                }
            }
            pointer = move(pointer, place, factor, state.path)
        }
        return pointer
    }

    private func move(_ pointer: Value, _ index: Value, _ factor: Int, _ path: Condition) -> Value {
        terms.map(pointer, index, under: path) { leaf, index in
            guard case .pointer(let region, let offset) = leaf, case .word(let index) = index else {
                return .undefined
            }
            let wide = terms.signExtend(index, 64)
            return .pointer(region, terms.sum([(1, offset), (UInt64(factor), wide)], 0, 64))
        }
    }
}

extension Terms {
    /// Whether what a flag says of an operation is so.
    func holds(_ flag: String, of name: String, _ a: Term, _ b: Term) -> Condition {
        let width = width(a)
        let all = mask(width)
        switch (flag, name) {
        case ("nuw", "add"):
            let (sum, isOver) = high(a).addingReportingOverflow(high(b))
            return !isOver && sum <= all ? .always : isAtMost(a, add(a, b))
        case ("nuw", "sub"): return isAtMost(b, a)
        case ("nuw", "mul"), ("nsw", "mul"): return productFits(a, b, flag == "nuw" ? all : all >> 1)
        case ("nuw", "shl"), ("nsw", "shl"):
            let limit = flag == "nuw" ? all : all >> 1
            if let factor = power(b) { return productFits(a, factor, limit) }
            return shiftFits(a, b, limit, back: flag == "nuw" ? .shiftRight : .shiftRightSigned)
        case ("nsw", "add"): return sumFits(a, b, add(a, b), isDifference: false)
        case ("nsw", "sub"): return sumFits(a, b, subtract(a, b), isDifference: true)
        case ("disjoint", "or"): return isEqual(bitwise(.and, a, b), constant(0, width))
        case ("exact", "udiv"): return isEqual(remainder(a, b), constant(0, width))
        case ("exact", "lshr"), ("exact", "ashr"):
            guard let count = constant(b), count < UInt64(width) else {
                return isEqual(shiftedBack(a, b, first: .shiftRight, then: .shiftLeft), a)
            }
            return count == 0 ? .always : isEqual(extract(a, 0, Int(count)), constant(0, Int(count)))
        default: return .never
        }
    }

    private func power(_ count: Term) -> Term? {
        constant(count).flatMap { $0 < UInt64(width(count)) ? constant(1 << $0, width(count)) : nil }
    }

    /// Whether nothing is lost that shifting it back would not bring again. A count that is too large has no
    /// meaning anyway, which `shifted` sees to.
    private func shiftFits(_ a: Term, _ count: Term, _ limit: UInt64, back: Operation) -> Condition {
        let most = high(count)
        if most < UInt64(width(a)), high(a) <= limit >> most { return .always }
        return isEqual(shiftedBack(a, count, first: .shiftLeft, then: back), a)
    }

    private func shiftedBack(_ a: Term, _ count: Term, first: Operation, then back: Operation) -> Term {
        let width = UInt64(width(a))
        // Of widths that are no power of two a count that may be too large counts as one that is.
        let count = high(count) < width ? count : bitwise(.and, count, constant(width - 1, Int(width)))
        return shift(back, shift(first, a, by: count), by: count)
    }

    /// A sufficient condition: neither is greater than the limit, nor is the product.
    private func productFits(_ a: Term, _ b: Term?, _ limit: UInt64) -> Condition {
        guard let b else { return .never }
        let (product, isOver) = high(a).multipliedReportingOverflow(by: high(b))
        if !isOver && product <= limit { return .always }
        let most = constant(limit, width(a))
        let isSmall = diagrams.or(isEqual(b, constant(0, width(a))), isAtMost(a, divide(most, b)))
        return diagrams.and(isAtMost(b, most), isSmall)
    }

    private func sumFits(_ a: Term, _ b: Term, _ result: Term, isDifference: Bool) -> Condition {
        let limit = mask(width(a)) >> 1
        if isDifference {
            if high(a) <= limit && high(b) <= limit { return .always }
        } else if high(a) <= limit && high(b) <= limit && high(a) + high(b) <= limit {
            return .always
        }
        let (x, y, z) = (isNegative(a), isNegative(b), isNegative(result))
        let same = diagrams.choose(x, y, diagrams.not(y))
        let kept = diagrams.choose(x, z, diagrams.not(z))
        return isDifference ? diagrams.or(same, kept) : diagrams.or(diagrams.not(same), kept)
    }
}
