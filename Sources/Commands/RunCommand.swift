// SPDX-License-Identifier: GPL-2.0-only
public import ArgumentParser
import BPFMode
import CSchedProto
public import KernelLink
import Output
import Pairs
import PolicyModel
package import PolicyText
public import Session
public import UserMode

extension Scheduler.Mode: ExpressibleByArgument {}
extension Fault: ExpressibleByArgument {}

/// Which execution of the policy BPF mode takes.
enum TwinChoice: String, CaseIterable, ExpressibleByArgument {
    case c
    case swift
    /// C where it knows all rules, else Swift.
    case auto
}

extension Session.Options.Format: ExpressibleByArgument {}

/// Schedules this machine: the command's main work, and its default.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Schedule this machine by a policy, until Ctrl-C.",
        discussion: """
            The kernel needs sched_ext (CONFIG_SCHED_CLASS_EXT, Linux 6.12 or newer), and the process \
            root's rights. Whatever happens to this process, the kernel takes the tasks back.

            Exit status: 0 asked to end, 3 ended by the kernel (and --restart used up, if given), \
            64 wrong usage, 65 wrong description, 66 no such policy, 69 kernel without support, \
            71 failed call, 74 ended as asked, but output was lost to a full disk, say, 75 another \
            scheduler is attached, 77 not allowed, 78 a rule that has no BPF twin yet (--mode bpf --twin c), or a \
            policy in Swift that the verifier does not admit (--twin swift; it says where and why). A \
            restart that fails is a used one; the last one's status counts.

            Nothing waits for whoever reads the output: lines that cannot be written are dropped, and \
            their number is shown.
            """)

    @Option(help: "Where the policy is executed: user (Swift daemon) or bpf (in the kernel).")
    var mode = Scheduler.Mode.user

    @Option(
        help: ArgumentHelp(
            "BPF mode: who decides. c: the C policy, which may lack a rule (status 78). swift: the Swift policy itself, compiled for BPF. auto: C if it has all rules, else Swift.",
            discussion: "Default: c."))
    var twin: TwinChoice?

    @Option(
        help: "A shipped policy's name, or the path of a description (with a slash or .yaml).",
        completion: Completion.policies)
    var policy = PolicySource.usual

    @Option(
        name: .customLong("set"), help: "Changes a key of the description: slice.max=3ms. Repeatable.",
        completion: Completion.settings)
    var settings: [String] = []

    @Option(help: "Seconds between two lines of statistics, 0.1...3600; 0 for none.")
    var stats = 1.0

    @Option(help: "How all of it is printed: text, or json, one object a line (docs/COUNTERS.md).")
    var statsFormat = Session.Options.Format.text

    @Option(
        help:
            "End after this time, restarts included: seconds, or as in 500ms, 90s, 10m, 8h; 0.1...31536000 s."
    )
    var duration: Seconds?

    @Option(
        help:
            "Attach again when the kernel ended the scheduler, up to this many times, 0...1000; waits 1, 2, 4 ... 60 s."
    )
    var restart = 0

    @Flag(help: "Only tasks that ask for it (SCHED_EXT, policy 7) are scheduled.")
    var partial = false

    @Option(
        help:
            "User mode: tasks that the policy knows at one time, 16...1048576; 136 to 144 bytes each, taken before it starts."
    )
    var maxTasks: Int?

    @Flag(
        help:
            "User mode: ask the daemon even where one task waits and the CPU has no other, so that there is nothing to choose."
    )
    var askAlways = false

    @Flag(
        inversion: .prefixedNo,
        help:
            "Whether control groups' cpu.weight counts, under a policy that goes by weight (not fifo). Default: it does."
    )
    var groupWeights: Bool?

    @Option(help: "Seconds that a runnable task may wait before the kernel ends the scheduler, 1...30.")
    var watchdog = 10

    @Flag(help: "Show libbpf's log.")
    var verbose = false

    @Option(
        help: ArgumentHelp(
            "User mode, for tests: crash:N aborts before answer N is published, slow:MS sleeps in each pass.",
            visibility: .private))
    var fault: Fault?

    func validate() throws {
        guard stats == 0 || (0.1...3600).contains(stats) else {
            throw ValidationError("--stats \(stats): allowed are 0 and 0.1...3600 seconds")
        }
        if let duration, !(0.1...31_536_000).contains(duration.count) {
            throw ValidationError("--duration \(duration.count): allowed are 0.1...31536000 seconds")
        }
        guard (1...30).contains(watchdog) else {
            throw ValidationError("--watchdog \(watchdog): allowed are 1...30 seconds")
        }
        guard (0...1000).contains(restart) else {
            throw ValidationError("--restart \(restart): allowed are 0...1000")
        }
        if let twin, mode == .user {
            throw ValidationError(
                "--twin \(twin.rawValue) is for BPF mode: in user mode the Swift policy decides")
        }
        if let fault, mode != .user {
            throw ValidationError("--fault \(fault) is for user mode: in BPF mode there is no daemon")
        }
        if askAlways && mode != .user {
            throw ValidationError("--ask-always is for user mode: in BPF mode the policy is always asked")
        }
        if let maxTasks {
            guard mode == .user else {
                throw ValidationError(
                    "--max-tasks is for user mode: in BPF mode the kernel keeps each task's state")
            }
            guard (16...1_048_576).contains(maxTasks) else {
                throw ValidationError("--max-tasks \(maxTasks): allowed are 16...1048576")
            }
        }
    }

    func run() {
        let lines = Failure.writer(statsFormat)
        var failure: Failure?
        do throws(Failure) {
            let scheduler = try scheduler { lines.warn(Failure.text($0)) }
            let session = Session(
                scheduler, options: options, say: { lines.say($0) },
                warn: { lines.warn(Failure.text($0)) })
            if let eviction = try Self.run(session, scheduler).eviction {
                failure = Failure(eviction, .evicted)
            }
        } catch {
            failure = error
        }
        Failure.end(failure, after: lines)
    }

    /// - Parameter note: is told which twin was chosen.
    /// - Throws: if the policy cannot be had, or not in this mode.
    private func scheduler(note: (String) -> Void) throws(Failure) -> Scheduler.Configuration {
        let description = try Program.description(policy, settings)
        try Self.checkGroups(of: description, note: note)
        var scheduler = Scheduler.Configuration(
            mode: mode, policy: description.policy, policyName: description.name)
        if mode == .bpf {
            scheduler.twin =
                if let pair = Program.pair {
                    try chosenTwin(of: pair, note: note)
                } else {
                    try chosenTwin(description, note: note)
                }
        }
        if let flaw = scheduler.queues?.flaw(of: scheduler.policy) {
            throw Failure("'\(description.name)' does not fit: \(flaw)", .configuration)
        }
        if description.policy.isAskedAlone && watchdog < 2 {
            throw Failure(
                "--watchdog \(watchdog): '\(description.name)' may hold tasks back for a second, which the kernel would take for starving; allowed are 2...30",
                .usage)
        }
        scheduler.partial = partial
        scheduler.askAlways = askAlways
        if groupWeights == true, !description.policy.goesByWeight {
            throw Failure(
                "--group-weights has no effect: '\(description.name)' does not go by weight", .usage)
        }
        scheduler.groupWeights = groupWeights ?? true
        scheduler.watchdogMs = UInt32(watchdog) * 1000
        return scheduler
    }

    /// - Throws: if it means control groups that are not there: their tasks would go as if nothing were said of them.
    private static func checkGroups(
        of description: PolicyDescription, note: (String) -> Void
    ) throws(Failure) {
        guard description.absentGroups.isEmpty else {
            throw Failure(
                "'\(description.name)' does not fit this machine: \(Words.all(description.absentGroups)); there is no such control group in \(PolicySource.groupsFolder): make it first, or give the path that /proc/PID/cgroup shows behind 0::",
                .configuration)
        }
        for group in PolicySource.groupsWithOthersBelow(description) {
            note("tasks of groups below \(group) are not in it: rows are compared with a task's own group")
        }
    }

    private var options: Session.Options {
        var options = Session.Options()
        options.statisticsNs = UInt64(stats * 1e9)
        options.format = statsFormat
        options.durationNs = duration.map { UInt64($0.count * 1e9) }
        options.restarts = restart
        options.maxTasks = maxTasks ?? options.maxTasks
        options.fault = fault
        options.verbose = verbose
        return options
    }

    private static func run(
        _ session: Session, _ scheduler: Scheduler.Configuration
    ) throws(Failure) -> Session.Ending {
        do throws(SessionError) {
            guard let pair = Program.pair else { return try session.run() }
            return try pair.run(session, scheduler.policy)
        } catch {
            throw Failure(error)
        }
    }

    /// - Throws: if C is asked for and lacks a rule, or Swift and the build could not make it.
    private func chosenTwin(
        _ description: PolicyDescription, note: (String) -> Void
    ) throws(Failure) -> Scheduler.Twin {
        let missing = Self.missingTwins(description.policy, name: description.name)
        let swift = SwiftTwin.ofDescription
        switch twin ?? .c {
        case .auto where missing == nil:
            note("--twin auto: the C twin decides, which has all rules of '\(description.name)'")
            return .c
        case .c:
            guard let missing else { return .c }
            throw Failure(
                "\(missing); run it with --mode user, or in the kernel as it is with --twin swift, or write the twin (docs/NEW-POLICY.md says how)",
                .configuration)
        case .auto, .swift:
            if let obstacle = swift.obstacle {
                throw Failure(
                    "this build has no Swift policy for the kernel: \(Printable.line(obstacle))", .unavailable
                )
            }
            if let missing, twin == .auto { note("--twin auto: the Swift twin decides; \(missing)") }
            return .swift(swift)
        }
    }

    /// - Throws: if a twin is asked for that this build does not have.
    private func chosenTwin(
        of pair: Pair, note: (String) -> Void
    ) throws(Failure) -> Scheduler.Twin {
        let choice = twin ?? .c
        if choice != .swift, pair.c.obstacle == nil {
            if choice == .auto { note("--twin auto: the C twin decides") }
            return .own(pair.c)
        }
        if let obstacle = choice == .c ? pair.c.obstacle : pair.swift.obstacle {
            let others = choice == .c ? "; run it with --mode user, or as it is with --twin swift" : ""
            throw Failure(
                "\(Printable.line(obstacle))\(others)", choice == .c ? .configuration : .unavailable)
        }
        if choice == .auto { note("--twin auto: the Swift twin decides; \(pair.c.obstacle ?? "")") }
        return .swift(pair.swift)
    }

    /// Which rules of a policy only Swift has; nil if C has all.
    static func missingTwins(_ policy: sp_policy, name: String) -> String? {
        if let pair = Program.pair { return pair.c.obstacle }
        let missing = PolicyText.missingTwins(of: policy, twins: BPFMode.twins)
        if missing.isEmpty { return nil }
        let rules = missing.map { "\($0.key): \($0.word)" }.joined(separator: ", ")
        return "policy '\(Printable.line(name))' uses a rule that has no BPF twin yet: \(rules)"
    }
}

extension Failure {
    package init(_ error: PolicyError) {
        let code: Code =
            switch error.kind {
            case .notFound, .unreadable: .noInput
            case .noPermission: .noPermission
            case .badData: .badData
            case .badSetting: .usage
            }
        self.init(error.description, code)
    }

    init(_ error: SessionError) {
        let code: Code =
            switch error {
            case .obstacles(let obstacles):
                switch obstacles.first?.kind {
                case .noPermission: .noPermission
                case .busy: .temporary
                default: .unavailable
                }
            case .unsupported: .unavailable
            case .overtaken: .temporary
            case .refused: .configuration
            case .kernel: .osError
            }
        guard case .obstacles(let obstacles) = error else {
            self.init(error.description, code)
            return
        }
        // Each is a message of its own.
        self.init(obstacles.map(\.description).joined(separator: "\n\(Program.name): "), code)
    }
}
