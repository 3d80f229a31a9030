// SPDX-License-Identifier: GPL-2.0-only

/// What the C twin has of tables: structures, and functions, which stand behind all that they need.
extension Declaration {
    /// `struct sp_rows`, the end of `struct sp_policy`.
    var cRows: String {
        let rows = tables.map { table in
            let fields = table.fields.map { "\t\($0.width.c) \($0.name);\n" }.joined()
            let unused = table.unused > 0 ? "\tsp_u8 unused[\(table.unused)]; /* 0 */\n" : ""
            return "/* A row of \(table.key). */\nstruct sp_row_\(table.name) {\n\(fields)\(unused)};\n\n"
        }
        let members = tables.map { table in
            """
            \tstruct {
            \t\tsp_u32 count;
            \t\tsp_u32 unused; /* 0 */
            \t\tstruct sp_row_\(table.name) row[\(table.most)];
            \t} \(table.name);

            """
        }
        let left = Self.rowsBytesMax - rowsBytes
        let unused = left > 0 ? "\tsp_u64 unused[\(left / 8)]; /* 0 */\n" : ""
        return rows.joined() + "struct sp_rows {\n\(members.joined())\(unused)};\n"
    }

    /// The functions that the twin may call; none of them reaches beyond a table, whatever it is given.
    var cRowFunctions: String { tables.map(cFunctions).joined(separator: "\n") }

    private func cFunctions(_ table: Table) -> String {
        let prefix = "\(name)_\(table.name)"
        let count = """
            /* How many rows \(table.key) has. */
            static sp_inline sp_u32 \(prefix)_count(const struct sp_policy *policy)
            {
            \treturn policy->rows.\(table.name).count;
            }

            """
        return count + (table.match.isEmpty ? "" : "\n" + cRow(table, prefix))
            + table.values.map { "\n" + cValue(table, $0, prefix) }.joined()
    }

    private func cRow(_ table: Table, _ prefix: String) -> String {
        var differences: [String] = []
        if table.match.contains(.comm) {
            differences += [
                "((event->first[0] & row->comm_mask0) ^ row->comm0)",
                "((event->since[0] & row->comm_mask1) ^ row->comm1)",
            ]
        }
        for input in [Input.cgroup, .uid] where table.match.contains(input) {
            differences.append("((\(name)_\(input)(event) & row->\(input)_mask) ^ row->\(input))")
        }
        let tests = (0..<table.most).map {
            "\tif (\(prefix)_fits(event, &policy->rows.\(table.name).row[\($0)]))\n\t\treturn \($0);\n"
        }
        return """
            static sp_inline int \(prefix)_fits(const struct sp_event *event,
            \t\tconst struct sp_row_\(table.name) *row)
            {
            \treturn !(\(differences.joined(separator: " |\n\t\t ")));
            }

            /*
             * ENQUEUE: the first row that fits the task; their count if none does: the places behind
             * them are all 0, and would fit anybody.
             */
            static sp_inline sp_u32 \(prefix)_row(const struct sp_policy *policy,
            \t\tconst struct sp_event *event)
            {
            \tif (event->kind != SP_EVENT_ENQUEUE)
            \t\treturn policy->rows.\(table.name).count;
            \(tests.joined())\treturn \(table.most);
            }

            """
    }

    private func cValue(_ table: Table, _ value: Parameter, _ prefix: String) -> String {
        let cases = (0..<table.most).map {
            "\tcase \($0):\n\t\treturn policy->rows.\(table.name).row[\($0)].\(value.name);\n"
        }
        return """
            /* Of a row; where there is no such row, \(value.value). */
            static sp_inline \(value.width.c) \(prefix)_\(value.name)(const struct sp_policy *policy,
            \t\tsp_u32 row)
            {
            \tif (row >= policy->rows.\(table.name).count)
            \t\treturn \(value.value)ull;
            \tswitch (row) {
            \(cases.joined())\tdefault:
            \t\treturn \(value.value)ull;
            \t}
            }

            """
    }
}
