// SPDX-License-Identifier: GPL-2.0-only
import Glibc
import Synchronization

/// Standard output and standard error, whatever they are: closed, full, or without a reader.
///
/// Every write goes to the system at once and as a whole, so that lines of the two never mix. Nothing
/// here traps, raises or ends the process.
public enum Console {
    /// Where text goes.
    public enum Stream: Int, Sendable, CaseIterable {
        case output
        case error

        var descriptor: Int32 { self == .output ? STDOUT_FILENO : STDERR_FILENO }
    }

    private struct State {
        /// Descriptors that were closed when the process began.
        var closed: Set<Int32> = []
        /// Why standard output lacks something: the first error's number.
        var failure: Int32?
        /// Something was, or is to be, written to standard output.
        var hasOutput = false
        /// What is to be written to standard output before anything else.
        var backlog: [UInt8] = []
        /// What signals did before `prepare`.
        var signals: [(number: Int32, action: sigaction)] = []
    }

    private static let state = Mutex(State())

    /// Call it first of all in a process: what is opened later must not take the number of a stream that
    /// was closed, and a reader that went away, or a limit on a file's size, is an error, not a death.
    public static func prepare() {
        for number in [SIGPIPE, SIGXFSZ] {
            var before = sigaction()
            sigaction(number, nil, &before)
            state.withLock { $0.signals.append((number, before)) }
            signal(number, SIG_IGN)
        }
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // The lowest free number is this one. For a program that `exec` starts it is closed, as before.
            var filler = open("/dev/null", O_RDWR | O_CLOEXEC)
            if filler < 0 { filler = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
            state.withLock { _ = $0.closed.insert(descriptor) }
        }
    }

    /// Undoes what a program started in our place would inherit.
    public static func restoreSignals() {
        for (number, var action) in state.withLock({ $0.signals }) { sigaction(number, &action, nil) }
    }

    /// Writes text to standard output; a failure is remembered, see `outputFailure`.
    public static func write(_ text: String) {
        state.withLock { $0.hasOutput = true }
        writeBacklog()
        remember(put(text, on: .output))
    }

    /// Writes text to standard output as far as nobody has to be waited for; the rest comes before what is
    /// written next, at the latest at the end. For what goes on for a given time.
    public static func post(_ text: String) {
        let bytes = state.withLock { state -> [UInt8] in
            defer { state.backlog = [] }
            state.hasOutput = true
            return state.backlog + Array(Printable.lines(text).utf8)
        }
        let done = bytes.withUnsafeBytes { putAtOnce($0, on: .output) }
        remember(done.error)
        // What failed once is not tried again: it is lost, and that is said.
        if done.error == 0 { state.withLock { $0.backlog = Array(bytes[done.written...]) } }
    }

    /// Writes a line to standard error, if that can be written.
    public static func complain(_ line: String) {
        _ = put(line + "\n", on: .error)
    }

    /// The same if it can be done at once: else nobody gets the line, and nobody is waited for.
    public static func mention(_ line: String) {
        let bytes = Array(Printable.lines(line + "\n").utf8)
        _ = bytes.withUnsafeBytes { putAtOnce($0, on: .error) }
    }

    /// Whether the program said anything on standard output.
    public static var hasOutput: Bool { state.withLock { $0.hasOutput } }

    /// Why standard output lacks something that was to be written; nil if it lacks nothing.
    public static var outputFailure: String? {
        state.withLock { $0.failure }.map { String(cString: strerror($0)) }
    }

    /// Closes standard output, since some file systems tell of a failed write only then.
    public static func finishOutput() {
        writeBacklog()
        let isOurs = state.withLock { !$0.closed.contains(STDOUT_FILENO) }
        guard isOurs, Patience.waiting({ close(STDOUT_FILENO) }) != 0, errno != EBADF, errno != EINTR else {
            return
        }
        let error = errno
        state.withLock { $0.failure = $0.failure ?? error }
    }

    private static func remember(_ error: Int32) {
        if error != 0 { state.withLock { $0.failure = $0.failure ?? error } }
    }

    private static func writeBacklog() {
        let bytes = state.withLock { state -> [UInt8] in
            defer { state.backlog = [] }
            return state.backlog
        }
        if !bytes.isEmpty { remember(bytes.withUnsafeBytes { put($0, on: .output).error }) }
    }

    /// Writes as much as goes without waiting: a pipe that is ready takes so many bytes.
    private static func putAtOnce(
        _ bytes: UnsafeRawBufferPointer, on stream: Stream
    ) -> (written: Int, error: Int32) {
        var written = 0
        while written < bytes.count {
            var ready = pollfd(fd: stream.descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&ready, 1, 0) > 0 else { break }
            let part = bytes[written..<min(written + Int(PIPE_BUF), bytes.count)]
            let done = put(UnsafeRawBufferPointer(rebasing: part), on: stream)
            written += done.written
            if done.error != 0 { return (written, done.error) }
        }
        return (written, 0)
    }

    /// Writes all of the text, waiting for as long as it takes. Returns 0 or the error's number.
    private static func put(_ text: String, on stream: Stream) -> Int32 {
        var text = Printable.lines(text)
        return text.withUTF8 { put(UnsafeRawBufferPointer($0), on: stream).error }
    }

    /// The same for bytes, and how many were written.
    static func put(
        _ bytes: UnsafeRawBufferPointer, on stream: Stream
    ) -> (written: Int, error: Int32) {
        let isClosed = state.withLock { $0.closed.contains(stream.descriptor) }
        return isClosed ? (0, EBADF) : Patience.waiting { put(bytes, to: stream.descriptor) }
    }

    static func put(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> (written: Int, error: Int32) {
        var written = 0
        while written < bytes.count, let start = bytes.baseAddress {
            let count = Glibc.write(descriptor, start + written, bytes.count - written)
            if count > 0 {
                written += count
            } else if count == 0 {
                return (written, EIO)
            } else if errno == EAGAIN {
                // Somebody else made it so that a write does not wait: we do.
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, -1)
            } else if errno != EINTR {
                return (written, errno)
            }
        }
        return (written, 0)
    }
}
