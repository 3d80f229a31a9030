// SPDX-License-Identifier: GPL-2.0-only

/// Words in messages: lists of them, what was perhaps meant, and quoting of what others wrote.
package enum Words {
    /// `a, b or c`.
    package static func either(_ words: [String]) -> String { list(words, "or") }

    /// `a, b and c`.
    package static func all(_ words: [String]) -> String { list(words, "and") }

    private static func list(_ words: [String], _ last: String) -> String {
        guard words.count > 1, let end = words.last else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " \(last) \(end)"
    }

    /// The one of `known` that `word` was perhaps meant to be, if any is near.
    package static func nearest(_ word: String, among known: [String]) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        let typed = word.lowercased()
        let best = known.map { (word: $0, distance: distance(typed, $0.lowercased())) }
            .min { $0.distance < $1.distance }
        guard let best, best.distance <= max(1, best.word.count / 3) else { return nil }
        return best.word
    }

    /// `; did you mean x?`, or nothing.
    package static func hint(_ word: String, among known: [String]) -> String {
        nearest(word, among: known).map { "; did you mean \($0)?" } ?? ""
    }

    /// How many insertions, deletions, replacements and swaps of neighbours lie between two words.
    package static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left.unicodeScalars)
        let b = Array(right.unicodeScalars)
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }

    /// The text in quotes, shortened, and without anything that a terminal would act on.
    package static func quoted(_ text: String) -> String {
        var shown = ""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            if count == 40 { return "\"\(shown)…\"" }
            switch scalar {
            case "\n": shown += "\\n"
            case "\t": shown += "\\t"
            case _ where isPrintable(scalar): shown.unicodeScalars.append(scalar)
            default: shown += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return "\"\(shown)\""
    }

    /// Whether the character may stand in a summary: visible, on one line, and allowed in YAML.
    package static func isPrintable(_ scalar: Unicode.Scalar) -> Bool { Printable.isPrintable(scalar) }
}

/// What was perhaps meant by a word that is not known.
public enum Suggestion {
    /// `; did you mean x?`, or nothing.
    public static func hint(_ word: String, among known: [String]) -> String {
        Words.hint(word, among: known)
    }

    /// The word in quotes, shortened, and without anything that a terminal would act on.
    public static func quoted(_ word: String) -> String { Words.quoted(word) }
}
