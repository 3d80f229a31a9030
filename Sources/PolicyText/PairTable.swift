// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Output
import PolicyModel

/// A table that a pair's author declared, and whose rows descriptions give.
public struct PairTable: Sendable {
    /// What rows are compared with: where in a row that stands; nil: not with that.
    public struct Match: Sendable {
        let comm: Int?
        let cgroup: Int?
        let uid: Int?

        public init(comm: Int? = nil, cgroup: Int? = nil, uid: Int? = nil) {
            (self.comm, self.cgroup, self.uid) = (comm, cgroup, uid)
        }
    }

    let key: String
    let doc: String
    /// Places for rows: one for each row, and one for each further name of a row that has several.
    let most: Int
    /// Where it begins in `sp_policy`.
    let begin: Int
    let stride: Int
    /// Where in a place the number of its row is.
    let number: Int
    let match: Match
    let values: [PairParameter]

    /// - Parameters:
    ///   - offset: behind `SP_PAIR_ROWS`, bytes.
    ///   - stride: bytes of a place.
    ///   - number: where in a place the number of its row is.
    ///   - values: their offsets are in a place.
    public init(
        key: String, doc: String, most: Int, offset: Int, stride: Int, number: Int, match: Match,
        values: [PairParameter]
    ) {
        (self.key, self.doc, self.most) = (key, doc, most)
        begin = Int(SP_PAIR_ROWS) + offset
        (self.stride, self.number, self.match, self.values) = (stride, number, match, values)
    }

    /// All that a row may say.
    var keys: [String] {
        ["name"] + matchKeys.map(\.path) + values.map(\.key)
    }

    /// What a row is compared with, as keys.
    var matchKeys: [PolicyKey] {
        [
            match.comm.map { _ in Self.key("comm", .line(16), "What the tasks are called, or a list of that.")
            },
            match.cgroup.map { _ in
                Self.key(
                    "cgroup", .integer(0...UInt64.max), "The path of the tasks' control group, or its id.")
            },
            match.uid.map { _ in
                Self.key("uid", .integer(0...UInt64(UInt32.max)), "Whose the tasks are.")
            },
        ].compactMap { $0 }
    }

    private static func key(_ path: String, _ kind: PolicyKey.Kind, _ doc: String) -> PolicyKey {
        PolicyKey(path: path, kind: kind, field: .summary, fallback: .emptyText, doc: doc, source: "ours")
    }

    /// Where a place begins in `sp_policy`.
    func place(_ index: Int) -> Int { begin + 8 + index * stride }

    /// A value of a row as a key, without its table.
    func key(of value: PairParameter) -> PolicyKey {
        PolicyKey(
            path: value.key, kind: value.keyKind,
            field: .bytes(offset: value.field.offset, size: value.field.size),
            fallback: .value(value.value), doc: value.doc, source: key)
    }

    /// The fields that proofs know, each with its place behind `SP_PAIR_ROWS`; what is nobody's is called `unused`.
    public var fields: [(name: String, offset: Int, size: Int)] {
        let from = begin - Int(SP_PAIR_ROWS)
        var fields = [(name: "\(key).count", offset: from, size: 4), ("\(key).unused", from + 4, 4)]
        for index in 0..<most {
            let at = place(index) - Int(SP_PAIR_ROWS)
            func add(_ name: String, _ offset: Int, _ size: Int) {
                fields.append(("\(key).\(index).\(name)", at + offset, size))
            }
            if let comm = match.comm {
                for (word, name) in ["comm0", "comm1", "comm_mask0", "comm_mask1"].enumerated() {
                    add(name, comm + 8 * word, 8)
                }
            }
            if let cgroup = match.cgroup {
                add("cgroup", cgroup, 8)
                add("cgroup_mask", cgroup + 8, 8)
            }
            if let uid = match.uid {
                add("uid", uid, 4)
                add("uid_mask", uid + 4, 4)
            }
            add("number", number, 4)
            for value in values { add(value.key, value.field.offset, value.field.size) }
            // The rest of its last word is nobody's.
            let used = values.map { $0.field.offset + $0.field.size }.reduce(number + 4) { max($0, $1) }
            for byte in used..<stride { add("unused\(byte)", byte, 1) }
        }
        return fields
    }
}

/// A row as a description says it.
struct TableRow: Equatable {
    var name = ""
    /// Any of them; empty: whatever the task is called.
    var comm: [CommPattern] = []
    var cgroup: UInt64?
    /// The path by which the description says it; "" if by its id.
    var group = ""
    var uid: UInt64?
    /// In the order of the table's.
    var values: [UInt64] = []

    /// Places that it takes.
    var places: Int { max(comm.count, 1) }
}

extension PairTable {
    /// Puts rows into a policy that has none; they take no more places than there are.
    func store(_ rows: [TableRow], in policy: inout sp_policy) {
        var index = 0
        for (number, row) in rows.enumerated() {
            for place in 0..<row.places where index < most {
                let comm = row.comm.indices.contains(place) ? row.comm[place] : nil
                store(row, comm, number: number, at: self.place(index), in: &policy)
                index += 1
            }
        }
        Self.put(UInt64(index), 4, at: begin, in: &policy)
    }

    private func store(
        _ row: TableRow, _ pattern: CommPattern?, number: Int, at place: Int, in policy: inout sp_policy
    ) {
        if let comm = match.comm, let pattern {
            for (index, word) in pattern.words.enumerated() {
                Self.put(word.value, 8, at: place + comm + 8 * index, in: &policy)
                Self.put(word.mask, 8, at: place + comm + 16 + 8 * index, in: &policy)
            }
        }
        if let at = match.cgroup, let cgroup = row.cgroup {
            Self.put(cgroup, 8, at: place + at, in: &policy)
            Self.put(.max, 8, at: place + at + 8, in: &policy)
        }
        if let at = match.uid, let uid = row.uid {
            Self.put(uid, 4, at: place + at, in: &policy)
            Self.put(.max, 4, at: place + at + 4, in: &policy)
        }
        Self.put(UInt64(number), 4, at: place + self.number, in: &policy)
        for (value, number) in zip(values, row.values) {
            Self.put(number, value.field.size, at: place + value.field.offset, in: &policy)
        }
    }

    /// The rows that a policy has, without names.
    func rows(in policy: sp_policy) -> [TableRow] {
        var rows: [TableRow] = []
        var last: UInt64?
        for index in 0..<min(Int(Self.get(4, at: begin, in: policy)), most) {
            let place = place(index)
            let pattern = pattern(at: place, in: policy)
            let number = Self.get(4, at: place + self.number, in: policy)
            if number == last, let pattern, !rows.isEmpty {
                rows[rows.count - 1].comm.append(pattern)
                continue
            }
            last = number
            var row = TableRow()
            row.comm = pattern.map { [$0] } ?? []
            if let at = match.cgroup, Self.get(8, at: place + at + 8, in: policy) != 0 {
                row.cgroup = Self.get(8, at: place + at, in: policy)
            }
            if let at = match.uid, Self.get(4, at: place + at + 4, in: policy) != 0 {
                row.uid = Self.get(4, at: place + at, in: policy)
            }
            row.values = values.map { Self.get($0.field.size, at: place + $0.field.offset, in: policy) }
            rows.append(row)
        }
        return rows
    }

    private func pattern(at place: Int, in policy: sp_policy) -> CommPattern? {
        guard let comm = match.comm else { return nil }
        return CommPattern(
            words: [0, 8].map { word in
                (
                    Self.get(8, at: place + comm + word, in: policy),
                    Self.get(8, at: place + comm + 16 + word, in: policy)
                )
            })
    }

    private static func put(_ value: UInt64, _ size: Int, at offset: Int, in policy: inout sp_policy) {
        withUnsafeMutableBytes(of: &policy) { bytes in
            for index in 0..<size {
                bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
            }
        }
    }

    private static func get(_ size: Int, at offset: Int, in policy: sp_policy) -> UInt64 {
        withUnsafeBytes(of: policy) { bytes in
            bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}

extension PolicyKeys {
    static var tables: [PairTable] { KeyTable.current.tables }

    static func table(_ key: String) -> PairTable? { tables.first { $0.key == key } }
}
