// SPDX-License-Identifier: GPL-2.0-only
import Foundation

/// As much of JSON Schema as our schema uses; anything else in a schema is an error.
enum Validator {
    /// What is wrong with `value`, by path; empty if it is valid.
    static func errors(_ value: Any, _ schema: Any, at path: String = "") -> [String] {
        if let allowed = schema as? Bool { return allowed ? [] : ["\(path): nothing may stand here"] }
        guard let schema = schema as? [String: Any] else { return ["\(path): no schema"] }
        return schema.flatMap { word, argument -> [String] in
            switch word {
            case "$schema", "title", "description", "default", "then": []
            case "type": hasType(value, argument) ? [] : ["\(path): no \(argument)"]
            case "enum":
                (argument as? [String])?.contains(value as? String ?? "") == true
                    ? [] : ["\(path): not in enum"]
            case "pattern": matches(value, argument) ? [] : ["\(path): no match for \(argument)"]
            case "maxLength": count(value) <= argument as? Int ?? -1 ? [] : ["\(path): too long"]
            case "minimum": number(value) >= argument as? Int ?? .max ? [] : ["\(path): too small"]
            case "maximum": number(value) <= argument as? Int ?? .min ? [] : ["\(path): too large"]
            case "required": missing(value, argument).map { "\(path): \($0) is missing" }
            case "properties", "additionalProperties": properties(value, schema, word, path)
            case "allOf": (argument as? [Any] ?? []).flatMap { errors(value, $0, at: path) }
            case "anyOf":
                (argument as? [Any] ?? []).contains { errors(value, $0).isEmpty }
                    ? [] : ["\(path): no choice"]
            case "not": errors(value, argument).isEmpty ? ["\(path): must not be so"] : []
            case "if": errors(value, argument).isEmpty ? errors(value, schema["then"] ?? false, at: path) : []
            default: ["\(path): unknown word \(word)"]
            }
        }
    }

    private static func hasType(_ value: Any, _ type: Any) -> Bool {
        switch type as? String {
        case "object": value is [String: Any]
        case "string": value is String
        case "integer": value is Int
        case "boolean": value is Bool
        default: false
        }
    }

    private static func matches(_ value: Any, _ pattern: Any) -> Bool {
        guard let value = value as? String, let pattern = pattern as? String else { return false }
        return value.range(of: pattern, options: .regularExpression) != nil
    }

    private static func count(_ value: Any) -> Int { (value as? String)?.unicodeScalars.count ?? .max }

    private static func number(_ value: Any) -> Int { value as? Int ?? 0 }

    private static func missing(_ value: Any, _ names: Any) -> [String] {
        (names as? [String] ?? ["names"]).filter { (value as? [String: Any])?[$0] == nil }
    }

    private static func properties(
        _ value: Any, _ schema: [String: Any], _ word: String, _ path: String
    ) -> [String] {
        guard let value = value as? [String: Any] else { return [] }
        let known = schema["properties"] as? [String: Any] ?? [:]
        return value.flatMap { name, item -> [String] in
            if word == "additionalProperties" {
                return known[name] == nil ? ["\(path).\(name): unknown"] : []
            }
            return known[name].map { errors(item, $0, at: "\(path).\(name)") } ?? []
        }
    }
}
