// SPDX-License-Identifier: GPL-2.0-only
package import ArgumentParser
import CSchedProto
import Output
import PolicyModel
import PolicyText
import Simulation

package struct SimulateCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run a policy on a simulated machine: the real backends on a model of the kernel.",
        discussion: """
            The same seed gives the same run. A load is KIND:COUNT with KEY=VALUE behind it, such as \
            loop:2,nice=-5,cpus=3 or sleeper:10,run=1ms,sleep=10ms; kinds are loop, sleeper, pipe, yielder, \
            storm and brief.

            SIGINT and SIGTERM end --campaign and --for behind the present machine: the figures so far are printed, \
            and it ends by that signal. A second one ends it at once.

            Exit status: 0 if nothing was wrong, 4 if a check failed, 5 if nothing was compared (no decision, no \
            effect), or time was up before all of --campaign, 64 wrong usage, 65 for a file that says no scenario, is no log, or describes no policy, 66 no \
            such file or policy, 74 standard output cannot be written, 77 a file may not be read. Of a pair's program, \
            which compiles its C twin with the model and keeps that below .build of the package, also 65 if it does not \
            compile, 69 without clang, 70 it cannot be loaded, 73 it cannot be kept, 78 without a C twin, or where \
            the declaration is not the one that the program was built from.
            """)

    @OptionGroup var machine: SimulateMachine
    @OptionGroup var task: SimulateTask

    package func validate() throws {
        if machine.package != nil && Program.pair == nil {
            throw ValidationError("--package is for programs of pairs: this one has the policies that ship")
        }
        if let contradiction = task.contradiction(with: machine) { throw ValidationError(contradiction) }
    }

    /// Bytes; the largest scenarios and logs that are kept have some hundredths of it.
    private static let sizeMax = 1 << 30

    package init() {}

    package func run() {
        Failure.ending { () throws(Failure) in
            if let path = task.replay {
                let scenario = try Self.read(path)
                try usePair()
                try Self.show(scenario)
            } else if let path = task.log {
                try Self.check(path)
            } else if task.bench {
                try usePair()
                try SimulateBench.run(machine)
            } else if task.campaign != nil || task.seconds != nil {
                let campaign = try SimulateCampaign(machine, task)
                try usePair()
                try campaign.run()
            } else {
                let scenario = try machine.scenario()
                try usePair()
                try Self.show(scenario)
            }
        }
    }

    /// The model with the pair's backends, where this is a pair's program.
    private func usePair() throws(Failure) {
        guard let pair = Program.pair else { return }
        let library = try PairModel(pair, package: machine.package ?? ".", root: machine.sources).library()
        do throws(SimulatedPair.Problem) {
            Simulator.use(try SimulatedPair(library: library) { pair.execution($0) })
        } catch {
            throw Failure("\(error)", .software)
        }
    }

    private static func read(_ path: String) throws(Failure) -> Scenario {
        let text = try InputFile.text(of: path, sizeMax: sizeMax)
        do throws(ScenarioError) {
            return try Scenario(text: text)
        } catch {
            throw Failure("\(Printable.path(path)): \(error)", .badData)
        }
    }

    /// Holds what a real kernel did against the model.
    private static func check(_ path: String) throws(Failure) {
        let text = try InputFile.bytes(of: path, sizeMax: sizeMax)
        try InputFile.refuseCompressed(text, path)
        let verdict = KernelLog.check(text)
        if verdict.line == 0, let refusal = verdict.refusal {
            throw Failure("\(Printable.path(path)): \(refusal)", .badData)
        }
        print("\(verdict)")
        if let refusal = verdict.refusal {
            throw Failure("the model does something else: \(refusal)", .diverged)
        }
        if verdict.callbacks == 0 && verdict.switches == 0 {
            throw Failure("nothing was compared: the log tells of no callback and of no switch", .incomplete)
        }
    }

    private static func show(_ scenario: Scenario) throws(Failure) {
        let begin = ContinuousClock.now
        let outcome = Simulator.run(scenario)
        SimulateOutput.show(outcome, of: scenario, took: ContinuousClock.now - begin)
        if let flaw = outcome.flaw {
            throw Failure("\(flaw.kind.rawValue): \(flaw.text)", .diverged)
        }
        if scenario.loads.isEmpty || (outcome.decisions == 0 && outcome.effects == 0) {
            let cause =
                scenario.loads.isEmpty
                ? "there is no load" : "in \(scenario.durationNs) ns the policy was not asked anything"
            throw Failure("nothing was compared: \(cause)", .incomplete)
        }
    }
}

/// What is done. Nothing of it: one run of the machine that the options describe.
struct SimulateTask: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Random machines, loads and faults, of so many seeds from --seed on; with --for in that time, else it ends with status 5.",
            valueName: "number"))
    var campaign: Int?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("The same for a time, as in 90s, 10m or 8h; up to 365d.", valueName: "duration"))
    var seconds: Period?

    @Option(
        help: ArgumentHelp("Run a scenario that was kept.", valueName: "file"),
        completion: .file(extensions: ["txt"]))
    var replay: String?

    @Option(
        help: ArgumentHelp(
            "Hold a log of what a real kernel did against the model: docs/KERNEL-LOG.md.", valueName: "file"),
        completion: .file())
    var log: String?

    @Flag(help: "With --campaign or --for: go on after a failure.")
    var keepGoing = false

    @Flag(help: "Measure events a second, 8 CPUs and 100 tasks, both modes.")
    var bench = false

    func validate() throws {
        let tasks = [campaign != nil || seconds != nil, replay != nil, log != nil, bench]
        if tasks.count(where: { $0 }) > 1 {
            throw ValidationError("--campaign or --for, --replay, --log and --bench exclude each other")
        }
        if let campaign, campaign < 1 { throw ValidationError("--campaign: 1 or more") }
    }
}

/// The machine, its load and what goes wrong on it.
struct SimulateMachine: ParsableArguments {
    @Option(help: "bpf or user. Default: bpf; with --campaign both.", completion: .list(["bpf", "user"]))
    var mode: String?

    @Option(
        help: ArgumentHelp(
            "A shipped policy or a description's file. Default: fifo; with --campaign all and random ones. Of a pair's program: the pair, and random values of its parameters.",
            valueName: "name|file"), completion: Completion.policies)
    var policy: String?

    @Option(
        name: .customLong("set"), help: "Replace a value of the policy: key=value. Repeatable.",
        completion: Completion.settings)
    var settings: [String] = []

    @Option(help: "CPUs, 1...1024. Default: 4.")
    var cpus: UInt32?

    @Option(
        help: ArgumentHelp(
            "Nodes, last caches of each, cores of each of those, threads of each core; default: one cache.",
            valueName: "n,n,n,n"))
    var topology: String?

    @Option(
        help: ArgumentHelp(
            "Of a pair's program: the package with the pair's sources. Default: the present folder.",
            valueName: "folder"))
    var package: String?

    /// Where the model and the backends are compiled from instead: for wrong ones.
    @Option(help: .hidden) var sources: String?

    @Option(
        name: .customLong("seconds"), help: "Seconds of the machine's time, up to 86400. Default: 10.")
    var duration: Double?

    @Option(help: "Seed of all that is left to chance. Default: 1; with --campaign a random one, printed.")
    var seed: UInt64?

    @Option(
        help: ArgumentHelp("Tasks, KIND:COUNT[,KEY=VALUE...]. One at least. Repeatable.", valueName: "load"))
    var load: [String] = []

    @Option(
        help: ArgumentHelp("What goes wrong, such as affinity=5ms. Repeatable.", valueName: "key=value"))
    var fault: [String] = []

    @Option(
        help: ArgumentHelp(
            "Limits of a wait: wait=10s, beside-idle=0. Repeatable.", valueName: "key=value"))
    var limit: [String] = []

    @Option(
        help: ArgumentHelp(
            "Callbacks of several CPUs overlap: they stop at one of so many calls of the kernel, 1...1000000.",
            valueName: "calls"))
    var overlap: UInt32?

    @Flag(help: "User mode: ask the daemon even where nothing is left to choose.")
    var askAlways = false

    @Option(help: "User mode: tasks that the daemon knows at one time, 16...1048576. Default: enough.")
    var maxTasks: Int?

    func parsedMode() throws(Failure) -> Scenario.Mode? {
        guard let mode else { return nil }
        guard let parsed = Scenario.Mode(rawValue: mode) else {
            throw Failure("--mode: bpf or user", .usage)
        }
        return parsed
    }

    func limits(_ limits: Scenario.Limits) throws(Failure) -> Scenario.Limits {
        var limits = limits
        do throws(ScenarioError) {
            try Setting.refuseTwice(limit, in: "--limit")
            for text in limit { try limits.set(text) }
        } catch {
            throw Failure("\(error)", .usage)
        }
        return limits
    }

    /// As many as the topology has.
    private var shapedCPUs: UInt32? {
        guard let topology, let shape = try? Scenario.shape(topology), !shape.isEmpty else { return nil }
        return UInt32(clamping: shape.reduce(1) { $0 &* UInt64($1) })
    }

    func scenario() throws(Failure) -> Scenario {
        let seconds = duration ?? 10
        guard seconds >= 1e-9, seconds <= 86_400 else {
            throw Failure("--seconds \(seconds): allowed are 0.000000001...86400", .usage)
        }
        if let maxTasks, !(16...Scenario.maxTasksMax).contains(maxTasks) {
            throw Failure("--max-tasks \(maxTasks): allowed are 16...\(Scenario.maxTasksMax)", .usage)
        }
        if let overlap, !(1...Scenario.overlapMax).contains(overlap) {
            throw Failure("--overlap \(overlap): allowed are 1...\(Scenario.overlapMax)", .usage)
        }
        guard !load.isEmpty else {
            throw Failure(
                "without --load there are no tasks, and nothing would be seen: such as --load loop:2", .usage)
        }
        let name = policy ?? PolicySource.usual
        let description = try Program.description(name, settings)
        var scenario = Scenario(
            mode: try parsedMode() ?? .bpf, cpus: cpus ?? shapedCPUs ?? 4, seed: seed ?? 1,
            durationNs: UInt64(seconds * 1e9), policyName: description.name,
            policy: description.policy)
        scenario.limits = try limits(scenario.limits)
        do throws(ScenarioError) {
            for text in load { scenario.loads.append(try Load(text)) }
            try Setting.refuseTwice(fault, in: "--fault")
            for text in fault { try scenario.faults.set(text) }
            scenario.shape = try Scenario.shape(topology ?? "")
            scenario.overlap = overlap ?? 0
            scenario.asksAlways = askAlways
            scenario.maxTasks = maxTasks ?? 0
            try scenario.validate()
        } catch {
            throw Failure("\(error)", .usage)
        }
        if topology != nil && !scenario.goesByTopology {
            throw Failure(
                "--topology would be ignored: \(description.name) has no queues of its own and no list of places for wake-ups",
                .usage)
        }
        if let (key, reason) = scenario.faults.idle {
            throw Failure("--fault \(key) \(reason)", .usage)
        }
        return scenario
    }
}
