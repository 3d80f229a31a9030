// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
package import CSimKernel
import KernelLink

/// A machine, what runs on it and what goes wrong: all that a simulated run depends on.
public struct Scenario: Sendable, Equatable {
    public enum Mode: String, Sendable, CaseIterable {
        case bpf, user
    }

    /// Mean intervals between things that go wrong; 0: never.
    public struct Faults: Sendable, Equatable {
        public enum Daemon: String, Sendable {
            case fine, spins, sleeps
        }

        /// A task's affinity, nice value or class changes; a thread calls exec; a CPU goes off-line or
        /// comes back.
        public var affinityNs: UInt64 = 0
        public var weightNs: UInt64 = 0
        public var classNs: UInt64 = 0
        public var execNs: UInt64 = 0
        public var hotplugNs: UInt64 = 0
        /// A control group is made, removed or given another weight, or a task moves to another one.
        public var cgroupNs: UInt64 = 0
        /// Of a million interrupts that kick CPUs, so many come late, by at most so much.
        public var kickLatePpm: UInt32 = 0
        public var kickLateNs: UInt64 = 0
        /// What the daemon does in the middle of a pass, from when on, for how long, how often.
        public var daemon = Daemon.fine
        public var daemonAtNs: UInt64 = 0
        public var daemonNs: UInt64 = 0
        public var daemonEveryNs: UInt64 = 0
        /// Mean interval in which the daemon may run on other CPUs.
        public var daemonAffinityNs: UInt64 = 0
        /// Mean interval in which a task that runs may not migrate for a while.
        public var sectionNs: UInt64 = 0
        /// Room in the ring of events, bytes; 0: all of it.
        public var ringBytes: UInt32 = 0

        public init() {}
    }

    /// Longest wait, and longest wait beside an idle CPU that the task may use; 0: any.
    public struct Limits: Sendable, Equatable {
        public var waitNs: UInt64 = 10_000_000_000
        public var besideIdleNs: UInt64 = 0
        /// Nothing goes wrong on this machine: so no way around the policy may have been taken.
        public var isCalm = false

        public init() {}
    }

    public var mode: Mode
    /// 1...1024.
    public var cpus: UInt32
    public var seed: UInt64
    public var durationNs: UInt64
    /// It ends after so many events in any case; 0: it does not.
    public var eventsMax: UInt64 = 0
    /// What the policy is called, and what it is.
    public var policyName: String
    public var policy: sp_policy
    /// At most `loadsMax`.
    public var loads: [Load] = []
    public var faults = Faults()
    public var limits = Limits()
    /// Nodes, last caches of each, cores of each of those, and threads of each core; empty: one cache with as many
    /// cores as there are CPUs. The model's own choices do not go by it; policies with queues do.
    public var shape: [UInt32] = []
    /// User mode asks its daemon even where nothing is left to choose.
    public var asksAlways = false
    /// Tasks that the daemon knows at one time, up to `maxTasksMax`; 0: as many as there are, and more.
    public var maxTasks = 0
    /// Control groups at the start, by chance, and tasks in them; 0: the root alone.
    public var cgroups: UInt32 = 0
    /// One that is given: its parent by its place in the list from 1 on, 0 for the root, and its weight.
    public struct Group: Sendable, Equatable {
        public var parent: UInt32
        public var weight: UInt32

        public init(parent: UInt32, weight: UInt32) {
            self.parent = parent
            self.weight = weight
        }
    }

    /// Control groups that are given, parents first, in place of some by chance.
    public var givenGroups: [Group] = []

    /// Callbacks of several CPUs overlap: one stops at one of so many calls of the kernel, while others go
    /// on; 0: each runs to its end at once.
    public var overlap: UInt32 = 0
    /// What a broken backend would do, for tests of the checks.
    package var mistake = SIM_NO_MISTAKE

    public static let cpusMax = Int(SIM_CPUS)
    /// One group is the daemon's.
    public static let loadsMax = Int(SIM_GROUPS) - 1
    public static let cgroupsMax: UInt32 = 63
    public static let tasksMax = 1_000_000
    /// As `run` has it.
    public static let maxTasksMax = 1_048_576
    public static let overlapMax: UInt32 = 1_000_000

    public init(
        mode: Mode, cpus: UInt32, seed: UInt64, durationNs: UInt64, policyName: String,
        policy: sp_policy
    ) {
        self.mode = mode
        self.cpus = cpus
        self.seed = seed
        self.durationNs = durationNs
        self.policyName = policyName
        self.policy = policy
    }

    public static func == (left: Scenario, right: Scenario) -> Bool {
        left.lines == right.lines
    }

    /// Where each CPU is.
    var topology: Topology {
        let shape = shape.count == 4 ? shape.map { Int($0) } : [1, 1, Int(cpus), 1]
        return Topology(
            (0..<Int(cpus)).map { cpu in
                let core = cpu / shape[3]
                let cache = core / shape[2]
                return ("\(core)", "\(cache)", "\(cache / shape[1])")
            })
    }

    /// Whether it makes a difference where CPUs are.
    public var goesByTopology: Bool { policy.hasOwnQueues || policy.hasWakeups }

    /// What is wrong with the CPUs of a pair's queues on this machine; nil: nothing.
    var queueFlaw: String? {
        guard policy.hasOwnQueues else { return nil }
        let policy = policy.withCPUs(of: Int(cpus))
        return QueueLayout(policy, topology).flaw(of: policy)
    }

    /// Tasks that are forked at the start.
    public var tasks: Int { loads.reduce(0) { $0 + Int($1.count) } }
}
