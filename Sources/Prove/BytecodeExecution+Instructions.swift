// SPDX-License-Identifier: GPL-2.0-only

extension BytecodeExecution {
    private func register(
        _ number: Int, _ state: State, _ name: String, _ index: Int
    ) throws(NotModelled) -> Value {
        guard number < 11, let slot = state.registers[number] else {
            throw refused("register \(number) is read and was not written", name, index)
        }
        return slot.read(terms)
    }

    /// An instruction that is no jump.
    mutating func compute(
        _ instruction: Instruction, _ index: Int, _ name: String, _ state: inout State
    ) throws(NotModelled) {
        switch instruction.code & 7 {
        case 0 where instruction.code == 0x18:
            state.registers[instruction.to] = Slot(try wide(instruction, index, name))
        case 1: try load(instruction, index, name, &state)
        case 2, 3: try store(instruction, index, name, &state)
        case 4, 7: try arithmetic(instruction, index, name, &state)
        default: throw refused("the instruction 0x\(String(instruction.code, radix: 16))", name, index)
        }
    }

    private func wide(
        _ instruction: Instruction, _ index: Int, _ name: String
    ) throws(NotModelled) -> Value {
        guard let relocation = instruction.relocation else {
            return Value(terms.constant(instruction.wide, 64))
        }
        guard
            let (variable, offset) = object.variable(
                relocation.symbol, Int(truncatingIfNeeded: instruction.wide))
        else {
            throw refused("an address that means nothing", name, index)
        }
        if let region = world.variables[variable] {
            return Value(.pointer(region, terms.constant(UInt64(bitPattern: Int64(offset)), 64)))
        }
        if let map = world.maps[variable] {
            return Value(.pointer(map.handle, terms.constant(0, 64)))
        }
        throw refused("the address of \(variable)", name, index)
    }

    private static func size(_ instruction: Instruction) -> Int {
        switch instruction.code & 0x18 {
        case 0x00: 4
        case 0x08: 2
        case 0x10: 1
        default: 8
        }
    }

    private func address(
        _ number: Int, _ offset: Int, _ state: State, _ name: String, _ index: Int
    ) throws(NotModelled) -> Value {
        terms.map(try register(number, state, name, index), under: state.path) { leaf in
            guard case .pointer(let region, let place) = leaf else { return .undefined }
            return .pointer(region, terms.sum([(1, place)], UInt64(bitPattern: Int64(offset)), 64))
        }
    }

    private func load(
        _ instruction: Instruction, _ index: Int, _ name: String, _ state: inout State
    ) throws(NotModelled) {
        guard instruction.code & 0xe0 == 0x60 else {
            throw refused("the instruction 0x\(String(instruction.code, radix: 16))", name, index)
        }
        let size = Self.size(instruction)
        let pointer = try address(instruction.from, instruction.offset, state, name, index)
        let value = try state.memory.load(
            pointer, size, under: state.path, terms, at: place(name, index))
        state.registers[instruction.to] = Slot(extended(value, state.path))
    }

    private func extended(_ value: Value, _ path: Condition) -> Value {
        terms.map(value, under: path) { leaf in
            guard case .word(let term) = leaf else { return leaf }
            return .word(terms.zeroExtend(term, 64))
        }
    }

    private mutating func store(
        _ instruction: Instruction, _ index: Int, _ name: String, _ state: inout State
    ) throws(NotModelled) {
        guard instruction.code & 0xe0 == 0x60 else {
            throw refused("the instruction 0x\(String(instruction.code, radix: 16)) (atomic?)", name, index)
        }
        let size = Self.size(instruction)
        let pointer = try address(instruction.to, instruction.offset, state, name, index)
        var value: Value
        if instruction.code & 7 == 2 {
            value = Value(terms.constant(UInt64(bitPattern: Int64(instruction.immediate)), 64))
        } else {
            value = try register(instruction.from, state, name, index)
        }
        if size < 8 {
            value = terms.map(value, under: state.path) { leaf in
                guard case .word(let term) = leaf else { return .undefined }
                return .word(terms.extract(term, 0, 8 * size))
            }
        }
        try state.memory.store(
            pointer, size, Slot(value), under: state.path, terms, at: place(name, index))
    }

    private mutating func arithmetic(
        _ instruction: Instruction, _ index: Int, _ name: String, _ state: inout State
    ) throws(NotModelled) {
        let operation = instruction.code >> 4
        let width = instruction.code & 7 == 7 ? 64 : 32
        let text = "the instruction 0x\(String(instruction.code, radix: 16))"
        guard operation <= 12, instruction.offset == 0 else { throw refused(text, name, index) }
        let second: Value
        if instruction.code & 8 != 0 {
            second = try register(instruction.from, state, name, index)
        } else {
            second = Value(terms.constant(UInt64(bitPattern: Int64(instruction.immediate)), 64))
        }
        let isMove = operation == 11
        let first =
            isMove ? Value(terms.constant(0, 64)) : try register(instruction.to, state, name, index)
        if operation == 3 || operation == 9 {
            let isZero = terms.test(second, second, under: state.path) { leaf, _ in
                guard case .word(let term) = leaf else { return .always }
                return terms.isEqual(terms.extract(term, 0, width), terms.constant(0, width))
            }
            let condition = terms.diagrams.and(state.path, isZero)
            if condition != .never {
                obligations.append(
                    Obligation(
                        kind: .division, condition: condition, what: operation == 3 ? "div" : "mod",
                        place: place(name, index)))
            }
        }
        let result = terms.map(first, second, under: state.path) { a, b in
            compute(operation, width, a, b)
        }
        state.registers[instruction.to] = Slot(result)
    }

    private func compute(_ operation: UInt8, _ width: Int, _ a: Value.Leaf, _ b: Value.Leaf) -> Value.Leaf {
        if operation == 11 && width == 64 { return b }
        guard case .word(let wideA) = a, case .word(let wideB) = b else {
            return width == 64 ? move(operation, a, b) : .undefined
        }
        let (x, y) = (terms.extract(wideA, 0, width), terms.extract(wideB, 0, width))
        let places = terms.and(y, terms.constant(UInt64(width - 1), width))
        let result: Term
        switch operation {
        case 0: result = terms.add(x, y)
        case 1: result = terms.subtract(x, y)
        case 2: result = terms.multiply(x, y)
        case 3: result = terms.divide(x, y)
        case 4: result = terms.bitwise(.or, x, y)
        case 5: result = terms.bitwise(.and, x, y)
        case 6: result = terms.shift(.shiftLeft, x, by: places)
        case 7: result = terms.shift(.shiftRight, x, by: places)
        case 8: result = terms.negate(x)
        case 9: result = terms.remainder(x, y)
        case 10: result = terms.bitwise(.xor, x, y)
        case 11: result = y
        default: result = terms.shift(.shiftRightSigned, x, by: places)
        }
        return .word(terms.zeroExtend(result, 64))
    }

    /// Arithmetic with an address.
    private func move(_ operation: UInt8, _ a: Value.Leaf, _ b: Value.Leaf) -> Value.Leaf {
        switch (operation, a, b) {
        case (0, .pointer(let region, let place), .word(let distance)),
            (0, .word(let distance), .pointer(let region, let place)):
            return .pointer(region, terms.add(place, distance))
        case (1, .pointer(let region, let place), .word(let distance)):
            return .pointer(region, terms.subtract(place, distance))
        default: return .undefined
        }
    }

    func condition(
        _ instruction: Instruction, _ index: Int, _ name: String, _ state: State
    ) throws(NotModelled) -> Condition {
        let width = instruction.code & 7 == 5 ? 64 : 32
        let a = try register(instruction.to, state, name, index)
        let b =
            instruction.code & 8 != 0
            ? try register(instruction.from, state, name, index)
            : Value(terms.constant(UInt64(bitPattern: Int64(instruction.immediate)), 64))
        let operation = instruction.code >> 4
        var problem: NotModelled?
        let diagrams = terms.diagrams
        let result = terms.test(a, b, under: state.path) { first, second in
            guard case .word(let wideA) = first, case .word(let wideB) = second else {
                let predicate = operation == 1 ? "eq" : operation == 5 ? "ne" : ""
                if width == 64, let known = IRExecution.comparePointers(predicate, first, second, terms) {
                    return known
                }
                problem = refused("a comparison of addresses, or of something undefined", name, index)
                return .never
            }
            let (x, y) = (terms.extract(wideA, 0, width), terms.extract(wideB, 0, width))
            switch operation {
            case 1: return terms.isEqual(x, y)
            case 2: return diagrams.not(terms.isAtMost(x, y))
            case 3: return terms.isAtMost(y, x)
            case 4: return diagrams.not(terms.isEqual(terms.and(x, y), terms.constant(0, width)))
            case 5: return diagrams.not(terms.isEqual(x, y))
            case 6: return diagrams.not(terms.isAtMostSigned(x, y))
            case 7: return terms.isAtMostSigned(y, x)
            case 10: return diagrams.not(terms.isAtMost(y, x))
            case 11: return terms.isAtMost(x, y)
            case 12: return diagrams.not(terms.isAtMostSigned(y, x))
            case 13: return terms.isAtMostSigned(x, y)
            default:
                problem = refused("the jump 0x\(String(instruction.code, radix: 16))", name, index)
                return .never
            }
        }
        if let problem { throw problem }
        return result
    }
}
