// SPDX-License-Identifier: GPL-2.0-only
package import CSchedProto

/// What events are made of so that the rules' comparisons go either way.
extension Shipped {
    /// Lengths of time that the rules compare others with, ns.
    package static func limits(_ policy: sp_policy) -> [UInt64] {
        [policy.rate_window_ns, policy.starvation_ns, policy.sleep_credit_ns, policy.wait_max_ns]
    }

    /// Those of a wait; 0 among them.
    package static func waitLimits(_ policy: sp_policy) -> [UInt64] {
        [policy.starvation_ns, policy.wait_max_ns, 0]
    }

    /// CPU times at which a rule changes its mind, ns.
    package static func usedLimits(_ policy: sp_policy) -> [UInt64] {
        [policy.slice_max_ns, policy.slice_max_ns &* SP_BURST_SLICES_MAX]
    }

    /// The shortest time between two measurements of a rate, ns.
    package static func window(_ policy: sp_policy) -> UInt64 { policy.rate_window_ns }

    /// After how long a wait the regular queue goes first, ns.
    package static func starvation(_ policy: sp_policy) -> UInt64 {
        policy.starvation_ns == 0 ? policy.wait_max_ns : min(policy.starvation_ns, policy.wait_max_ns)
    }

    /// When a round is over, ns after it began.
    package static func roundEnd(_ policy: sp_policy) -> UInt64 { policy.wait_max_ns &+ 1 }

    /// Makes an ENQUEUE the event by which a task came to be as it is, as far as one event can.
    package static func bringAbout(_ task: sp_task, _ policy: sp_policy, by event: inout sp_event) {
        event.now = task.rate_since
        event.switches = task.rate_switches
        event.used_ns = task.vtime &- policy.slice_max_ns
    }

    /// The same of what is remembered beside the tasks, by an ENQUEUE of another task and its RUNNING.
    package static func bringAbout(
        _ global: sp_global, _ policy: sp_policy, by wait: inout sp_event, and run: inout sp_event
    ) {
        wait.used_ns = global.vtime_now &- policy.slice_max_ns
        run.used_ns = wait.used_ns
        run.waiting.0 = UInt32(truncatingIfNeeded: global.average_waiting &* 2)
    }

    /// CPU time that a task used since it came to be, ns.
    package static func usedSince(_ task: sp_task) -> UInt64 { task.burst_ns }
}
