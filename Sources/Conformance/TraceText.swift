// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import Output

/// The events of a trace as lines: of a table, whose columns are as wide as all of them need, or of JSON.
public struct TraceText {
    private let fields: [EventField]
    private let widths: [Int]

    /// - Complexity: O(events), once through all of them.
    public init(_ events: [sp_event], _ naming: ReportNaming) {
        fields = naming.events
        var widths = fields.map(\.name.utf8.count)
        for event in events {
            for (column, field) in fields.enumerated() {
                widths[column] = max(widths[column], field.text(event).utf8.count)
            }
        }
        self.widths = widths
    }

    /// The table's first line.
    public var header: String { row(fields.map(\.name)) }

    /// The table's line of an event.
    public func line(_ event: sp_event) -> String { row(fields.map { $0.text(event) }) }

    /// An event as an object: the fields of `sp_event`, kind and flags in words; and what an ENQUEUE tells a pair of
    /// who its task is, which stands in some of them.
    public static func json(_ event: sp_event, _ naming: ReportNaming) -> JSONText {
        let isWait = event.kind == SP_EVENT_ENQUEUE.rawValue
        let who = isWait ? EventField.inputs(naming.inputs) : []
        return .object((EventField.all + who).map { ($0.name, value($0.text(event))) })
    }

    /// A number where it is one, else text.
    static func value(_ text: String) -> JSONText {
        if let number = UInt64(text) { return .number(number) }
        return Int64(text).map { .signed($0) } ?? .string(text)
    }

    private func row(_ cells: [String]) -> String {
        zip(cells, widths).map { cell, width in
            String(repeating: " ", count: width - cell.utf8.count) + cell
        }.joined(separator: "  ")
    }
}
