// SPDX-License-Identifier: GPL-2.0-only

/// JSON that keeps the order of its keys, so that what is printed reads like its description.
public indirect enum JSONText: Sendable {
    case string(String)
    case number(UInt64)
    case signed(Int64)
    /// Not finite: `null`.
    case decimal(Double)
    case bool(Bool)
    case null
    case array([JSONText])
    case object([(String, JSONText)])

    public static func strings(_ strings: [String]) -> JSONText { .array(strings.map { .string($0) }) }

    public static func numbers(_ numbers: [UInt64]) -> JSONText { .array(numbers.map { .number($0) }) }

    /// The text, two spaces deeper for every level; lists of plain values stand on one line.
    public func text(indent: String = "") -> String {
        let deeper = indent + "  "
        switch self {
        case .array(let items) where !items.allSatisfy(\.isPlain):
            let lines = items.map { deeper + $0.text(indent: deeper) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(indent)]"
        case .array(let items): return "[" + items.map { $0.text() }.joined(separator: ", ") + "]"
        case .object(let pairs) where !pairs.isEmpty:
            let lines = pairs.map { "\(deeper)\(Self.quoted($0)): \($1.text(indent: deeper))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
        default: return line
        }
    }

    /// The text on one line, without blanks.
    public var line: String {
        switch self {
        case .string(let string): Self.quoted(string)
        case .number(let number): String(number)
        case .signed(let number): String(number)
        case .decimal(let number): number.isFinite ? String(number) : "null"
        case .bool(let bool): bool ? "true" : "false"
        case .null: "null"
        case .array(let items): "[" + items.map(\.line).joined(separator: ",") + "]"
        case .object(let pairs):
            "{" + pairs.map { "\(Self.quoted($0)):\($1.line)" }.joined(separator: ",") + "}"
        }
    }

    private var isPlain: Bool {
        switch self {
        case .string, .number, .signed, .decimal, .bool, .null: true
        case .array, .object: false
        }
    }

    /// Everything that a terminal would act on is escaped, more than JSON asks for.
    private static func quoted(_ string: String) -> String {
        var quoted = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where Printable.isPrintable(scalar): quoted.unicodeScalars.append(scalar)
            default:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            }
        }
        return quoted + "\""
    }
}
