// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel

/// A twin with one mistake: what the harness has to find.
struct WrongTwin: Policy {
    enum Mistake: CaseIterable, Sendable {
        /// A slice is 1 ns too long if three tasks wait.
        case slice
        /// The key is 1 too large for a task that slept and is heavy.
        case key
        /// A decision names the other queue once the tenth event has come.
        case lateQueue
        /// A field of the task that no decision shows yet.
        case task
        /// A field of the global state that no decision shows yet.
        case global
        /// Another action.
        case action
    }

    let mistake: Mistake
    private var right: DescribedPolicy
    private var events = 0

    init(_ policy: sp_policy, _ mistake: Mistake) {
        self.mistake = mistake
        right = DescribedPolicy(policy)
    }

    var global: sp_global {
        var global = right.global
        if mistake == .global && global.vtime_now > 1_000_000 { global.average_waiting &+= 1 }
        return global
    }

    mutating func start(_ task: inout sp_task, _ event: sp_event) {
        right.start(&task, event)
    }

    mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
        events += 1
        var decision = right.enqueue(event, &task)
        switch mistake {
        case .key where event.isWakeup && event.weight > 1000: decision.key &+= 1
        case .lateQueue where events >= 10: decision.queue ^= 1
        case .task where task.burst_ns > 1_000_000: task.burst_ns &+= 1
        case .action where event.isSync && event.idle_cpu < 0: decision.action = SP_ACTION_PREEMPT.rawValue
        default: break
        }
        return decision
    }

    mutating func running(_ event: sp_event, _ task: sp_task) -> sp_decision {
        events += 1
        var decision = right.running(event, task)
        if mistake == .slice && event.waitingTasks == 3 { decision.slice_ns &+= 1 }
        return decision
    }

    mutating func dispatch(_ event: sp_event, _ task: sp_task) -> sp_decision {
        right.dispatch(event, task)
    }
}
