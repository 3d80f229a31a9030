// SPDX-License-Identifier: GPL-2.0-only
import Output
import Yams

/// Tables of a description: lists of rows.
extension Walk {
    mutating func table(_ table: PairTable, _ key: Node, _ value: Node) {
        entries.tables[table.key] = []
        guard isUsable(value) else { return }
        let keys = Words.all(table.keys)
        guard let list = value.sequence else {
            return problems.add(
                .file(place(value)), "\(table.key) is a list of rows, each of \(keys); this is \(kind(value))"
            )
        }
        for (number, node) in list.enumerated() {
            var row = RowEntry(place: place(node))
            if isUsable(node) {
                if let mapping = node.mapping {
                    fill(&row, mapping, table, number)
                } else {
                    problems.add(
                        .file(row.place),
                        "\(table.key).\(number) is a row, a mapping of \(keys); this is \(kind(node))")
                }
            }
            entries.tables[table.key]?.append(row)
        }
    }

    private mutating func fill(
        _ row: inout RowEntry, _ mapping: Node.Mapping, _ table: PairTable, _ number: Int
    ) {
        for (key, value) in mapping {
            guard isUsable(key) else { continue }
            let name = key.scalar?.string ?? ""
            let path = "\(table.key).\(number).\(name)"
            guard table.keys.contains(name) else {
                problems.add(
                    .file(place(key)),
                    "\(table.key).\(number): unknown key \(Words.quoted(name)); \(Words.all(table.keys)) are known"
                        + Words.hint(name, among: table.keys))
                continue
            }
            if row.byKey[name] != nil {
                problems.add(.file(place(key)), "the key \(Words.quoted(path)) is given twice")
            } else if name == "comm", let list = value.sequence {
                if list.isEmpty {
                    problems.add(
                        .file(place(value)), "\(path) is an empty list: leave it out where any name fits")
                }
                row.byKey[name] = list.map { entry(path, $0) }
            } else {
                row.byKey[name] = [entry(path, value)]
            }
        }
    }

    private mutating func entry(_ path: String, _ value: Node) -> Entry {
        let origin = Origin.file(place(value))
        guard isUsable(value) else { return Entry(content: .unusable, origin: origin) }
        guard let scalar = value.scalar else {
            problems.add(origin, "\(path) is \(kind(value)); one value is allowed")
            return Entry(content: .unusable, origin: origin)
        }
        let isPlain = scalar.style == .plain
        let style = isPlain ? Entry.Style.plain(isText: YAMLGuard.isText(scalar.string)) : .quoted
        return Entry(content: .scalar(scalar.string, style), origin: origin)
    }
}
