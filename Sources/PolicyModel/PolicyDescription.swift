// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// A policy with its name: what a description file says.
public struct PolicyDescription: Sendable {
    /// 1 to 31 characters of `a-z`, `0-9`, `_` and `-`, the first one a letter.
    public let name: String
    /// One line for people; may be empty.
    public let summary: String
    /// The policy. Every field is in its range; the fields that the chosen rules do not read are 0,
    /// or the first value of their enum.
    public let policy: sp_policy
    /// What the rows of each table of a pair are called, in their order; "" where one has no name.
    package let rowNames: [String: [String]]
    /// The paths of control groups that rows say, likewise; nothing of a table whose rows say none.
    package let rowGroups: [String: [String]]
    /// Those of them that this machine does not have, as `layers.web.cgroup is "/web"`: the policy has a number there
    /// that no group has, so that it can be looked at and compared, and must not be attached.
    package let absentGroups: [String]

    /// Takes the values as they are: whoever calls has checked them (PolicyText does).
    package init(
        name: String, summary: String, policy: sp_policy, rowNames: [String: [String]] = [:],
        rowGroups: [String: [String]] = [:], absentGroups: [String] = []
    ) {
        self.name = name
        self.summary = summary
        self.policy = policy
        self.rowNames = rowNames
        self.rowGroups = rowGroups
        self.absentGroups = absentGroups
    }
}

extension PolicyDescription: Equatable {
    public static func == (left: PolicyDescription, right: PolicyDescription) -> Bool {
        // The struct has no padding: abi.h asserts its size.
        left.name == right.name && left.summary == right.summary
            && left.rowNames == right.rowNames && left.rowGroups == right.rowGroups
            && withUnsafeBytes(of: left.policy) { a in
                withUnsafeBytes(of: right.policy) { b in a.elementsEqual(b) }
            }
    }
}
