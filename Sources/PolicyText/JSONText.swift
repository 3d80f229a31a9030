// SPDX-License-Identifier: GPL-2.0-only

/// JSON that keeps the order of its keys, so that the schema reads like the reference.
indirect enum JSONText {
    case string(String)
    case number(UInt64)
    case bool(Bool)
    case array([JSONText])
    case object([(String, JSONText)])

    static func strings(_ strings: [String]) -> JSONText { .array(strings.map { .string($0) }) }

    /// The text, two spaces deeper for every level; lists of plain values stand on one line.
    func text(indent: String = "") -> String {
        let deeper = indent + "  "
        switch self {
        case .string(let string): return Self.quoted(string)
        case .number(let number): return String(number)
        case .bool(let bool): return bool ? "true" : "false"
        case .array(let items) where items.allSatisfy(\.isPlain):
            return "[" + items.map { $0.text() }.joined(separator: ", ") + "]"
        case .array(let items):
            let lines = items.map { deeper + $0.text(indent: deeper) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(indent)]"
        case .object(let pairs):
            let lines = pairs.map { "\(deeper)\(Self.quoted($0)): \($1.text(indent: deeper))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
        }
    }

    private var isPlain: Bool {
        switch self {
        case .string, .number, .bool: true
        case .array, .object: false
        }
    }

    private static func quoted(_ string: String) -> String {
        var quoted = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case "\n": quoted += "\\n"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
