// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// Traces that were kept, run again.
public struct Replay {
    /// What came of it.
    public enum Verdict {
        /// The lanes agree, and decide as they did when the trace was recorded if that is known.
        case same
        /// The lanes differ.
        case differ(Harness.Mismatch)
        /// The lanes agree on something else than when the trace was recorded.
        case changed
    }

    private let harness: Harness

    public init(on harness: Harness) {
        self.harness = harness
    }

    /// Runs a trace over all lanes.
    public func run(_ file: TraceFile) throws(LaneError) -> Verdict {
        let (mismatch, digest) = try run(file.trace)
        if let mismatch { return .differ(mismatch) }
        return file.digest == 0 || file.digest == digest ? .same : .changed
    }

    /// The trace as a file, with the digest of what the lanes answer to it; without one if they
    /// differ.
    public func record(_ trace: Trace) throws(LaneError) -> TraceFile {
        let (mismatch, digest) = try run(trace)
        return TraceFile(trace: trace, digest: mismatch == nil ? digest : 0)
    }

    private func run(
        _ trace: Trace
    ) throws(LaneError) -> (mismatch: Harness.Mismatch?, digest: UInt64) {
        try harness.load(trace.policy)
        let events = UnsafeMutableBufferPointer<sp_event>.allocate(capacity: trace.events.count)
        defer { events.deallocate() }
        _ = events.initialize(from: trace.events)
        var check = Checksum()
        let mismatch = try harness.run(UnsafeBufferPointer(events)) { outcomes in
            check.add(UnsafeRawBufferPointer(outcomes))
        }
        // 0 stands for no digest.
        return (mismatch, max(check.value, 1))
    }
}
