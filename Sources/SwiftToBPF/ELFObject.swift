// SPDX-License-Identifier: GPL-2.0-only

/// A BPF object: its sections, its symbols, and what its instructions refer to. An ELF file, 64 bit, little endian.
package struct ELFObject: Sendable {
    package struct Section: Sendable {
        package let name: String
        /// SHT_PROGBITS 1, SHT_SYMTAB 2, SHT_NOBITS 8, SHT_REL 9.
        package let type: UInt32
        let flags: UInt64
        /// Counted from 0. None of a section that has no bytes in the file (SHT_NOBITS).
        package let bytes: [UInt8]
        let link: Int
        let info: Int

        /// SHF_EXECINSTR: instructions of 8 bytes.
        var isCode: Bool { type == 1 && flags & 4 != 0 }

        /// - Parameter Number: of 1, 2, 4 or 8 bytes.
        /// - Returns: nil beyond the section's end.
        func number<Number: FixedWidthInteger>(_ offset: Int) -> Number? { ELFObject.number(bytes, offset) }

        /// The text that begins there and ends with a zero; empty beyond the section's end.
        func text(_ offset: Int) -> String {
            guard bytes.indices.contains(offset) else { return "" }
            return String(decoding: bytes[offset...].prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    package struct Symbol: Sendable {
        /// Empty: of a section.
        package let name: String
        /// Its number; 0: it is somebody else's.
        package let section: Int
        package let value: Int
        package let size: Int
        /// STT_OBJECT 1, STT_FUNC 2, STT_SECTION 3.
        package let type: UInt8

        var isFunction: Bool { type == 2 }
    }

    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    package let name: String
    package private(set) var sections: [Section] = []
    /// All of them, in their order, which relocations count by.
    package private(set) var symbols: [Symbol] = []
    /// By section and offset: the symbol's number and the relocation's type.
    package private(set) var relocations: [Int: [Int: (symbol: Int, type: UInt32)]] = [:]

    /// - Parameters:
    ///   - name: what errors call it.
    ///   - bytes: the file.
    package init(name: String, bytes: [UInt8]) throws(Malformed) {
        self.name = name
        guard bytes.count >= 64, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]),
            let begin: UInt64 = Self.number(bytes, 40), let count: UInt16 = Self.number(bytes, 60),
            let naming: UInt16 = Self.number(bytes, 62)
        else {
            throw Malformed(description: "\(name) is no 64-bit ELF file in little-endian order")
        }
        var unnamed: [(name: Int, section: Section)] = []
        for index in 0..<Int(count) {
            guard begin <= bytes.count, let section = Self.section(bytes, Int(begin) + 64 * index) else {
                throw Malformed(description: "\(name) ends in the middle")
            }
            unnamed.append(section)
        }
        guard naming < unnamed.count else { throw Malformed(description: "\(name) has no names of sections") }
        let names = unnamed[Int(naming)].section
        sections = unnamed.map { place, section in
            Section(
                name: names.text(place), type: section.type, flags: section.flags, bytes: section.bytes,
                link: section.link, info: section.info)
        }
        readSymbols()
        try readRelocations()
    }

    private static func section(_ file: [UInt8], _ start: Int) -> (name: Int, section: Section)? {
        guard let name: UInt32 = number(file, start), let type: UInt32 = number(file, start + 4),
            let flags: UInt64 = number(file, start + 8), let offset: UInt64 = number(file, start + 24),
            let size: UInt64 = number(file, start + 32), let link: UInt32 = number(file, start + 40),
            let info: UInt32 = number(file, start + 44)
        else { return nil }
        let length = type == 8 ? 0 : size
        guard offset <= file.count, length <= UInt64(file.count) - offset else { return nil }
        let bytes = Array(file[Int(offset)..<Int(offset + length)])
        return (
            Int(name),
            Section(name: "", type: type, flags: flags, bytes: bytes, link: Int(link), info: Int(info))
        )
    }

    private mutating func readSymbols() {
        for table in sections where table.type == 2 && sections.indices.contains(table.link) {
            for place in stride(from: 0, to: table.bytes.count - 23, by: 24) {
                let name: UInt32 = table.number(place) ?? 0
                let section: UInt16 = table.number(place + 6) ?? 0
                let value: UInt64 = table.number(place + 8) ?? 0
                let size: UInt64 = table.number(place + 16) ?? 0
                symbols.append(
                    Symbol(
                        name: sections[table.link].text(Int(name)), section: Int(section),
                        value: Int(clamping: value), size: Int(clamping: size),
                        type: table.bytes[place + 4] & 15))
            }
        }
    }

    private mutating func readRelocations() throws(Malformed) {
        for table in sections where table.type == 9 {
            for place in stride(from: 0, to: table.bytes.count - 15, by: 16) {
                let offset: UInt64 = table.number(place) ?? 0
                let type: UInt32 = table.number(place + 8) ?? 0
                let symbol: UInt32 = table.number(place + 12) ?? 0
                guard symbol < symbols.count else {
                    throw Malformed(description: "\(name) refers to a symbol that is not there")
                }
                relocations[table.info, default: [:]][Int(clamping: offset)] = (Int(symbol), type)
            }
        }
    }

    /// Little endian.
    private static func number<Number: FixedWidthInteger>(_ bytes: [UInt8], _ start: Int) -> Number? {
        let size = MemoryLayout<Number>.size
        guard start >= 0, start <= bytes.count - size else { return nil }
        var number: Number = 0
        for index in (0..<size).reversed() {
            number = number << 8 | Number(truncatingIfNeeded: bytes[start + index])
        }
        return number
    }

    package func has(_ function: String) -> Bool { symbol(function) != nil }

    package func symbol(_ function: String) -> Symbol? {
        symbols.first { $0.name == function && $0.isFunction && $0.section < sections.count }
    }

    /// The function that begins at a place of a section.
    package func function(in section: Int, at value: Int) -> Symbol? {
        symbols.first { $0.section == section && $0.value == value && $0.isFunction }
    }

    /// All functions whose instructions are there, as whole as the file says that they are.
    var functions: [Symbol] {
        symbols.filter { symbol in
            guard symbol.isFunction, symbol.section != 0, sections.indices.contains(symbol.section) else {
                return false
            }
            let room = sections[symbol.section].bytes.count
            return symbol.value >= 0 && symbol.value <= room && symbol.size <= room - symbol.value
        }
    }

    /// The variable or map that an address of a section means, and how far behind its begin.
    package func variable(_ number: Int, _ addend: Int) -> (name: String, offset: Int)? {
        let symbol = symbols[number]
        if symbol.type != 3 { return (symbol.name, addend) }
        for other in symbols where other.section == symbol.section && other.type == 1 {
            if other.value <= addend && addend &- other.value < other.size {
                return (other.name, addend &- other.value)
            }
        }
        return nil
    }
}
