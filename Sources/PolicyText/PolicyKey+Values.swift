// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Output
import PolicyModel

extension PolicyKey {
    /// The group that the key stands in: `slice` for `slice.max`.
    var group: String? {
        path.firstIndex(of: ".").map { String(path[..<$0]) }
    }

    /// The key without its group: `max` for `slice.max`.
    var leaf: String {
        path.firstIndex(of: ".").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// What the field holds while the chosen rules do not read the key.
    var unread: UInt64 {
        if case .words(let words) = kind { return words.first?.value ?? 0 }
        return 0
    }

    /// The field's value; 0 for text.
    func value(in policy: sp_policy) -> UInt64 {
        switch field {
        case .name, .summary: 0
        case .narrow(let path): UInt64(policy[keyPath: path])
        case .wide(let path): policy[keyPath: path]
        case .bytes(let offset, let size):
            withUnsafeBytes(of: policy) { bytes in
                bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
            }
        }
    }

    /// Stores a value that is in the key's range; does nothing for text.
    func store(_ value: UInt64, in policy: inout sp_policy) {
        switch field {
        case .name, .summary: break
        case .narrow(let path): policy[keyPath: path] = UInt32(truncatingIfNeeded: value)
        case .wide(let path): policy[keyPath: path] = value
        case .bytes(let offset, let size):
            withUnsafeMutableBytes(of: &policy) { bytes in
                for index in 0..<size {
                    bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
                }
            }
        }
    }

    /// The word that stands for `value`, if this is a key of words that knows it.
    func word(for value: UInt64) -> String? {
        guard case .words(let words) = kind else { return nil }
        return words.first { $0.value == value }?.word
    }

    /// Whether the chosen rules of `policy` read the key.
    func isRead(in policy: sp_policy) -> Bool {
        guard case .any(let clauses) = read else { return true }
        return clauses.contains { clause in
            guard let key = PolicyKeys.named(clause.path), key.isRead(in: policy),
                let word = key.word(for: key.value(in: policy))
            else { return false }
            return clause.words.contains(word)
        }
    }

    /// The value as a description writes it; nil for text.
    func text(of value: UInt64) -> String? {
        switch kind {
        case .name, .line: nil
        case .words: word(for: value)
        case .duration(_, let none): none && value == 0 ? "none" : DurationText.text(value)
        case .integer: String(value)
        case .bool: value == 0 ? "false" : "true"
        case .cpus: CPUSpan(encoded: UInt32(truncatingIfNeeded: value)).text
        }
    }

    /// What may stand at the key, for people.
    var allowed: String {
        switch kind {
        case .name: "1 to 31 characters of a-z, 0-9, _ and -, the first one a letter"
        case .line(let most): "one line of at most \(most) characters"
        case .words(let words): Words.either(words.map(\.word))
        case .duration(let range, let none):
            "a duration of \(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
                + (none ? ", or none" : "")
        case .integer(let range): "a whole number, \(range.lowerBound) to \(range.upperBound)"
        case .bool: "true or false"
        case .cpus: CPUSpan.allowed
        }
    }
}

extension PolicyKey.Condition {
    /// The condition in words: `slice.rule shared or weighted`; empty if it always holds.
    var text: String {
        guard case .any(let clauses) = self else { return "" }
        return clauses.map { "\($0.path) \(Words.either($0.words))" }.joined(separator: ", or ")
    }
}
