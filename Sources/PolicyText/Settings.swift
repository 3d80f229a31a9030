// SPDX-License-Identifier: GPL-2.0-only
import Output
import PolicyModel

/// Settings from the command line: `key=value`, which replace what the file says.
enum Settings {
    /// Puts the settings into `entries`. One that says a key again is a problem: the first one would be ignored.
    static func apply(_ settings: [String], to entries: inout Entries, _ problems: inout Problems) {
        var given: Set<String> = []
        for (index, setting) in settings.enumerated() {
            let origin = Origin.setting(shown(setting), index)
            guard let sign = setting.firstIndex(of: "=") else {
                problems.add(origin, "a setting is written key=value, such as slice.max=5ms")
                continue
            }
            let path = String(setting[..<sign])
            let value = String(setting[setting.index(after: sign)...])
            if !given.insert(path).inserted {
                problems.add(origin, "the key is given twice: leave one of them out")
            } else if PolicyKeys.named(path) != nil {
                entries.byPath[path] = Entry(content: .scalar(value, .setting), origin: origin)
            } else if let table = PolicyKeys.table(String(path.prefix { $0 != "." })) {
                if let flaw = apply(path, value, origin, to: table, &entries) { problems.add(origin, flaw) }
            } else {
                problems.add(origin, unknown(path))
            }
        }
    }

    /// The setting, fit to be shown in a message.
    private static func shown(_ setting: String) -> String {
        let scalars = setting.unicodeScalars
        let isPlain = scalars.count <= 80 && scalars.allSatisfy(Words.isPrintable)
        return isPlain ? setting : Words.quoted(setting)
    }

    private static func unknown(_ path: String) -> String {
        let paths = PolicyKeys.all.map(\.path) + PolicyKeys.tables.map(\.key)
        if PolicyKeys.groups.contains(path) {
            let members = PolicyKeys.keys(in: path).map(\.path)
            return "\(path) is a group; its keys are \(Words.all(members))"
        }
        let table = String(path.prefix { $0 != "." })
        if table != path, let near = Words.nearest(table, among: PolicyKeys.tables.map(\.key)) {
            return "unknown key, did you mean \(near)\(path.dropFirst(table.count))?"
        }
        if let near = Words.nearest(path, among: paths) { return "unknown key, did you mean \(near)?" }
        let homes = PolicyKeys.all.filter { $0.leaf == path && $0.group != nil }.map(\.path)
        if !homes.isEmpty { return "unknown key, did you mean \(Words.either(homes))?" }
        return "unknown key; \(Words.all(paths)) are known"
    }
}
