// SPDX-License-Identifier: GPL-2.0-only
import Output
import PolicyModel

/// The reference of all keys, as `Sources/PolicyModel/Shipped/POLICY.md` has it.
public enum PolicyReference {
    /// Markdown: the table of keys, and one of the words of every key that has words.
    public static var markdown: String {
        let keys = PolicyKeys.all.map { key in
            [
                "`\(key.path)`", key.doc, key.allowed + (key.notAbove.map { ", not above `\($0)`" } ?? ""),
                key.defaultText, key.read.text.isEmpty ? "always" : key.read.text, key.source,
            ]
        }
        let rows = PolicyKeys.tables.flatMap { table -> [[String]] in
            let own = table.values.map { value -> [String] in
                let key = table.key(of: value)
                return [
                    "`\(table.key)[].\(key.path)`", key.doc, key.allowed, key.defaultText, "always",
                    key.source,
                ]
            }
            let match = table.matchKeys.map { key in
                ["`\(table.key)[].\(key.path)`", key.doc, allowed(key), "any", "always", "ours"]
            }
            return [
                [
                    "`\(table.key)`", table.doc,
                    "a list of up to \(table.most) rows, each further name of a `comm` counted as one",
                    "none",
                    "always", table.key,
                ],
                [
                    "`\(table.key)[].name`", "What the row is called in errors and settings.",
                    "1 to 31 characters of a-z, 0-9, _ and -, the first one a letter", "none", "always",
                    "ours",
                ],
            ] + match + own
        }
        let words = PolicyKeys.all.flatMap { key -> [[String]] in
            guard case .words(let words) = key.kind else { return [] }
            return words.map { ["`\(key.path)`", "`\($0.word)`", $0.doc] }
        }
        return table(["Key", "Meaning", "Allowed", "Default", "Read with", "From"], keys + rows)
            + "\n" + table(["Key", "Word", "Meaning"], words)
    }

    /// Every key that a setting can change, and the words that it takes, if it takes words.
    public static var keys: [(path: String, words: [String])] {
        PolicyKeys.all.map { key in
            guard case .words(let words) = key.kind else { return (key.path, []) }
            return (key.path, words.map(\.word))
        }
    }

    /// What a row may say of whom it is for.
    private static func allowed(_ key: PolicyKey) -> String {
        switch key.path {
        case "comm": CommPattern.allowed
        case "cgroup": ControlGroups.allowed
        default: key.allowed
        }
    }

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        ([head, head.map { _ in "---" }] + rows).map { row in
            "| " + row.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
        }.joined()
    }
}

extension PolicyKey {
    /// The default in words.
    fileprivate var defaultText: String {
        switch fallback {
        case .required: "required"
        case .emptyText: "empty"
        case .value(let value): text(of: value) ?? ""
        case .sameAs(let path): "`\(path)`"
        case .atMost(let value, let path): "\(text(of: value) ?? ""), or `\(path)` if that is less"
        }
    }
}
