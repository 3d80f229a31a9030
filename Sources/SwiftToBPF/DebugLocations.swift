// SPDX-License-Identifier: GPL-2.0-only

/// A place in a Swift source.
public struct SourcePlace: Hashable, Sendable, CustomStringConvertible {
    /// As the compiler was given it.
    public let file: String
    /// From 1.
    public let line: Int
    /// From 1.
    public let column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line):\(column)" }
}

/// The debug locations of a module of LLVM IR: `!N = !DILocation(…)` and what those refer to.
struct DebugLocations {
    /// Each numbered entry of metadata, by its number.
    private let entries: [Int: Substring]
    /// The files whose places are of use; those of the standard library are not.
    private let isSource: (String) -> Bool

    init(_ lines: [Substring], isSource: @escaping (String) -> Bool) {
        var entries: [Int: Substring] = [:]
        for line in lines where line.hasPrefix("!") {
            guard let equals = line.firstIndex(of: "="),
                let number = Int(line[..<equals].dropFirst().dropLast())
            else { continue }
            entries[number] = line[line.index(after: equals)...]
        }
        self.entries = entries
        self.isSource = isSource
    }

    /// The number behind `!dbg` of an instruction.
    static func location(of instruction: Substring) -> Int? {
        guard let mark = instruction.range(of: "!dbg !") else { return nil }
        return Int(instruction[mark.upperBound...].prefix { $0.isNumber })
    }

    /// Where an instruction comes from: the innermost place that is in one of the sources.
    func place(_ location: Int) -> SourcePlace? {
        var next: Int? = location
        // Bounded, since text that is no IR might be a circle.
        for _ in 0..<1000 {
            guard let number = next, let entry = entries[number] else { return nil }
            if let found = Self.reference("scope", in: entry).flatMap({ place(in: entry, scope: $0) }) {
                return found
            }
            next = Self.reference("inlinedAt", in: entry)
        }
        return nil
    }

    /// A function that an instruction is in.
    struct Frame {
        /// Its mangled name.
        let function: Substring
        /// Where in it; nil where that is not said, or is in none of the sources.
        let place: SourcePlace?
        /// Where it begins; nil if that is in none of the sources.
        let functionPlace: SourcePlace?
    }

    /// The functions that an instruction is in, the innermost first, to the one that all others were inlined into.
    func frames(_ location: Int) -> [Frame] {
        var frames: [Frame] = []
        var next: Int? = location
        while frames.count < 1000, let number = next, let entry = entries[number] {
            let scope = Self.reference("scope", in: entry)
            let function = scope.flatMap(function)
            frames.append(
                Frame(
                    function: function.flatMap { entry in
                        Self.text("linkageName", in: entry.text) ?? Self.text("name", in: entry.text)
                    }.map { Substring($0) } ?? "",
                    place: scope.flatMap { place(in: entry, scope: $0) },
                    functionPlace: function.flatMap { place(in: $0.text, scope: $0.number) }))
            next = Self.reference("inlinedAt", in: entry)
        }
        return frames
    }

    /// The line and the column of an entry; nil if they are in none of the sources.
    private func place(in entry: Substring, scope: Int) -> SourcePlace? {
        guard let line = Self.number("line", in: entry), line > 0, let file = file(of: scope), isSource(file)
        else { return nil }
        return SourcePlace(file: file, line: line, column: Self.number("column", in: entry) ?? 1)
    }

    /// The function that a scope is, or that it is a block of.
    private func function(of scope: Int) -> (number: Int, text: Substring)? {
        var next: Int? = scope
        for _ in 0..<1000 {
            guard let number = next, let entry = entries[number] else { return nil }
            if entry.range(of: "!DISubprogram(") != nil { return (number, entry) }
            next = Self.reference("scope", in: entry)
        }
        return nil
    }

    /// What Swift's compiler says of a trap: the name of the function that it pretends was inlined.
    func failure(_ location: Int) -> String? {
        guard let entry = entries[location], let scope = Self.reference("scope", in: entry),
            let name = entries[scope].flatMap({ Self.text("name", in: $0) }),
            name.hasPrefix("Swift runtime failure: ")
        else { return nil }
        return String(name.dropFirst("Swift runtime failure: ".count))
    }

    private func file(of scope: Int) -> String? {
        guard let entry = entries[scope], let number = Self.reference("file", in: entry),
            let file = entries[number], let name = Self.text("filename", in: file)
        else { return nil }
        if name.hasPrefix("/") { return name }
        guard let folder = Self.text("directory", in: file), !folder.isEmpty else { return name }
        return isSource(name) ? name : "\(folder)/\(name)"
    }

    private static func value(_ key: String, in entry: Substring) -> Substring? {
        for mark in ["(\(key): ", " \(key): "] {
            if let found = entry.range(of: mark) { return entry[found.upperBound...] }
        }
        return nil
    }

    private static func number(_ key: String, in entry: Substring) -> Int? {
        value(key, in: entry).flatMap { Int($0.prefix { $0.isNumber }) }
    }

    private static func reference(_ key: String, in entry: Substring) -> Int? {
        guard let value = value(key, in: entry), value.first == "!" else { return nil }
        return Int(value.dropFirst().prefix { $0.isNumber })
    }

    private static func text(_ key: String, in entry: Substring) -> String? {
        guard let value = value(key, in: entry), value.first == "\"" else { return nil }
        return String(value.dropFirst().prefix { $0 != "\"" })
    }
}

extension Substring {
    /// Where `text` stands first; the standard library has no such thing without Foundation.
    func range(of text: String) -> Range<Index>? {
        let wanted = Array(text.utf8)
        let bytes = utf8
        guard let first = wanted.first else { return nil }
        var start = bytes.startIndex
        while let place = bytes[start...].firstIndex(of: first) {
            var index = place
            var matched = 0
            while matched < wanted.count, index < bytes.endIndex, bytes[index] == wanted[matched] {
                index = bytes.index(after: index)
                matched += 1
            }
            if matched == wanted.count { return place..<index }
            start = bytes.index(after: place)
        }
        return nil
    }
}
