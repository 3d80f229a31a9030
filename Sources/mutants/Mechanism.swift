// SPDX-License-Identifier: GPL-2.0-only
import Simulation

/// The two halves of the mechanism: what runs in the kernel, and the daemon's loop.
enum Half: String, CaseIterable, Sendable {
    case c
    case swift

    /// The files that hold it, within the checkout.
    var files: [String] {
        switch self {
        case .c:
            [
                "bpf_mode.bpf.c", "user_mode.bpf.c", "notices.bpf.h", "answers.bpf.h", "turns.bpf.h",
                "put_off.bpf.h",
                "counters.bpf.h", "idle.bpf.h", "tasks.bpf.h", "queues.bpf.h", "timer.bpf.h",
                "taken_cpu.bpf.h", "looks.h", "weights.bpf.h", "groups.bpf.h",
            ].map { "bpf/\($0)" }
        case .swift:
            [
                "UserMode/Decider.swift", "UserMode/Decider+Picking.swift", "UserMode/Loop.swift",
                "PolicyModel/RunQueues.swift", "PolicyModel/TaskTable.swift",
                "KernelLink/AnswerRing.swift", "KernelLink/EventRing.swift",
            ].map { "Sources/\($0)" }
        }
    }

    /// The modes that a file is of.
    static func modes(of file: String) -> [Scenario.Mode] {
        switch file {
        case "bpf_mode.bpf.c": [.bpf]
        case "counters.bpf.h", "idle.bpf.h", "tasks.bpf.h", "queues.bpf.h", "timer.bpf.h",
            "taken_cpu.bpf.h", "abi.h", "link.h", "policy_base.h", "looks.h", "weights.bpf.h",
            "groups.bpf.h":
            Scenario.Mode.allCases
        default: [.user]
        }
    }

    /// Words of the mechanism that are taken for one another.
    static let swaps: [(String, String)] = [
        ("SCX_DSQ_LOCAL", "SCX_DSQ_GLOBAL"), ("SCX_DSQ_GLOBAL", "SCX_DSQ_LOCAL"),
        ("DSQ_HELD", "DSQ_PICKED"), ("DSQ_PICKED", "DSQ_HELD"), ("held", "picked"), ("picked", "held"),
        ("DSQ_REGULAR", "DSQ_PRIORITY"), ("DSQ_PRIORITY", "DSQ_REGULAR"),
        ("SCX_KICK_IDLE", "SCX_KICK_PREEMPT"), ("SCX_KICK_PREEMPT", "SCX_KICK_IDLE"),
        ("SCX_ENQ_WAKEUP", "SCX_ENQ_LAST"), ("SCX_ENQ_LAST", "SCX_ENQ_WAKEUP"),
        ("PF_KTHREAD", "PF_EXITING"), ("PF_EXITING", "PF_KTHREAD"), ("here", "caller"),
        ("cpu", "here"), ("here", "cpu"), ("caller", "here"), ("local", "claimed"),
        ("claimed", "-1"), ("pid", "generation"), ("generation", "pid"), ("used_ns", "switches"),
        ("since", "key"), ("key", "since"), ("slice", "0"), ("TRY_AGAIN", "DONE"),
        ("DONE", "TRY_AGAIN"), ("RUNS_HERE", "DONE"), ("TIMER_NS", "TIMER_IDLE_NS"),
        ("TIMER_IDLE_NS", "TIMER_NS"), ("SP_COUNT_FALLBACK", "SP_COUNT_LOST"),
        ("SP_COUNT_DIRECT", "SP_COUNT_SOLE"), ("SP_COUNT_SOLE", "SP_COUNT_DISPATCHED"),
        ("SP_COUNT_DISPATCHED", "SP_COUNT_SOLE"), ("SP_COUNT_STALE", "SP_COUNT_EARLY"),
        ("SP_COUNT_EARLY", "SP_COUNT_STALE"), ("SP_COUNT_LOCAL", "SP_COUNT_EXITING"),
        ("SP_COUNT_EXITING", "SP_COUNT_LOCAL"), ("SP_COUNT_RING_FULL", "SP_COUNT_NOTES_LOST"),
        ("SP_COUNT_NOTES_LOST", "SP_COUNT_RING_FULL"), ("left", "right"), ("right", "left"),
        ("wait", "pid"), ("affinity", "cpu"), ("prev", "NULL"), ("chosen", "slot"), ("first", "last"),
    ]
}
