// SPDX-License-Identifier: GPL-2.0-only
import Output
import PolicyModel

/// The JSON Schema of a description, for editors. It knows keys, kinds, words, units and which rule
/// reads what; durations are compared with their ranges by the program alone.
public enum PolicySchema {
    /// The schema (draft 7), as `Sources/PolicyModel/Shipped/policy.schema.json` has it.
    public static var json: String { schema.text() + "\n" }

    private static var schema: JSONText {
        let ungrouped = PolicyKeys.keys(in: nil).map { ($0.path, property($0)) }
        let groups = PolicyKeys.groups.map { ($0, group($0)) }
        let requiredGroups = PolicyKeys.groups.filter { group in
            PolicyKeys.required.contains { $0.hasPrefix(group + ".") }
        }
        let requiredKeys = PolicyKeys.required.filter { !$0.contains(".") }
        return .object([
            ("$schema", .string("http://json-schema.org/draft-07/schema#")),
            ("title", .string("sched-proto policy description")),
            ("type", .string("object")),
            ("additionalProperties", .bool(false)),
            ("required", .strings(requiredKeys + requiredGroups)),
            ("properties", .object(ungrouped + groups + PolicyKeys.tables.map { ($0.key, table($0)) })),
            ("allOf", .array(PolicyKeys.all.compactMap(onlyWith))),
        ])
    }

    private static func group(_ name: String) -> JSONText {
        let keys = PolicyKeys.keys(in: name)
        var pairs: [(String, JSONText)] = [
            ("type", .string("object")), ("additionalProperties", .bool(false)),
        ]
        let required = keys.filter { PolicyKeys.required.contains($0.path) }.map(\.leaf)
        if !required.isEmpty { pairs.append(("required", .strings(required))) }
        pairs.append(("properties", .object(keys.map { ($0.leaf, property($0)) })))
        return .object(pairs)
    }

    private static func table(_ table: PairTable) -> JSONText {
        let name = (
            "name",
            JSONText.object([("description", .string("What the row is called."))] + constraints(.name))
        )
        let match = table.matchKeys.map { key -> (String, JSONText) in
            if key.path == "cgroup" { return (key.path, group(key)) }
            if key.path != "comm" { return (key.path, property(key)) }
            let one: [(String, JSONText)] = [
                ("type", .string("string")), ("pattern", .string("^[^*\\u0000-\\u001f]{1,15}\\*?$")),
            ]
            let several: [(String, JSONText)] = [
                ("type", .string("array")), ("minItems", .number(1)),
                ("maxItems", .number(UInt64(table.most))),
                ("items", .object(one)),
            ]
            return (
                key.path,
                .object([
                    ("description", .string(key.doc)), ("anyOf", .array([.object(one), .object(several)])),
                ])
            )
        }
        let values = table.values.map { value in (value.key, property(table.key(of: value))) }
        return .object([
            ("description", .string(table.doc)), ("type", .string("array")),
            ("maxItems", .number(UInt64(table.most))),
            (
                "items",
                .object([
                    ("type", .string("object")), ("additionalProperties", .bool(false)),
                    ("properties", .object([name] + match + values)),
                ])
            ),
        ])
    }

    /// A control group: its path or its id.
    private static func group(_ key: PolicyKey) -> JSONText {
        let path: [(String, JSONText)] = [("type", .string("string")), ("pattern", .string("^/"))]
        return .object([
            ("description", .string(key.doc)),
            ("anyOf", .array([.object(path), .object(constraints(key.kind))])),
        ])
    }

    private static func property(_ key: PolicyKey) -> JSONText {
        var description = key.doc
        if case .words(let words) = key.kind {
            description += " " + words.map { "\($0.word): \($0.doc)" }.joined(separator: " ")
        }
        if case .duration = key.kind { description += " Allowed: \(key.allowed)." }
        if let bound = key.notAbove { description += " Not above \(bound)." }
        var pairs: [(String, JSONText)] = [("description", .string(description))]
        pairs += constraints(key.kind)
        if case .value(let value) = key.fallback { pairs.append(("default", defaultValue(key, value))) }
        return .object(pairs)
    }

    private static func constraints(_ kind: PolicyKey.Kind) -> [(String, JSONText)] {
        switch kind {
        case .name:
            [("type", .string("string")), ("pattern", .string("^[a-z][a-z0-9_-]{0,30}$"))]
        case .line(let most):
            [("type", .string("string")), ("maxLength", .number(UInt64(most)))]
        case .words(let words):
            [("type", .string("string")), ("enum", .strings(words.map(\.word)))]
        case .duration(_, let none):
            [
                ("type", .string("string")),
                ("pattern", .string("^(\(DurationText.pattern)\(none ? "|none" : ""))$")),
            ]
        case .integer(let range):
            [
                ("type", .string("integer")), ("minimum", .number(range.lowerBound)),
                ("maximum", .number(range.upperBound)),
            ]
        case .bool: [("type", .string("boolean"))]
        case .cpus:
            [("type", .strings(["string", "integer"])), ("pattern", .string("^(\(CPUSpan.pattern))$"))]
        }
    }

    private static func defaultValue(_ key: PolicyKey, _ value: UInt64) -> JSONText {
        switch key.kind {
        case .integer: .number(value)
        case .bool: .bool(value != 0)
        case .name, .line, .words, .duration, .cpus: .string(key.text(of: value) ?? "")
        }
    }

    /// `if` no choice reads the key `then` it may not be given.
    private static func onlyWith(_ key: PolicyKey) -> JSONText? {
        guard case .any(let clauses) = key.read else { return nil }
        let choices = clauses.map { clause in
            nested(clause.path, required: true, .object([("enum", .strings(clause.words))]))
        }
        return .object([
            ("if", .object([("not", .object([("anyOf", .array(choices))]))])),
            ("then", nested(key.path, required: false, .bool(false))),
        ])
    }

    /// The schema of one key, inside those of its group and of the description.
    private static func nested(_ path: String, required: Bool, _ schema: JSONText) -> JSONText {
        path.split(separator: ".").reversed().reduce(schema) { inner, name in
            let properties = ("properties", JSONText.object([(String(name), inner)]))
            return .object(required ? [properties, ("required", .strings([String(name)]))] : [properties])
        }
    }
}
