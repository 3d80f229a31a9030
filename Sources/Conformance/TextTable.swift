// SPDX-License-Identifier: GPL-2.0-only

/// Lines of cells, printed in columns.
struct TextTable {
    private var lines: [[String]]

    init(header: [String]) {
        lines = [header]
    }

    mutating func add(_ line: [String]) {
        lines.append(line)
    }

    /// The first column is aligned to the left, the others to the right.
    func text(indent: String = "  ") -> String {
        let columns = lines.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            lines.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return lines.map { line in
            let cells = line.enumerated().map { column, cell in
                let blank = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + blank : blank + cell
            }
            return indent + cells.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
