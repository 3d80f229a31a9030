// SPDX-License-Identifier: GPL-2.0-only
import Output
import Yams

extension DeclarationReader {
    private static let tableKeys = ["most", "match", "doc", "values"]

    /// `{layers: {most: 8, match: [comm], values: {slice: {…}}}}`.
    mutating func rows(_ node: Node) {
        for (key, name, value) in entries(node, of: "rows") {
            let word = name.replacing("-", with: "_")
            if let flaw = Self.flaw(ofName: word) {
                add(key, "rows: \(flaw)")
            } else if Self.taken.contains(name) || name == "is" {
                add(key, "rows: every policy has the key \(name), or it is ours: choose another name")
            } else if declaration.params.contains(where: { $0.name == word || $0.key == name }) {
                add(key, "rows: \(name) is a parameter already: choose another name")
            } else if word.hasPrefix("unused") {
                add(key, "rows: names that begin with unused are ours: choose another name")
            } else if let other = declaration.tables.first(where: { Self.isAlike($0.key, name) }) {
                add(key, "rows: \(name) and \(other.key) would be one name in the twins: choose another one")
            } else if let table = table(name, key, value) {
                declaration.tables.append(table)
            }
        }
        let (size, most) = (declaration.rowsBytes, Declaration.rowsBytesMax)
        if size > most {
            let parts = declaration.tables.map { "\($0.key) \($0.bytes) (\($0.most) rows of \($0.stride))" }
            add(
                node,
                "rows is of \(size) bytes, \(most) are allowed: \(Words.all(parts)); fewer rows, less in match (comm takes 32 bytes of a row, cgroup 16, uid 8), or u32, u16 or u8 where that is enough"
            )
        }
    }

    /// In C a hyphen is `_`, in Swift neither is there.
    private static func isAlike(_ one: String, _ other: String) -> Bool {
        func plain(_ name: String) -> String { name.filter { $0 != "-" && $0 != "_" }.lowercased() }
        return plain(one) == plain(other)
    }

    private mutating func table(_ name: String, _ key: Node, _ value: Node) -> Declaration.Table? {
        let what = "rows.\(name)"
        guard let mapping = value.mapping else {
            add(value, "\(what) is a mapping of \(Words.all(Self.tableKeys))")
            return nil
        }
        var table = Declaration.Table(key: name)
        for (key, value) in mapping {
            switch key.string ?? "" {
            case "most": table.most = most(value, what)
            case "match": table.match = match(value, what)
            case "values": table.values = values(value, what)
            case "doc":
                table.doc = value.string?.split(separator: "\n").joined(separator: " ") ?? ""
            case let word:
                add(
                    key,
                    "\(what): unknown key \(Words.quoted(word)); \(Words.all(Self.tableKeys)) are known"
                        + Words.hint(word, among: Self.tableKeys))
            }
        }
        if mapping["most"] == nil {
            add(key, "\(what) needs most, how many rows there may be: 1 to \(Declaration.Table.mostMax)")
        }
        if mapping["values"] == nil {
            add(key, "\(what) needs values, what a row says: values: {slice: {type: duration, …}}")
        }
        return table
    }

    private mutating func most(_ node: Node, _ what: String) -> Int {
        let most = Declaration.Table.mostMax
        guard let number = node.int, (1...most).contains(number) else {
            add(node, "\(what).most is a whole number, 1 to \(most)")
            return 1
        }
        return number
    }

    private mutating func match(_ node: Node, _ what: String) -> [Declaration.Input] {
        let words = Declaration.Table.matchable.map { "\($0)" }
        guard let list = node.sequence, list.count > 0 else {
            add(
                node,
                "\(what).match is a list of what rows are compared with: \(Words.all(words)) are known; or it is left out"
            )
            return []
        }
        var match: [Declaration.Input] = []
        for entry in list {
            let word = entry.string ?? ""
            guard let input = Declaration.Table.matchable.first(where: { "\($0)" == word }) else {
                add(
                    entry,
                    "\(what).match: unknown input \(Words.quoted(word)); \(Words.all(words)) are known"
                        + Words.hint(word, among: words))
                continue
            }
            if match.contains(input) {
                add(entry, "\(what).match has \(word) twice")
            } else if !declaration.inputs.contains(input) {
                let all = Declaration.Input.allCases.filter { $0 == input || declaration.inputs.contains($0) }
                let list = all.map { "\($0)" }.joined(separator: ", ")
                add(entry, "\(what).match has \(word), and inputs has not: inputs: [\(list)]")
            }
            match.append(input)
        }
        return match
    }

    private mutating func values(_ node: Node, _ what: String) -> [Declaration.Parameter] {
        var values: [Declaration.Parameter] = []
        let section = "\(what).values"
        let reserved = Declaration.Table.reserved
        for (key, name, value) in entries(node, of: section) {
            let word = name.replacing("-", with: "_")
            if let flaw = Self.flaw(ofName: word) {
                add(key, "\(section): \(flaw)")
            } else if reserved.contains(word) || word.hasPrefix("unused") {
                add(key, "\(section): every row has \(name) already, or it is ours: choose another name")
            } else if let parameter = parameter(name, key, value, of: section) {
                if parameter.kind == .cpus {
                    add(value, "\(section).\(name): cpus is for params, no row has any")
                } else if let same = values.first(where: { $0.name == parameter.name }) {
                    add(key, "\(section): \(name) and \(same.key) are both \(same.name) in C")
                } else {
                    values.append(parameter)
                }
            }
        }
        if values.isEmpty && node.mapping?.isEmpty != false {
            add(node, "\(section) is what a row says, one value at least")
        }
        return values
    }
}
