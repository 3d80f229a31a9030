// SPDX-License-Identifier: GPL-2.0-only

/// Tasks that behave alike.
public struct Load: Sendable, Equatable {
    /// What a task does when it has had the CPU time of a burst.
    public enum Habit: String, Sendable, CaseIterable {
        /// Nothing: it computes without end.
        case loop
        /// Sleeps for a while.
        case sleeper
        /// Wakes the next of its load, about to sleep itself, until it is woken.
        case pipe
        /// Yields.
        case yielder
        /// Wakes all tasks of the load before its own, and sleeps for a while.
        case storm
        /// Exits after some bursts with sleeps between them; another one is forked a sleep later.
        case brief
    }

    public var habit: Habit
    public var count: UInt32
    /// -20...19
    public var nice: Int32 = 0
    public var isKthread = false
    /// Of the real-time class, which goes before all that the scheduler has.
    public var isRealtime = false
    /// Bursts in the life of a `brief` task.
    public var bursts: UInt32 = 3
    /// A burst is so long, and longer by an exponential spread of this mean.
    public var runNs: UInt64 = 1_000_000
    public var runSpreadNs: UInt64 = 0
    public var sleepNs: UInt64 = 10_000_000
    public var sleepSpreadNs: UInt64 = 0
    /// The first is forked at this time, each some time of the spread later.
    public var startNs: UInt64 = 0
    public var startSpreadNs: UInt64 = 10_000_000
    /// The scenario's control group that they are in, from 1 on; 0: by chance, or the root.
    public var cgroup: UInt32 = 0
    /// What each of them is called, at most 15 bytes; empty: `group-` and the load's number.
    public var comm = ""
    /// CPUs that they may use; empty: all.
    public var cpus: [UInt32] = []

    public init(_ habit: Habit, count: UInt32) {
        self.habit = habit
        self.count = count
    }
}
