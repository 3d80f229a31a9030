// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel
import Testing

/// Counts events in its declared state, and beside it.
private struct Counting: PolicyPair {
    struct Task: TaskState {
        var own: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
        var generation: UInt32 = 0
        var queue: UInt32 = 0
        static var ownQueues: UInt32 { 0 }
    }
    struct State: BitwiseCopyable, Sendable {
        var declared: UInt64 = 0
        var rest: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    }
    struct Params: BitwiseCopyable, Sendable {
        var rest: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
    }

    var state = State()
    private var beside: UInt64 = 0

    init(_ params: Params) {}

    mutating func enqueue(_ event: sp_event, _ task: inout Task) -> sp_decision {
        state.declared += 1
        beside += 1
        return .queue(event, task, key: state.declared * 100 + beside)
    }

    mutating func running(_ event: sp_event, _ task: Task) -> sp_decision {
        .run(event, task, sliceNs: 1)
    }
}

@Suite struct PolicyPairTests {
    /// As in both modes, and as the proof has it: one event's execution knows nothing of the last one's.
    @Test func theStateAloneGoesFromEventToEvent() {
        var policy = sp_policy()
        var global = sp_global()
        Counting.begin(&policy, &global)
        var event = sp_event()
        (event.kind, event.generation, event.pid, event.idle_cpu) = (SP_EVENT_ENQUEUE.rawValue, 1, 1, -1)
        let events = [event, event, event]
        var tasks = [sp_task](repeating: sp_task(), count: Int(SP_PROBE_TASKS))
        var outcomes = [sp_outcome](repeating: sp_outcome(), count: 3)
        Counting.decideAll(&policy, &global, &tasks, events, &outcomes, 3)
        #expect(outcomes.map(\.decision.key) == [101, 201, 301])
    }
}
