// SPDX-License-Identifier: GPL-2.0-only

extension IRExecution {
    private func refused(_ what: String, _ line: Int) -> NotModelled {
        NotModelled(what: what, place: module.place(line))
    }

    /// Executes a call. Whether nothing comes behind it.
    mutating func call(
        _ name: String, _ type: IRType, _ arguments: [(type: IRType, operand: IROperand)], _ result: Int?,
        _ state: inout State, _ line: Int
    ) throws(NotModelled) -> Bool {
        if name.hasPrefix("llvm.") {
            return try intrinsic(name, type, arguments, result, &state, line)
        }
        guard module.has(name) else { throw refused("a call of \(name)", line) }
        var slots: [[Slot]] = []
        for argument in arguments {
            slots.append(try self.slots(argument.operand, argument.type, state, line))
        }
        guard let end = try run(name, slots, state.memory, under: state.path) else { return true }
        state.path = end.ends
        let count = state.memory.regions.count
        state.memory = end.memory
        // What the callee had on its stack is gone.
        state.memory.regions.removeSubrange(count...)
        if let result, let value = end.result { state.locals[result] = value }
        return state.path == .never
    }

    private mutating func intrinsic(
        _ name: String, _ type: IRType, _ arguments: [(type: IRType, operand: IROperand)], _ result: Int?,
        _ state: inout State, _ line: Int
    ) throws(NotModelled) -> Bool {
        let parts = name.split(separator: ".").map(String.init)
        switch parts[1] {
        case "umin", "umax", "smin", "smax":
            state.locals[result ?? 0] = [Slot(try extreme(parts[1], arguments, state, line))]
        case "memset": try fill(arguments, &state, line)
        case "memcpy", "memmove": try copy(arguments, &state, line)
        case "lifetime", "dbg", "donothing", "experimental", "assume", "invariant": break
        case "expect":
            state.locals[result ?? 0] = try slots(arguments[0].operand, arguments[0].type, state, line)
        case "trap", "ubsantrap", "debugtrap":
            note(.trap, state.path, module.failure(line) ?? "a trap", line)
            return true
        case "uadd", "usub", "umul", "sadd", "ssub":
            let results = try withOverflow(parts[1], arguments, state, line)
            if parts.count > 3, parts[2] == "with", parts[3] == "overflow" {
                state.locals[result ?? 0] = results
            } else if parts[2] == "sat", parts[1] == "uadd" || parts[1] == "usub" {
                state.locals[result ?? 0] = [Slot(try saturated(parts[1], results, arguments, state, line))]
            } else {
                throw refused("a call of \(name)", line)
            }
        case "abs", "ucmp", "scmp", "fshl", "fshr":
            state.locals[result ?? 0] = [Slot(try computed(parts[1], name, type, arguments, state, line))]
        default: throw refused("a call of \(name)", line)
        }
        return false
    }

    private func extreme(
        _ name: String, _ arguments: [(type: IRType, operand: IROperand)], _ state: State, _ line: Int
    ) throws(NotModelled) -> Value {
        let a = try value(arguments[0].operand, arguments[0].type, state, line)
        let b = try value(arguments[1].operand, arguments[1].type, state, line)
        if name == "umin" || name == "umax" {
            return terms.map(a, b, under: state.path) { x, y in
                guard case .word(let x) = x, case .word(let y) = y else { return .undefined }
                return .word(name == "umin" ? terms.minimum(x, y) : terms.maximum(x, y))
            }
        }
        let isFirst = try compare(name == "smin" ? "sle" : "sge", a, b, under: state.path, line)
        let first = terms.diagrams.and(state.path, isFirst)
        let second = terms.diagrams.and(state.path, terms.diagrams.not(isFirst))
        let chosen = terms.merge([(first, a), (second, b)], care: state.path)
        let isUndefined = terms.undefined(a, or: b, under: state.path)
        return terms.meant(chosen, where: terms.diagrams.not(isUndefined), under: state.path)
    }

    /// Result, and whether it went over.
    private func withOverflow(
        _ name: String, _ arguments: [(type: IRType, operand: IROperand)], _ state: State, _ line: Int
    ) throws(NotModelled) -> [Slot] {
        let a = try value(arguments[0].operand, arguments[0].type, state, line)
        let b = try value(arguments[1].operand, arguments[1].type, state, line)
        let plain = String(name.dropFirst())
        let flag = name.hasPrefix("u") ? "nuw" : "nsw"
        let value = terms.map(a, b, under: state.path) { x, y in
            guard case .word(let x) = x, case .word(let y) = y else { return .undefined }
            switch plain {
            case "add": return .word(terms.add(x, y))
            case "sub": return .word(terms.subtract(x, y))
            default: return .word(terms.multiply(x, y))
            }
        }
        let fits = terms.test(a, b, under: state.path) { x, y in
            guard case .word(let x) = x, case .word(let y) = y else { return .never }
            return terms.holds(flag, of: plain, x, y)
        }
        let isUndefined = terms.undefined(a, or: b, under: state.path)
        let isOver = terms.meant(
            terms.truth(terms.diagrams.not(fits)), where: terms.diagrams.not(isUndefined), under: state.path)
        return [Slot(value), Slot(isOver)]
    }

    /// 0, or the greatest number, where the result went over.
    private func saturated(
        _ name: String, _ results: [Slot], _ arguments: [(type: IRType, operand: IROperand)], _ state: State,
        _ line: Int
    ) throws(NotModelled) -> Value {
        guard case .integer(let width) = arguments[0].type,
            let isOver = terms.condition(results[1].read(terms), under: state.path)
        else { throw refused("a sum of something that is no number", line) }
        let end = Value(terms.constant(name == "uadd" ? mask(width) : 0, width))
        let over = terms.diagrams.and(state.path, isOver)
        let within = terms.diagrams.and(state.path, terms.diagrams.not(isOver))
        if over == .never { return results[0].read(terms) }
        if within == .never { return end }
        return terms.merge([(over, end), (within, results[0].read(terms))], care: state.path)
    }

    /// A distance, an order (-1, 0, 1), or the bits that a shift of two words takes from both.
    private mutating func computed(
        _ operation: String, _ name: String, _ type: IRType,
        _ arguments: [(type: IRType, operand: IROperand)], _ state: State, _ line: Int
    ) throws(NotModelled) -> Value {
        guard case .integer(let width) = type else { throw refused("a call of \(name)", line) }
        let a = try value(arguments[0].operand, arguments[0].type, state, line)
        let b = try value(arguments[1].operand, arguments[1].type, state, line)
        switch operation {
        case "abs":
            if let word = b.word, terms.constant(word) == 1 {
                let least = Value(terms.constant(1 << UInt64(width - 1), width))
                let isLeast = try compare("eq", a, least, under: state.path, line)
                note(.note, terms.diagrams.and(state.path, isLeast), "abs of the least number", line)
            }
            return terms.map(a, under: state.path) { leaf in
                guard case .word(let term) = leaf else { return .undefined }
                return .word(terms.choice(terms.isNegative(term), terms.negate(term), term))
            }
        case "ucmp", "scmp":
            return terms.map(a, b, under: state.path) { x, y in
                guard case .word(let x) = x, case .word(let y) = y else { return .undefined }
                let isAtMost =
                    operation == "ucmp" ? terms.isAtMost(x, y) : terms.isAtMostSigned(x, y)
                let less = terms.choice(
                    terms.isEqual(x, y), terms.constant(0, width), terms.constant(mask(width), width))
                return .word(terms.choice(isAtMost, less, terms.constant(1, width)))
            }
        default:
            let distance = try value(arguments[2].operand, arguments[2].type, state, line)
            guard let word = distance.word, let all = terms.constant(word) else {
                throw refused("a call of \(name) by a number of places that is not known", line)
            }
            let count = Int(all % UInt64(width))
            let left = operation == "fshl" ? count : width - count
            return terms.map(a, b, under: state.path) { x, y in
                guard case .word(let x) = x, case .word(let y) = y else { return .undefined }
                if count == 0 { return .word(operation == "fshl" ? x : y) }
                return .word(
                    terms.bitwise(.or, terms.shiftLeft(x, left), terms.shiftRight(y, width - left)))
            }
        }
    }

    private func length(_ operand: IROperand, _ state: State, _ line: Int) throws(NotModelled) -> Int {
        guard let word = try value(operand, .integer(64), state, line).word, let count = terms.constant(word),
            count <= 1 << 20
        else { throw refused("a copy whose length is not known", line) }
        return Int(count)
    }

    private func fill(
        _ arguments: [(type: IRType, operand: IROperand)], _ state: inout State, _ line: Int
    ) throws(NotModelled) {
        let to = try value(arguments[0].operand, .pointer, state, line)
        guard let byte = try value(arguments[1].operand, .integer(8), state, line).word,
            let filled = terms.constant(byte)
        else { throw refused("a fill with something that is not known", line) }
        let count = try length(arguments[2].operand, state, line)
        var place = 0
        while place < count {
            let size = count - place >= 8 ? 8 : count - place >= 4 ? 4 : 1
            let word = terms.constant(filled &* 0x0101_0101_0101_0101, 8 * size)
            try state.memory.store(
                moved(to, place, state.path), size, Slot(Value(word)), under: state.path, terms,
                at: module.place(line))
            place += size
        }
    }

    /// Word by word: what is copied is all of them before the first one is written.
    private func copy(
        _ arguments: [(type: IRType, operand: IROperand)], _ state: inout State, _ line: Int
    ) throws(NotModelled) {
        let to = try value(arguments[0].operand, .pointer, state, line)
        let from = try value(arguments[1].operand, .pointer, state, line)
        let count = try length(arguments[2].operand, state, line)
        var words: [(place: Int, size: Int, value: Value)] = []
        var place = 0
        while place < count {
            var size = count - place >= 8 ? 8 : count - place >= 4 ? 4 : 1
            if size == 8, state.memory.isSplit(moved(from, place, state.path), terms) { size = 4 }
            let value = try state.memory.load(
                moved(from, place, state.path), size, under: state.path, terms, at: module.place(line))
            words.append((place, size, value))
            place += size
        }
        for word in words {
            try state.memory.store(
                moved(to, word.place, state.path), word.size, Slot(word.value), under: state.path, terms,
                at: module.place(line))
        }
    }

    private func moved(_ pointer: Value, _ offset: Int, _ path: Condition) -> Value {
        terms.map(pointer, under: path) { leaf in
            guard case .pointer(let region, let place) = leaf else { return .undefined }
            return .pointer(region, terms.sum([(1, place)], UInt64(offset), 64))
        }
    }
}

extension Memory {
    /// Whether the eight bytes there are two cells of four.
    func isSplit(_ pointer: Value, _ terms: Terms) -> Bool {
        guard pointer.leaves.count == 1, case .pointer(let number, let address) = pointer.leaves[0].leaf
        else { return false }
        let place = regions[number].index.map { terms.subtract(address, $0) } ?? address
        guard let offset = terms.constant(place).map({ Int(Int64(bitPattern: $0)) }) else { return false }
        return regions[number].cells.contains { $0.offset == offset && $0.size == 4 }
    }
}
