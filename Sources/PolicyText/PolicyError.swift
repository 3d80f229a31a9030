// SPDX-License-Identifier: GPL-2.0-only
import Output

/// Why there is no valid description: one problem or several, in the order of the file.
public struct PolicyError: Error, Sendable, CustomStringConvertible {
    /// What kind of trouble it is, for an exit status.
    public enum Kind: Sendable, Equatable {
        /// There is no such file or shipped policy.
        case notFound
        /// The file may not be read.
        case noPermission
        /// The path is no regular file, or reading failed.
        case unreadable
        /// The description is wrong.
        case badData
        /// A setting is wrong, and the description is not.
        case badSetting
    }

    /// One thing that is wrong, and where.
    public struct Problem: Sendable, CustomStringConvertible {
        /// The file's name or path, or `--set key=value`.
        public let origin: String
        /// 1…; nil unless a place in a file is meant.
        public let line: Int?
        /// 1…, in Unicode scalars; nil unless a place in a file is meant.
        public let column: Int?
        /// What is wrong, what is allowed, and perhaps what was meant.
        public let message: String

        /// `FILE:LINE:COLUMN: message`, or `--set key=value: message`.
        public var description: String {
            // A path, or what somebody typed.
            let origin = Printable.line(origin)
            guard let line, let column else { return "\(origin): \(message)" }
            return "\(origin):\(line):\(column): \(message)"
        }
    }

    public let kind: Kind
    /// At least one.
    public let problems: [Problem]

    /// One line for each problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }

    init(_ kind: Kind, _ origin: String, _ message: String) {
        self.kind = kind
        problems = [Problem(origin: origin, line: nil, column: nil, message: message)]
    }

    init(kind: Kind, problems: [Problem]) {
        self.kind = kind
        self.problems = problems
    }
}

/// A place in a text, both from 1; columns count Unicode scalars.
struct Position: Sendable, Comparable {
    let line: Int
    let column: Int

    static let start = Position(line: 1, column: 1)

    static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// Where a key and its value come from.
enum Origin: Sendable {
    case file(Position)
    /// The setting as it was written, without `--set`, and its place among the settings.
    case setting(String, Int)
}

/// The problems found so far.
struct Problems {
    /// More than these are counted, not listed.
    static let mostListed = 20

    private var found: [(origin: Origin, message: String)] = []

    var isEmpty: Bool { found.isEmpty }

    mutating func add(_ origin: Origin, _ message: String) { found.append((origin, message)) }

    /// All problems as one error: those of the file first, in its order, then those of the settings.
    func error(file: String) -> PolicyError {
        let sorted = found.enumerated().sorted { left, right in
            switch (left.element.origin, right.element.origin) {
            case (.file(let a), .file(let b)): a == b ? left.offset < right.offset : a < b
            case (.file, .setting): true
            case (.setting, .file): false
            case (.setting(_, let a), .setting(_, let b)): a == b ? left.offset < right.offset : a < b
            }
        }
        var kind = PolicyError.Kind.badSetting
        var problems: [PolicyError.Problem] = []
        for (_, problem) in sorted {
            switch problem.origin {
            case .file(let place):
                kind = .badData
                problems.append(
                    .init(origin: file, line: place.line, column: place.column, message: problem.message))
            case .setting(let text, _):
                problems.append(
                    .init(origin: "--set \(text)", line: nil, column: nil, message: problem.message))
            }
        }
        if problems.count > Self.mostListed {
            let more = "\(problems.count - Self.mostListed) more problems"
            problems.removeLast(problems.count - Self.mostListed)
            problems.append(.init(origin: file, line: nil, column: nil, message: more))
        }
        return PolicyError(kind: kind, problems: problems)
    }
}
