// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// The kernel's word on the end of a scheduler.
public struct ExitReport: Sendable {
    /// The kernel's `enum scx_exit_kind`.
    public let kind: UInt32
    public let code: Int64
    /// What sort of end it was, in the kernel's words.
    public let reason: String
    /// What happened, in the kernel's words; may be empty.
    public let text: String
    /// Its dump of CPUs and tasks, cut at 32 KiB; empty for an orderly end.
    public let dump: String

    init(_ exit: sp_exit, dump: UnsafeRawBufferPointer) {
        kind = exit.kind
        code = exit.code
        reason = withUnsafeBytes(of: exit.reason) { Self.string($0) }
        text = withUnsafeBytes(of: exit.text) { Self.string($0) }
        self.dump = Self.string(dump)
    }

    private static func string(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Whether somebody asked for the end: us, or the system request key (`SCX_EXIT_UNREG` to
    /// `SCX_EXIT_SYSRQ` are 64...67), and not an error (1024 and up).
    public var isEviction: Bool { kind >= 1024 }
}
