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
        guard let object = try? ELFObject(name: "the object", bytes: bytes),
            let types = object.sections.first(where: { $0.name == ".BTF" }),
            let lines = object.sections.first(where: { $0.name == ".BTF.ext" })
        else { return nil }
        functions = object.functions.filter { object.sections[$0.section].type == 1 }.map { symbol in
            let code = object.sections[symbol.section].bytes
            let codes = stride(from: symbol.value, to: symbol.value + symbol.size - 7, by: 8).map { code[$0] }
            return Function(name: symbol.name, section: symbol.section, start: symbol.value, codes: codes)
        }
        records = Self.records(object, types, lines)
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
        _ object: ELFObject, _ btf: ELFObject.Section, _ ext: ELFObject.Section
    ) -> [Int: [(offset: Int, line: Line)]] {
        func word(_ section: ELFObject.Section, _ place: Int) -> Int? {
            let number: UInt32? = section.number(place)
            return number.map { Int($0) }
        }
        // Each begins with its magic number, version and flags, and the length of all that, 4 bytes each.
        guard let header = word(btf, 4), let text = word(btf, 16), let extHeader = word(ext, 4),
            let begin = word(ext, 16), let size = word(ext, 20), let step = word(ext, extHeader + begin),
            step >= 16
        else { return [:] }
        func string(_ offset: Int) -> String { btf.text(header + text + offset) }
        var records: [Int: [(offset: Int, line: Line)]] = [:]
        var place = extHeader + begin + 4
        let end = extHeader + begin + size
        while place + 8 <= end, let name = word(ext, place), let count = word(ext, place + 4) {
            place += 8
            guard let section = object.sections.firstIndex(where: { $0.name == string(name) }),
                count <= (end - place) / step
            else { break }
            for _ in 0..<count {
                defer { place += step }
                guard let offset = word(ext, place), let path = word(ext, place + 4),
                    let source = word(ext, place + 8), let number = word(ext, place + 12)
                else { continue }
                records[section, default: []].append(
                    // Ten bits are the column.
                    (offset, Line(file: string(path), line: number >> 10, text: string(source))))
            }
        }
        return records
    }
}
