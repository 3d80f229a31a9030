// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto

/// One key of a description: everything that the parser, the checks, the settings, the schema, the
/// reference and the generator of random policies know about it.
package struct PolicyKey: Sendable {
    /// The key's place: `name`, or group and key with a dot between, as in `slice.max`.
    package let path: String
    package let kind: Kind
    package let field: Field
    /// The choices with which the policy reads the key.
    package var read = Condition.always
    package let fallback: Fallback
    /// The path of a key whose value this one must not exceed.
    package var notAbove: String?
    /// What the key does, in one line.
    package let doc: String
    /// Where the rule or the number comes from.
    package let source: String

    package enum Kind: Sendable {
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

    /// A word that a description may choose, and the value of an enum that it stands for.
    package struct Word: Sendable {
        package let word: String
        package let value: UInt64
        package let doc: String

        package init(_ word: String, _ value: UInt32, _ doc: String) {
            self.word = word
            self.value = UInt64(value)
            self.doc = doc
        }
    }

    /// Where the value is kept.
    package enum Field: Sendable {
        case name
        case summary
        case narrow(any WritableKeyPath<sp_policy, UInt32> & Sendable)
        case wide(any WritableKeyPath<sp_policy, UInt64> & Sendable)
        /// A parameter of a pair: so many bytes at an offset.
        case bytes(offset: Int, size: Int)
    }

    package enum Condition: Sendable {
        case always
        /// Any one of the clauses is enough.
        case any([Clause])
    }

    /// The key at `path`, a key of words, has one of `words`.
    package struct Clause: Sendable {
        package let path: String
        package let words: [String]

        package init(path: String, words: [String]) {
            self.path = path
            self.words = words
        }
    }

    package enum Fallback: Sendable {
        case required
        case value(UInt64)
        case emptyText
        /// The value of another key.
        case sameAs(String)
        /// This value, or that of another key if it is smaller.
        case atMost(UInt64, String)
    }

    package init(
        path: String, kind: Kind, field: Field, read: Condition = .always, fallback: Fallback,
        notAbove: String? = nil, doc: String, source: String
    ) {
        self.path = path
        self.kind = kind
        self.field = field
        self.read = read
        self.fallback = fallback
        self.notAbove = notAbove
        self.doc = doc
        self.source = source
    }
}
