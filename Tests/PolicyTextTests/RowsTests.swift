// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Foundation
import Output
import PolicyModel
import Testing

@testable import PolicyText

/// Tables of a pair whose rows a description gives.
@Suite struct RowsTests {
    private static let table = PairTable(
        key: "layers", doc: "Layers.", most: 4, offset: 0, stride: 72, number: 64,
        match: .init(comm: 0, cgroup: 32, uid: 56),
        values: [
            PairParameter(
                key: "slice", kind: .duration, offset: 48, size: 8, range: 100_000...100_000_000,
                value: 8_000_000,
                doc: "How long."),
            PairParameter(key: "first", kind: .bool, offset: 68, size: 1, range: 0...1, value: 0, doc: ""),
        ])
    private static let keys = PairKeys(
        name: "own", summary: "Own.", hash: 7, queues: 1, ownQueues: 0,
        inputs: SP_INPUT_COMM.rawValue | SP_INPUT_UID.rawValue, wakeups: (0, 0), params: [], tables: [table])

    private static let text = """
        layers:
          - {name: web, uid: 33, slice: 4ms}
          - {name: builds, comm: ["cc1*", ld], cgroup: 99, slice: 36ms, first: true}
          - {slice: 12ms}

        """

    private func load(_ text: String, _ settings: [String] = []) throws -> PolicyDescription {
        try Self.keys.apply { try PolicySource.parse(text, file: "F", settings: settings) }
    }

    private func complaints(_ text: String, _ settings: [String] = []) -> [String] {
        Self.keys.apply { PolicyTextTests.complaints(text, settings: settings) }
    }

    private func yaml(_ description: PolicyDescription) -> String { Self.keys.apply { description.yaml } }

    private func rows(_ text: String, _ settings: [String] = []) throws -> [TableRow] {
        Self.table.rows(in: try load(text, settings).policy)
    }

    @Test func rowsAreRead() throws {
        let rows = try rows(Self.text)
        #expect(rows.count == 3)
        #expect(rows[0] == TableRow(uid: 33, values: [4_000_000, 0]))
        #expect(
            rows[1]
                == TableRow(
                    comm: [.init(comm: "cc1", isPrefix: true), .init(comm: "ld", isPrefix: false)],
                    cgroup: 99,
                    values: [36_000_000, 1]))
        #expect(rows[2] == TableRow(values: [12_000_000, 0]))
        let names = Self.keys.comms(in: try load(Self.text).policy)
        #expect(names.map(\.0) == [0x31_6363, 0x64_6c] && names.map(\.1) == [0, 0])
    }

    /// As the twins read it: what counts of a word, and where the places are.
    @Test func bytesAreThoseOfTheTwins() throws {
        let policy = try load(Self.text).policy
        func number(_ offset: Int, _ size: Int = 8) -> UInt64 {
            withUnsafeBytes(of: policy) { bytes in
                bytes[Int(SP_PAIR_ROWS) + offset..<Int(SP_PAIR_ROWS) + offset + size].reversed()
                    .reduce(0) { $0 << 8 | UInt64($1) }
            }
        }
        #expect(number(0, 4) == 4)
        #expect(number(8) == 0 && number(8 + 16) == 0 && number(8 + 40) == 0)
        #expect(number(8 + 56, 4) == 33 && number(8 + 60, 4) == 0xffff_ffff)
        // A row of two names takes two places.
        #expect(number(80) == 0x31_6363 && number(80 + 16) == 0xff_ffff && number(80 + 24) == 0)
        #expect(number(152) == 0x64_6c && number(152 + 16) == .max && number(152 + 24) == .max)
        #expect(number(80 + 32) == 99 && number(152 + 40) == .max)
        #expect(number(80 + 64, 4) == 1 && number(152 + 64, 4) == 1 && number(224 + 64, 4) == 2)
    }

    @Test func noTableIsNoRows() throws {
        let none = try load("summary: Nothing.")
        #expect(Self.table.rows(in: none.policy).isEmpty)
        #expect(!yaml(none).contains("layers"))
    }

    @Test(arguments: [
        ("layers.builds.slice=5ms", 1, 5_000_000), ("layers.1.slice=5ms", 1, 5_000_000),
        ("layers.2.slice=100us", 2, 100_000),
    ])
    func aSettingChangesARow(_ setting: String, _ row: Int, _ ns: UInt64) throws {
        let changed = try rows(Self.text, [setting])
        #expect(changed[row].values[0] == ns)
        #expect(
            changed.indices.filter { $0 != row }.allSatisfy {
                [4_000_000, 36_000_000, 12_000_000][$0] == changed[$0].values[0]
            })
    }

    @Test func whomARowFitsCanBeSet() throws {
        let changed = try rows(Self.text, ["layers.web.uid=34", "layers.builds.comm=make*"])
        #expect(changed[0].uid == 34)
        #expect(changed[1].comm == [.init(comm: "make", isPrefix: true)])
    }

    @Test func theCanonicalFormIsReadAsItWasWritten() throws {
        let description = try load(Self.text)
        let text = yaml(description)
        #expect(
            text.hasSuffix(
                """
                layers:
                  - {name: web, uid: 33, slice: 4ms, first: false}
                  - {name: builds, comm: ["cc1*", "ld"], cgroup: 99, slice: 36ms, first: true}
                  - {slice: 12ms, first: false}

                """), "\(text)")
        let again = try load(text)
        #expect(again == description)
        let json = Self.keys.apply { description.json.text() }
        #expect(json.contains("\"comm\""), "\(json)")
        let other = try load(Self.text, ["layers.web.slice=9ms"])
        let table = Self.keys.apply { description.differences(from: other, titles: ("a", "b")) } ?? ""
        #expect(
            table.contains("layers.0  uid: 33, slice: 4ms, first: false  uid: 33, slice: 9ms"), "\(table)")
    }

    /// A path is the number of its folder; the description still says it by its path.
    @Test func controlGroupsHavePaths() throws {
        let root = NSTemporaryDirectory() + "groups-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        try FileManager.default.createDirectory(
            atPath: root + "/system.slice/web@1.service", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: root + "/file"))
        func inode(_ path: String) throws -> UInt64 {
            let attributes = try FileManager.default.attributesOfItem(atPath: root + path)
            return try #require((attributes[.systemFileNumber] as? NSNumber)?.uint64Value)
        }
        try ControlGroups.$current.withValue(ControlGroups(root: root)) {
            let description = try load(
                """
                layers:
                  - {name: web, cgroup: /system.slice/web@1.service, slice: 4ms}
                  - {name: slice, cgroup: "/system.slice"}
                  - {cgroup: /}
                  - {cgroup: 7}

                """)
            let rows = Self.table.rows(in: description.policy)
            let ids = [
                try inode("/system.slice/web@1.service"), try inode("/system.slice"), try inode("/"), 7,
            ]
            #expect(rows.map(\.cgroup) == ids)
            #expect(description.absentGroups == [])
            #expect(
                Self.keys.apply { PolicySource.groupsWithOthersBelow(description) } == ["/system.slice"])
            let text = yaml(description)
            #expect(text.contains("cgroup: \"/system.slice/web@1.service\""), "\(text)")
            #expect(text.contains("cgroup: 7"), "\(text)")
            #expect(try load(text) == description)
            let other = try load(text, ["layers.slice.cgroup=/gone", "layers.web.cgroup=8"])
            #expect(other.absentGroups == ["layers.slice.cgroup is \"/gone\""])
            let table = Self.keys.apply { description.differences(from: other, titles: ("a", "b")) } ?? ""
            #expect(table.contains("cgroup: \"/gone\"") && table.contains("cgroup: 8"), "\(table)")
            let json = Self.keys.apply { other.json.text() }
            #expect(json.contains("\"/gone\""), "\(json)")
            // What is no folder is no group; a number that stands for none is none that the kernel gives.
            let file = try load("layers:\n  - {cgroup: /file}")
            #expect(file.absentGroups == ["layers.0.cgroup is \"/file\""])
            #expect(Self.table.rows(in: file.policy)[0].cgroup.map { $0 >> 63 } == 1)
            #expect(try load("layers:\n  - {cgroup: /file}").policy.pair == file.policy.pair)
        }
    }

    @Test func randomRowsAreRowsOfADescription() throws {
        var random = Repeatable(state: seed)
        var counts: Set<Int> = []
        var lists = 0
        var full = 0
        var inFront = 0
        for _ in 0..<500 {
            let policy = Self.keys.apply { randomPolicy(using: &random) }
            let rows = Self.table.rows(in: policy)
            counts.insert(rows.reduce(0) { $0 + $1.places })
            lists += rows.count { $0.comm.count > 1 }
            full += rows.reduce(0) { $0 + $1.places } == 4 ? 1 : 0
            inFront += rows.dropLast().count { $0.comm.isEmpty && $0.cgroup == nil && $0.uid == nil }
            let description = PolicyDescription(
                name: "own", summary: "", policy: policy,
                rowNames: rows.isEmpty ? [:] : ["layers": rows.map { _ in "" }])
            let again = try load(yaml(description))
            #expect(again == description, "seed \(seed):\n\(yaml(description))")
        }
        #expect(counts == [0, 1, 2, 3, 4] && lists > 0, "seed \(seed)")
        // Half of 500, where one in five would be by chance; and few rows that leave nobody to those behind.
        #expect(full > 180 && inFront < 20, "seed \(seed): \(full) full, \(inFront) in front")
    }

    @Test(arguments: [
        (
            "layers: 5",
            "F:1:9: layers is a list of rows, each of name, comm, cgroup, uid, slice and first; this is"
        ),
        ("layers:\n  - 5", "F:2:5: layers.0 is a row, a mapping of name"),
        ("layers:\n  - {slce: 5ms}", "F:2:6: layers.0: unknown key \"slce\""),
        ("layers:\n  - {slce: 5ms}", "did you mean slice?"),
        ("layres:\n  - {slice: 5ms}", "did you mean layers?"),
        (
            "layers:\n  - {slice: 1s}",
            "F:2:13: layers.0.slice \"1s\" is out of range; a duration of 100us to 100ms is allowed"
        ),
        ("layers:\n  - {name: a, slice: 1s}", "F:2:22: layers.a.slice \"1s\" is out of range"),
        ("layers:\n  - {name: a}\n  - {name: a}", "F:3:12: layers.1 and layers.0 are both called a"),
        ("layers:\n  - {name: 9}", "F:2:12: layers.0.name"),
        ("layers:\n  - {uid: 4294967296}", "F:2:11: layers.0.uid \"4294967296\" is out of range"),
        (
            "layers:\n  - {cgroup: web}",
            "F:2:14: layers.0.cgroup is \"web\"; its path, such as /system.slice/nginx.service, or its id, a whole number is allowed"
        ),
        ("layers:\n  - {cgroup: /a//b}", "F:2:14: layers.0.cgroup is \"/a//b\""),
        ("layers:\n  - {cgroup: /a/../b}", "F:2:14: layers.0.cgroup is \"/a/../b\""),
        ("layers:\n  - {cgroup: /a/}", "F:2:14: layers.0.cgroup is \"/a/\""),
        ("layers:\n  - {name: a, cgroup: -1}", "F:2:23: layers.a.cgroup is \"-1\""),
        ("layers:\n  - {cgroup: \"12\"}", "F:2:14: layers.0.cgroup is text; a whole number"),
        ("layers:\n  - {cgroup: 99999999999999999999}", "F:2:14: layers.0.cgroup \"99999999999999999999\""),
        ("layers:\n  - {cgroup: [/a]}", "F:2:14: layers.0.cgroup is a list; one value is allowed"),
        ("layers:\n  - {uid: www}", "F:2:11: layers.0.uid \"www\" is unknown here; a whole number"),
        (
            "layers:\n  - {comm: abcdefghijklmnop}",
            "F:2:12: layers.0.comm is \"abcdefghijklmnop\"; what a task"
        ),
        ("layers:\n  - {comm: \"*\"}", "1 to 15 bytes, whole or with a * behind them"),
        ("layers:\n  - {comm: a*b}", "F:2:12: layers.0.comm is \"a*b\""),
        ("layers:\n  - {comm: 12}", "F:2:12: layers.0.comm is \"12\", which YAML takes for something else"),
        ("layers:\n  - {comm: []}", "F:2:12: layers.0.comm is an empty list"),
        ("layers:\n  - {comm: {a: b}}", "F:2:12: layers.0.comm is a mapping; one value is allowed"),
        ("layers: [{}, {}, {}, {}, {}]", "F:1:26: layers has 4 places for rows"),
        (
            "layers: [{comm: [a, b, c]}, {comm: [d, e]}]",
            "F:1:29: layers has 4 places for rows, where each name"
        ),
    ])
    func whatIsWrongIsSaidWithItsPlace(_ text: String, _ message: String) {
        let found = complaints(text)
        #expect(found.contains { $0.contains(message) }, "\(found)")
    }

    @Test(arguments: [
        (
            "layers=1",
            "layers is a table: a setting says a row, by its name or number, and a key: layers.0.slice"
        ),
        ("layers.builds=1", "layers.builds.slice"),
        (
            "layers.bilds.slice=5ms",
            "layers has no row \"bilds\"; web, builds and 0 to 2 are known; did you mean builds?"
        ),
        ("layers.3.slice=5ms", "0 to 2 are known"),
        ("layers.web.slcie=5ms", "did you mean slice?"),
        ("layers.web.name=a", "unknown key \"name\""),
        ("layers.web.slice=1s", "layers.web.slice \"1s\" is out of range"),
        ("layrs.web.slice=1ms", "unknown key, did you mean layers.web.slice?"),
    ])
    func wrongSettingsAreRefused(_ setting: String, _ message: String) {
        let found = complaints(Self.text, [setting])
        #expect(found.contains { $0.hasPrefix("--set \(setting): ") && $0.contains(message) }, "\(found)")
    }

    @Test func aRowIsSetOnce() {
        let found = complaints(Self.text, ["layers.0.slice=1ms", "layers.web.slice=2ms"])
        #expect(found.count == 1 && found[0].contains("given twice, by name and number"), "\(found)")
        #expect(complaints("summary: a", ["layers.0.slice=1ms"])[0].contains("layers has no rows"))
    }

    @Test func schemaAndReferenceKnowRows() {
        let (schema, reference) = Self.keys.apply { (PolicySchema.json, PolicyReference.markdown) }
        #expect(schema.contains("\"layers\"") && schema.contains("\"maxItems\": 4"), "\(schema)")
        #expect(reference.contains("| `layers[].slice` | How long. | a duration of 100us to 100ms | 8ms |"))
        #expect(reference.contains("`layers[].comm`"))
    }

    /// All that is in a table, without gaps: for the proof.
    @Test func proofsKnowEachField() throws {
        var end = 0
        for field in Self.table.fields.sorted(by: { $0.offset < $1.offset }) {
            #expect(field.offset == end, "\(field)")
            end = field.offset + field.size
        }
        #expect(end == 8 + 4 * 72)
        let parameters = Self.keys.apply { PolicyParameter.all }.map(\.path)
        #expect(parameters.contains("layers.count") && parameters.contains("layers.3.slice"))
    }
}
