// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Output
import PolicyModel

/// From the entries of tables to rows.
struct RowResolution {
    let table: PairTable
    private(set) var problems: Problems
    private(set) var rows: [TableRow] = []
    private(set) var absentGroups: [String] = []

    init(_ table: PairTable, _ problems: Problems) {
        self.table = table
        self.problems = problems
    }

    mutating func resolve(_ entries: [RowEntry]) {
        var places = 0
        var isFull = false
        for (number, entry) in entries.enumerated() {
            let row = row(entry, number)
            places += row.places
            if places > table.most && !isFull {
                isFull = true
                let lists = table.match.comm == nil ? "" : ", where each name of a list in comm takes one"
                problems.add(
                    .file(entry.place),
                    "\(table.key) has \(table.most) places for rows\(lists): with this row there are \(places)"
                )
            }
            if !row.name.isEmpty, let same = rows.firstIndex(where: { $0.name == row.name }) {
                problems.add(
                    entry.byKey["name"]?.first?.origin ?? .file(entry.place),
                    "\(table.key).\(number) and \(table.key).\(same) are both called \(row.name)")
            }
            rows.append(row)
        }
    }

    private mutating func row(_ entry: RowEntry, _ number: Int) -> TableRow {
        var row = TableRow()
        // Errors call it by its name, if it has a right one.
        let named = PolicyKey(
            path: "\(table.key).\(number).name", kind: .name, field: .name, fallback: .emptyText, doc: "",
            source: "")
        if case .text(let name)? = meaning(of: named, entry.byKey["name"]?.first, "") { row.name = name }
        let label = "\(table.key).\(row.name.isEmpty ? String(number) : row.name)."
        for pattern in entry.byKey["comm"] ?? [] {
            if let pattern = comm(pattern, label + "comm") { row.comm.append(pattern) }
        }
        for key in table.matchKeys where key.path != "comm" {
            let given = entry.byKey[key.path]?.first
            if key.path == "cgroup", let given, takePath(given, label, &row) { continue }
            guard case .number(let number)? = meaning(of: key, given, label) else { continue }
            if key.path == "uid" { row.uid = number } else { row.cgroup = number }
        }
        row.values = table.values.map { value in
            let given = entry.byKey[value.key]?.first
            guard case .number(let number)? = meaning(of: table.key(of: value), given, label) else {
                return value.value
            }
            return number
        }
        return row
    }

    /// A control group by its path, or what is neither that nor a number.
    ///
    /// - Returns: whether it was that; if not, it is a number.
    private mutating func takePath(_ entry: Entry, _ label: String, _ row: inout TableRow) -> Bool {
        guard case .scalar(let text, _) = entry.content else { return true }
        if ControlGroups.isPath(text) {
            row.group = text
            let id = ControlGroups.current.id(of: text)
            row.cgroup = id ?? ControlGroups.substitute(for: text)
            if id == nil { absentGroups.append("\(label)cgroup is \(Words.quoted(text))") }
            return true
        }
        if !text.isEmpty && text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) { return false }
        problems.add(
            entry.origin, "\(label)cgroup is \(Words.quoted(text)); \(ControlGroups.allowed) is allowed")
        return true
    }

    private mutating func comm(_ entry: Entry, _ path: String) -> CommPattern? {
        guard case .scalar(let text, let style) = entry.content else { return nil }
        if case .plain(let isText) = style, !isText, !text.isEmpty {
            problems.add(
                entry.origin,
                "\(path) is \(Words.quoted(text)), which YAML takes for something else than text: quote it")
            return nil
        }
        guard let pattern = CommPattern(text) else {
            problems.add(
                entry.origin,
                "\(path) is \(Words.quoted(text)); what a task is called is allowed, \(CommPattern.allowed)")
            return nil
        }
        return pattern
    }

    private mutating func meaning(of key: PolicyKey, _ entry: Entry?, _ label: String) -> Meaning? {
        guard let entry, case .scalar(let text, let style) = entry.content else { return nil }
        do throws(Misfit) {
            return try key.meaning(of: text, style)
        } catch {
            problems.add(entry.origin, "\(label)\(key.path) \(error.text)")
            return nil
        }
    }
}
