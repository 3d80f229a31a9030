// SPDX-License-Identifier: GPL-2.0-only
import CSimKernel

/// A log of what a real kernel's scheduling code did, held against the model: docs/KERNEL-LOG.md.
public enum KernelLog {
    /// What was compared, and why the log was not accepted, if it was not.
    public struct Verdict: Sendable {
        /// Why the model does not accept it, with the line of the log; nil: it does.
        public let refusal: String?
        /// The last line that was played.
        public let line: Int
        public let lines, callbacks, calls, switches, insertions, moves, looks, claims, ticks: UInt64
        /// Slices that were compared, and the largest difference, in nanoseconds.
        public let slices, sliceOffMaxNs: UInt64
        /// What was taken as told, since it began before the log did.
        public let learned: UInt64
        /// Times that two CPUs' lines were taken in the other order, since they did something at the same time.
        public let races: UInt64
        /// Times that a CPU looked who is next for a reason that the model does not know.
        public let unasked: UInt64
    }

    /// Plays a log's text. Never fails: a text that is no log is refused as well.
    public static func check(_ text: [UInt8]) -> Verdict {
        Simulator.oneAtATime.withLock { _ in
            text.withUnsafeBytes { bytes in
                let data = bytes.bindMemory(to: CChar.self).baseAddress
                return Verdict(sim_replay(data, text.count).pointee)
            }
        }
    }
}

extension KernelLog.Verdict {
    init(_ replayed: sim_replayed) {
        let text = withUnsafeBytes(of: replayed.text) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        refusal = text.isEmpty ? nil : text
        line = Int(replayed.line)
        lines = replayed.lines
        callbacks = replayed.callbacks
        calls = replayed.calls
        switches = replayed.switches
        insertions = replayed.insertions
        moves = replayed.moves
        looks = replayed.looks
        claims = replayed.claims
        ticks = replayed.ticks
        slices = replayed.slices
        sliceOffMaxNs = replayed.slice_off_max_ns
        learned = replayed.learned
        races = replayed.races
        unasked = replayed.unasked
    }
}

extension KernelLog.Verdict: CustomStringConvertible {
    public var description: String {
        """
        \(lines) lines: \(callbacks) callbacks, \(calls) calls in them, \(switches) switches, \(insertions) \
        insertions, \(moves) moves, \(looks) looks into a queue, \(claims) claims of idle CPUs, \(ticks) ticks, \
        \(slices) slices (off by \(sliceOffMaxNs) ns at most); \(learned) things taken as told, \(races) races, \
        \(unasked) looks without a known reason
        """
    }
}
