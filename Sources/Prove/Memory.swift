// SPDX-License-Identifier: GPL-2.0-only

/// A value that is put together only when somebody asks: most of what two ways bring to the place where they
/// meet is never used again.
final class Slot {
    private var value: Value?
    private var parts: [(guarded: Condition, slot: Slot)] = []
    private var care = Condition.always

    init(_ value: Value) { self.value = value }

    init(_ parts: [(guarded: Condition, slot: Slot)], care: Condition) {
        self.parts = parts
        self.care = care
    }

    func read(_ terms: Terms) -> Value {
        if let value { return value }
        let made = terms.merge(parts.map { ($0.guarded, $0.slot.read(terms)) }, care: care)
        value = made
        parts = []
        return made
    }

    /// One slot for what comes in by several ways.
    static func join(_ slots: [(guarded: Condition, slot: Slot)], care: Condition) -> Slot {
        let first = slots[0].slot
        if slots.allSatisfy({ $0.slot === first }) { return first }
        return Slot(slots, care: care)
    }
}

/// The memory that an execution sees: regions, which do not overlap, of cells. Bytes are in little-endian order.
struct Memory {
    struct Cell {
        var offset: Int
        var size: Int
        var slot: Slot
    }

    struct Region {
        let name: String
        /// Bytes; what lies outside is refused.
        let size: Int
        /// From where on offsets count; the BPF stack's are negative.
        var base = 0
        var isWritable = true
        /// Of an array of such regions: the place that stands for this one, in bytes.
        var index: Term?
        var cells: [Cell] = []
    }

    var regions: [Region] = []

    mutating func add(_ region: Region) -> Int {
        regions.append(region)
        return regions.count - 1
    }

    /// What several ways bring together.
    static func join(_ ways: [(guarded: Condition, memory: Memory)], care: Condition, _ terms: Terms)
        -> Memory
    {
        var result = ways[0].memory
        // A local variable of one way only is not used behind the place where they meet.
        let count = ways.map(\.memory.regions.count).min() ?? 0
        result.regions.removeSubrange(count...)
        for number in result.regions.indices {
            let cells = ways.map { $0.memory.regions[number].cells }
            let isSame = cells.allSatisfy { other in
                other.count == cells[0].count
                    && zip(other, cells[0]).allSatisfy { $0.offset == $1.offset && $0.size == $1.size }
            }
            let aligned = isSame ? cells : refine(cells, terms)
            result.regions[number].cells = aligned[0].indices.map { place in
                var cell = aligned[0][place]
                let slots = zip(ways, aligned).map { (guarded: $0.0.guarded, slot: $0.1[place].slot) }
                cell.slot = Slot.join(slots, care: care)
                return cell
            }
        }
        return result
    }

    /// The same cells in all: cut where any of them is cut, and undefined where one has none.
    private static func refine(_ all: [[Cell]], _ terms: Terms) -> [[Cell]] {
        var cuts: Set<Int> = []
        for cell in all.joined() {
            cuts.insert(cell.offset)
            cuts.insert(cell.offset + cell.size)
        }
        let sorted = cuts.sorted()
        let spans = zip(sorted, sorted.dropFirst()).filter { span in
            all.joined().contains { $0.offset <= span.0 && span.1 <= $0.offset + $0.size }
        }
        return all.map { cells in
            spans.map { begin, end in
                guard let cell = cells.first(where: { $0.offset <= begin && end <= $0.offset + $0.size })
                else { return Cell(offset: begin, size: end - begin, slot: Slot(Value(.undefined))) }
                return Cell(offset: begin, size: end - begin, slot: cut(cell, begin, end - begin, terms))
            }
        }
    }

    /// A part of a cell.
    private static func cut(_ cell: Cell, _ begin: Int, _ size: Int, _ terms: Terms) -> Slot {
        if cell.offset == begin && cell.size == size { return cell.slot }
        return Slot(
            terms.map(cell.slot.read(terms), under: .always) { leaf in
                guard case .word(let term) = leaf else { return .undefined }
                return .word(terms.extract(term, 8 * (begin - cell.offset), 8 * size))
            })
    }

    /// Reads `size` bytes at a fixed place.
    func load(_ number: Int, _ offset: Int, _ size: Int, under path: Condition, _ terms: Terms) -> Value {
        let cells = regions[number].cells
        if let cell = cells.first(where: { $0.offset == offset && $0.size == size }) {
            return cell.slot.read(terms)
        }
        var result: Value?
        var place = offset
        while place < offset + size {
            guard let cell = cells.first(where: { $0.offset <= place && place < $0.offset + $0.size })
            else { return Value(.undefined) }
            let count = min(cell.offset + cell.size, offset + size) - place
            let part = Self.cut(cell, place, count, terms).read(terms)
            let shift = 8 * (place - offset)
            let moved = terms.map(part, under: path) { leaf in
                guard case .word(let term) = leaf else { return .undefined }
                return .word(terms.shiftLeft(terms.zeroExtend(term, 8 * size), shift))
            }
            result =
                result.map { low in
                    terms.map(low, moved, under: path) { a, b in
                        guard case .word(let a) = a, case .word(let b) = b else { return .undefined }
                        return .word(terms.add(a, b))
                    }
                } ?? moved
            place += count
        }
        return result ?? Value(.undefined)
    }

    /// Writes `size` bytes at a fixed place.
    mutating func store(_ number: Int, _ offset: Int, _ size: Int, _ slot: Slot, _ terms: Terms) {
        var cells: [Cell] = []
        cells.reserveCapacity(regions[number].cells.count + 1)
        let end = offset + size
        for cell in regions[number].cells {
            let own = cell.offset + cell.size
            if own <= offset || cell.offset >= end {
                cells.append(cell)
                continue
            }
            if cell.offset < offset {
                let count = offset - cell.offset
                let part = Self.cut(cell, cell.offset, count, terms)
                cells.append(Cell(offset: cell.offset, size: count, slot: part))
            }
            if own > end {
                cells.append(Cell(offset: end, size: own - end, slot: Self.cut(cell, end, own - end, terms)))
            }
        }
        cells.append(Cell(offset: offset, size: size, slot: slot))
        cells.sort { $0.offset < $1.offset }
        regions[number].cells = cells
    }
}

/// Accesses through addresses that may be several.
extension Memory {
    /// The fixed places that an address may be, each under its condition.
    func places(
        _ pointer: Value, _ size: Int, under path: Condition, _ terms: Terms, at place: String
    ) throws(NotModelled) -> [(guarded: Condition, region: Int, offset: Int)] {
        var found: [(guarded: Condition, region: Int, offset: Int)] = []
        for (leaf, guarded) in pointer.leaves {
            let both = pointer.leaves.count == 1 ? path : terms.diagrams.and(guarded, path)
            if both == .never { continue }
            guard case .pointer(let number, let address) = leaf else {
                throw NotModelled(what: "an access through something that is no address", place: place)
            }
            for (when, offset) in try offsets(address, number, terms, at: place) {
                let region = regions[number]
                let when = terms.diagrams.and(both, when)
                if when == .never { continue }
                guard offset >= region.base, offset <= region.base + region.size - size else {
                    throw NotModelled(
                        what: "an access outside of \(region.name): \(size) bytes at \(offset)", place: place)
                }
                found.append((when, number, offset))
            }
        }
        if found.isEmpty { throw NotModelled(what: "an access to nowhere", place: place) }
        return found
    }

    private func offsets(
        _ address: Term, _ number: Int, _ terms: Terms, at place: String
    ) throws(NotModelled) -> [(Condition, Int)] {
        var address = address
        if let index = regions[number].index { address = terms.subtract(address, index) }
        if let offset = terms.constant(address) { return [(.always, Int(Int64(bitPattern: offset)))] }
        // An index of few values: each is a place of its own.
        let node = terms.node(address)
        let index = node.operation == .sum && node.arguments.count == 1 ? node.arguments[0] : address
        guard terms.high(index) - terms.low(index) < 64 else {
            throw NotModelled(
                what: "an index into \(regions[number].name) that may be anything", place: place)
        }
        let factor = index == address ? 1 : node.factors[0]
        let base = index == address ? 0 : node.value
        return (terms.low(index)...terms.high(index)).map { value in
            let when = terms.isEqual(index, terms.constant(value, terms.width(index)))
            return (when, Int(Int64(bitPattern: base &+ factor &* value)))
        }
    }

    func load(
        _ pointer: Value, _ size: Int, under path: Condition, _ terms: Terms, at place: String
    ) throws(NotModelled) -> Value {
        let places = try places(pointer, size, under: path, terms, at: place)
        if places.count == 1 { return load(places[0].region, places[0].offset, size, under: path, terms) }
        return terms.merge(
            places.map { ($0.guarded, load($0.region, $0.offset, size, under: path, terms)) }, care: path)
    }

    mutating func store(
        _ pointer: Value, _ size: Int, _ slot: Slot, under path: Condition, _ terms: Terms, at place: String
    ) throws(NotModelled) {
        let places = try places(pointer, size, under: path, terms, at: place)
        for (when, number, offset) in places {
            guard regions[number].isWritable else {
                throw NotModelled(what: "a write to \(regions[number].name)", place: place)
            }
            var new = slot
            if places.count > 1 {
                let old = Slot(load(number, offset, size, under: path, terms))
                let otherwise = terms.diagrams.and(path, terms.diagrams.not(when))
                new = Slot([(when, slot), (otherwise, old)], care: path)
            }
            store(number, offset, size, new, terms)
        }
    }
}
