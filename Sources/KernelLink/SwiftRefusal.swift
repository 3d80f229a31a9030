// SPDX-License-Identifier: GPL-2.0-only
import SwiftToBPF

/// What the verifier's log says of a policy in Swift, in the words of its author: where, why, and what to
/// write instead.
public struct SwiftRefusal: Sendable {
    /// Two lines: where and why, and what to write instead.
    public let text: String
    /// The end of the log; empty where the text says all of it.
    public let details: String

    /// - Parameters:
    ///   - log: the verifier's, at least its end.
    ///   - traps: those of the program.
    ///   - lines: of a program, by its name, the source of each instruction.
    /// - Returns: nil if it is not about the policy, as far as can be seen.
    init?(_ log: String, _ traps: [SwiftTrap], _ lines: (String) -> [SourceLines.Line?] = { _ in [] }) {
        let end = LogEnd(log)
        guard let (text, details) = Self.explain(end, traps, end.program.map(lines) ?? []) else { return nil }
        self.text = text
        self.details = details
    }

    /// Nothing more can be had than why the build made no program.
    init(obstacle: String) {
        text = "the build could not compile the policy for the kernel: \(obstacle)"
        details = ""
    }

    private static func explain(
        _ log: LogEnd, _ traps: [SwiftTrap], _ sources: [SourceLines.Line?]
    ) -> (text: String, details: String)? {
        let lines = log.lines
        if let trap = trap(lines, traps) {
            let others = traps.filter { $0.number != trap.number }.compactMap { trap in
                trap.place.map { "\($0) (\(trap.failure))" }
            }
            let rest =
                others.isEmpty
                ? "" : "\nnot optimised away either: \(others.prefix(8).joined(separator: ", "))"
            let text = """
                the policy can trap in the kernel, at \(trap.place ?? place(lines)): \(trap.failure)
                \(advice(trap.failure))\(rest)
                """
            return (text, "")
        }
        if let (sign, words) = log.endless {
            let near =
                log.loop(in: sources).map(place)
                ?? lastPlace(lines, orBefore: true)
            // A trace of all that it went through, screens of it, says no more than that.
            return (endless(sign, near: near), words)
        }
        guard let near = lastPlace(lines) ?? log.last(in: sources).map(place) else { return nil }
        if lines.contains(where: {
            $0.contains("stack depth") || $0.contains("stack size") || $0.contains("invalid write to stack")
        }) {
            let text = """
                the policy needs more memory for its own variables than the 512 bytes that there are, near \(near)
                keep large arrays in the policy's own state, and pass small values
                """
            return (text, log.details)
        }
        let text =
            "the verifier does not admit what the policy does near \(near); its reason stands at the end of its log"
        return (text, log.details)
    }

    private static func endless(_ sign: String, near: String?) -> String {
        let place = near.map { ", near \($0)" } ?? ""
        let what =
            LogEnd.isLarge(sign)
            ? "the policy has a loop whose end the verifier does not see, or is too large for it"
            : "the policy has a loop whose end the verifier does not see"
        return """
            \(what)\(place) (\(sign))
            write a loop with a bound that is a number, such as 'for i in 0..<8', and leave it early if need be, by a check inside
            """
    }

    private static func place(_ line: SourceLines.Line) -> String {
        // From the folder that SwiftPM has sources in; what is before it is of no interest.
        let parts = line.file.split(separator: "/", omittingEmptySubsequences: false)
        let file = parts.lastIndex(of: "Sources").map { parts[$0...].joined(separator: "/") }
        let text = line.text.split(separator: " ").joined(separator: " ")
        return "\(file ?? parts.last.map(String.init) ?? line.file):\(line.line)"
            + (text.isEmpty ? "" : " ('\(text)')")
    }

    /// The trap that the verifier came to: it names a helper that there is not, by number.
    private static func trap(_ lines: [Substring], _ traps: [SwiftTrap]) -> SwiftTrap? {
        for line in lines.reversed() where line.contains("unknown#") {
            guard let number = line.split(separator: "#").last.flatMap({ Int32($0.prefix { $0.isNumber }) })
            else { continue }
            return traps.first { $0.number == number }
        }
        return nil
    }

    private static func place(_ lines: [Substring]) -> String {
        lastPlace(lines, orBefore: true) ?? "a function of the standard library"
    }

    /// The Swift line before which the verifier stopped: `; text @ File.swift:12`, since Linux 6.9.
    /// - Parameter orBefore: a line of C may stand after it.
    private static func lastPlace(_ lines: [Substring], orBefore: Bool = false) -> String? {
        for line in lines.reversed() where line.hasPrefix("; ") {
            guard let at = line.lastIndex(of: "@") else { continue }
            let place = line[line.index(after: at)...].drop { $0 == " " }
            if place.contains(".swift:") { return "\(place) ('\(line[..<at].dropFirst(2).trimmed)')" }
            if !orBefore { return nil }
        }
        return nil
    }

    /// What to write instead; by Swift's own words for the trap.
    package static func advice(_ failure: String) -> String {
        let known: [(String, String)] = [
            (
                "arithmetic overflow",
                "write &+, &- or &*, which wrap, or compare before: 'a > b ? a &- b : 0'"
            ),
            ("Division by zero", "divide by what cannot be 0: 'a / max(b, 1)', or 'b == 0 ? 0 : a / b'"),
            (
                "Index out of",
                "mask the index to a size that is a power of two, 'table[Int(i & 7)]' of an InlineArray<8, …>, or take min(i, 7)"
            ),
            ("found nil", "write 'if let', 'guard let' or '??' in place of '!'"),
            (
                "Not enough bits",
                "write UInt32(truncatingIfNeeded: x), which takes the low bits, or UInt32(clamping: x)"
            ),
            ("Negative value", "write UInt64(bitPattern: x), UInt64(clamping: x) or max(x, 0) first"),
            ("Range requires", "write a range whose bounds are numbers, or stride"),
            ("loop induction", "write a range whose bounds are numbers"),
            ("shift", "write &<< or &>>, which mask the distance"),
        ]
        return known.first { failure.contains($0.0) }?.1
            ?? "write it so that it has an answer for every value: in the kernel nothing may end the program"
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while text.last == " " { text = text.dropLast() }
        return text
    }
}
