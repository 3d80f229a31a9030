// SPDX-License-Identifier: GPL-2.0-only
import Glibc

/// Something that the deciding thread does wrong on purpose: for tests of the backend, which has to
/// live with it.
public enum Fault: Sendable, Equatable, LosslessStringConvertible {
    /// Abort right after the answer of this number, counted from 1 since the start, was written and
    /// before it is published with the rest of its batch.
    case crash(answer: UInt64)
    /// Sleep for so long in each pass, before its answers are published.
    case slow(milliseconds: UInt32)

    /// `crash:N` with 1...10^12, or `slow:MS` with 1...60000; nil for anything else.
    public init?(_ text: String) {
        let words = text.split(separator: ":", omittingEmptySubsequences: false)
        guard words.count == 2, words[1].allSatisfy({ "0"..."9" ~= $0 }), let number = UInt64(words[1])
        else { return nil }
        switch words[0] {
        case "crash" where (1...1_000_000_000_000).contains(number): self = .crash(answer: number)
        case "slow" where (1...60_000).contains(number): self = .slow(milliseconds: UInt32(number))
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .crash(let answer): "crash:\(answer)"
        case .slow(let milliseconds): "slow:\(milliseconds)"
        }
    }
}

/// Where the loop lets a fault happen. The loop is compiled for each kind of it, so that one
/// without faults has no trace of them.
package protocol FaultPoints {
    /// An answer was written, and is not published yet.
    mutating func answered()
    /// All answers of a pass were written, and none is published yet.
    func publishes()
}

/// Nothing goes wrong on purpose.
package struct NoFault: FaultPoints {
    package init() {}
    @inline(__always)
    package func answered() {}
    @inline(__always)
    package func publishes() {}
}

struct Provoked: FaultPoints {
    let fault: Fault
    private var answers: UInt64 = 0

    init(_ fault: Fault) { self.fault = fault }

    package mutating func answered() {
        answers &+= 1
        if case .crash(answers) = fault { abort() }
    }

    package func publishes() {
        if case .slow(let milliseconds) = fault { usleep(milliseconds &* 1000) }
    }
}
