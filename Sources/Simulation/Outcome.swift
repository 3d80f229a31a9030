// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import CSimKernel
public import KernelLink
import UserMode

/// What a simulated run showed.
public struct Outcome: Sendable {
    /// What was wrong first.
    public struct Flaw: Sendable, Equatable {
        public enum Kind: String, Sendable, CaseIterable {
            /// The kernel would have ended the scheduler.
            case refused
            /// A runnable task stood nowhere, in two places, or ran twice.
            case lost
            /// A wait was longer than the limit.
            case wait
            /// A task waited beside an idle CPU that it may use for longer than the limit.
            case besideIdle = "beside-idle"
            /// Counters did not add up.
            case counters
            /// A task was put elsewhere than decided, at another key, another one went first, or ran for
            /// another slice.
            case queue, key, order, slice
            /// An event told the policy what was not so.
            case input
            /// A CPU was not woken that had to be, or for nothing.
            case kick
            /// The policy decided from another state than it left.
            case state
            /// The model contradicts itself.
            case model

            init(_ flaw: UInt32) {
                self =
                    switch sim_flaw(flaw) {
                    case SIM_FLAW_REFUSED: .refused
                    case SIM_FLAW_LOST: .lost
                    case SIM_FLAW_WAIT: .wait
                    case SIM_FLAW_BESIDE_IDLE: .besideIdle
                    case SIM_FLAW_COUNTERS: .counters
                    case SIM_FLAW_QUEUE: .queue
                    case SIM_FLAW_KEY: .key
                    case SIM_FLAW_ORDER: .order
                    case SIM_FLAW_SLICE: .slice
                    case SIM_FLAW_INPUT: .input
                    case SIM_FLAW_KICK: .kick
                    case SIM_FLAW_STATE: .state
                    default: .model
                    }
            }
        }

        public let kind: Kind
        public let text: String
        public let atNs: UInt64
    }

    /// One load's tasks.
    public struct Group: Sendable {
        /// CPU time of all, of the one with the least and of the one with the most.
        public let cpuNs: UInt64
        public let leastNs: UInt64
        public let mostNs: UInt64
        public let waits: WaitHistogram
    }

    public let flaw: Flaw?
    /// How far the run came.
    public let nowNs: UInt64
    /// Of all that happened, in its order.
    public let hash: UInt64
    public let events: UInt64
    public let callbacks: UInt64
    public let switches: UInt64
    public let wakeups: UInt64
    public let irqWorks: UInt64
    public let reschedules: UInt64
    public let faults: UInt64
    /// Callbacks that stopped while other CPUs went on.
    public let stops: UInt64
    /// Times in which a task might not migrate.
    public let sections: UInt64
    /// Decisions seen, and effects compared with them.
    public let decisions: UInt64
    public let effects: UInt64
    public let idleNs: UInt64
    public let waitMaxNs: UInt64
    public let besideIdleMaxNs: UInt64
    public let stillWaiting: UInt64
    /// Tasks that the kernel took out of the scheduler's queues.
    public let takenByKernel: UInt64
    public let counters: Counters
    public let groups: [Group]
    /// User mode's daemon.
    public let daemon: DaemonFigures?

    init(_ report: sim_report, _ calls: sim_calls, groups: Int, hasDaemon: Bool) {
        var flaw: Flaw?
        if report.flaw != SIM_FINE.rawValue {
            flaw = Flaw(
                kind: Flaw.Kind(report.flaw), text: Self.text(report), atNs: report.now)
        }
        self.flaw = flaw
        nowNs = report.now
        hash = report.hash
        events = report.events
        callbacks = report.callbacks
        switches = report.switches
        wakeups = report.wakeups
        irqWorks = report.irq_works
        reschedules = report.reschedules
        faults = report.faults
        stops = report.stops
        sections = report.sections
        decisions = report.decisions
        effects = report.effects
        idleNs = report.idle_ns
        waitMaxNs = report.wait_max_ns
        besideIdleMaxNs = report.beside_idle_max_ns
        stillWaiting = report.still_waiting
        takenByKernel = report.taken_by_kernel
        counters = Counters(report.status)
        self.groups = (0..<groups).map { Group(UInt32($0), calls) }
        daemon = hasDaemon ? DaemonFigures(report.daemon) : nil
    }

    private static func text(_ report: sim_report) -> String {
        withUnsafeBytes(of: report.text) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

extension Outcome.Group {
    init(_ group: UInt32, _ calls: sim_calls) {
        let report = calls.report_of(group).pointee
        cpuNs = report.cpu_ns
        leastNs = report.least_ns
        mostNs = report.most_ns
        waits = WaitHistogram(
            counts: (0..<UInt32(SIM_WAIT_BUCKETS)).map { calls.waits_of(group, $0) },
            totalNs: report.waited_ns, maxNs: report.wait_max_ns)
    }
}

/// What the daemon's loop counted.
public struct DaemonFigures: Sendable, Equatable {
    public let events: UInt64
    public let picked: UInt64
    public let continued: UInt64
    public let overflows: UInt64
    public let stale: UInt64
    public let strange: UInt64
    public let overlooked: UInt64
    public let passes: UInt64
    /// Tasks known at the end.
    public let known: UInt64

    init(_ figures: sim_daemon_figures) {
        events = figures.events
        picked = figures.picked
        continued = figures.continued
        overflows = figures.overflows
        stale = figures.stale
        strange = figures.strange
        overlooked = figures.overlooked
        passes = figures.passes
        known = figures.known
    }
}
