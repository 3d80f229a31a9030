// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Testing

@testable import Declarations

/// Tables whose rows descriptions give, as pairs declare them.
@Suite struct RowsTests {
    private func problems(_ text: String) -> [String] {
        do throws(DeclarationError) {
            _ = try Declaration(yaml: text, file: "own.yaml")
            return []
        } catch {
            return error.problems
        }
    }

    private static let slice = "slice: {type: duration, range: 100us..100ms, default: 8ms}"

    @Test func bytesAreTheHeaders() {
        #expect(Declaration.rowsBytesMax == Int(SP_ROWS_BYTES))
        #expect(Declaration.rowsPlace == Int(SP_PAIR_ROWS))
        #expect(Declaration.paramsPlace == Int(SP_PAIR_PARAMS))
    }

    @Test func fieldsHaveTheirPlaces() throws {
        let text = """
            inputs: [comm, cgroup, uid]
            rows:
              layers:
                most: 3
                match: [uid, comm, cgroup]
                values: {small: {type: u16, range: 1..9, default: 2}, \(Self.slice)}
              plain: {most: 2, values: {on: {type: bool, default: true}}}
            """
        let declaration = try Declaration(yaml: text, file: "own.yaml")
        let table = declaration.tables[0]
        #expect(
            table.fields.map { "\($0.name) \($0.offset) \($0.width)" } == [
                "comm0 0 u64", "comm1 8 u64", "comm_mask0 16 u64", "comm_mask1 24 u64", "cgroup 32 u64",
                "cgroup_mask 40 u64", "slice_ns 48 u64", "uid 56 u32", "uid_mask 60 u32", "number 64 u32",
                "small 68 u16",
            ])
        #expect(table.stride == 72 && table.bytes == 8 + 3 * 72)
        #expect(declaration.placed(declaration.tables[1]) == 224)
        let c = declaration.c(from: "own.yaml")
        #expect(c.contains("struct sp_row_layers row[3];"))
        #expect(c.contains("\tsp_u64 unused[\((1536 - 224 - 24) / 8)]; /* 0 */\n};"))
        // A table of values alone fits nobody.
        #expect(c.contains("own_layers_row(") && !c.contains("own_plain_row("))
        #expect(c.contains("own_plain_on("))
        #expect(declaration.literal.contains("match: .init(comm: 0, cgroup: 32, uid: 56)"))
        let swift = declaration.types(of: "Own", from: "own.yaml")
        #expect(swift.contains("public var `layers` = LayersRows()"))
        #expect(swift.contains("InlineArray<3, Row>"))
    }

    /// Older traces stay valid where there are no rows; else they are of another declaration.
    @Test func rowsAreOfTheHash() throws {
        func hash(_ rows: String) throws -> UInt32 {
            try Declaration(yaml: "inputs: [uid]\n\(rows)", file: "own.yaml").hash
        }
        let some = try hash("rows: {t: {most: 2, values: {\(Self.slice)}}}")
        #expect(try hash("") != some)
        #expect(try hash("rows: {t: {most: 3, values: {\(Self.slice)}}}") != some)
        #expect(try hash("rows: {t: {most: 2, match: [uid], values: {\(Self.slice)}}}") != some)
    }

    @Test(arguments: [
        ("rows: [1]", "own.yaml:1:7:", "rows is a mapping of names"),
        ("rows: {t: 1}", "own.yaml:1:11:", "rows.t is a mapping of most, match, doc and values"),
        ("rows: {t: {mots: 2}}", "own.yaml:1:12:", "rows.t: unknown key \"mots\""),
        ("rows: {t: {values: {\(slice)}}}", "own.yaml:1:8:", "rows.t needs most"),
        ("rows: {t: {most: 2}}", "own.yaml:1:8:", "rows.t needs values"),
        (
            "rows: {t: {most: 17, values: {\(slice)}}}", "own.yaml:1:18:",
            "rows.t.most is a whole number, 1 to 16"
        ),
        ("rows: {t: {most: 0, values: {\(slice)}}}", "own.yaml:1:18:", "1 to 16"),
        (
            "rows: {t: {most: 2, match: [com], values: {\(slice)}}}", "own.yaml:1:29:",
            "unknown input \"com\"; comm, cgroup and uid are known; did you mean comm?"
        ),
        (
            "rows: {t: {most: 2, match: [uid], values: {\(slice)}}}", "own.yaml:1:29:",
            "rows.t.match has uid, and inputs has not: inputs: [uid]"
        ),
        (
            "rows: {t: {most: 2, match: [uid, uid], values: {\(slice)}}}\ninputs: [uid]", "own.yaml:1:34:",
            "rows.t.match has uid twice"
        ),
        ("rows: {t: {most: 2, match: [], values: {\(slice)}}}", "own.yaml:1:28:", "or it is left out"),
        ("rows: {t: {most: 2, values: {}}}", "own.yaml:1:29:", "one value at least"),
        (
            "rows: {t: {most: 2, values: {name: {type: bool, default: true}}}}", "own.yaml:1:30:",
            "every row has name already"
        ),
        (
            "rows: {t: {most: 2, values: {c: {type: cpus, default: all}}}}", "own.yaml:1:33:",
            "cpus is for params"
        ),
        (
            "rows: {t: {most: 2, values: {slice: {type: duration, range: 1ms..2ms, default: 3ms}}}}",
            "own.yaml:1:80:", "rows.t.values.slice: the default is outside of the range"
        ),
        (
            "rows: {slice-max: {most: 2, values: {\(slice)}}}", "own.yaml:1:8:",
            "every policy has the key slice-max"
        ),
        (
            "rows: {p: {most: 2, values: {\(slice)}}}\nparams: {p: {type: bool, default: true}}",
            "own.yaml:1:8:",
            "p is a parameter already"
        ),
        ("rows: {T: {most: 2, values: {\(slice)}}}", "own.yaml:1:8:", "\"T\" is no name"),
        (
            "inputs: [comm, uid]\nrows: {t: {most: 16, match: [comm, uid], values: {\(slice), w: {type: u64, range: 0..1, default: 0}, x: {type: u64, range: 0..1, default: 0}, y: {type: u64, range: 0..1, default: 0}, z: {type: u64, range: 0..1, default: 0}, v: {type: u64, range: 0..1, default: 0}}}}",
            "own.yaml:2:7:", "rows is of 1544 bytes, 1536 are allowed: t 1544 (16 rows of 96)"
        ),
    ])
    func whatIsWrongIsSaidWithItsPlace(_ text: String, _ place: String, _ message: String) {
        let found = problems(text)
        #expect(found.contains { $0.hasPrefix(place) && $0.contains(message) }, "\(found)")
    }

    /// A name that only rows are compared with is enough for comm.
    @Test func rowsAreAUseOfComm() {
        #expect(
            problems("inputs: [comm]\nrows: {t: {most: 2, match: [comm], values: {\(Self.slice)}}}").isEmpty)
        #expect(!problems("inputs: [comm]\nrows: {t: {most: 2, values: {\(Self.slice)}}}").isEmpty)
    }
}
