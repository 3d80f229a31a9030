// SPDX-License-Identifier: GPL-2.0-only

/// A BPF object file: its functions, and what their instructions refer to.
package struct ELFObject {
    struct Section {
        let name: String
        let type: UInt32
        let bytes: ArraySlice<UInt8>
        let link: Int
        let info: Int
    }

    struct Symbol {
        let name: String
        let section: Int
        let value: Int
        let size: Int
        /// STT_OBJECT 1, STT_FUNC 2, STT_SECTION 3.
        let type: UInt8
    }

    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    let name: String
    private(set) var sections: [Section] = []
    private(set) var symbols: [Symbol] = []
    /// By section and offset: the symbol's number and the relocation's type.
    private(set) var relocations: [Int: [Int: (symbol: Int, type: UInt32)]] = [:]

    package init(name: String, bytes: [UInt8]) throws(Malformed) {
        self.name = name
        guard bytes.count >= 64, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else {
            throw Malformed(description: "\(name) is no 64-bit ELF file in little-endian order")
        }
        let reader = Reader(bytes: bytes, name: name)
        let begin = try reader.number(40, 8)
        let count = try reader.number(60, 2)
        let names = try reader.number(62, 2)
        var headers: [(name: Int, section: Section)] = []
        for index in 0..<count {
            let at = begin &+ 64 * index
            let type = UInt32(try reader.number(at &+ 4, 4))
            let (offset, size) = (try reader.number(at &+ 24, 8), try reader.number(at &+ 32, 8))
            let content = type == 8 ? [] : try reader.slice(offset, size)
            headers.append(
                (
                    try reader.number(at, 4),
                    Section(
                        name: "", type: type, bytes: content, link: try reader.number(at &+ 40, 4),
                        info: try reader.number(at &+ 44, 4))
                ))
        }
        guard names < headers.count else { throw Malformed(description: "\(name) has no names of sections") }
        let texts = headers[names].section.bytes
        for (place, section) in headers {
            sections.append(
                Section(
                    name: Self.text(texts, place), type: section.type, bytes: section.bytes,
                    link: section.link, info: section.info))
        }
        try readSymbols()
    }

    private mutating func readSymbols() throws(Malformed) {
        for section in sections where section.type == 2 && section.link < sections.count {
            let reader = Reader(bytes: Array(section.bytes), name: name)
            let texts = sections[section.link].bytes
            for at in stride(from: 0, to: section.bytes.count / 24 * 24, by: 24) {
                symbols.append(
                    Symbol(
                        name: Self.text(texts, try reader.number(at, 4)),
                        section: try reader.number(at + 6, 2), value: try reader.number(at + 8, 8),
                        size: try reader.number(at + 16, 8), type: UInt8(try reader.number(at &+ 4, 1) & 15)))
            }
        }
        for section in sections where section.type == 9 {
            let reader = Reader(bytes: Array(section.bytes), name: name)
            for at in stride(from: 0, to: section.bytes.count / 16 * 16, by: 16) {
                let info = try reader.number(at + 8, 8)
                let offset = try reader.number(at, 8)
                let symbol = Int(truncatingIfNeeded: UInt64(bitPattern: Int64(info)) >> 32)
                guard symbol < symbols.count else {
                    throw Malformed(description: "\(name) refers to a symbol that is not there")
                }
                relocations[section.info, default: [:]][offset] = (symbol, UInt32(info & 0xffff_ffff))
            }
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>, _ place: Int) -> String {
        guard place >= 0, place < bytes.count else { return "" }
        return String(decoding: bytes[(bytes.startIndex + place)...].prefix { $0 != 0 }, as: UTF8.self)
    }

    package func has(_ function: String) -> Bool { symbol(function) != nil }

    func symbol(_ function: String) -> Symbol? {
        symbols.first { $0.name == function && $0.type == 2 && $0.section < sections.count }
    }

    /// The function that begins at a place of a section.
    func function(in section: Int, at value: Int) -> Symbol? {
        symbols.first { $0.section == section && $0.value == value && $0.type == 2 }
    }

    /// The variable or map that an address of a section means, and how far behind its begin.
    func variable(_ number: Int, _ addend: Int) -> (name: String, offset: Int)? {
        let symbol = symbols[number]
        if symbol.type != 3 { return (symbol.name, addend) }
        for other in symbols where other.section == symbol.section && other.type == 1 {
            if other.value <= addend && addend &- other.value < other.size {
                return (other.name, addend &- other.value)
            }
        }
        return nil
    }

    private struct Reader {
        let bytes: [UInt8]
        let name: String

        func slice(_ offset: Int, _ size: Int) throws(Malformed) -> ArraySlice<UInt8> {
            guard offset >= 0, size >= 0, offset <= bytes.count, size <= bytes.count - offset else {
                throw Malformed(description: "\(name) ends in the middle")
            }
            return bytes[offset..<offset + size]
        }

        func number(_ offset: Int, _ size: Int) throws(Malformed) -> Int {
            let part = try slice(offset, size)
            return part.reversed().reduce(0) { $0 &<< 8 | Int($1) }
        }
    }
}
