// SPDX-License-Identifier: GPL-2.0-only
import Output

/// Settings of a row: `layers.builds.slice=5ms`, or `layers.1.slice=5ms`, from 0 on.
extension Settings {
    /// - Returns: what is wrong; nil if the setting is in `entries`.
    static func apply(
        _ path: String, _ value: String, _ origin: Origin, to table: PairTable, _ entries: inout Entries
    ) -> String? {
        let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let sample = "\(table.key).\(parts.count > 1 ? parts[1] : "0").\(table.values.first?.key ?? "uid")"
        guard parts.count == 3 else {
            return
                "\(table.key) is a table: a setting says a row, by its name or number, and a key: \(sample)"
        }
        let rows = entries.tables[table.key] ?? []
        let names = rows.map { $0.byKey["name"]?.first?.text ?? "" }
        guard let row = names.firstIndex(of: parts[1]) ?? Int(parts[1]), rows.indices.contains(row),
            !parts[1].isEmpty
        else {
            if rows.isEmpty {
                return "\(table.key) has no rows: a description gives them (--policy FILE)"
            }
            let known = names.filter { !$0.isEmpty }
            let numbers = rows.count == 1 ? "0" : "0 to \(rows.count - 1)"
            return
                "\(table.key) has no row \(Words.quoted(parts[1])); \(Words.all(known + [numbers])) are known"
                + Words.hint(parts[1], among: known)
        }
        let keys = table.keys.filter { $0 != "name" }
        guard keys.contains(parts[2]) else {
            return "\(table.key): unknown key \(Words.quoted(parts[2])); \(Words.all(keys)) are known"
                + Words.hint(parts[2], among: keys)
        }
        if case .setting? = rows[row].byKey[parts[2]]?.first?.origin {
            return "the key is given twice, by name and number: leave one of them out"
        }
        let entry = Entry(content: .scalar(value, .setting), origin: origin)
        entries.tables[table.key]?[row].byKey[parts[2]] = [entry]
        return nil
    }
}

extension Entry {
    fileprivate var text: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }
}
