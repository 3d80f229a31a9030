// SPDX-License-Identifier: GPL-2.0-only

/// The stack that the programs of a BPF object need: a kernel has 512 bytes for a program and all that it calls, and
/// says so when the program is loaded, which is late.
public struct StackUse: Sendable {
    /// A function, and the bytes of its frame.
    public struct Frame: Sendable, CustomStringConvertible {
        public let function: String
        public let bytes: Int

        public var description: String { "\(function) \(bytes)" }
    }

    /// MAX_BPF_STACK of the kernel's filter.h.
    public static let most = 512

    /// The calls that need most, outermost first.
    public let deepest: [Frame]
    /// Each frame rounded up to 16 bytes, as the kernel's verifier counts those of programs that it compiles
    /// (`round_up_stack_depth`, from Linux 6.9 on).
    public var bytes: Int { deepest.reduce(0) { $0 + Self.rounded($1.bytes) } }

    /// What to tell the author of a twin that needs too much.
    public var complaint: String {
        "\(bytes) bytes of \(Self.most), in the calls \(deepest.map(\.description).joined(separator: ", ")); "
            + "smaller or fewer local variables in the policy's functions help"
    }

    private static func rounded(_ bytes: Int) -> Int { (bytes + 15) / 16 * 16 }

    private struct Place: Hashable {
        let section: Int
        let offset: Int
    }

    private struct Function {
        let name: String
        var bytes = 0
        var calls: Set<Place> = []
    }

    /// - Parameter bytes: the object.
    /// - Returns: nil if it is none, or damaged.
    public init?(_ bytes: [UInt8]) {
        guard let object = try? ELFObject(name: "the object", bytes: bytes) else { return nil }
        let whole = object.symbols.count {
            $0.isFunction && $0.section != 0 && object.sections.indices.contains($0.section)
        }
        guard !object.symbols.isEmpty, object.functions.count == whole else { return nil }
        var functions: [Place: Function] = [:]
        for symbol in object.functions {
            functions[Place(section: symbol.section, offset: symbol.value)] = Self.function(symbol, object)
        }
        var known: [Place: [Frame]] = [:]
        for place in functions.keys.sorted(by: { ($0.section, $0.offset) < ($1.section, $1.offset) }) {
            _ = Self.chain(place, functions, &known, depth: 0)
        }
        func sum(_ frames: [Frame]) -> Int { frames.reduce(0) { $0 + Self.rounded($1.bytes) } }
        deepest =
            known.values.max {
                (sum($0), $1.first?.function ?? "") < (sum($1), $0.first?.function ?? "")
            } ?? []
    }

    /// The deepest calls from a function on. No verifier admits recursion: beyond 16 frames it is not followed.
    private static func chain(
        _ place: Place, _ functions: [Place: Function], _ known: inout [Place: [Frame]], depth: Int
    ) -> [Frame] {
        if let frames = known[place] { return frames }
        guard depth < 16, let function = functions[place] else { return [] }
        var below: [Frame] = []
        var most = 0
        for call in function.calls.sorted(by: { ($0.section, $0.offset) < ($1.section, $1.offset) }) {
            let frames = chain(call, functions, &known, depth: depth + 1)
            let sum = frames.reduce(0) { $0 + rounded($1.bytes) }
            if sum > most { (below, most) = (frames, sum) }
        }
        let frames = [Frame(function: function.name, bytes: function.bytes)] + below
        known[place] = frames
        return frames
    }

    private static func function(_ symbol: ELFObject.Symbol, _ object: ELFObject) -> Function {
        let section = object.sections[symbol.section]
        var function = Function(name: symbol.name)
        // Registers that hold the frame's address.
        var frames: Set<UInt8> = []
        for place in stride(from: symbol.value, to: symbol.value + symbol.size, by: 8) {
            guard let reach: Int16 = section.number(place + 2),
                let immediate: Int32 = section.number(place + 4)
            else { break }
            let (code, to, from) = (
                section.bytes[place], section.bytes[place + 1] & 15, section.bytes[place + 1] >> 4
            )
            let below: Int
            switch code & 7 {
            case 1: below = from == 10 ? -Int(reach) : 0
            case 2, 3: below = to == 10 ? -Int(reach) : 0
            default: below = code == 0x07 && frames.contains(to) ? -Int(immediate) : 0
            }
            function.bytes = max(function.bytes, below)
            frames = code == 0xbf && from == 10 ? frames.union([to]) : frames.subtracting([to])
            guard code == 0x85, from == 1 else { continue }
            function.calls.insert(target(of: immediate, at: place, in: symbol.section, object))
        }
        return function
    }

    /// Where a call leads, which the linker may have to resolve yet.
    private static func target(
        of immediate: Int32, at place: Int, in section: Int, _ object: ELFObject
    ) -> Place {
        let ahead = (Int(immediate) + 1) * 8
        guard let relocation = object.relocations[section]?[place] else {
            return Place(section: section, offset: place + ahead)
        }
        let symbol = object.symbols[relocation.symbol]
        // Of a section as a whole the instruction says where in it.
        return Place(section: symbol.section, offset: symbol.value + (symbol.isFunction ? 0 : ahead))
    }
}
