// SPDX-License-Identifier: GPL-2.0-only
import Output
import Yams

/// What has to be kept from the YAML parser, and what its errors mean.
enum YAMLGuard {
    /// The most brackets, and words that look like aliases, of any text that is parsed. These are
    /// far more than a description has and far fewer than it takes to exhaust a stack, or the time
    /// to compare keys made of aliases of aliases. They only count, so that no quoting fools them.
    static let mostBrackets = 64
    static let mostAliases = 32
    /// The most `-`, `?` and `:` that open a line.
    static let mostIndicators = 8

    /// The first place where the text has more of something than is safe to parse.
    static func excess(in text: String) -> (Position, String)? {
        var (brackets, aliases, indicators) = (0, 0, 0)
        var (line, column) = (1, 0)
        var (isComment, opensLine) = (false, true)
        var before: Unicode.Scalar = "\n"
        for scalar in text.unicodeScalars {
            defer { before = scalar }
            if breaks.contains(scalar) {
                if scalar == "\n" && before == "\r" { continue }
                (line, column) = (line + 1, 0)
                (isComment, opensLine, indicators) = (false, true, 0)
                continue
            }
            column += 1
            if opensLine && scalar == "#" { isComment = true }
            if isComment { continue }
            if opensLine && "-?:".unicodeScalars.contains(scalar) { indicators += 1 }
            if !" \t\u{FEFF}-?:".unicodeScalars.contains(scalar) { opensLine = false }
            if scalar == "[" || scalar == "{" { brackets += 1 }
            if (before == "*" || before == "&") && isOfAnchor(scalar) { aliases += 1 }
            let here = Position(line: line, column: column)
            if brackets > mostBrackets || indicators > mostIndicators { return (here, tooDeep) }
            if aliases > mostAliases { return (here, noAliases) }
        }
        return nil
    }

    /// What YAML takes for the end of a line.
    private static let breaks: Set<Unicode.Scalar> = ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]
    static let tooDeep = "nested deeper than any description: it has groups and keys, no more"
    static let noAliases = "anchors (&) and aliases (*) are refused: write the value out"

    private static func isOfAnchor(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789-_".unicodeScalars.contains(scalar))
    }

    /// Whether YAML takes the text for text if it stands there without quotes.
    static func isText(_ text: String) -> Bool { Node(text).tag.rawValue == "tag:yaml.org,2002:str" }

    /// Where the parser stopped, and why.
    static func explain(_ error: any Error, in text: String) -> (Position, String) {
        guard let error = error as? YamlError else { return (.start, "this is no YAML: \(error)") }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            return (position(mark), explain(problem, context, mark, in: text))
        case .composer(_, let problem, let mark, _):
            let message =
                problem.contains("another document")
                ? "a second document begins here; a file has one description"
                : problem.contains("alias")
                    ? noAliases
                    : "this is no YAML: \(problem)"
            return (position(mark), message)
        case .duplicatedKeysInMapping(let names, let context):
            let keys = names.prefix(4).map { Words.quoted($0) }
            let noun = keys.count == 1 ? "the key \(keys[0]) is" : "the keys \(Words.all(keys)) are"
            return (position(context.mark), "\(noun) given more than once in one group, first here")
        case .reader(let problem, let offset, _, let yaml):
            return (position(of: offset ?? 0, in: yaml), "this is no YAML: \(problem)")
        default:
            return (.start, "this is no YAML: \(error)")
        }
    }

    private static func explain(
        _ problem: String, _ context: YamlError.Context?, _ mark: Mark, in text: String
    ) -> String {
        if character(at: mark, in: text) == "\t" { return "a tab: YAML indents with spaces alone" }
        if problem.contains("nesting") {
            return tooDeep
        }
        let during = context.map { " (\($0.text) from \($0.mark.line):\($0.mark.column) on)" } ?? ""
        return "this is no YAML: \(problem)\(during)"
    }

    private static func position(_ mark: Mark) -> Position {
        Position(line: mark.line, column: mark.column)
    }

    private static func position(of offset: Int, in text: String) -> Position {
        let before = text.prefix(offset)
        let last = before.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
        return Position(
            line: before.count { $0.isNewline } + 1, column: last.unicodeScalars.count + 1)
    }

    private static func character(at mark: Mark, in text: String) -> Unicode.Scalar? {
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        guard mark.line >= 1, mark.line <= lines.count, mark.column >= 1 else { return nil }
        return lines[mark.line - 1].dropFirst(mark.column - 1).first
    }
}
