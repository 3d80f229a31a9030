// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto
import Output

/// The kernel's word on the end of a scheduler.
public struct ExitReport: Sendable {
    /// The kernel's `enum scx_exit_kind`.
    public let kind: UInt32
    public let code: Int64
    /// What sort of end it was, in the kernel's words, on one line.
    public let reason: String
    /// What happened, in the kernel's words, on one line; may be empty.
    public let text: String
    /// Its dump of CPUs and tasks, cut at 32 KiB; empty for an orderly end. The names in it are
    /// whatever the tasks' owners chose; control characters are escaped, and line breaks in names (`DumpLines`).
    public let dump: String

    package init(_ exit: sp_exit, dump: UnsafeRawBufferPointer) {
        kind = exit.kind
        code = exit.code
        reason = withUnsafeBytes(of: exit.reason) { Printable.line(bytes: $0.prefix { $0 != 0 }) }
        text = withUnsafeBytes(of: exit.text) { bytes in
            var bytes = bytes.prefix { $0 != 0 }
            while bytes.last == 0x0A { bytes.removeLast() }
            return Printable.line(bytes: bytes)
        }
        self.dump = DumpLines.real(Printable.lines(bytes: dump.prefix { $0 != 0 }))
    }

    /// Whether it was not this process that asked for the end: its own request is the kernel's
    /// `SCX_EXIT_UNREG`, 64; others are the system request key (67), a CPU that came or went (66),
    /// an error of the scheduler (1024 and up), or a stall that the kernel's watchdog saw.
    public var isEviction: Bool { kind != 64 }

    /// Whether the machine's operator asked for it, with the system request key (`SCX_EXIT_SYSRQ`).
    public var isOperators: Bool { kind == 67 }
}

/// The lines of a dump that are the kernel's own.
///
/// A task's name has up to 15 bytes, line breaks as well, and stands in the dump as it is. Where names stand, the
/// kernel goes on with words that are longer than any name: what lies between is one line. Only behind `curr=` there
/// are none; a name that has the end of that line in it makes one that begins with two letters of its choice at most.
/// Where a kernel has other words, its lines are left as they are.
enum DumpLines {
    /// More line breaks than a name has.
    private static let breaksMax = 16

    static func real(_ dump: String) -> String {
        let lines = dump.split(separator: "\n", omittingEmptySubsequences: false)
        var real: [String] = []
        var next = 0
        while next < lines.count {
            let count = length(lines[next...], isFirst: next == 0, isSecond: real.count == 1)
            real.append(lines[next..<(next + count)].joined(separator: "\\n"))
            next += count
        }
        return real.joined(separator: "\n")
    }

    /// How many of the lines are one.
    private static func length(_ lines: ArraySlice<Substring>, isFirst: Bool, isSecond: Bool) -> Int {
        guard let line = lines.first else { return 0 }
        let near = lines.prefix(breaksMax + 2)
        var last: Int?
        if isFirst {
            last = near.firstIndex { $0.contains(/\] triggered exit kind [0-9]+:$/) }
        } else if isSecond, line.hasPrefix("  ") {
            // The reason and an empty line; the message in it has a name.
            last = before(lines) { $0 == "Backtrace:" && $1.contains(/^  .*\+0x/) }.map { $0 - 1 }
        } else if line.hasPrefix("          curr=") {
            last = near.indices.first { place in
                let behind = place + 1 < near.endIndex ? near[place + 1] : ""
                return near[place].contains(/\[[0-9]+\] class=[a-z_]+$/)
                    && (behind.isEmpty || behind.hasPrefix("  "))
            }
        } else if line.contains(#/^ [ *][A-Za-z?] /#) {
            last = before(near) { line, _ in line.hasPrefix("      scx_state/flags=") }
        }
        guard let last, last >= lines.startIndex else { return 1 }
        return last - lines.startIndex + 1
    }

    /// The line before the first one that is so, of which and the one behind it is asked.
    private static func before(
        _ lines: ArraySlice<Substring>, _ isSo: (Substring, Substring) -> Bool
    ) -> Int? {
        lines.indices.dropFirst().first { isSo(lines[$0], $0 + 1 < lines.endIndex ? lines[$0 + 1] : "") }
            .map { $0 - 1 }
    }
}
