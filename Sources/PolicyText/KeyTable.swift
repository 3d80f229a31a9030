// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel

/// The keys of one kind of descriptions, and what else such descriptions have in common.
struct KeyTable: Sendable {
    let all: [PolicyKey]
    /// Whose rows descriptions give.
    let tables: [PairTable]
    /// The groups, in the order of their keys.
    let groups: [String]
    /// The paths of the keys that every description has.
    let required: [String]
    let byPath: [String: PolicyKey]
    /// All keys, each behind those that it depends on.
    let resolvable: [PolicyKey]
    /// What no key says.
    let base: sp_policy
    /// What a description that says nothing of it is called; and which is taken where nobody says which.
    let name: String
    /// The descriptions that the program has.
    let shipped: [(name: String, text: String)]

    init(
        _ all: [PolicyKey], tables: [PairTable] = [], base: sp_policy, name: String,
        shipped: [(name: String, text: String)]
    ) {
        self.all = all
        self.tables = tables
        groups = all.compactMap(\.group).reduce(into: []) { groups, group in
            if groups.last != group { groups.append(group) }
        }
        required = all.filter { if case .required = $0.fallback { true } else { false } }.map(\.path)
        byPath = Dictionary(all.map { ($0.path, $0) }) { first, _ in first }
        resolvable = PolicyKeys.resolvable(all)
        self.base = base
        self.name = name
        self.shipped = shipped
    }

    /// Of the policies that ship.
    static let described: KeyTable = {
        var base = sp_policy()
        base.abi = UInt32(SP_ABI_VERSION)
        return KeyTable(ShippedKeys.all, base: base, name: "fifo", shipped: ShippedPolicies.texts)
    }()

    @TaskLocal static var current = KeyTable.described
}
