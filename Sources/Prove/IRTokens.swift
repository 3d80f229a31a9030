// SPDX-License-Identifier: GPL-2.0-only

/// The words of a line of LLVM IR.
struct IRTokens {
    private(set) var words: [String] = []
    private(set) var place = 0

    init(_ line: Substring) {
        let bytes = Array(line.utf8)
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                at += 1
            } else if byte == UInt8(ascii: ";") {
                break
            } else if Self.isPunctuation(byte) {
                words.append(String(decoding: [byte], as: UTF8.self))
                at += 1
            } else {
                let begin = at
                var inText = false
                while at < bytes.count {
                    if bytes[at] == UInt8(ascii: "\"") { inText.toggle() }
                    if !inText && (bytes[at] == UInt8(ascii: " ") || Self.isPunctuation(bytes[at])) { break }
                    at += 1
                }
                words.append(
                    String(decoding: bytes[begin..<at].filter { $0 != UInt8(ascii: "\"") }, as: UTF8.self))
            }
        }
        // Metadata says nothing about the values.
        if let end = words.indices.first(where: {
            words[$0] == "," && $0 + 1 < words.count && words[$0 + 1].hasPrefix("!")
        }) {
            words.removeSubrange(end...)
        }
    }

    private static func isPunctuation(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"),
            UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: ","), UInt8(ascii: "="):
            true
        default: false
        }
    }

    var peek: String? { place < words.count ? words[place] : nil }

    mutating func next() -> String? {
        guard place < words.count else { return nil }
        place += 1
        return words[place - 1]
    }

    mutating func skip(_ count: Int) { place = min(place + count, words.count) }

    mutating func accept(_ word: String) -> Bool {
        guard peek == word else { return false }
        place += 1
        return true
    }

    /// Steps over a word with what stands in brackets behind it, as in `captures(none)`.
    mutating func skipAttribute() {
        skip(1)
        guard peek == "(" else { return }
        var depth = 0
        while let word = next() {
            if word == "(" { depth += 1 }
            if word == ")" { depth -= 1 }
            if depth == 0 { return }
        }
    }

    /// Leaves out words that are none of a type's.
    mutating func skipToType() {
        while let word = peek, !Self.beginsType(word) { skipAttribute() }
    }

    static func beginsType(_ word: String) -> Bool {
        if word == "ptr" || word == "void" || word == "[" || word == "{" || word == "<" || word.hasPrefix("%")
        {
            return true
        }
        return word.first == "i" && word.dropFirst().allSatisfy(\.isNumber) && word.count > 1
    }

    mutating func type(_ module: IRModule, _ line: Int) throws(NotModelled) -> IRType {
        guard let word = next() else {
            throw NotModelled(what: "a type is missing", place: module.place(line))
        }
        switch word {
        case "ptr": return .pointer
        case "void": return .void
        case "[":
            guard let count = next().flatMap({ Int($0) }), accept("x") else { break }
            let element = try type(module, line)
            if accept("]") { return .array(count, element) }
        case "{": return .structure(try fields("}", module, line), isPacked: false)
        case "<" where accept("{"):
            let all = try fields("}", module, line)
            if accept(">") { return .structure(all, isPacked: true) }
        default:
            if word.hasPrefix("%") { return try module.type(named: word, at: line) }
            if word.first == "i", let width = Int(word.dropFirst()), (1...64).contains(width) {
                return .integer(width)
            }
        }
        throw NotModelled(what: "the type \(word) \(peek ?? "")", place: module.place(line))
    }

    private mutating func fields(
        _ end: String, _ module: IRModule, _ line: Int
    ) throws(NotModelled) -> [IRType] {
        var all: [IRType] = []
        while !accept(end) {
            all.append(try type(module, line))
            if !accept(",") && peek != end {
                throw NotModelled(what: "the type of a field", place: module.place(line))
            }
        }
        return all
    }
}
