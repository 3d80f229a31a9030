// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

/// The memory of a lane in this process: its tasks, and the outcomes of one batch.
struct LaneBuffers: ~Copyable {
    /// `SP_PROBE_TASKS` tasks, indexed by pid.
    let tasks: UnsafeMutablePointer<sp_task>
    /// `SP_PROBE_BATCH` outcomes.
    let outcomes: UnsafeMutablePointer<sp_outcome>

    init() {
        tasks = .allocate(capacity: Int(SP_PROBE_TASKS))
        tasks.initialize(repeating: sp_task(), count: Int(SP_PROBE_TASKS))
        outcomes = .allocate(capacity: Int(SP_PROBE_BATCH))
        outcomes.initialize(repeating: sp_outcome(), count: Int(SP_PROBE_BATCH))
    }

    deinit {
        tasks.deallocate()
        outcomes.deallocate()
    }
}

extension UnsafeMutablePointer<sp_task> {
    /// The task that the event is about.
    @inline(__always)
    func task(of event: UnsafePointer<sp_event>) -> UnsafeMutablePointer<sp_task> {
        self + Int(event.pointee.pid & (SP_PROBE_TASKS - 1))
    }

    /// Makes the tasks that the events name all zero. Cheaper than all tasks: a trace names few.
    func forget(_ events: UnsafeBufferPointer<sp_event>) {
        guard let first = events.baseAddress else { return }
        for index in 0..<events.count {
            task(of: first + index).pointee = sp_task()
        }
    }
}
