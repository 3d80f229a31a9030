// SPDX-License-Identifier: GPL-2.0-only

/// Durations as a description writes them, in whole nanoseconds and without floating point. Not `Duration`,
/// which would stand before the standard library's.
package enum DurationText {
    package static let units: [(name: String, ns: UInt64)] = [
        ("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
    ]

    /// A JSON Schema pattern of what `ns` understands.
    package static let pattern = "[0-9]+([.][0-9]+)?(ns|us|ms|s)"

    /// What is wrong with a text that should be a duration: the end of a sentence about it.
    package struct Flaw: Error {
        package let text: String
        package init(text: String) { self.text = text }
    }

    /// Nanoseconds of a text such as `20ms` or `1.5s`.
    ///
    /// - Throws: `Flaw` if there is no number or no unit, a sign, or a fraction of a nanosecond.
    package static func ns(_ text: String) throws(Flaw) -> UInt64 {
        let bytes = Array(text.utf8)
        if bytes.first == UInt8(ascii: "-") { throw Flaw(text: "is negative") }
        let whole = bytes.prefix(while: isDigit)
        var rest = bytes.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix(while: isDigit)
            if fraction.isEmpty { throw notOne }
            rest = rest.dropFirst(1 + fraction.count)
        }
        if whole.isEmpty { throw notOne }
        let unit = String(decoding: rest, as: UTF8.self)
        if unit.isEmpty { throw Flaw(text: "has no unit: write ns, us, ms or s behind the number") }
        guard let scale = units.first(where: { $0.name == unit })?.ns else {
            throw unknownUnit(unit)
        }
        return try nanoseconds(whole: whole, fraction: fraction, scale: scale)
    }

    /// The shortest text with a whole number.
    package static func text(_ ns: UInt64) -> String {
        for unit in units.reversed() where ns.isMultiple(of: unit.ns) {
            return "\(ns / unit.ns)\(unit.name)"
        }
        return "\(ns)ns"
    }

    private static let notOne = Flaw(
        text: "is no duration: write a number and its unit (ns, us, ms or s), such as 20ms")

    private static func unknownUnit(_ unit: String) -> Flaw {
        guard unit.unicodeScalars.allSatisfy({ $0.properties.isAlphabetic }) else { return notOne }
        let near = unit == "µs" || unit == "μs" ? "us" : Words.nearest(unit, among: units.map(\.name))
        let hint = near.map { "; did you mean \($0)?" } ?? ""
        return Flaw(text: "has an unknown unit, ns, us, ms and s are known\(hint)")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func nanoseconds(
        whole: ArraySlice<UInt8>, fraction: ArraySlice<UInt8>, scale: UInt64
    ) throws(Flaw) -> UInt64 {
        let tooLong = Flaw(text: "is longer than any duration that is allowed anywhere")
        var total: UInt64 = 0
        for digit in whole {
            let (tens, lost) = total.multipliedReportingOverflow(by: 10)
            let (sum, over) = tens.addingReportingOverflow(UInt64(digit - 0x30))
            if lost || over { throw tooLong }
            total = sum
        }
        let (scaled, lost) = total.multipliedReportingOverflow(by: scale)
        if lost { throw tooLong }
        total = scaled
        var place = scale
        for digit in fraction where digit != 0x30 || place >= 10 {
            if place < 10 { throw Flaw(text: "is no whole number of nanoseconds") }
            place /= 10
            let (sum, over) = total.addingReportingOverflow(UInt64(digit - 0x30) * place)
            if over { throw tooLong }
            total = sum
        }
        return total
    }
}
