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
    /// whatever the tasks' owners chose, line breaks too; other control characters are escaped.
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
        self.dump = Printable.lines(bytes: dump.prefix { $0 != 0 })
    }

    /// Whether it was not this process that asked for the end: its own request is the kernel's
    /// `SCX_EXIT_UNREG`, 64; others are the system request key (67), a CPU that came or went (66),
    /// an error of the scheduler (1024 and up), or a stall that the kernel's watchdog saw.
    public var isEviction: Bool { kind != 64 }

    /// Whether the machine's operator asked for it, with the system request key (`SCX_EXIT_SYSRQ`).
    public var isOperators: Bool { kind == 67 }
}
