// SPDX-License-Identifier: GPL-2.0-only

/// LLVM IR with the places in the sources that its instructions come from as comments, in place of the metadata
/// that says so: `; at Sources/Own.swift:12:9, arithmetic overflow`. Whoever reads IR for the proof skips comments.
public enum SourceComments {
    /// What each begins with.
    public static let mark = "; at "

    /// - Parameters:
    ///   - ir: as `-gline-tables-only` makes it; without places it stays as it is.
    ///   - root: a folder that places are named from, with a slash at its end.
    public static func added(to ir: String, root: String = "") -> String {
        let lines = ir.split(separator: "\n", omittingEmptySubsequences: false)
        let locations = DebugLocations(lines) { file in
            // The standard library's own, and what a compiler made up.
            !file.contains("/stdlib/") && !file.contains("<")
        }
        var output = ""
        output.reserveCapacity(ir.utf8.count)
        for line in lines {
            guard line.hasPrefix("  "), let place = line.range(of: ", !dbg !"),
                let number = DebugLocations.location(of: line)
            else {
                output += line
                output += "\n"
                continue
            }
            output += line[..<place.lowerBound]
            output += line[place.upperBound...].drop { $0.isNumber }
            if let found = locations.place(number) {
                let file = found.file.hasPrefix(root) ? found.file.dropFirst(root.count) : found.file[...]
                output += " \(mark)\(file):\(found.line):\(found.column)"
                if let failure = locations.failure(number) { output += ", \(failure)" }
            }
            output += "\n"
        }
        return output
    }

    /// What is said of a line: the place, and Swift's words for the trap that it is, if it is one.
    public static func read(_ line: Substring) -> (place: Substring, failure: Substring?)? {
        guard let begin = line.range(of: mark) else { return nil }
        let text = line[begin.upperBound...]
        guard let comma = text.range(of: ", ") else { return (text, nil) }
        return (text[..<comma.lowerBound], text[comma.upperBound...])
    }
}
