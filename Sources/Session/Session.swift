// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Glibc
public import KernelLink
public import PolicyModel
public import UserMode

/// A scheduler from attachment to detachment, with its statistics and its end.
public struct Session: Sendable {
    public struct Options: Sendable {
        /// Time between two lines of statistics, ns; 0 prints none.
        public var statisticsNs: UInt64 = 1_000_000_000
        /// The session's length, ns; nil lasts until a signal.
        public var durationNs: UInt64?
        /// User mode: tasks that the policy knows at one time.
        public var maxTasks = 32768
        /// User mode: what the daemon does wrong on purpose, for tests of the backend.
        public var fault: Fault?
        /// Passes libbpf's own log on to stderr.
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

    /// - Parameter say: takes each line of the session's output.
    public init(
        _ scheduler: Scheduler.Configuration, options: Options,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.scheduler = scheduler
        self.options = options
        self.say = say
    }

    /// Runs the described policy in the configured mode, until it ends.
    public func run() throws(SessionError) -> Ending {
        try run(DescribedPolicy(scheduler.policy))
    }

    /// Runs a policy of one's own in user mode; BPF mode executes the description.
    ///
    /// Catches SIGINT, SIGTERM and SIGHUP for the whole process while it runs.
    public func run(_ policy: some Policy & Sendable) throws(SessionError) -> Ending {
        let obstacles = Preflight.obstacles(locksMemory: scheduler.mode == .user)
        if !obstacles.isEmpty { throw .obstacles(obstacles) }
        LibbpfLog.install(verbose: options.verbose)
        let signals = Signals()
        say(
            "policy \(scheduler.policyName) in \(scheduler.mode.rawValue) mode, Linux \(Preflight.kernelRelease), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) CPUs"
        )
        do throws(KernelError) {
            var loaded = try Scheduler(scheduler)
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
            say(
                "attached: \(Preflight.attachedScheduler ?? scheduler.name), state \(Preflight.state ?? "unknown")"
            )
            let clock = Stopwatch()
            let last = watch(loaded, daemon, signals, clock)
            loaded.detach()
            daemon?.stop()
            return finish(loaded, last)
        } catch {
            throw SessionError(error)
        }
    }

    /// Prints a line each interval until the session ends; returns the last sample.
    private func watch(
        _ loaded: borrowing Scheduler, _ daemon: Daemon?, _ signals: borrowing Signals,
        _ clock: Stopwatch
    ) -> Report.Sample {
        func sample() -> Report.Sample {
            Report.Sample(
                elapsedNs: clock.elapsedNs, counters: Counters(loaded.status()),
                daemon: daemon?.statistics())
        }
        var before = sample()
        var due = options.statisticsNs
        while true {
            var waitNs: UInt64 = 100_000_000
            let elapsed = clock.elapsedNs
            if let duration = options.durationNs {
                if elapsed >= duration { break }
                waitNs = min(waitNs, duration - elapsed)
            }
            if options.statisticsNs > 0 && due > elapsed { waitNs = min(waitNs, due - elapsed) }
            if let name = signals.wait(ns: waitNs) {
                say("\(name): detaching")
                break
            }
            if loaded.exitReport() != nil { break }
            if options.statisticsNs > 0 && clock.elapsedNs >= due {
                let now = sample()
                say(Report.line(now, since: before))
                before = now
                due = now.elapsedNs + options.statisticsNs
            }
        }
        return sample()
    }

    /// Prints the whole session's figures, and tells how it ended.
    private func finish(_ loaded: borrowing Scheduler, _ last: Report.Sample) -> Ending {
        for line in Report.summary(last) { say(line) }
        let seconds = last.elapsedNs / 1_000_000_000
        let state = Preflight.state ?? "unknown"
        if let exit = loaded.exitReport(), exit.isEviction {
            say("ended by the kernel after \(seconds) s, state \(state)")
            return .evicted(exit)
        }
        say("detached after \(seconds) s, state \(state)")
        return .asked
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
