// SPDX-License-Identifier: GPL-2.0-only

/// The lines of source that a BPF object's instructions come from, as its `.BTF.ext` has them: what a verifier
/// prints between the instructions, as long as its log is not so long that only the end of it is left.
public struct SourceLines: Sendable {
    public struct Line: Hashable, Sendable {
        /// As clang was given it.
        public let file: String
        /// From 1.
        public let line: Int
        /// What stands there; empty if clang could not read the file.
        public let text: String

        public init(file: String, line: Int, text: String) {
            self.file = file
            self.line = line
            self.text = text
        }
    }

    private struct Function {
        let name: String
        let section: Int
        /// Bytes from the section's begin.
        let start: Int
        /// The operation of each instruction.
        let codes: [UInt8]
    }

    private let functions: [Function]
    /// By section, in the order of their instructions, which are counted in bytes.
    private let records: [Int: [(offset: Int, line: Line)]]

    /// - Parameter bytes: an ELF file.
    /// - Returns: nil if it has no such lines, or is damaged.
    public init?(_ bytes: [UInt8]) {
        guard let file = SectionTable(bytes), let types = file.number(named: ".BTF"),
            let lines = file.number(named: ".BTF.ext")
        else { return nil }
        functions = file.functions().map { name, section, start, size in
            let codes = stride(from: start, to: start + size - 7, by: 8).map {
                bytes[file.sections[section].offset + $0]
            }
            return Function(name: name, section: section, start: start, codes: codes)
        }
        records = Self.records(file, types: types, lines: lines)
        if records.isEmpty { return nil }
    }

    /// Of each instruction of a program as it was loaded: libbpf puts the functions that it calls behind it. What
    /// is not known is nil.
    ///
    /// Functions are recognised by their instructions: the order in which they are put there is libbpf's own.
    ///
    /// - Parameter codes: the operation of each instruction, the first byte of eight.
    public func lines(of codes: [UInt8]) -> [Line?] {
        var lines: [Line?] = []
        var left = functions
        while lines.count < codes.count {
            let rest = codes[lines.count...]
            var best: (index: Int, differing: Int)?
            for (index, function) in left.enumerated()
            where !function.codes.isEmpty && function.codes.count <= rest.count {
                let differing = zip(function.codes, rest).reduce(0) { $0 + ($1.0 == $1.1 ? 0 : 1) }
                // What is relocated may become another instruction.
                guard differing * 10 <= function.codes.count, differing < best?.differing ?? .max else {
                    continue
                }
                best = (index, differing)
            }
            guard let best else { break }
            let function = left.remove(at: best.index)
            lines += function.codes.indices.map { line(function, $0) }
        }
        return lines + [Line?](repeating: nil, count: max(0, codes.count - lines.count))
    }

    /// The operation of each instruction of one function, as clang left it.
    public func codes(of name: String) -> [UInt8] { functions.first { $0.name == name }?.codes ?? [] }

    private func line(_ function: Function, _ index: Int) -> Line? {
        let offset = function.start + index * 8
        return records[function.section]?.last { $0.offset <= offset && $0.offset >= function.start }?.line
    }

    private static func records(
        _ file: SectionTable, types: Int, lines: Int
    ) -> [Int: [(offset: Int, line: Line)]] {
        // Each begins with its magic number, version and flags, and the length of all that, 4 bytes each.
        let (btf, ext) = (file.sections[types], file.sections[lines])
        guard let header = file.word(btf, 4), let text = file.word(btf, 16),
            let extHeader = file.word(ext, 4), let begin = file.word(ext, 16), let size = file.word(ext, 20),
            let step = file.word(ext, extHeader + begin), step >= 16
        else { return [:] }
        func string(_ offset: Int) -> String { file.text(btf, header + text + offset) }
        var records: [Int: [(offset: Int, line: Line)]] = [:]
        var place = extHeader + begin + 4
        let end = extHeader + begin + size
        while place + 8 <= end, let name = file.word(ext, place), let count = file.word(ext, place + 4) {
            place += 8
            guard let section = file.number(named: string(name)), count <= (end - place) / step else { break }
            for _ in 0..<count {
                defer { place += step }
                guard let offset = file.word(ext, place), let path = file.word(ext, place + 4),
                    let source = file.word(ext, place + 8), let number = file.word(ext, place + 12)
                else { continue }
                records[section, default: []].append(
                    // Ten bits are the column.
                    (offset, Line(file: string(path), line: number >> 10, text: string(source))))
            }
        }
        return records
    }
}

/// An ELF file's sections, by their names.
private struct SectionTable {
    let bytes: [UInt8]
    private(set) var sections: [ObjectFile.Section] = []
    private var names: [String] = []

    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        guard bytes.count > 64, bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]),
            let table: UInt64 = ObjectFile.number(bytes, 0x28), let start = Int(exactly: table),
            start <= bytes.count, let count: UInt16 = ObjectFile.number(bytes, 0x3c),
            let naming: UInt16 = ObjectFile.number(bytes, 0x3e), naming < count
        else { return nil }
        for index in 0..<Int(count) {
            guard let section = ObjectFile.section(bytes, start + index * 64) else { return nil }
            sections.append(section)
        }
        names = (0..<Int(count)).map { index in
            let name: UInt32 = ObjectFile.number(bytes, start + index * 64) ?? 0
            return text(sections[Int(naming)], Int(name))
        }
    }

    func number(named name: String) -> Int? { names.firstIndex(of: name) }

    /// Four bytes of a section, as a number.
    func word(_ section: ObjectFile.Section, _ place: Int) -> Int? {
        guard section.type != 8, place >= 0, place + 4 <= section.size else { return nil }
        let number: UInt32? = ObjectFile.number(bytes, section.offset + place)
        return number.map { Int($0) }
    }

    /// The text that begins there and ends with a zero.
    func text(_ section: ObjectFile.Section, _ place: Int) -> String {
        guard section.type != 8, place >= 0, place < section.size else { return "" }
        let text = bytes[(section.offset + place)..<(section.offset + section.size)].prefix { $0 != 0 }
        return String(decoding: text, as: UTF8.self)
    }

    /// Of each function its name, the section, where it begins in that, and its size.
    func functions() -> [(name: String, section: Int, start: Int, size: Int)] {
        var found: [(name: String, section: Int, start: Int, size: Int)] = []
        // SHT_SYMTAB.
        for table in sections where table.type == 2 && table.link < sections.count {
            for place in stride(from: 0, to: table.size - 23, by: 24) {
                let at = table.offset + place
                // STT_FUNC.
                guard bytes[at + 4] & 15 == 2, let section: UInt16 = ObjectFile.number(bytes, at + 6),
                    let value: UInt64 = ObjectFile.number(bytes, at + 8),
                    let size: UInt64 = ObjectFile.number(bytes, at + 16), Int(section) < sections.count,
                    let name = word(table, place)
                else { continue }
                let room = UInt64(sections[Int(section)].size)
                guard sections[Int(section)].type == 1, value <= room, size <= room - value else { continue }
                found.append((text(sections[table.link], name), Int(section), Int(value), Int(size)))
            }
        }
        return found
    }
}
