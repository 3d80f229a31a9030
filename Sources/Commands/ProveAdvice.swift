// SPDX-License-Identifier: GPL-2.0-only
import KernelLink

/// What to write instead of what is refuted, or cannot be followed.
enum ProveAdvice {
    /// Of a trap that can be reached: nil if it is something else.
    static func ofTrap(_ what: String) -> String? {
        ["trap (", "division by zero ("].contains { what.hasPrefix($0) } ? SwiftRefusal.advice(what) : nil
    }

    /// Of something that is not modelled.
    static func ofRefusal(_ reason: String) -> String {
        let known: [(String, String)] = [
            (
                "a loop whose end",
                "write a loop with a bound that is a number, such as 'for i in 0..<8', and leave it early if need be"
            ),
            ("a call of swift_", plain), ("a call of $s", plain), ("a call of malloc", plain),
            (
                "the address of",
                "a policy reads nothing but the description, the state and the event: write tables of constants as comparisons"
            ),
            (
                "an index into",
                "an array is followed only where its index is a number: write comparisons, or leave it to conform"
            ),
            ("calls too deep", "no recursion: a loop with a bound that is a number"),
        ]
        return known.first { reason.contains($0.0) }?.1
            ?? "write it with sums, products, comparisons, masks and shifts of integers"
    }

    private static let plain =
        "no class, array that grows, string, existential (any P), recursion or Foundation: structs, tuples, enums, generics and InlineArray"
}
