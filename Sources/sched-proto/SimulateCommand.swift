// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import CSchedProto
import Foundation
import PolicyText
import Simulation

struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run a policy on a simulated machine: the real backends on a model of the kernel.",
        discussion: """
            The same seed gives the same run. A load is KIND:COUNT with KEY=VALUE behind it, such as \
            loop:2,nice=-5,cpus=3 or sleeper:10,run=1ms,sleep=10ms; kinds are loop, sleeper, pipe, yielder, \
            storm and brief. Exit status: 0 if nothing was wrong, 4 if a check failed.
            """)

    @OptionGroup var machine: SimulateMachine

    func run() throws {
        Failure.reporting { () throws(Failure) in
            let scenario = try machine.scenario()
            let begin = ContinuousClock.now
            let outcome = Simulator.run(scenario)
            SimulateOutput.show(outcome, of: scenario, took: ContinuousClock.now - begin)
            if let flaw = outcome.flaw {
                throw Failure("\(flaw.kind.rawValue): \(flaw.text)", .diverged)
            }
        }
    }
}

/// The machine, its load and what goes wrong on it.
struct SimulateMachine: ParsableArguments {
    @Option(help: "bpf or user.")
    var mode: String = "bpf"

    @Option(help: ArgumentHelp("A shipped policy or a description's file.", valueName: "name|file"))
    var policy: String = "fifo"

    @Option(name: .customLong("set"), help: "Replace a value of the policy: key=value. Repeatable.")
    var settings: [String] = []

    @Option(help: "CPUs, 1...1024.")
    var cpus: UInt32 = 4

    @Option(help: "Seconds of the machine's time.")
    var seconds: Double = 10

    @Option(help: "Seed of all that is left to chance.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Tasks, KIND:COUNT[,KEY=VALUE...]. Repeatable.", valueName: "load"))
    var load: [String] = []

    @Option(
        help: ArgumentHelp("What goes wrong, such as affinity=5ms. Repeatable.", valueName: "key=value"))
    var fault: [String] = []

    @Option(
        help: ArgumentHelp(
            "Limits of a wait: wait=10s, beside-idle=0. Repeatable.", valueName: "key=value"))
    var limit: [String] = []

    @Flag(help: "User mode: ask the daemon even where nothing is left to choose.")
    var askAlways = false

    @Option(help: "User mode: tasks that the daemon knows at one time. Default: enough.")
    var maxTasks: Int = 0

    func scenario() throws(Failure) -> Scenario {
        guard let mode = Scenario.Mode(rawValue: mode) else {
            throw Failure("--mode: bpf or user", .usage)
        }
        guard seconds > 0, seconds <= 86_400 else { throw Failure("--seconds: up to 86400", .usage) }
        var scenario = Scenario(
            mode: mode, cpus: cpus, seed: seed, durationNs: UInt64(seconds * 1e9), policyName: policy,
            policy: sp_policy())
        do throws(ScenarioError) {
            try scenario.load(policy, settings)
            for text in load { scenario.loads.append(try Load(text)) }
            for text in fault { try scenario.faults.set(text) }
            for text in limit { try scenario.limits.set(text) }
            scenario.asksAlways = askAlways
            scenario.maxTasks = maxTasks
            try scenario.validate()
        } catch {
            throw Failure("\(error)", .usage)
        }
        return scenario
    }
}
