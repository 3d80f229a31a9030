// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// The counters of an attached scheduler at one moment.
public struct Counters: Sendable, Equatable {
    /// One for each value of `enum sp_counter`.
    public let values: [UInt64]
    /// Wake-ups by latency: how many waited 2^i to 2^(i+1) ns.
    public let wakeups: [UInt64]
    /// The longest wait from wake-up to running, ns.
    public let wakeupMaxNs: UInt64
    /// CPUs that are not idle, and tasks in the queues, at the last beat of the backend's timer (50 ms).
    public let running: UInt64
    public let waiting: UInt64

    public init(_ status: sp_status) {
        values = withUnsafeBytes(of: status.counters) { Array($0.bindMemory(to: UInt64.self)) }
        wakeups = withUnsafeBytes(of: status.wakeup_ns) { Array($0.bindMemory(to: UInt64.self)) }
        wakeupMaxNs = status.wakeup_max_ns
        running = status.running
        waiting = status.waiting
    }

    public subscript(counter: sp_counter) -> UInt64 { values[Int(counter.rawValue)] }

    /// What each counter counts, in the order of the header. The names are those of reports.
    public static let names: [(counter: sp_counter, name: String, meaning: String)] = [
        (SP_COUNT_ENQUEUED, "enqueued", "tasks that began to wait, or were put back"),
        (SP_COUNT_DISPATCHED, "dispatched", "taken from a queue in the policy's order"),
        (SP_COUNT_DIRECT, "direct", "put on an idle CPU at once"),
        (SP_COUNT_SOLE, "sole", "the only one that waited, for a CPU that had no other"),
        (SP_COUNT_CONTINUED, "continued", "went on when their slice was over: they were still first"),
        (SP_COUNT_LOCAL, "local", "never wait: kernel threads that wake up, our own threads"),
        (SP_COUNT_EXITING, "exiting", "tasks that exit: let run at once"),
        (SP_COUNT_FALLBACK, "fallback", "taken first come, first served, for want of an answer"),
        (
            SP_COUNT_OVERDUE, "overdue",
            "of these: while the daemon ran for too long, or its CPUs were not to be had"
        ),
        (SP_COUNT_LOST, "lost", "waiting tasks that the daemon did not know"),
        (SP_COUNT_RESCUED, "rescued", "found waiting beside an idle CPU"),
        (SP_COUNT_STALE, "stale", "answers to a wait that was over"),
        (SP_COUNT_EARLY, "early", "answers ahead of their task, tried again"),
        (SP_COUNT_RING_FULL, "ring-full", "not told to the daemon: its ring was full"),
        (SP_COUNT_NOTES_LOST, "notes-lost", "what is told beside waits, not told to it for that reason"),
        (SP_COUNT_NO_STATE, "no-state", "tasks that had no memory for our state"),
        (SP_COUNT_PREEMPTED, "preempted", "times that a CPU gave way to a woken task"),
        (SP_COUNT_GIVEN_UP, "given-up", "handed to the kernel by a CPU that goes off-line"),
        (SP_COUNT_RETRIED, "retried", "went on for 0.5 ms: the daemon had its turn elsewhere"),
        (SP_COUNT_CALLED_BACK, "called-back", "told to ask anew when the daemon's turn ended"),
        (SP_COUNT_WRONG_CPU, "wrong-cpu", "answers for a CPU where the task may not run any more"),
        (SP_COUNT_MASKS_FULL, "masks-full", "affinities that the daemon was not told of"),
        (SP_COUNT_OUT_OF_CLASS, "out-of-class", "times that the daemon went back to its scheduling class"),
        (SP_COUNT_GROUPS_LEFT_OUT, "groups-left-out", "control groups whose weight is not honoured"),
        (SP_COUNT_OVERLOOKED, "overlooked", "taken from a queue that the policy let nobody serve"),
        (SP_COUNT_HELD_BACK, "held-back", "held back by the policy until a time"),
        (SP_COUNT_GAVE_WAY, "gave-way", "slices that the policy ended with a tick"),
        (SP_COUNT_LET_IN, "let-in", "times that a task let the daemon in between, to read of a tick"),
        (SP_COUNT_STRANGE, "strange", "answers of the policy without meaning"),
        (SP_COUNT_DAEMON_RUNS, "daemon-runs", "times that a CPU gave way to the daemon"),
    ]
}
