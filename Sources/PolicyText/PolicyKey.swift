// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Output

/// One key of a description: everything that the parser, the checks, the settings, the schema, the
/// reference and the generator of random policies know about it.
struct PolicyKey: Sendable {
    /// The key's place: `name`, or group and key with a dot between, as in `slice.max`.
    let path: String
    let kind: Kind
    let field: Field
    /// The choices with which the policy reads the key.
    var read = Condition.always
    let fallback: Fallback
    /// The path of a key whose value this one must not exceed.
    var notAbove: String?
    /// What the key does, in one line.
    let doc: String
    /// Where the rule or the number comes from.
    let source: String

    enum Kind: Sendable {
        /// The policy's name.
        case name
        /// One line of text, of at most this many characters.
        case line(Int)
        case words([Word])
        /// Nanoseconds; with `none`, the word `none` stands for 0.
        case duration(ClosedRange<UInt64>, none: Bool = false)
        case integer(ClosedRange<UInt64>)
        case bool
        /// A span of CPUs, `CPUSpan`.
        case cpus
    }

    /// A word that a description may choose, and the value of `bpf/abi.h` that it stands for.
    struct Word: Sendable {
        let word: String
        let value: UInt64
        let doc: String

        init(_ word: String, _ value: UInt32, _ doc: String) {
            self.word = word
            self.value = UInt64(value)
            self.doc = doc
        }
    }

    /// Where the value is kept.
    enum Field: Sendable {
        case name
        case summary
        case narrow(any WritableKeyPath<sp_policy, UInt32> & Sendable)
        case wide(any WritableKeyPath<sp_policy, UInt64> & Sendable)
        /// A parameter of a pair: so many bytes at an offset.
        case bytes(offset: Int, size: Int)
    }

    enum Condition: Sendable {
        case always
        /// Any one of the clauses is enough.
        case any([Clause])
    }

    /// The key at `path`, a key of words, has one of `words`.
    struct Clause: Sendable {
        let path: String
        let words: [String]
    }

    enum Fallback: Sendable {
        case required
        case value(UInt64)
        case emptyText
        /// The value of another key.
        case sameAs(String)
        /// This value, or that of another key if it is smaller.
        case atMost(UInt64, String)
    }
}

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
