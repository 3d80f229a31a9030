// SPDX-License-Identifier: GPL-2.0-only
import SwiftToBPF

/// Executes BPF machine code with terms for values, all ways at once.
struct BytecodeExecution {
    struct Instruction {
        let code: UInt8
        let to: Int
        let from: Int
        let offset: Int
        let immediate: Int32
        /// Of the eight bytes of a wide one.
        var wide: UInt64 = 0
        var relocation: (symbol: Int, type: UInt32)?
    }

    /// The world around the code: what its addresses mean.
    struct World {
        /// Regions of variables, by their names.
        var variables: [String: Int] = [:]
        /// Maps: the region that stands for its address, the one that a look-up gives, and the key with which
        /// alone it may be looked up.
        var maps: [String: (handle: Int, region: Int, key: Term)] = [:]
    }

    struct State {
        var path: Condition
        var registers: [Slot?]
        var memory: Memory
    }

    let object: ELFObject
    let terms: Terms
    let world: World
    var obligations: [Obligation] = []
    private var depth = 0
    private static let turnsMax = 600

    init(_ object: ELFObject, _ terms: Terms, _ world: World) {
        self.object = object
        self.terms = terms
        self.world = world
    }

    func refused(_ what: String, _ function: String, _ index: Int) -> NotModelled {
        NotModelled(what: what, place: place(function, index))
    }

    func place(_ function: String, _ index: Int) -> String {
        "\(object.name), \(function), instruction \(index)"
    }

    /// Executes the function of that name; `arguments` are its first registers.
    mutating func run(
        _ name: String, _ arguments: [Value], _ memory: Memory, under path: Condition
    ) throws(NotModelled) -> Execution {
        guard let symbol = object.symbol(name) else {
            throw NotModelled(what: "there is no function \(name)", place: object.name)
        }
        var registers = [Slot?](repeating: nil, count: 11)
        for (index, argument) in arguments.enumerated() { registers[index + 1] = Slot(argument) }
        let state = State(path: path, registers: registers, memory: memory)
        guard let end = try run(symbol, state) else {
            throw NotModelled(what: "\(name) never ends", place: object.name)
        }
        return Execution(
            memory: end.memory, result: end.registers[0].map { [$0] }, ends: end.path,
            obligations: obligations)
    }

    private mutating func run(_ symbol: ELFObject.Symbol, _ begin: State) throws(NotModelled) -> State? {
        guard depth < 8, symbol.section < object.sections.count else {
            throw NotModelled(what: "calls too deep", place: object.name)
        }
        depth += 1
        defer { depth -= 1 }
        let code = try instructions(symbol)
        var begin = begin
        let regions = begin.memory.regions.count
        let stack = begin.memory.add(Memory.Region(name: "the stack", size: 512, base: -512))
        begin.registers[10] = Slot(Value(.pointer(stack, terms.constant(0, 64))))
        let blocks = try Blocks(code, symbol.name, object.name)
        var pending: [Int: [State]] = [0: [begin]]
        var turns: [Int: Int] = [:]
        var ends: [State] = []
        while let block = pending.keys.min(by: { blocks.order[$0] < blocks.order[$1] }) {
            let ways = pending.removeValue(forKey: block) ?? []
            turns[block, default: 0] += 1
            guard turns[block, default: 0] <= Self.turnsMax else {
                throw refused(
                    "a loop whose end is not seen after \(Self.turnsMax) turns", symbol.name,
                    blocks.starts[block])
            }
            var state = join(ways)
            var index = blocks.starts[block]
            let end = block + 1 < blocks.starts.count ? blocks.starts[block + 1] : code.count
            var isOver = false
            while index < end && !isOver {
                isOver = try step(code[index], index, symbol, blocks, &state, &pending, &ends)
                index += code[index].code == 0x18 ? 2 : 1
            }
            if !isOver && block + 1 >= blocks.starts.count {
                throw refused("a function that goes on behind its end", symbol.name, index)
            }
            if !isOver { pending[block + 1, default: []].append(state) }
        }
        guard !ends.isEmpty else { return nil }
        var result = join(ends)
        result.memory.regions.removeSubrange(regions...)
        return result
    }

    private func join(_ ways: [State]) -> State {
        if ways.count == 1 { return ways[0] }
        var path = Condition.never
        for way in ways { path = terms.diagrams.or(path, way.path) }
        let memory = Memory.join(ways.map { ($0.path, $0.memory) }, care: path, terms)
        let registers = (0..<11).map { register -> Slot? in
            let slots = ways.compactMap { way in way.registers[register].map { (way.path, $0) } }
            return slots.count == ways.count ? Slot.join(slots, care: path) : nil
        }
        return State(path: path, registers: registers, memory: memory)
    }

    private func instructions(_ symbol: ELFObject.Symbol) throws(NotModelled) -> [Instruction] {
        let bytes = Array(object.sections[symbol.section].bytes)
        guard symbol.value >= 0, symbol.size > 0, symbol.value <= bytes.count,
            symbol.size <= bytes.count - symbol.value, symbol.size % 8 == 0, symbol.value % 8 == 0
        else {
            throw NotModelled(what: "\(symbol.name) ends in the middle", place: object.name)
        }
        var code: [Instruction] = []
        for at in stride(from: symbol.value, to: symbol.value + symbol.size, by: 8) {
            func number(_ from: Int, _ size: Int) -> UInt64 {
                (0..<size).reduce(0) { $0 | UInt64(bytes[at + from + $1]) << UInt64(8 * $1) }
            }
            var instruction = Instruction(
                code: bytes[at], to: Int(bytes[at + 1] & 15), from: Int(bytes[at + 1] >> 4),
                offset: Int(Int16(truncatingIfNeeded: number(2, 2))),
                immediate: Int32(truncatingIfNeeded: number(4, 4)))
            if instruction.code == 0x18, at + 16 <= bytes.count {
                instruction.wide = number(4, 4) | number(12, 4) << 32
            }
            instruction.relocation = object.relocations[symbol.section]?[at]
            guard instruction.to <= 10, instruction.from <= 10 else {
                throw NotModelled(what: "a register that is not there", place: object.name)
            }
            code.append(instruction)
        }
        return code
    }

    /// Executes one instruction. Whether the block ends here.
    private mutating func step(
        _ instruction: Instruction, _ index: Int, _ symbol: ELFObject.Symbol, _ blocks: Blocks,
        _ state: inout State, _ pending: inout [Int: [State]], _ ends: inout [State]
    ) throws(NotModelled) -> Bool {
        let name = symbol.name
        let kind = instruction.code & 7
        guard kind == 5 || kind == 6 else {
            try compute(instruction, index, name, &state)
            return false
        }
        func go(_ target: Int, _ condition: Condition) throws(NotModelled) {
            guard let block = blocks.numbers[target] else { throw refused("a jump to nowhere", name, index) }
            var way = state
            way.path = terms.diagrams.and(state.path, condition)
            if way.path != .never { pending[block, default: []].append(way) }
        }
        switch instruction.code >> 4 {
        case 9:
            ends.append(state)
            return true
        case 8:
            try call(instruction, index, symbol, &state)
            return state.path == .never
        case 0:
            try go(index + 1 + (kind == 5 ? instruction.offset : Int(instruction.immediate)), .always)
            return true
        default:
            let condition = try condition(instruction, index, name, state)
            try go(index + 1 + instruction.offset, condition)
            try go(index + 1, terms.diagrams.not(condition))
            return true
        }
    }

    private mutating func call(
        _ instruction: Instruction, _ index: Int, _ symbol: ELFObject.Symbol, _ state: inout State
    ) throws(NotModelled) {
        let name = symbol.name
        var target: ELFObject.Symbol?
        if instruction.from == 1 {
            if let relocation = instruction.relocation {
                let other = object.symbols[relocation.symbol]
                let value = other.type == 3 ? (Int(instruction.immediate) + 1) * 8 : other.value
                target = object.function(in: other.section, at: value)
            } else {
                let value = symbol.value + (index + 1 + Int(instruction.immediate)) * 8
                target = object.function(in: symbol.section, at: value)
            }
            guard target != nil else { throw refused("a call to nowhere", name, index) }
        } else if let relocation = instruction.relocation {
            throw refused("a call of \(object.symbols[relocation.symbol].name)", name, index)
        }
        if let target {
            guard var end = try run(target, state) else {
                state.path = .never
                return
            }
            for register in 6...10 { end.registers[register] = state.registers[register] }
            for register in 1...5 { end.registers[register] = nil }
            state = end
            return
        }
        switch instruction.immediate {
        case 1: state.registers[0] = Slot(try lookUp(state, name, index))
        case 93, 94:
            // bpf_spin_lock and bpf_spin_unlock: one step is looked at, whole; that none is without the lock, or
            // keeps it, the kernel's verifier sees to.
            guard let lock = state.registers[1]?.read(terms), lock.leaves.count == 1,
                case .pointer(let region, _) = lock.leaves[0].leaf, region == world.variables["state_lock"]
            else { throw refused("a lock that is not known", name, index) }
            state.registers[0] = nil
        default: throw refused("a call of the kernel's function \(instruction.immediate)", name, index)
        }
        for register in 1...5 { state.registers[register] = nil }
    }

    /// `bpf_map_lookup_elem`, where there is something to be found.
    private func lookUp(_ state: State, _ name: String, _ index: Int) throws(NotModelled) -> Value {
        guard let map = state.registers[1]?.read(terms), map.leaves.count == 1,
            case .pointer(let handle, _) = map.leaves[0].leaf,
            let found = world.maps.values.first(where: { $0.handle == handle }),
            let key = state.registers[2]?.read(terms)
        else { throw refused("a look-up in a map that is not known", name, index) }
        let value = try state.memory.load(key, 4, under: state.path, terms, at: place(name, index))
        guard value.word == found.key else {
            let map = state.memory.regions[handle].name
            throw refused("a look-up in \(map) with another key than expected", name, index)
        }
        let region = state.memory.regions[found.region]
        let offset = region.index ?? terms.constant(0, 64)
        return Value(.pointer(found.region, offset))
    }

    /// Where ways part and meet.
    struct Blocks {
        let starts: [Int]
        let numbers: [Int: Int]
        let order: [Int]

        init(_ code: [Instruction], _ function: String, _ object: String) throws(NotModelled) {
            var leaders: Set<Int> = [0]
            func targets(_ index: Int) -> [Int]? {
                let instruction = code[index]
                let kind = instruction.code & 7
                guard kind == 5 || kind == 6 else { return nil }
                switch instruction.code >> 4 {
                case 8: return nil
                case 9: return []
                case 0: return [index + 1 + (kind == 5 ? instruction.offset : Int(instruction.immediate))]
                default: return [index + 1 + instruction.offset, index + 1]
                }
            }
            var index = 0
            var isWide = false
            while index < code.count {
                isWide = code[index].code == 0x18
                if !isWide, let found = targets(index) {
                    leaders.formUnion(found)
                    leaders.insert(index + 1)
                }
                index += isWide ? 2 : 1
            }
            leaders = leaders.filter { $0 >= 0 && $0 < code.count }
            let starts = leaders.sorted()
            let numbers = Dictionary(uniqueKeysWithValues: starts.enumerated().map { ($1, $0) })
            let successors = starts.indices.map { block -> [Int] in
                let end = block + 1 < starts.count ? starts[block + 1] : code.count
                let wide = end >= 2 && code[end - 2].code == 0x18
                guard !wide, let found = targets(end - 1) else {
                    return block + 1 < starts.count ? [block + 1] : []
                }
                return found.compactMap { numbers[$0] }
            }
            self.starts = starts
            self.numbers = numbers
            order = try BlockOrder.of(starts.count, successors)
        }
    }
}
