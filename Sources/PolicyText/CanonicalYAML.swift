// SPDX-License-Identifier: GPL-2.0-only
public import Output
public import PolicyModel

extension PolicyDescription {
    /// The description as YAML: every key that the chosen rules read, defaults too, in the order of
    /// the reference. Reading it gives an equal description.
    public var yaml: String {
        var lines: [String] = []
        var group: String?
        for key in PolicyKeys.all where key.isRead(in: policy) {
            guard let value = yamlValue(of: key) else { continue }
            if let home = key.group, home != group { lines.append("\(home):") }
            group = key.group
            lines.append("\(group == nil ? "" : "  ")\(key.leaf): \(value)")
        }
        return (lines + tableLines).joined(separator: "\n") + "\n"
    }

    /// The same keys as `yaml`, in the same groups; durations are numbers of ns.
    public var json: JSONText {
        var pairs: [(String, JSONText)] = []
        for key in PolicyKeys.all where key.isRead(in: policy) {
            let pair = (key.leaf, jsonValue(of: key))
            guard let group = key.group else {
                pairs.append(pair)
                continue
            }
            if let last = pairs.last, last.0 == group, case .object(let members) = last.1 {
                pairs[pairs.count - 1] = (group, .object(members + [pair]))
            } else {
                pairs.append((group, .object([pair])))
            }
        }
        return .object(pairs + tablePairs)
    }

    private func jsonValue(of key: PolicyKey) -> JSONText {
        switch key.field {
        case .name: .string(name)
        case .summary: .string(summary)
        case .narrow, .wide, .bytes:
            switch key.kind {
            case .words: key.word(for: key.value(in: policy)).map { .string($0) } ?? .null
            case .bool: .bool(key.value(in: policy) != 0)
            default: .number(key.value(in: policy))
            }
        }
    }

    private func yamlValue(of key: PolicyKey) -> String? {
        switch key.field {
        case .name: YAMLGuard.isText(name) ? name : Self.quoted(name)
        case .summary: Self.quoted(summary)
        case .narrow, .wide, .bytes: key.text(of: key.value(in: policy))
        }
    }

    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }

    /// A table of the keys in which two policies differ, whatever they are called; nil if they
    /// decide alike. A key that a policy's rules do not read is shown as `-`.
    ///
    /// - Parameters:
    ///   - other: The other description, shown to the right.
    ///   - titles: What stands above the two columns.
    public func differences(
        from other: PolicyDescription, titles: (String, String)
    ) -> String? {
        let rows = PolicyKeys.all.compactMap { key -> [String]? in
            let texts = [policy, other.policy].map { policy in
                key.isRead(in: policy) ? key.text(of: key.value(in: policy)) ?? "-" : "-"
            }
            return texts[0] == texts[1] ? nil : [key.path] + texts
        }
        let all = rows + rowDifferences(from: other)
        if all.isEmpty { return nil }
        return TextTable.columns([["KEY", titles.0, titles.1]] + all)
    }
}

/// Tables for a terminal.
public enum TextTable {
    /// The rows with their columns aligned, one line each; the last column is not padded.
    public static func columns(_ rows: [[String]]) -> String {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, text in
                let isLast = column == row.count - 1
                return isLast ? text : text + String(repeating: " ", count: widths[column] - text.count)
            }.joined(separator: "  ") + "\n"
        }.joined()
    }
}
