// SPDX-License-Identifier: GPL-2.0-only
import Glibc
import Output
import Synchronization

/// SIGINT and SIGTERM where something goes on for hours: the first one ends it behind the present step, so
/// that its figures are printed, if somebody reads them; the second one ends the process at once.
package enum Interruption {
    private static let caught = Atomic<Int32>(0)
    /// When, in milliseconds.
    private static let at = Atomic<Int>(0)
    /// `timeout` sends its signal to the process and then to the group, which is one request.
    private static let togetherMs = 250
    private static let signals = [(number: SIGINT, name: "SIGINT"), (number: SIGTERM, name: "SIGTERM")]

    /// From here on `name` has to be looked at.
    package static func watch() {
        // What the handler uses has to be there before it runs.
        caught.store(0, ordering: .relaxed)
        at.store(0, ordering: .relaxed)
        Patience.prepare()
        for (number, _) in signals {
            var before = sigaction()
            sigaction(number, nil, &before)
            // As in the background of a script, or so that somebody else ends us: it stays ignored.
            let handler = unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self)
            if handler == unsafeBitCast(SIG_IGN, to: Int.self) { continue }
            signal(number) { number in
                let now = Interruption.milliseconds()
                if Interruption.caught.exchange(number, ordering: .relaxed) == 0 {
                    Interruption.at.store(now, ordering: .relaxed)
                    return Patience.end(by: number)
                }
                if now - Interruption.at.load(ordering: .relaxed) < Interruption.togetherMs { return }
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    private static func milliseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }

    /// The signal that asked for the end; nil if none did.
    package static var name: String? {
        let number = caught.load(ordering: .relaxed)
        return signals.first { $0.number == number }?.name
    }

    /// Ends the process as the signal would have, so that a shell's loop ends as well.
    package static func end() -> Never {
        Console.finishOutput()
        if let reason = Console.outputFailure { Console.complain(Failure.output(reason).text) }
        let number = caught.load(ordering: .relaxed)
        signal(number, SIG_DFL)
        raise(number)
        exit(128 + number)
    }
}
