// SPDX-License-Identifier: GPL-2.0-only

/// What a description or a setting writes at one key, not yet understood.
struct Entry: Sendable {
    let content: Content
    let origin: Origin

    enum Content: Sendable {
        case scalar(String, Style)
        /// Something that is no single value; said to be wrong where it was found.
        case unusable
    }

    enum Style: Sendable {
        /// Without quotes; YAML may take it for something else than text.
        case plain(isText: Bool)
        case quoted
        /// From the command line, where nothing is typed.
        case setting
    }
}

/// The entries by the paths of their keys, and the places of the groups.
struct Entries: Sendable {
    var byPath: [String: Entry] = [:]
    var groups: [String: Position] = [:]
    /// The rows of each table that is given.
    var tables: [String: [RowEntry]] = [:]
}

/// A row of a table, not yet understood.
struct RowEntry: Sendable {
    let place: Position
    /// What is written at each key: one entry, or, at `comm`, several.
    var byKey: [String: [Entry]] = [:]

    init(place: Position) { self.place = place }
}
