// SPDX-License-Identifier: GPL-2.0-only
import PolicyModel

/// One small change to a source file.
package struct Mutation: Sendable {
    /// The file's name, without its folder.
    package let file: String
    /// 1...
    package let line: Int
    package let before: String
    package let after: String
    /// The whole file with the change made.
    package let text: String
    /// Which of the mutations of this file that read alike: 1...
    package var occurrence = 1

    package init(file: String, line: Int, before: String, after: String, text: String) {
        (self.file, self.line, self.before, self.after, self.text) = (file, line, before, after, text)
    }

    /// Names the mutant independently of line numbers: the file and the line before and after.
    package var identity: String {
        "\(file): \(before) => \(after)" + (occurrence == 1 ? "" : " (#\(occurrence))")
    }
}

/// Makes every mutation of a policy's source that the rules below know. Comments, preprocessor
/// lines, declarations without an effect and doc strings are left alone.
package struct Mutator {
    /// What a token is replaced by. The longest token that matches goes first.
    static let replacements: [(token: String, by: [String])] = [
        ("&+=", ["&-="]), ("&-=", ["&+="]), ("+=", ["-="]), ("<<", [">>"]), (">>", ["<<"]),
        ("&+", ["&-"]), ("&-", ["&+"]), ("&*", ["&+"]), ("==", ["!="]), ("!=", ["=="]),
        ("<=", ["<", "=="]), (">=", [">", "=="]), ("&&", ["||"]), ("||", ["&&"]), ("->", []),
        ("<", ["<=", ">"]), (">", [">=", "<"]), ("+", ["-"]), ("-", ["+"]), ("*", ["+"]),
        ("/", ["*"]), ("!", [""]), ("&", []),
    ]

    /// Words that are taken for one another: of the rules that ship, and of what every policy has.
    static let swaps: [(String, String)] =
        Shipped.swaps + [
            ("used_ns", "now"), ("now", "used_ns"), ("switches", "used_ns"), ("cpus", "weight"),
            ("weight", "cpus"), ("idle_cpu", "cpu"), ("cpu", "idle_cpu"),
            ("SP_QUEUE_REGULAR", "SP_QUEUE_PRIORITY"), ("SP_QUEUE_PRIORITY", "SP_QUEUE_REGULAR"),
            ("SP_EVENT_WAKEUP", "SP_EVENT_SYNC"), ("SP_EVENT_SYNC", "SP_EVENT_KTHREAD"),
            ("SP_EVENT_KTHREAD", "SP_EVENT_WAKEUP"), ("SP_ACTION_STALE", "SP_ACTION_NONE"),
            ("SP_ACTION_NONE", "SP_ACTION_INVALID"), ("SP_ACTION_CONTINUE", "SP_ACTION_SERVE"),
            ("SP_ACTION_DIRECT", "SP_ACTION_QUEUE"), ("SP_ACTION_QUEUE", "SP_ACTION_DIRECT"),
            ("SP_ACTION_RUN", "SP_ACTION_SERVE"), ("SP_ACTION_SERVE", "SP_ACTION_RUN"),
            ("SP_ACTION_INVALID", "SP_ACTION_STALE"), ("SP_IDLE_DIRECT", "SP_IDLE_QUEUE"),
            ("SP_KTHREADS_LOCAL", "SP_KTHREADS_QUEUE"), ("SP_WEIGHT_MIN", "SP_WEIGHT_NORMAL"),
            ("SP_WEIGHT_NORMAL", "SP_WEIGHT_MIN"), ("SP_WEIGHT_MAX", "SP_WEIGHT_NORMAL"), ("true", "false"),
            ("false", "true"), ("sp_min", "sp_max"), ("sp_max", "sp_min"), ("min", "max"), ("max", "min"),
            ("regular", "priority"), ("priority", "regular"), ("isWakeup", "isSync"),
            ("isSync", "isWakeup"), ("isKthread", "isWakeup"), ("event", "task"),
        ]

    let file: String
    let lines: [String]
    /// Words that are taken for one another here, beside `swaps`.
    let moreSwaps: [(String, String)]
    /// Whether conditions are negated as a whole.
    let negates: Bool

    package init(
        file: String, text: String, moreSwaps: [(String, String)] = [], negates: Bool = false
    ) {
        self.file = file
        self.moreSwaps = moreSwaps
        self.negates = negates
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// All mutations of the file, each once.
    package func mutations() -> [Mutation] {
        var found: [Mutation] = []
        var seen: Set<String> = []
        var inComment = false
        for (index, line) in lines.enumerated() {
            let trimmed = line.trimmed
            if trimmed.hasPrefix("/*") { inComment = true }
            let isCode = !inComment && Self.hasEffect(trimmed)
            if trimmed.hasSuffix("*/") { inComment = false }
            guard isCode else { continue }
            for changed in changes(line) where changed != line {
                let key = "\(index):\(changed)"
                guard seen.insert(key).inserted else { continue }
                found.append(mutation(index, line, changed))
            }
        }
        return found
    }

    private func mutation(_ index: Int, _ line: String, _ changed: String) -> Mutation {
        var text = lines
        text[index] = changed
        return Mutation(
            file: file, line: index + 1, before: line.trimmed,
            after: changed.trimmed.isEmpty ? "(dropped)" : changed.trimmed,
            text: text.joined(separator: "\n"))
    }

    private static func hasEffect(_ line: String) -> Bool {
        let passive = [
            "//", "#", "*", "import", "public import", "@", "struct", "public struct", "extension",
            "static sp_inline", "public mutating func", "mutating func", "func", "static func",
            "public static func", "public func", "public let", "public var", "static var", "case ",
            "switch", "default:", "const struct", "struct", "SEC(", "__uint(", "__type(",
            "static __always_inline", "__noinline", "const volatile",
        ]
        return !line.isEmpty && !passive.contains { line.hasPrefix($0) }
    }

    /// The line with one change each.
    private func changes(_ line: String) -> [String] {
        let code = Self.withoutComment(line)
        let characters = Array(code)
        var results: [String] = []
        func replace(_ range: Range<Int>, _ text: String) {
            results.append(
                String(characters[..<range.lowerBound]) + text + String(characters[range.upperBound...]))
        }
        var place = 0
        while place < characters.count {
            let character = characters[place]
            if character.isLetter || character == "_" {
                let end = characters[place...].firstIndex { !$0.isWord } ?? characters.count
                let word = String(characters[place..<end])
                for swap in Self.swaps + moreSwaps where swap.0 == word { replace(place..<end, swap.1) }
                place = end
            } else if character.isNumber {
                let end = characters[place...].firstIndex { !$0.isWord } ?? characters.count
                let digits = characters[place..<end].filter(\.isNumber)
                let suffix = String(characters[place..<end].filter { !$0.isNumber })
                if let value = Int(String(digits)), suffix.allSatisfy({ "ULul".contains($0) }) {
                    replace(place..<end, "\(value + 1)\(suffix)")
                    if value > 0 { replace(place..<end, "\(value - 1)\(suffix)") }
                }
                place = end
            } else if let (token, by) = Self.token(characters, place) {
                for text in by { replace(place..<place + token.count, text) }
                place += token.count
            } else {
                place += 1
            }
        }
        return results + Self.dropped(code) + (negates ? Self.negated(code) : [])
    }

    private static func withoutComment(_ line: String) -> String {
        let starts = ["//", "/*"].compactMap { line.range(of: $0)?.lowerBound }
        guard let start = starts.min() else { return line }
        var code = String(line[..<start])
        while code.last?.isWhitespace == true { code.removeLast() }
        return code
    }

    private static func token(
        _ characters: [Character], _ place: Int
    ) -> (token: String, by: [String])? {
        replacements.first { matches($0.token, characters, place) }
    }

    /// The line with its condition negated, if it holds a whole one.
    private static func negated(_ line: String) -> [String] {
        let code = line.trimmed
        let indent = String(line.prefix { $0.isWhitespace })
        if code.hasPrefix("if ("), code.hasSuffix(")") || code.hasSuffix(") {") {
            let end = code.lastIndex(of: ")") ?? code.endIndex
            let condition = code[code.index(code.startIndex, offsetBy: 4)..<end]
            guard isBalanced(condition) else { return [] }
            return [indent + "if (!(\(condition)))" + code[code.index(after: end)...]]
        }
        if code.hasPrefix("if "), !code.contains("let "), let end = code.range(of: " {") {
            let condition = code[code.index(code.startIndex, offsetBy: 3)..<end.lowerBound]
            return isBalanced(condition) ? [indent + "if !(\(condition))" + code[end.lowerBound...]] : []
        }
        return []
    }

    private static func isBalanced(_ text: Substring) -> Bool {
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if depth < 0 { return false }
        }
        return depth == 0
    }

    private static func matches(_ token: String, _ characters: [Character], _ place: Int) -> Bool {
        let end = place + token.count
        return end <= characters.count && String(characters[place..<end]) == token
    }

    /// The line without its statement, where a statement is all that it holds.
    private static func dropped(_ line: String) -> [String] {
        let code = line.trimmed
        let isAssignment = code.contains(" = ") || code.contains("+= ")
        let isCall = code.hasSuffix(")") || code.hasSuffix(");")
        let starts = ["let ", "var ", "return", "if ", "guard ", "else", "sp_u", "int ", ".", "&", "("]
        guard isAssignment || isCall, !starts.contains(where: { code.hasPrefix($0) }) else { return [] }
        let isWhole = code.hasSuffix(";") || !line.contains(";")
        let opens = code.filter { $0 == "(" }.count
        let closes = code.filter { $0 == ")" }.count
        return isWhole && opens == closes && !code.hasSuffix("=") && !code.hasSuffix("{")
            ? [line.hasSuffix(";") || code.hasSuffix(";") ? ";" : ""] : []
    }
}

extension Character {
    fileprivate var isWord: Bool { isLetter || isNumber || self == "_" }
}

extension String {
    package var trimmed: String {
        var text = Substring(self)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
