// SPDX-License-Identifier: GPL-2.0-only
import Output
import PolicyModel

/// What one entry means at its key.
enum Meaning: Sendable, Equatable {
    case text(String)
    case number(UInt64)
}

/// What is wrong with an entry: the end of a sentence that begins with the key.
struct Misfit: Error { let text: String }

extension PolicyKey {
    /// The meaning of what is written at this key.
    ///
    /// - Throws: `Misfit` if it is of another kind, unknown or out of range.
    func meaning(of text: String, _ style: Entry.Style) throws(Misfit) -> Meaning {
        switch kind {
        case .name:
            try requireText(text, style)
            return .text(try name(text))
        case .line(let most):
            try requireText(text, style)
            return .text(try line(text, most))
        case .words(let words):
            return .number(try word(text, words))
        case .duration(let range, let none):
            return .number(try duration(text, range, none: none))
        case .integer(let range):
            try requirePlain(text, style)
            return .number(try integer(text, range))
        case .bool:
            try requirePlain(text, style)
            return .number(try bool(text))
        case .cpus:
            guard let span = CPUSpan(text) else { throw misfit(text) }
            return .number(UInt64(span.encoded))
        }
    }

    private func requireText(_ text: String, _ style: Entry.Style) throws(Misfit) {
        guard case .plain(let isText) = style, !isText else { return }
        if text.isEmpty { throw Misfit(text: "is empty; \(allowed) is allowed") }
        throw Misfit(
            text: "is \(Words.quoted(text)), which YAML takes for something else than text: quote it")
    }

    private func requirePlain(_ text: String, _ style: Entry.Style) throws(Misfit) {
        guard case .quoted = style else { return }
        throw Misfit(text: "is text; \(allowed) is allowed, without quotes")
    }

    private func name(_ text: String) throws(Misfit) -> String {
        let bytes = Array(text.utf8)
        let isLetter = { (byte: UInt8) in byte >= 0x61 && byte <= 0x7A }
        let isOther = { (byte: UInt8) in (byte >= 0x30 && byte <= 0x39) || byte == 0x2D || byte == 0x5F }
        let isRight = bytes.first.map(isLetter) == true && bytes.allSatisfy { isLetter($0) || isOther($0) }
        guard isRight, bytes.count <= 31 else { throw misfit(text) }
        return text
    }

    private func line(_ text: String, _ most: Int) throws(Misfit) -> String {
        // A folded or literal block ends with a line break of its own.
        let line = text.hasSuffix("\n") ? String(text.dropLast()) : text
        if let odd = line.unicodeScalars.first(where: { !Words.isPrintable($0) }) {
            let code = String(odd.value, radix: 16, uppercase: true)
            throw Misfit(text: "has the character U+\(code); \(allowed) is allowed")
        }
        if line.unicodeScalars.count > most {
            throw Misfit(text: "has \(line.unicodeScalars.count) characters; \(allowed) is allowed")
        }
        return line
    }

    private func word(_ text: String, _ words: [Word]) throws(Misfit) -> UInt64 {
        if let word = words.first(where: { $0.word == text }) { return word.value }
        throw misfit(text, hint: Words.hint(text, among: words.map(\.word)))
    }

    private func duration(
        _ text: String, _ range: ClosedRange<UInt64>, none: Bool
    ) throws(Misfit) -> UInt64 {
        if none && text == "none" { return 0 }
        let ns: UInt64
        do throws(DurationText.Flaw) {
            ns = try DurationText.ns(text)
        } catch {
            throw Misfit(text: "\(Words.quoted(text)) \(error.text); \(allowed) is allowed")
        }
        guard range.contains(ns) else { throw outOfRange(text) }
        return ns
    }

    private func integer(_ text: String, _ range: ClosedRange<UInt64>) throws(Misfit) -> UInt64 {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw misfit(text)
        }
        // YAML takes 010 for 8.
        guard digits == "0" || !digits.hasPrefix("0") else {
            throw Misfit(text: "\(Words.quoted(text)) begins with 0; \(allowed) is allowed")
        }
        guard let value = UInt64(text), range.contains(value) else { throw outOfRange(text) }
        return value
    }

    private func bool(_ text: String) throws(Misfit) -> UInt64 {
        switch text {
        case "true": return 1
        case "false": return 0
        default: throw misfit(text, hint: Words.hint(text, among: ["true", "false"]))
        }
    }

    private func outOfRange(_ text: String) -> Misfit {
        Misfit(text: "\(Words.quoted(text)) is out of range; \(allowed) is allowed")
    }

    private func misfit(_ text: String, hint: String = "") -> Misfit {
        if text.isEmpty { return Misfit(text: "is empty; \(allowed) is allowed") }
        return Misfit(text: "\(Words.quoted(text)) is unknown here; \(allowed) is allowed\(hint)")
    }
}
