// SPDX-License-Identifier: GPL-2.0-only

extension Declaration {
    /// A table whose rows descriptions give: what each row is compared with, and what it says.
    package struct Table: Sendable {
        /// Rows that a table has at most.
        package static let mostMax = 16
        /// What a row may be compared with.
        package static let matchable: [Input] = [.comm, .cgroup, .uid]
        /// Words of a row of any table, and names of functions of any.
        package static let reserved = [
            "name", "row", "rows", "at", "count", "fits", "number", "comm", "comm0", "comm1", "comm_mask0",
            "comm_mask1", "cgroup", "cgroup_mask", "uid", "uid_mask",
        ]

        /// As descriptions write it.
        package let key: String
        package var most = 0
        package var match: [Input] = []
        package var values: [Parameter] = []
        package var doc = ""

        /// As both twins write it.
        package var name: String { key.replacing("-", with: "_") }

        package init(key: String) { self.key = key }
    }

    /// Bytes that all tables may have together: `SP_ROWS_BYTES` of `bpf/abi.h`.
    package static let rowsBytesMax = 1536
    /// Where they are in `sp_policy`, and its parameters before them: `SP_PAIR_ROWS`, `SP_PAIR_PARAMS`.
    package static let rowsPlace = 96, paramsPlace = 56

    /// Bytes of all tables.
    package var rowsBytes: Int { tables.reduce(0) { $0 + $1.bytes } }

    /// Where a table begins, behind those before it.
    func placed(_ table: Table) -> Int {
        tables.prefix { $0.key != table.key }.reduce(0) { $0 + $1.bytes }
    }

    /// What descriptions and reports are told of the tables, as Swift.
    var tablesLiteral: String {
        "[" + tables.map { $0.literal(at: placed($0)) }.joined(separator: ",\n                    ") + "]"
    }
}

extension Declaration.Table {
    /// The number of rows and what fills up its word stand before the rows.
    static let countBytes = 8

    /// The fields of a row, with their places: of what it is compared with, the value and which bits of it count.
    var fields: [Placed] {
        var fields: [(name: String, width: Declaration.Width, first: UInt64)] = []
        if match.contains(.comm) {
            fields += ["comm0", "comm1", "comm_mask0", "comm_mask1"].map { ($0, .u64, 0) }
        }
        if match.contains(.cgroup) { fields += [("cgroup", .u64, 0), ("cgroup_mask", .u64, 0)] }
        if match.contains(.uid) { fields += [("uid", .u32, 0), ("uid_mask", .u32, 0)] }
        // Which row of the description it is: one with a list of names takes several places.
        fields.append(("number", .u32, 0))
        return Placed.all(fields + values.map { ($0.name, $0.width, 0) })
    }

    private var used: Int { fields.reduce(0) { $0 + $1.width.bytes } }
    /// Bytes of a row.
    var stride: Int { (used + 7) / 8 * 8 }
    /// Bytes at its end that are nobody's.
    var unused: Int { stride - used }
    /// Bytes of the table.
    var bytes: Int { Self.countBytes + most * stride }

    /// The name of the table's type in Swift: `BuildToolsRows` of `build-tools`.
    var type: String {
        key.split { $0 == "-" || $0 == "_" }.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
            + "Rows"
    }

    fileprivate func literal(at offset: Int) -> String {
        func place(_ name: String) -> Int { fields.first { $0.name == name }?.offset ?? 0 }
        let said = values.map { $0.literal(at: place($0.name)) }
        let compared = Self.matchable.filter { match.contains($0) }.map { input in
            input == .comm ? "comm: \(place("comm0"))" : "\(input): \(place("\(input)"))"
        }
        return """
            .init(key: "\(key)", doc: \(Declaration.quoted(doc)), most: \(most), \
            offset: \(offset), stride: \(stride), number: \(place("number")), \
            match: .init(\(compared.joined(separator: ", "))), \
            values: [\(said.joined(separator: ", "))])
            """
    }
}
