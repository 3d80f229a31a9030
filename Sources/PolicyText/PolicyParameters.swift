// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel

/// What descriptions may give the fields of a policy: for proofs, which are about all of them.
public struct PolicyParameter: Sendable {
    public enum Allowed: Sendable {
        case range(ClosedRange<UInt64>)
        case words([(word: String, value: UInt64)])
    }

    /// The key, as in `slice.max`.
    public let path: String
    /// Where the field is in `sp_policy`, in bytes.
    public let offset: Int
    public let allowed: Allowed
    /// The choices with which the field is read, as values; nil if always. Else it is 0, or the first word's.
    public let readWith: [(path: String, values: [UInt64])]?
    /// The key whose value is not exceeded.
    public let notAbove: String?
    /// What is allowed, for people.
    public let text: String

    /// All fields that descriptions say something of.
    public static var all: [PolicyParameter] {
        PolicyKeys.resolvable.compactMap { key in
            let offset: Int?
            switch key.field {
            case .name, .summary: return nil
            case .narrow(let path):
                offset = MemoryLayout<sp_policy>.offset(of: path as PartialKeyPath<sp_policy>)
            case .wide(let path):
                offset = MemoryLayout<sp_policy>.offset(of: path as PartialKeyPath<sp_policy>)
            case .bytes(let place, _): offset = place
            }
            guard let offset, let allowed = key.range else { return nil }
            return PolicyParameter(
                path: key.path, offset: offset, allowed: allowed, readWith: key.clauses,
                notAbove: key.notAbove, text: key.allowed)
        } + PolicyKeys.tables.flatMap(\.parameters)
    }
}

extension PairTable {
    /// How many rows there are, and what each of them says; whom they fit may be anything.
    fileprivate var parameters: [PolicyParameter] {
        let count = PolicyParameter(
            path: "\(key).count", offset: begin, allowed: .range(0...UInt64(most)), readWith: nil,
            notAbove: nil, text: "up to \(most) rows")
        let said = (0..<most).flatMap { index -> [PolicyParameter] in
            values.compactMap { value -> PolicyParameter? in
                let key = key(of: value)
                guard let allowed = key.range else { return nil }
                return PolicyParameter(
                    path: "\(self.key).\(index).\(value.key)", offset: place(index) + value.field.offset,
                    allowed: allowed, readWith: nil, notAbove: nil, text: key.allowed)
            }
        }
        return [count] + said
    }
}

extension PolicyKey {
    fileprivate var range: PolicyParameter.Allowed? {
        switch kind {
        case .name, .line: nil
        case .words(let words): .words(words.map { ($0.word, $0.value) })
        case .duration(let range, let none): .range((none ? 0 : range.lowerBound)...range.upperBound)
        case .integer(let range): .range(range)
        case .bool: .range(0...1)
        case .cpus: .range(0...UInt64(UInt32.max))
        }
    }

    fileprivate var clauses: [(path: String, values: [UInt64])]? {
        guard case .any(let clauses) = read else { return nil }
        return clauses.map { clause in
            guard case .words(let words)? = PolicyKeys.named(clause.path)?.kind else {
                return (clause.path, [])
            }
            return (clause.path, words.filter { clause.words.contains($0.word) }.map(\.value))
        }
    }
}
