// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
public import KernelLink

/// A policy that is compiled for this machine: the C one, or what its functions are given of.
public final class NativeLane: Lane {
    public let name: String
    private let functions: PolicyFunctions
    private let buffers = LaneBuffers()
    private var policy = sp_policy()
    private var global = sp_global()

    /// The C policy.
    public convenience init() {
        self.init(
            name: LaneKind.native.rawValue,
            PolicyFunctions(
                start: { sp_native_start($0, $1) }, decide: { sp_native_decide($0, $1, $2, $3, $4, $5) }))
    }

    public init(name: String, _ functions: PolicyFunctions) {
        self.name = name
        self.functions = functions
    }

    /// The C twin of a pair of one's own.
    /// - Throws: `missing` if there is none, `failed` if it cannot be loaded.
    public convenience init(_ twin: CTwin) throws(LaneError) {
        let name = LaneKind.native.rawValue
        if let obstacle = twin.obstacle { throw .missing(lane: name, reason: obstacle) }
        do throws(ProbeError) {
            self.init(name: name, try PolicyFunctions(twin))
        } catch {
            throw .failed(lane: name, reason: error.description)
        }
    }

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
            if period != 0 || isStart { functions.start(&policy, &global) }
            functions.decide(&policy, &global, buffers.tasks, event, outcome, UInt32(count))
            event += count
            outcome += count
        }
        return UnsafePointer(buffers.outcomes)
    }

    public func forget(_ events: UnsafeBufferPointer<sp_event>) {
        buffers.tasks.forget(events)
    }
}
