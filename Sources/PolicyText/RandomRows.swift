// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Output
import PolicyModel

extension PairTable {
    /// Names of which some are alike in some bytes, end at a word's end, or are as long as a name may be.
    private static let names = [
        "sh", "sh*", "s*", "worker", "work*", "w*", "cc1*", "ld", "make*", "abcdefgh", "abcdefgh*",
        "abcdefghi*",
        "abcdefghijklmno", "abcdefghijklmn*",
    ]
    private static let uids: [UInt64] = [0, 33, 1000, 1001, 65534, UInt64(UInt32.max)]

    /// Puts rows into a policy that has none: some that fit many tasks, some that fit nobody.
    func storeRandom(in policy: inout sp_policy, using generator: inout some RandomNumberGenerator) {
        // Often as many as there may be: mistakes are in what becomes of the last ones.
        let isFull = Int.random(in: 0..<100, using: &generator) < 40
        let wanted = isFull ? most : Int.random(in: 0...most, using: &generator)
        var rows: [TableRow] = []
        var places = 0
        while places < wanted {
            var row = randomRow(places: wanted - places, using: &generator)
            // Whom all tasks fit takes them from all that follow.
            for _ in 0..<3 where row.fitsAll && places + row.places < wanted {
                row = randomRow(places: wanted - places, using: &generator)
            }
            places += row.places
            rows.append(row)
        }
        store(rows, in: &policy)
    }

    private func randomRow(places: Int, using generator: inout some RandomNumberGenerator) -> TableRow {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }
        var row = TableRow()
        if match.comm != nil, chance(70) {
            let count = chance(70) ? 1 : Int.random(in: 1...min(places, 3), using: &generator)
            for _ in 0..<count {
                let name = Self.names.randomElement(using: &generator).flatMap(CommPattern.init)
                if let name { row.comm.append(name) }
            }
        }
        if match.cgroup != nil, chance(40) {
            row.cgroup = chance(80) ? UInt64.random(in: 1...4, using: &generator) : generator.next()
        }
        if match.uid != nil, chance(40) { row.uid = Self.uids.randomElement(using: &generator) }
        row.values = values.map { value in
            key(of: value).random(in: sp_policy(), using: &generator)
        }
        return row
    }
}

extension TableRow {
    fileprivate var fitsAll: Bool { comm.isEmpty && cgroup == nil && uid == nil }
}
