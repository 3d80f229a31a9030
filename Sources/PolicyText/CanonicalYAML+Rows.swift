// SPDX-License-Identifier: GPL-2.0-only
import Output
import PolicyModel

/// Rows as a description writes them.
extension PolicyDescription {
    private func rows(of table: PairTable) -> [TableRow] {
        var rows = table.rows(in: policy)
        for (index, name) in (rowNames[table.key] ?? []).enumerated() where index < rows.count {
            rows[index].name = name
        }
        for (index, group) in (rowGroups[table.key] ?? []).enumerated() where index < rows.count {
            rows[index].group = group
        }
        return rows
    }

    /// Behind all other keys; nothing of a table without rows.
    var tableLines: [String] {
        PolicyKeys.tables.flatMap { table -> [String] in
            let rows = rows(of: table)
            return rows.isEmpty ? [] : ["\(table.key):"] + rows.map { "  - {\(table.text(of: $0))}" }
        }
    }

    var tablePairs: [(String, JSONText)] {
        PolicyKeys.tables.map { table in (table.key, .array(rows(of: table).map(table.json))) }
    }

    /// The rows in which two policies differ, as `differences` shows them.
    func rowDifferences(from other: PolicyDescription) -> [[String]] {
        PolicyKeys.tables.flatMap { table -> [[String]] in
            let both = [self, other].map { description in
                description.rows(of: table).map { row in
                    var row = row
                    row.name = ""
                    return table.text(of: row)
                }
            }
            return (0..<max(both[0].count, both[1].count)).compactMap { number in
                let texts = both.map { number < $0.count ? $0[number] : "-" }
                return texts[0] == texts[1] ? nil : ["\(table.key).\(number)"] + texts
            }
        }
    }
}

extension PairTable {
    /// What stands between the braces of a row.
    func text(of row: TableRow) -> String {
        var parts: [String] = []
        if !row.name.isEmpty {
            parts.append(
                "name: \(YAMLGuard.isText(row.name) ? row.name : PolicyDescription.quoted(row.name))")
        }
        let names = row.comm.map { PolicyDescription.quoted($0.text) }
        if names.count == 1 { parts.append("comm: \(names[0])") }
        if names.count > 1 { parts.append("comm: [\(names.joined(separator: ", "))]") }
        if let cgroup = row.cgroup {
            parts.append("cgroup: \(row.group.isEmpty ? "\(cgroup)" : PolicyDescription.quoted(row.group))")
        }
        if let uid = row.uid { parts.append("uid: \(uid)") }
        for (value, number) in zip(values, row.values) {
            parts.append("\(value.key): \(key(of: value).text(of: number) ?? "")")
        }
        return parts.joined(separator: ", ")
    }

    fileprivate func json(_ row: TableRow) -> JSONText {
        var pairs: [(String, JSONText)] = []
        if !row.name.isEmpty { pairs.append(("name", .string(row.name))) }
        if !row.comm.isEmpty { pairs.append(("comm", .strings(row.comm.map(\.text)))) }
        if let cgroup = row.cgroup {
            pairs.append(("cgroup", row.group.isEmpty ? .number(cgroup) : .string(row.group)))
        }
        if let uid = row.uid { pairs.append(("uid", .number(uid))) }
        for (value, number) in zip(values, row.values) {
            pairs.append((value.key, value.kind == .bool ? .bool(number != 0) : .number(number)))
        }
        return .object(pairs)
    }
}
