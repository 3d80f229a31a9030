// SPDX-License-Identifier: GPL-2.0-only

/// Durations as descriptions write them, for the package's other modules: `Duration` would stand before
/// the standard library's there.
package enum DurationText {
    /// What is wrong with a text that should be a duration: the end of a sentence about it.
    package struct Flaw: Error { package let text: String }

    /// Nanoseconds of a text such as `20ms` or `1.5s`.
    package static func ns(_ text: String) throws(Flaw) -> UInt64 {
        do throws(Duration.Flaw) {
            return try Duration.parse(text)
        } catch {
            throw Flaw(text: error.text)
        }
    }

    /// The shortest text with a whole number.
    package static func text(_ ns: UInt64) -> String { Duration.text(ns) }
}
