// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// The C policy, compiled for this machine.
public final class NativeLane: Lane {
    public let name = LaneKind.native.rawValue
    private let buffers = LaneBuffers()
    private var policy = sp_policy()
    private var global = sp_global()

    public init() {}

    public func load(_ policy: sp_policy) {
        self.policy = policy
    }

    public func decide(
        _ events: UnsafeBufferPointer<sp_event>, isStart: Bool, period: Int
    ) -> UnsafePointer<sp_outcome> {
        guard var event = events.baseAddress else { return UnsafePointer(buffers.outcomes) }
        let end = event + events.count
        var outcome = buffers.outcomes
        let length = period == 0 ? events.count : period
        while event < end {
            let count = min(length, end - event)
            if period != 0 || isStart { sp_native_start(&policy, &global) }
            sp_native_decide(&policy, &global, buffers.tasks, event, outcome, UInt32(count))
            event += count
            outcome += count
        }
        return UnsafePointer(buffers.outcomes)
    }

    public func forget(_ events: UnsafeBufferPointer<sp_event>) {
        buffers.tasks.forget(events)
    }
}
