// SPDX-License-Identifier: GPL-2.0-only

/// CPUs from one to another, by their numbers or as a part of a machine's: as descriptions write them, and as the
/// mechanism has them (`SP_CPUS_PART` of `bpf/abi.h`).
package struct CPUSpan: Sendable, Equatable {
    /// Numbers of the first and the last CPU; or percents, of which the second one is not reached any more.
    package let first: UInt32
    package let last: UInt32
    package let isPart: Bool

    package static let all = CPUSpan(first: 0, last: 100, isPart: true)
    /// What may be written.
    package static let allowed = "CPUs, such as 4-7, 4, 50%-100% or all"
    /// The same as a regular expression.
    package static let pattern = "all|[0-9]+(-[0-9]+)?|[0-9]+%-[0-9]+%"

    private static let lastShift = UInt32(15)
    private static let numberMask = UInt32(0x7fff)
    private static let partBit = UInt32(0x8000_0000)
    /// `SP_CPUS_MAX` of `bpf/link.h`.
    private static let cpusMax = UInt32(1024)

    private init(first: UInt32, last: UInt32, isPart: Bool) {
        (self.first, self.last, self.isPart) = (first, last, isPart)
    }

    package init(encoded: UInt32) {
        first = encoded & Self.numberMask
        last = encoded >> Self.lastShift & Self.numberMask
        isPart = encoded & Self.partBit != 0
    }

    /// Nil if it is none of what may be written, or has no CPU.
    package init?(_ text: String) {
        if text == "all" {
            self = .all
            return
        }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let begin = ends.first, let end = ends.last else { return nil }
        let isPart = begin.hasSuffix("%") && end.hasSuffix("%")
        func number(_ text: Substring) -> UInt32? {
            let digits = isPart ? text.dropLast() : text
            guard (1...4).contains(digits.utf8.count),
                digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                digits == "0" || !digits.hasPrefix("0")
            else { return nil }
            return UInt32(digits)
        }
        guard let first = number(begin), let last = number(end) else { return nil }
        guard isPart ? ends.count == 2 && first < last && last <= 100 : first <= last && last < Self.cpusMax
        else { return nil }
        self.init(first: first, last: last, isPart: isPart)
    }

    package var encoded: UInt32 { first | last << Self.lastShift | (isPart ? Self.partBit : 0) }

    package var text: String {
        if self == .all { return "all" }
        if isPart { return "\(first)%-\(last)%" }
        return first == last ? "\(first)" : "\(first)-\(last)"
    }

    /// The CPUs that it has of a machine's, by number; at least one of a part. Those that a machine does not have
    /// are among them where numbers say so.
    /// - Parameter cpus: of the machine, 1 or more.
    package func numbers(of cpus: Int) -> ClosedRange<Int> {
        if !isPart { return Int(first)...Int(max(first, last)) }
        let begin = min(cpus * Int(first) / 100, cpus - 1)
        return begin...max(begin, cpus * Int(last) / 100 - 1)
    }
}
