// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Glibc
public import KernelLink
public import PolicyModel
public import UserMode

/// A scheduler from attachment to detachment, with its statistics and its end; and, if asked for,
/// again and again when it was the kernel that ended it.
public struct Session: Sendable {
    public struct Options: Sendable {
        /// How the session is told.
        public enum Format: String, Sendable, CaseIterable {
            /// Lines for people.
            case text
            /// One JSON object a line; docs/COUNTERS.md describes them.
            case json
        }

        /// Time between two lines of statistics, ns; 0 prints none.
        public var statisticsNs: UInt64 = 1_000_000_000
        public var format = Format.text
        /// The session's length, ns, restarts and the waits between included; nil lasts until a
        /// signal.
        public var durationNs: UInt64?
        /// How often the scheduler is attached again after the kernel ended it.
        public var restarts = 0
        /// User mode: tasks that the policy knows at one time.
        public var maxTasks = 32768
        /// User mode: what the daemon does wrong on purpose, for tests of the backend.
        public var fault: Fault?
        /// Passes libbpf's own log on to `warn`.
        public var verbose = false

        public init() {}
    }

    /// How a session ended.
    public enum Ending: Sendable {
        /// By a signal, or because its time was over.
        case asked
        /// By the kernel, whose reason this is.
        case evicted(ExitReport)
    }

    private let scheduler: Scheduler.Configuration
    private let options: Options
    private let say: @Sendable (String) -> Void
    private let warn: @Sendable (String) -> Void

    /// - Parameters:
    ///   - say: takes each line of the session's output. It is called by the thread that watches the
    ///     scheduler, so it must not wait for a reader: `LineWriter` does not.
    ///   - warn: takes what went wrong before a restart, and libbpf's log if asked for; nil for `say`.
    ///     What the session ends with is what `run` returns or throws.
    public init(
        _ scheduler: Scheduler.Configuration, options: Options,
        say: @escaping @Sendable (String) -> Void, warn: (@Sendable (String) -> Void)? = nil
    ) {
        self.scheduler = scheduler
        self.options = options
        self.say = say
        self.warn = warn ?? say
    }

    /// Runs the described policy in the configured mode, until it ends.
    public func run() throws(SessionError) -> Ending {
        try run(DescribedPolicy(scheduler.policy))
    }

    /// Runs a policy of one's own in user mode; BPF mode executes the twin that the configuration names.
    ///
    /// Catches SIGINT, SIGTERM and SIGHUP for the whole process while it runs.
    public func run(_ policy: some Policy & Sendable) throws(SessionError) -> Ending {
        if scheduler.mode == .user { Daemon.stayOnOneNode() }
        try lookForObstacles()
        LibbpfLog.install(listener: options.verbose ? warn : nil)
        let signals: Signals
        do throws(KernelError) {
            signals = try Signals()
        } catch {
            throw SessionError(error)
        }
        var backoff = Backoff(limit: options.restarts)
        var clock: Stopwatch?
        var part = try attach(policy, signals, &clock)
        while let exit = part.restartable {
            if exit.isOperators {
                if options.restarts > 0 { tell(.notRestarting("ended by SysRq-S, so by the operator")) }
                break
            }
            guard let step = backoff.next(lastedNs: part.lastedNs) else { break }
            warn(Report.eviction(exit))
            guard wait(step, signals, clock) else { return .asked }
            part = try attachAgain(policy, signals, &clock, &backoff)
        }
        return part.ending
    }

    /// A session between two restarts.
    private struct Part {
        var ending: Ending
        /// From attachment to its end.
        var lastedNs: UInt64 = 0
        /// Nobody asked for its end.
        var isUnasked = false

        /// Why the kernel ended it; nil if it is not to be attached again.
        var restartable: ExitReport? {
            if case .evicted(let exit) = ending, isUnasked { exit } else { nil }
        }
    }

    private func lookForObstacles() throws(SessionError) {
        let obstacles = Preflight.obstacles(locksMemory: scheduler.mode == .user)
        if !obstacles.isEmpty { throw .obstacles(obstacles) }
    }

    /// Waits for the moment of a restart; false if the session is to end instead.
    private func wait(
        _ step: Backoff.Step, _ signals: borrowing Signals, _ clock: Stopwatch?
    ) -> Bool {
        tell(.restarting(step, of: options.restarts))
        let waiting = Stopwatch()
        while true {
            let elapsed = waiting.elapsedNs
            if elapsed >= step.seconds * 1_000_000_000 { return true }
            var waitNs = step.seconds * 1_000_000_000 - elapsed
            if let left = leftNs(clock) {
                if left == 0 {
                    tell(.notRestarting("the time is over"))
                    return false
                }
                waitNs = min(waitNs, left)
            }
            if case .signal(let name) = signals.wait(ns: waitNs) {
                tell(.notRestarting(name))
                return false
            }
        }
    }

    private func tell(_ message: Report.Message) {
        switch options.format {
        case .text: for line in message.text { say(line) }
        case .json: say(message.json.line)
        }
    }

    /// What is left of the session's length; nil if it has none.
    private func leftNs(_ clock: Stopwatch?) -> UInt64? {
        options.durationNs.map { $0 - min($0, clock?.elapsedNs ?? 0) }
    }

    /// Attaches again. A try that fails counts as a restart, and the next one follows after its wait;
    /// the last one's error is thrown, and that somebody else's scheduler is there now.
    private func attachAgain(
        _ policy: some Policy & Sendable, _ signals: borrowing Signals, _ clock: inout Stopwatch?,
        _ backoff: inout Backoff
    ) throws(SessionError) -> Part {
        while true {
            do throws(SessionError) {
                try lookForObstacles()
                return try attach(policy, signals, &clock)
            } catch {
                if error.isBusy { throw error }
                guard let step = backoff.next(lastedNs: 0) else { throw error }
                warn(error.description)
                guard wait(step, signals, clock) else { return Part(ending: .asked) }
            }
        }
    }

    /// Loads and attaches, and watches until the end. All of it is made anew, and gone afterwards.
    /// - Parameter clock: runs from the first attachment on.
    private func attach(
        _ policy: some Policy & Sendable, _ signals: borrowing Signals, _ clock: inout Stopwatch?
    ) throws(SessionError) -> Part {
        tell(
            .beginning(
                policy: scheduler.policyName, mode: scheduler.mode.rawValue, twin: scheduler.twinName,
                release: Preflight.kernelRelease,
                cpus: UInt64(clamping: sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
        do throws(KernelError) {
            var loaded = try Scheduler(scheduler)
            let ended = try loaded.map("ended")
            var daemon: Daemon?
            if scheduler.mode == .user {
                daemon = try Daemon(
                    policy, for: loaded, maxTasks: options.maxTasks, fault: options.fault)
            }
            do throws(KernelError) {
                try loaded.attach()
            } catch {
                daemon?.stop()
                throw error
            }
            daemon?.begin()
            tell(
                .attached(
                    Preflight.attachedScheduler ?? scheduler.name, state: Preflight.state ?? "unknown",
                    groupWeights: loaded.honoursGroupWeight))
            let limits = GroupLimits(honoursWeight: loaded.honoursGroupWeight)
            if let notice = limits.notice() { warn(notice) }
            let began = Stopwatch()
            if clock == nil { clock = began }
            let (last, isUnasked) = watch(
                loaded, daemon, signals, ended: ended, began, lengthNs: leftNs(clock))
            loaded.detach()
            daemon?.stop()
            return Part(
                ending: finish(loaded, last), lastedNs: last.elapsedNs, isUnasked: isUnasked)
        } catch {
            throw SessionError(error)
        }
    }

    /// Tells of each interval until the session ends; returns the last sample, and whether neither a
    /// signal nor `lengthNs` was the reason. Between two of them it sleeps: the kernel wakes it.
    /// - Parameter ended: the map into which the backend writes when the kernel ends it.
    private func watch(
        _ loaded: borrowing Scheduler, _ daemon: Daemon?, _ signals: borrowing Signals, ended: Int32,
        _ clock: Stopwatch, lengthNs: UInt64?
    ) -> (last: Report.Sample, isUnasked: Bool) {
        func sample() -> Report.Sample {
            Report.Sample(
                elapsedNs: clock.elapsedNs, counters: Counters(loaded.status()),
                daemon: daemon?.statistics())
        }
        var before = sample()
        var due = options.statisticsNs > 0 ? options.statisticsNs : nil
        var groupLimitsSet: UInt64 = 0
        var noticeBefore: String?
        while true {
            // Looked at whenever this wakes up, after a minute at the latest: nothing wakes it for that.
            if loaded.groupLimitsSet != groupLimitsSet {
                groupLimitsSet = loaded.groupLimitsSet
                let limits = GroupLimits(honoursWeight: loaded.honoursGroupWeight, includesEmpty: true)
                let notice = limits.notice()
                // Also counted is a weight that has its effect.
                if let notice, notice != noticeBefore { warn(notice) }
                noticeBefore = notice
            }
            let elapsed = clock.elapsedNs
            if let lengthNs, elapsed >= lengthNs { return (sample(), false) }
            let next = min(lengthNs ?? .max, due ?? .max, elapsed &+ Self.longestWaitNs)
            switch signals.wait(ns: next > elapsed ? next - elapsed : 0, or: ended) {
            case .signal(let name):
                tell(.detaching(name))
                return (sample(), false)
            case .ready: return (sample(), true)
            case .time: break
            }
            if let moment = due, clock.elapsedNs >= moment {
                let now = sample()
                tell(.statistics(now, since: before))
                before = now
                due = now.elapsedNs + options.statisticsNs
            }
        }
    }

    private static let longestWaitNs: UInt64 = 60_000_000_000

    /// Tells the whole session's figures, and how it ended.
    private func finish(_ loaded: borrowing Scheduler, _ last: Report.Sample) -> Ending {
        tell(.summary(last))
        let state = Preflight.state ?? "unknown"
        let exit = loaded.exitReport().flatMap { $0.isEviction ? $0 : nil }
        tell(.ended(exit, afterNs: last.elapsedNs, state: state))
        return exit.map { .evicted($0) } ?? .asked
    }
}

extension Session.Ending {
    /// The kernel's reason, its code, and its dump; nil if we were asked to stop.
    public var eviction: String? {
        switch self {
        case .asked: nil
        case .evicted(let exit): Report.eviction(exit)
        }
    }
}

/// Time since it was made.
struct Stopwatch: Sendable {
    private let start = ContinuousClock.now

    var elapsedNs: UInt64 {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}
