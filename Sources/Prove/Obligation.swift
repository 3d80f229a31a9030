// SPDX-License-Identifier: GPL-2.0-only

/// Something that must never happen, met while a function was executed.
package struct Obligation {
    package enum Kind: String, Sendable {
        /// A trap, or a place that the compiler believes cannot be reached.
        case trap
        case division = "division by zero"
        /// The compiler noted that something does not happen (`nuw`, `nneg`, …), and may have relied on it.
        case note = "compiler's note"
        /// What is kept is not what is told besides.
        case copy = "two values for one"
    }

    package let kind: Kind
    /// When it happens.
    let condition: Condition
    package let what: String
    package let place: String

    /// Names it within a side, whatever its condition.
    var identity: String { Self.identity(what, place) }
    static func identity(_ what: String, _ place: String) -> String { "\(what) at \(place)" }
}

/// What comes out of an execution.
struct Execution {
    var memory: Memory
    var result: [Slot]?
    /// That it comes to an end.
    var ends: Condition
    var obligations: [Obligation]
}
