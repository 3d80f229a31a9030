// SPDX-License-Identifier: GPL-2.0-only
import Output
import PolicyModel
import Yams

/// From the text of a description to its entries.
enum DescriptionYAML {
    /// Reads the entries; what is wrong with them goes to `problems`.
    static func entries(_ text: String, _ problems: inout Problems) -> Entries {
        var entries = Entries()
        if let (place, message) = YAMLGuard.excess(in: text) {
            problems.add(.file(place), message)
            return entries
        }
        do {
            // The resolver without rules: keys are compared as they are written, and fast.
            let parser = try Parser(yaml: withoutByteOrderMark(text), resolver: .basic, encoding: .utf8)
            if let root = try parser.singleRoot() {
                var walk = Walk(problems: problems)
                walk.root(root)
                (entries, problems) = (walk.entries, walk.problems)
            } else {
                problems.add(.file(.start), isEmpty)
            }
            // Nodes hold their anchors weakly: the parser has to outlive the walk.
            withExtendedLifetime(parser) {}
        } catch {
            let (place, message) = YAMLGuard.explain(error, in: text)
            problems.add(.file(place), message)
        }
        return entries
    }

    /// libyaml skips the mark only in encodings that it had to guess.
    private static func withoutByteOrderMark(_ text: String) -> String {
        text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    }

    fileprivate static var isEmpty: String {
        "the description is empty; \(Words.all(PolicyKeys.required)) are required"
    }
}

/// One pass over the nodes of a description. It goes no deeper than a description does.
struct Walk {
    var entries = Entries()
    var problems: Problems
    private var seen: Set<String> = []
    /// Keys and groups that unknown ones were perhaps meant to be.
    private var meant: [(path: String, place: Position)] = []

    init(problems: Problems) { self.problems = problems }

    mutating func root(_ node: Node) {
        guard isUsable(node) else { return }
        if let scalar = node.scalar, scalar.string.isEmpty {
            return problems.add(.file(place(node)), DescriptionYAML.isEmpty)
        }
        guard let mapping = node.mapping else {
            return problems.add(
                .file(place(node)),
                "a description is a mapping of keys to values, this is \(kind(node))")
        }
        pairs(mapping, in: nil)
        // What is only misspelled is not missing as well.
        for guess in meant where !seen.contains(guess.path) { unusable(guess.path, guess.place) }
    }

    private mutating func pairs(_ mapping: Node.Mapping, in group: String?) {
        for (key, value) in mapping {
            guard isUsable(key) else { continue }
            guard let name = key.scalar?.string else {
                problems.add(.file(place(key)), "a key is one word, this is \(kind(key))")
                continue
            }
            let path = group.map { "\($0).\(name)" } ?? name
            if !name.contains("."), !seen.insert(path).inserted {
                problems.add(.file(place(key)), "the key \(Words.quoted(path)) is given twice")
            } else if group == nil, let table = PolicyKeys.table(name) {
                self.table(table, key, value)
            } else if group == nil && PolicyKeys.groups.contains(name) {
                self.group(name, key, value)
            } else if PolicyKeys.named(path)?.leaf == name {
                scalar(path, value)
            } else {
                problems.add(.file(place(key)), UnknownKey.message(name, in: group))
                if let near = UnknownKey.meant(name, in: group) { meant.append((near, place(key))) }
            }
        }
    }

    private mutating func group(_ name: String, _ key: Node, _ value: Node) {
        entries.groups[name] = place(key)
        guard isUsable(value) else { return unusable(name, place(key)) }
        let leaves = Words.all(PolicyKeys.keys(in: name).map(\.leaf))
        guard let mapping = value.mapping else {
            problems.add(
                .file(place(value)), "\(name) is a group of keys (\(leaves)), this is \(kind(value))")
            return unusable(name, place(key))
        }
        pairs(mapping, in: name)
    }

    /// Marks a key, or all keys of a group, as given and wrong, so that none is said to be missing.
    private mutating func unusable(_ path: String, _ place: Position) {
        for key in PolicyKeys.all where key.path == path || key.group == path {
            entries.byPath[key.path] = Entry(content: .unusable, origin: .file(place))
        }
    }

    private mutating func scalar(_ path: String, _ value: Node) {
        let origin = Origin.file(place(value))
        entries.byPath[path] = Entry(content: .unusable, origin: origin)
        guard isUsable(value) else { return }
        guard let scalar = value.scalar else {
            let allowed = PolicyKeys.named(path)?.allowed ?? "one value"
            return problems.add(origin, "\(path) is \(kind(value)); \(allowed) is allowed")
        }
        let isPlain = scalar.style == .plain
        let style = isPlain ? Entry.Style.plain(isText: YAMLGuard.isText(scalar.string)) : .quoted
        entries.byPath[path] = Entry(content: .scalar(scalar.string, style), origin: origin)
    }

    /// Says so if the node has an anchor (or is an alias of one that has) or a tag.
    mutating func isUsable(_ node: Node) -> Bool {
        if node.anchor != nil {
            problems.add(.file(place(node)), YAMLGuard.noAliases)
            return false
        }
        let tag = node.scalar?.tag ?? node.mapping?.tag ?? node.sequence?.tag
        let known = ["", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"]
        if let tag, !known.contains(tag.rawValue) {
            problems.add(.file(place(node)), "tags (\(Words.quoted(tag.rawValue))) are refused: leave it out")
            return false
        }
        return true
    }

    func place(_ node: Node) -> Position {
        node.mark.map { Position(line: $0.line, column: $0.column) } ?? .start
    }

    func kind(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar) where scalar.string.isEmpty: "nothing"
        case .scalar: "a single value"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}

/// What to say about a key that no description has.
enum UnknownKey {
    static func message(_ name: String, in group: String?) -> String {
        let siblings = siblings(in: group)
        let place = group.map { " in \($0)" } ?? ""
        return "unknown key \(Words.quoted(name))\(place); \(Words.all(siblings)) are known"
            + (elsewhere(name, in: group) ?? Words.hint(name, among: siblings))
    }

    /// The path of the key or group that was perhaps meant.
    static func meant(_ name: String, in group: String?) -> String? {
        guard let near = Words.nearest(name, among: siblings(in: group)) else {
            return PolicyKeys.named(name)?.path
        }
        return group.map { "\($0).\(near)" } ?? near
    }

    private static func siblings(in group: String?) -> [String] {
        PolicyKeys.keys(in: group).map(\.leaf)
            + (group == nil ? PolicyKeys.groups + PolicyKeys.tables.map(\.key) : [])
    }

    /// The hint for a key that stands in the wrong place.
    private static func elsewhere(_ name: String, in group: String?) -> String? {
        let homes = PolicyKeys.all.filter { $0.leaf == name || $0.path == name }
        guard homes.count == 1, let key = homes.first else { return nil }
        guard let home = key.group else { return "; \(name) stands outside any group" }
        return "; \(key.leaf) stands in \(home)"
    }
}
