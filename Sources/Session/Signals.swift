// SPDX-License-Identifier: GPL-2.0-only
import CSystem
import Glibc
import KernelLink

/// SIGINT, SIGTERM and SIGHUP as something to wait for. They stay blocked for the rest of the
/// process's life, so that a second one cannot interrupt detaching.
struct Signals: ~Copyable {
    private let descriptor: Int32
    private static let caught = [(SIGINT, "interrupted"), (SIGTERM, "asked to end"), (SIGHUP, "hung up")]

    /// What ended a wait.
    enum Wake: Equatable {
        /// A signal, and what it means.
        case signal(String)
        /// The other descriptor has something to read.
        case ready
        case time
    }

    /// - Throws: where the process has no room for another file.
    init() throws(KernelError) {
        var set = sigset_t()
        sigemptyset(&set)
        for (signal, _) in Self.caught { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A reader of our output that went away must not end us without detaching.
        signal(SIGPIPE, SIG_IGN)
        let made = signalfd(-1, &set, Int32(SFD_CLOEXEC))
        guard made >= 0 else { throw KernelError("signalfd", errno: errno) }
        descriptor = made
    }

    deinit { close(descriptor) }

    /// Waits for a signal, or for `other`, and for `ns` at most; nil waits for ever.
    func wait(ns: UInt64?, or other: Int32 = -1) -> Wake {
        var polled = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        let count = sp_poll_ns(&polled, 2, ns.map { Int64(clamping: $0) } ?? -1)
        // Interrupted by a signal that nobody waits for: the caller looks at the clock and comes back.
        guard count > 0 else { return .time }
        if polled[0].revents != 0 {
            var info = signalfd_siginfo()
            if read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size) > 0 {
                let known = Self.caught.first { UInt32($0.0) == info.ssi_signo }?.1
                return .signal(known ?? "signal \(info.ssi_signo)")
            }
        }
        return polled[1].revents != 0 ? .ready : .time
    }
}
