// SPDX-License-Identifier: GPL-2.0-only
import Output
public import PolicyModel

/// Where descriptions come from: the policies that ship with the program, files and texts.
public enum PolicySource {
    /// The name of the one that is taken where nobody says which.
    public static var usual: String { KeyTable.current.name }

    /// The description of a shipped policy or of a file, with settings over it.
    ///
    /// - Parameters:
    ///   - nameOrPath: The name of a shipped policy; a path if it has a slash or ends with `.yaml` or
    ///     `.yml`.
    ///   - settings: `key=value` each, as in `slice.max=5ms`; later ones win over earlier ones. What
    ///     the file says for a rule that a setting replaces is ignored.
    /// - Throws: `PolicyError`, with all problems that were found.
    public static func load(
        nameOrPath: String, settings: [String] = []
    ) throws(PolicyError) -> PolicyDescription {
        let isPath = nameOrPath.contains("/") || [".yaml", ".yml"].contains { nameOrPath.hasSuffix($0) }
        if isPath {
            let text = try DescriptionFile.read(nameOrPath)
            return try parse(text, file: nameOrPath, settings: settings)
        }
        guard let shipped = KeyTable.current.shipped.first(where: { $0.name == nameOrPath }) else {
            let names = KeyTable.current.shipped.map(\.name)
            throw PolicyError(
                .notFound, Words.quoted(nameOrPath),
                "no such policy; \(Words.all(names)) are known, a file is written with a slash or .yaml"
                    + Words.hint(nameOrPath, among: names))
        }
        return try parse(shipped.text, file: nameOrPath, settings: settings)
    }

    /// The description that a text says, with settings over it.
    ///
    /// - Parameters:
    ///   - text: YAML.
    ///   - file: What errors call the text.
    ///   - settings: As in `load`.
    /// - Throws: `PolicyError` of the kinds `badData` and `badSetting`, with all problems found.
    public static func parse(
        _ text: String, file: String, settings: [String] = []
    ) throws(PolicyError) -> PolicyDescription {
        if text.utf8.count > DescriptionFile.mostBytes {
            throw PolicyError(
                .badData, file, "the text has more than \(DescriptionFile.mostBytes / 1024) KiB")
        }
        var problems = Problems()
        var entries = DescriptionYAML.entries(text, &problems)
        // A text that YAML cannot read says nothing about the keys that it has.
        if entries.isUnread && !problems.isEmpty { throw problems.error(file: file) }
        Settings.apply(settings, to: &entries, &problems)
        var resolution = Resolution(entries, problems)
        guard let description = resolution.description() else {
            throw resolution.problems.error(file: file)
        }
        return description
    }

    /// The policies that ship with the program, by name, in alphabetical order.
    ///
    /// - Throws: `PolicyError` if one of them is wrong, which the tests rule out.
    public static func shipped() throws(PolicyError) -> [PolicyDescription] {
        var descriptions: [PolicyDescription] = []
        for shipped in KeyTable.current.shipped {
            descriptions.append(try parse(shipped.text, file: shipped.name))
        }
        return descriptions
    }
}

extension Entries {
    /// Whether no key, group or table was found.
    fileprivate var isUnread: Bool { byPath.isEmpty && groups.isEmpty && tables.isEmpty }
}
