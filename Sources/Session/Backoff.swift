// SPDX-License-Identifier: GPL-2.0-only

/// How often a scheduler that the kernel ended is attached again, and after which waits: 1 s, then
/// twice as long each time, up to a minute, and 1 s again after a session that went well for a while.
struct Backoff: Sendable {
    /// One restart.
    struct Step: Sendable, Equatable {
        /// Its number, from 1.
        let number: Int
        /// How long to wait before it.
        let seconds: UInt64
    }

    static let longestSeconds: UInt64 = 60
    /// A session that lasted for longer than this went well.
    static let wellNs: UInt64 = 300_000_000_000

    /// Restarts at most.
    let limit: Int
    /// Restarts that `next` gave out.
    private(set) var made = 0
    private var seconds: UInt64 = 1

    /// - Parameter limit: 0 for none.
    init(limit: Int) {
        self.limit = limit
    }

    /// The next restart; nil if there were as many as there may be.
    /// - Parameter lastedNs: the session that ended, from attachment on; 0 if it could not even be
    ///   attached.
    mutating func next(lastedNs: UInt64) -> Step? {
        guard made < limit else { return nil }
        if lastedNs > Self.wellNs { seconds = 1 }
        made += 1
        defer { seconds = min(seconds * 2, Self.longestSeconds) }
        return Step(number: made, seconds: seconds)
    }
}
