// SPDX-License-Identifier: GPL-2.0-only
import CSystem
import Glibc

/// SIGINT, SIGTERM and SIGHUP as something to wait for. They stay blocked for the rest of the
/// process's life, so that a second one cannot interrupt detaching.
struct Signals: ~Copyable {
    private let descriptor: Int32
    private static let caught = [(SIGINT, "interrupted"), (SIGTERM, "asked to end"), (SIGHUP, "hung up")]

    init() {
        var set = sigset_t()
        sigemptyset(&set)
        for (signal, _) in Self.caught { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A reader of our output that went away must not end us without detaching.
        signal(SIGPIPE, SIG_IGN)
        descriptor = signalfd(-1, &set, Int32(SFD_CLOEXEC))
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Waits for `ns` at most; what the signal that came means, nil if none did.
    func wait(ns: UInt64) -> String? {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let milliseconds = Int32(clamping: (ns + 999_999) / 1_000_000)
        guard Glibc.poll(&poll, 1, milliseconds) > 0 else { return nil }
        var info = signalfd_siginfo()
        guard read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size) > 0 else { return nil }
        return Self.caught.first { UInt32($0.0) == info.ssi_signo }?.1 ?? "signal \(info.ssi_signo)"
    }
}
