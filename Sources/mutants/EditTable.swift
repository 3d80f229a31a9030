// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import Mutation

/// Wrong versions written by hand: a line each of FILE, ORIGINAL, REPLACEMENT and what that breaks, with
/// tabs between. `\n` and `\t` in the texts stand for a new line and a tab.
enum EditTable {
    /// Reads the table. An edit whose original is not in its file, or there twice, ends the program: the
    /// table has to follow the sources.
    static func read(_ path: String, checkout: String) -> [(half: Half, mutation: Mutation)] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            fail("\(path) cannot be read")
        }
        var found: [(Half, Mutation)] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where !line.isEmpty && !line.hasPrefix("#") {
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4 else {
                fail("\(path), line \(index + 1): FILE, ORIGINAL, REPLACEMENT and REASON, with tabs between")
            }
            let edit = parts.map { $0.replacing("\\n", with: "\n").replacing("\\t", with: "\t") }
            found.append(made(edit, "\(path), line \(index + 1)", checkout))
        }
        return found
    }

    private static func made(
        _ edit: [String], _ place: String, _ checkout: String
    ) -> (Half, Mutation) {
        guard
            let (half, file) = Half.allCases.lazy.flatMap({ half in half.files.map { (half, $0) } })
                .first(where: { $0.1.hasSuffix("/" + edit[0]) })
        else { fail("\(place): \(edit[0]) is no file of the mechanism") }
        guard let text = try? String(contentsOfFile: "\(checkout)/\(file)", encoding: .utf8) else {
            fail("\(file) cannot be read")
        }
        let ranges = text.ranges(of: edit[1])
        guard ranges.count == 1, let range = ranges.first else {
            fail("\(place): \(edit[0]) has its original \(ranges.count) times, not once")
        }
        let before = edit[1].replacing("\n", with: " ").replacing("\t", with: "").trimmed
        let after = edit[2].replacing("\n", with: " ").replacing("\t", with: "").trimmed
        return (
            half,
            Mutation(
                file: edit[0], line: text[..<range.lowerBound].count { $0 == "\n" } + 1, before: before,
                after: after.isEmpty ? "(dropped)" : after,
                text: text.replacingCharacters(in: range, with: edit[2]))
        )
    }
}
