// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
import Glibc
import Output
import Synchronization

/// What libbpf and the verifier say, kept for the message of the call that then fails.
///
/// libbpf has one print callback for the whole process, hence the state of the process here. The
/// buffer keeps the last `capacity` bytes: of a verifier's log, the end names the reason.
public enum LibbpfLog {
    /// Bytes kept at most.
    static let capacity = 64 << 10

    /// A place in the log; see `text(since:)`.
    public struct Mark: Sendable {
        fileprivate let offset: UInt64
    }

    private struct Buffer {
        var bytes: [UInt8] = []
        /// Bytes that were said and dropped before `bytes`.
        var dropped: UInt64 = 0
        /// Takes all that is said, of all levels.
        var listener: (@Sendable (String) -> Void)?
        var installed = false
    }

    private static let buffer = Mutex(Buffer())

    /// Collects libbpf's messages from now on, where it would print them to stderr by itself.
    /// - Parameter listener: is given them as well, those for debugging too; nil keeps the one there is.
    public static func install(listener: (@Sendable (String) -> Void)? = nil) {
        let isFirst = buffer.withLock { buffer in
            defer { buffer.installed = true }
            buffer.listener = listener ?? buffer.listener
            return !buffer.installed
        }
        if isFirst {
            libbpf_set_print { level, format, arguments in
                LibbpfLog.take(level, format, arguments)
            }
        }
    }

    /// Whether somebody listens to all levels; then the verifier's figures are asked for as well.
    static var isVerbose: Bool { buffer.withLock { $0.listener != nil } }

    /// The present end of the log; take it before the call whose messages matter.
    public static func mark() -> Mark {
        buffer.withLock { Mark(offset: $0.dropped + UInt64($0.bytes.count)) }
    }

    /// What was said since `mark`: its last `lines` lines, without the final line break.
    /// Messages of other threads' calls in the same time are among them.
    public static func text(since mark: Mark, lines: Int = 40) -> String {
        let bytes = buffer.withLock { buffer in
            let skipped = mark.offset > buffer.dropped ? mark.offset - buffer.dropped : 0
            return Array(buffer.bytes.dropFirst(Int(clamping: skipped)))
        }
        return Printable.lines(bytes: bytes)
            .split(separator: "\n", omittingEmptySubsequences: false)
            .drop { $0.isEmpty }.reversed().drop { $0.isEmpty }.reversed()
            .suffix(lines).joined(separator: "\n")
    }

    private static func take(
        _ level: libbpf_print_level, _ format: UnsafePointer<CChar>?, _ arguments: CVaListPointer?
    ) -> Int32 {
        let listener = buffer.withLock { $0.listener }
        guard let format, let arguments, listener != nil || level != LIBBPF_DEBUG else { return 0 }
        // A verifier's log of megabytes comes as one message, of which the end matters, and the
        // arguments can be walked only once: so no vsnprintf into a buffer of some size.
        var message: UnsafeMutablePointer<CChar>?
        var length = 0
        guard let stream = open_memstream(&message, &length) else { return 0 }
        vfprintf(stream, format, arguments)
        fclose(stream)
        guard let message else { return 0 }
        defer { free(message) }
        let bytes = UnsafeRawBufferPointer(start: message, count: length)
        listener?(Printable.lines(bytes: bytes.last == 0x0A ? bytes.dropLast() : bytes[...]))
        keep(bytes)
        return Int32(clamping: length)
    }

    /// As if libbpf had said it.
    fileprivate static func add(_ text: UnsafeRawBufferPointer) { keep(text) }

    private static func keep(_ message: UnsafeRawBufferPointer) {
        buffer.withLock { buffer in
            buffer.bytes.append(contentsOf: message.suffix(capacity))
            buffer.dropped += UInt64(message.count - min(message.count, capacity))
            let surplus = buffer.bytes.count - capacity
            guard surplus > 0 else { return }
            buffer.bytes.removeFirst(surplus)
            buffer.dropped += UInt64(surplus)
        }
    }
}

/// Memory for a verifier's log, of which the kernel leaves the end there.
///
/// libbpf's own has room for all of it: where a verifier goes through a million instructions, libbpf has that
/// repeated five times, with twice the memory each time, up to 256 MB and for a minute.
final class VerifierLog {
    /// Less than what is kept, in which libbpf's word on the program has to have room as well.
    private let memory = UnsafeMutableBufferPointer<CChar>.allocate(capacity: LibbpfLog.capacity - 4096)

    init() { memory.initialize(repeating: 0) }

    deinit { memory.deallocate() }

    /// libbpf says nothing of it then, unless `say` is called. The memory has to be there until the object is loaded.
    func take(in options: inout bpf_object_open_opts) {
        options.kernel_log_buf = memory.baseAddress
        options.kernel_log_size = memory.count
    }

    /// Puts what the verifier wrote behind what libbpf said.
    func say() {
        LibbpfLog.add(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: memory.prefix { $0 != 0 })))
    }
}
