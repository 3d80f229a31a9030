// SPDX-License-Identifier: GPL-2.0-only

/// Whether the twins have the functions of the events that are declared, and no others: Swift would leave one out without
/// a word, or keep one that nobody calls.
extension Declaration {
    /// - Parameters:
    ///   - sources: the policy's, with the names by which messages call them.
    ///   - file: what messages call the declaration.
    /// - Returns: each flaw with its place, `FILE:LINE:COLUMN: error: …`.
    package func flaws(
        ofSwift sources: [(file: String, text: String)], type: String, declaredIn file: String
    ) -> [String] {
        let texts = sources.map { (file: $0.file, text: Self.withoutComments($0.text)) }
        return Event.allCases.flatMap { event -> [String] in
            let found = texts.compactMap { source in
                Self.place(ofSwift: event.word, in: source.text).map { "\(source.file):\($0)" }
            }
            guard events.contains(event) else {
                return found.map { "\($0): error: \(undeclared(event, "func \(event.word)", file))" }
            }
            if !found.isEmpty { return [] }
            let place = eventPlaces[event] ?? "1:1"
            let line = "public mutating func \(event.word)\(event.parameters.swift)"
            return [
                "\(file):\(place): error: events has \(event.word), and \(type) has no such function: \(line)"
            ]
        }
    }

    /// The same of the C twin, where a function is one too many: one that is missing, clang finds.
    package func flaws(ofC text: String, file header: String, declaredIn file: String) -> [String] {
        let text = Self.withoutComments(text)
        return Event.allCases.filter { !events.contains($0) }.compactMap { event in
            let function = "\(name)_\(event.word)"
            return Self.place(ofC: function, in: text).map {
                "\(header):\($0): error: \(undeclared(event, function, file))"
            }
        }
    }

    private func undeclared(_ event: Event, _ function: String, _ file: String) -> String {
        let all = Event.allCases.filter { $0 == event || events.contains($0) }.map(\.word)
        return
            "\(function) is there, and nobody would call it: \(file) lacks events: [\(all.joined(separator: ", "))]"
    }

    /// The function that takes an event, wherever its author breaks the line.
    private static func place(ofSwift function: String, in text: String) -> String? {
        for match in text.matches(of: #/\bfunc\s+(\w+)\s*\(\s*_\s+\w+\s*:\s*sp_event\b/#)
        where match.output.1 == function {
            return place(match.range.lowerBound, text)
        }
        return nil
    }

    private static func place(ofC function: String, in text: String) -> String? {
        for match in text.matches(of: #/\b(\w+)\s*\(/#) where match.output.1 == function {
            return place(match.range.lowerBound, text)
        }
        return nil
    }

    /// Line and column, from 1 on.
    private static func place(_ index: String.Index, _ text: String) -> String {
        let before = text[..<index].split(separator: "\n", omittingEmptySubsequences: false)
        return "\(before.count):\((before.last?.utf8.count ?? 0) + 1)"
    }

    /// Blanks in the place of comments, so that all else stays where it is.
    private static func withoutComments(_ text: String) -> String {
        var text = text
        for match in text.matches(of: #/\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\//#).reversed() {
            text.replaceSubrange(match.range, with: match.output.map { $0 == "\n" ? "\n" : " " })
        }
        return text
    }
}
