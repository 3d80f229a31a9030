// SPDX-License-Identifier: GPL-2.0-only
import PolicyModel

/// Every key of a description, in the order in which a description is written: of the policies that ship,
/// or, within `PairKeys.apply`, of a pair of somebody's own.
enum PolicyKeys {
    static var all: [PolicyKey] { KeyTable.current.all }

    /// The groups, in the order of their keys.
    static var groups: [String] { KeyTable.current.groups }

    /// The paths of the keys that every description has.
    static var required: [String] { KeyTable.current.required }

    static func named(_ path: String) -> PolicyKey? { KeyTable.current.byPath[path] }

    /// The keys of a group, or those outside any.
    static func keys(in group: String?) -> [PolicyKey] { all.filter { $0.group == group } }
}
