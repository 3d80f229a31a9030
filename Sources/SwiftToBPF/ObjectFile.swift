// SPDX-License-Identifier: GPL-2.0-only

/// What has to be known of a BPF object before it is given to a kernel: an ELF file, 64 bit, little endian.
public struct ObjectFile {
    /// Functions and variables that it needs and does not have.
    public let needed: [String]
    /// Functions that it has.
    public let functions: [String]
    /// Numbers of helpers that its programs call; each once.
    public let helpers: Set<Int32>
    /// Whether something is called through a pointer, which no verifier admits.
    public let callsPointers: Bool

    struct Section {
        let type: UInt32
        let flags: UInt64
        let offset: Int
        let size: Int
        let link: Int
        let info: Int
    }

    struct Symbol {
        /// Empty: of a section.
        let name: String
        /// 0: it is somebody else's.
        let section: Int
        let value: Int
        let size: Int
        let isFunction: Bool
    }

    /// - Parameter bytes: the file.
    /// - Returns: nil if it is no such file, or damaged.
    public init?(_ bytes: [UInt8]) {
        guard let sections = Self.sections(bytes) else { return nil }
        var needed: [String] = []
        var functions: [String] = []
        var helpers: Set<Int32> = []
        var callsPointers = false
        for section in sections {
            if section.type == 2, sections.indices.contains(section.link) {
                for symbol in Self.symbols(bytes, section, names: sections[section.link])
                where !symbol.name.isEmpty {
                    if symbol.section == 0 { needed.append(symbol.name) }
                    if symbol.section != 0 && symbol.isFunction { functions.append(symbol.name) }
                }
            }
            // SHT_PROGBITS with SHF_EXECINSTR: instructions of 8 bytes.
            guard section.type == 1, section.flags & 4 != 0 else { continue }
            for place in stride(from: section.offset, to: section.offset + section.size - 7, by: 8) {
                if bytes[place] == 0x8d { callsPointers = true }
                guard bytes[place] == 0x85, bytes[place + 1] >> 4 == 0,
                    let number: UInt32 = Self.number(bytes, place + 4)
                else { continue }
                helpers.insert(Int32(bitPattern: number))
            }
        }
        (self.needed, self.functions, self.helpers) = (needed, functions, helpers)
        self.callsPointers = callsPointers
    }

    /// The file's parts; nil if it is no such file, or damaged.
    static func sections(_ bytes: [UInt8]) -> [Section]? {
        guard bytes.count > 64, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]),
            let table: UInt64 = number(bytes, 0x28), let count: UInt16 = number(bytes, 0x3c)
        else { return nil }
        var sections: [Section] = []
        for index in 0..<Int(count) {
            guard let start = Int(exactly: table), start <= bytes.count,
                let section = section(bytes, start + index * 64)
            else { return nil }
            sections.append(section)
        }
        return sections
    }

    static func section(_ bytes: [UInt8], _ start: Int) -> Section? {
        guard let type: UInt32 = number(bytes, start + 4), let flags: UInt64 = number(bytes, start + 8),
            let offset: UInt64 = number(bytes, start + 24), let size: UInt64 = number(bytes, start + 32),
            let link: UInt32 = number(bytes, start + 40), let info: UInt32 = number(bytes, start + 44)
        else { return nil }
        // SHT_NOBITS has no bytes in the file.
        let length = type == 8 ? 0 : size
        guard offset <= bytes.count, length <= UInt64(bytes.count) - offset else { return nil }
        return Section(
            type: type, flags: flags, offset: Int(offset), size: Int(length), link: Int(link), info: Int(info)
        )
    }

    /// All of them, in their order, which relocations count by.
    static func symbols(_ bytes: [UInt8], _ table: Section, names: Section) -> [Symbol] {
        stride(from: table.offset, to: table.offset + table.size - 23, by: 24).map { place in
            let name: UInt32 = number(bytes, place) ?? 0
            let section: UInt16 = number(bytes, place + 6) ?? 0
            let value: UInt64 = number(bytes, place + 8) ?? 0
            let size: UInt64 = number(bytes, place + 16) ?? 0
            var text = ""
            if name > 0, Int(name) < names.size {
                let start = names.offset + Int(name)
                let end = names.offset + names.size
                text = String(decoding: bytes[start..<end].prefix { $0 != 0 }, as: UTF8.self)
            }
            return Symbol(
                name: text, section: Int(section), value: Int(clamping: value), size: Int(clamping: size),
                isFunction: bytes[place + 4] & 15 == 2)
        }
    }

    static func number<Number: FixedWidthInteger>(_ bytes: [UInt8], _ start: Int) -> Number? {
        let size = MemoryLayout<Number>.size
        guard start >= 0, start <= bytes.count - size else { return nil }
        var number: Number = 0
        for index in (0..<size).reversed() { number = number << 8 | Number(bytes[start + index]) }
        return number
    }
}
