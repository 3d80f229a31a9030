// SPDX-License-Identifier: GPL-2.0-only
import Glibc
import Synchronization

/// How long a stream's reader is waited for: for ever, until a signal asks for the end; then for a moment, in which
/// one that reads gets the figures.
package enum Patience {
    /// Of microseconds, as interval timers count.
    private static let moment = 500_000
    /// How many wait for a reader at present.
    private static let waiting = Atomic<Int>(0)
    /// The signal that asked for the end; 0 if none did.
    private static let signal = Atomic<Int32>(0)

    /// Waits for a reader in `body`.
    static func waiting<Result>(_ body: () -> Result) -> Result {
        waiting.add(1, ordering: .sequentiallyConsistent)
        if signal.load(ordering: .sequentiallyConsistent) != 0 { arm(moment) }
        defer {
            if waiting.subtract(1, ordering: .sequentiallyConsistent).newValue == 0,
                signal.load(ordering: .sequentiallyConsistent) != 0
            {
                arm(0)
            }
        }
        return body()
    }

    /// Before signals are caught that call `end`.
    package static func prepare() {
        signal.store(0, ordering: .sequentiallyConsistent)
        Glibc.signal(SIGALRM) { _ in
            let number = Patience.signal.load(ordering: .sequentiallyConsistent)
            // Who was waited for has read meanwhile.
            if number == 0 || Patience.waiting.load(ordering: .sequentiallyConsistent) == 0 { return }
            Glibc.signal(number, SIG_DFL)
            raise(number)
        }
    }

    /// From now on whoever waits does so for a moment, and then the process ends by this signal. For a signal's
    /// handler, which may interrupt the wait.
    package static func end(by number: Int32) {
        signal.store(number, ordering: .sequentiallyConsistent)
        if waiting.load(ordering: .sequentiallyConsistent) > 0 { arm(moment) }
    }

    /// 0: not any more.
    private static func arm(_ microseconds: Int) {
        var time = itimerval()
        time.it_value.tv_usec = microseconds
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &time, nil)
    }
}
