// SPDX-License-Identifier: GPL-2.0-only

/// What the Swift twin has of tables: members of `Params`.
///
/// In the kernel the rows stay where the description is, as in the C twin: all of them would be more than the stack of
/// a BPF program. Elsewhere they are a part of the parameters, and whoever keeps those keeps all.
extension Declaration {
    /// The tables among the members of `Params`.
    func swiftTables(of type: String) -> String {
        if tables.isEmpty { return "" }
        let stored = tables.map { "        /// \($0.doc)\n        public var `\($0.name)` = \($0.type)()\n" }
        let inPlace = tables.map { table in
            """
                    /// \(table.doc)
                    public var `\(table.name)`: \(table.type) { \(table.type)(at: rowsAt + \(placed(table))) }

            """
        }
        return """
                #if !hasFeature(Embedded)
            \(stored.joined())\
                #else
                    private let rowsAt: UnsafeRawPointer
            \(inPlace.joined())\
                #endif

            """
    }

    /// In the kernel: the parameters of a description, whose rows stay there.
    var swiftParamsInPlace: String {
        let fields = placedParams.map {
            "            \($0.name) = at.load(fromByteOffset: \(Self.paramsPlace + $0.offset), as: \($0.width.swift).self)\n"
        }
        return """
                #if hasFeature(Embedded)
                    @inline(__always)
                    init(at: UnsafeRawPointer) {
            \(fields.joined())            rowsAt = at + \(Self.rowsPlace)
                    }
                #else
                    /// Each at its default, and no rows.
                    public init() {}
                #endif

            """
    }

    /// How the kernel's program comes to them.
    var swiftParamsFunction: String {
        if tables.isEmpty { return "" }
        return """

                #if hasFeature(Embedded)
                @inline(__always)
                public static func params(_ policy: UnsafePointer<sp_policy>) -> Params {
                    Params(at: UnsafeRawPointer(policy))
                }
                #endif

            """
    }

    /// The type of each table.
    func swiftTableTypes(of type: String) -> String {
        tables.map { "\n" + tableType($0, of: type) }.joined()
    }

    private func tableType(_ table: Table, of type: String) -> String {
        var used = table.stride - table.unused
        var fields = table.fields.map { "public var `\($0.name)`: \($0.width.swift) = 0" }
        while used < table.stride {
            let width =
                Width.allCases.first { used % $0.bytes == 0 && used + $0.bytes <= table.stride } ?? .u8
            fields.append("private let unused\(used): \(width.swift) = 0")
            used += width.bytes
        }
        let lines = fields.map { "            \($0)\n" }.joined()
        return """
                /// \(table.doc)
                public struct \(table.type): BitwiseCopyable, @unchecked Sendable {
                    /// One row: what it is compared with, as value and the bits that count, and what it says.
                    public struct Row: BitwiseCopyable, Sendable {
            \(lines)
                        public init() {}
                    }

                    #if hasFeature(Embedded)
                    private let at: UnsafeRawPointer
                    @inline(__always)
                    init(at: UnsafeRawPointer) { self.at = at }
                    /// How many rows there are.
                    public var count: UInt32 {
                        @inline(__always) get { at.load(as: UInt32.self) }
                    }
                    @inline(__always)
                    private func at(_ row: Int) -> Row {
                        (at + \(Table.countBytes)).assumingMemoryBound(to: Row.self)[row]
                    }
                    #else
                    /// How many rows there are.
                    public var count: UInt32 = 0
                    private let unused: UInt32 = 0
                    public var rows = InlineArray<\(table.most), Row>(repeating: Row())
                    public init() {}
                    @inline(__always)
                    private func at(_ row: Int) -> Row { rows[row] }
                    #endif
            \(table.match.isEmpty ? "" : swiftRow(table, of: type))\
            \(table.values.map { swiftValue(table, $0) }.joined())\
                }

            """
    }

    private func swiftRow(_ table: Table, of type: String) -> String {
        var differences: [String] = []
        if table.match.contains(.comm) {
            differences += [
                "((event.first.0 & row.comm_mask0) ^ row.comm0)",
                "((event.since.0 & row.comm_mask1) ^ row.comm1)",
            ]
        }
        for input in [Input.cgroup, .uid] where table.match.contains(input) {
            differences.append("UInt64((\(type).\(input)(event) & row.\(input)_mask) ^ row.\(input))")
        }
        let tests = (0..<table.most).map {
            "            if Self.fits(event, at(\($0))) { return \($0) }\n"
        }
        let lines = differences.enumerated().map { number, text in
            "            let d\(number): UInt64 = \(text)\n"
        }
        let all = differences.indices.map { "d\($0)" }.joined(separator: " | ")
        return """

                    @inline(__always)
                    private static func fits(_ event: sp_event, _ row: Row) -> Bool {
            \(lines.joined())            return \(all) == 0
                    }

                    /// ENQUEUE: the first row that fits the task; their count if none does: the places behind them are
                    /// all 0, and would fit anybody.
                    @inline(__always)
                    public func row(_ event: sp_event) -> UInt32 {
                        if event.kind != SP_EVENT_ENQUEUE.rawValue { return count }
            \(tests.joined())            return \(table.most)
                    }

            """
    }

    private func swiftValue(_ table: Table, _ value: Parameter) -> String {
        let cases = (0..<table.most).map { "            case \($0): return at(\($0)).`\(value.name)`\n" }
        let doc = value.doc.isEmpty ? "" : "\(value.doc) "
        return """

                    /// \(doc)Of a row; where there is no such row, \(value.value).
                    @inline(__always)
                    public func `\(value.name)`(_ row: some FixedWidthInteger & UnsignedInteger) -> \(value.width.swift) {
                        let row = UInt32(truncatingIfNeeded: row)
                        if row >= count { return \(value.value) }
                        switch row {
            \(cases.joined())            default: return \(value.value)
                        }
                    }

            """
    }
}
