// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto
import Conformance
import Glibc

/// A policy in a library of its own: a mutant, behind the same two functions as the native lane.
package final class ForeignLane: Lane {
    private typealias Start =
        @convention(c) (UnsafePointer<sp_policy>, UnsafeMutablePointer<sp_global>) -> Void
    private typealias Decide =
        @convention(c) (
            UnsafePointer<sp_policy>, UnsafeMutablePointer<sp_global>, UnsafeMutablePointer<sp_task>,
            UnsafePointer<sp_event>, UnsafeMutablePointer<sp_outcome>, UInt32
        ) -> Void

    package let name = "mutant"
    private let handle: UnsafeMutableRawPointer
    private let start: Start
    private let decide: Decide
    private var policy = sp_policy()
    private var global = sp_global()
    private let tasks = UnsafeMutablePointer<sp_task>.allocate(capacity: Int(SP_PROBE_TASKS))
    private let outcomes = UnsafeMutablePointer<sp_outcome>.allocate(capacity: Int(SP_PROBE_BATCH))

    package init?(library path: String) {
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL),
            let start = dlsym(handle, "sp_native_start"), let decide = dlsym(handle, "sp_native_decide")
        else { return nil }
        self.handle = handle
        self.start = unsafeBitCast(start, to: Start.self)
        self.decide = unsafeBitCast(decide, to: Decide.self)
        tasks.initialize(repeating: sp_task(), count: Int(SP_PROBE_TASKS))
        outcomes.initialize(repeating: sp_outcome(), count: Int(SP_PROBE_BATCH))
    }

    package func load(_ policy: sp_policy) { self.policy = policy }

    /// What a function of it without arguments returns; nil if there is none of that name.
    package func value(of function: String) -> UInt32? {
        dlsym(handle, function).map { unsafeBitCast($0, to: (@convention(c) () -> UInt32).self)() }
    }

    package func decide(
        _ events: UnsafeBufferPointer<sp_event>, isStart: Bool, period: Int
    ) -> UnsafePointer<sp_outcome> {
        let length = period == 0 ? events.count : period
        var place = 0
        while place < events.count, let base = events.baseAddress {
            let count = min(length, events.count - place)
            if period != 0 || isStart { start(&policy, &global) }
            decide(&policy, &global, tasks, base + place, outcomes + place, UInt32(count))
            place += count
        }
        return UnsafePointer(outcomes)
    }

    package func forget(_ events: UnsafeBufferPointer<sp_event>) {
        for event in events { tasks[Int(event.pid & (SP_PROBE_TASKS - 1))] = sp_task() }
    }
}
