// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import Output
import PolicyModel
import PolicyText
import Simulation

/// `simulate --campaign` and `--for`.
struct SimulateCampaign {
    private let machine: SimulateMachine
    private let task: SimulateTask
    private var campaign: SimulationCampaign
    private let seed: UInt64
    private let begin = ContinuousClock.now

    init(_ machine: SimulateMachine, _ task: SimulateTask) throws(Failure) {
        self.machine = machine
        self.task = task
        var random = SystemRandomNumberGenerator()
        seed = machine.seed ?? random.next() >> 16
        let descriptions: [PolicyDescription]
        if let policy = machine.policy {
            descriptions = [try Program.description(policy, machine.settings)]
        } else {
            do throws(PolicyError) {
                descriptions = try Self.usual()
            } catch {
                throw Failure(error)
            }
        }
        campaign = SimulationCampaign(descriptions)
        campaign.hasRandomPolicies = machine.policy == nil
        if let mode = try machine.parsedMode() { campaign.modes = [mode] }
        campaign.limits = try machine.limits(campaign.limits)
    }

    /// All that ship; or the pair of this program.
    private static func usual() throws(PolicyError) -> [PolicyDescription] {
        if let pair = Program.pair { return [try pair.description()] }
        return try PolicySource.shipped()
    }

    func run() throws(Failure) {
        var account = SimulationCampaign.Account()
        var kinds: [Outcome.Flaw.Kind: Int] = [:]
        var last: Failure?
        var next = seed
        // Until the end nobody is waited for: the time limit holds, whoever reads.
        Console.post("seed \(seed)\n")
        Interruption.watch()
        while Interruption.name == nil && !isOver(runs: Int(next &- seed)) {
            for finding in campaign.run(seed: next, &account) {
                kinds[finding.flaw.kind, default: 0] += 1
                last = report(finding)
                if !task.keepGoing { break }
            }
            if last != nil && !task.keepGoing { break }
            next &+= 1
        }
        summarise(account, kinds)
        if let signal = Interruption.name {
            print("interrupted by \(signal)")
            if let last { Console.complain(last.text) }
            Interruption.end()
        }
        if let last { throw last }
        let runs = Int(next &- seed)
        if let wanted = task.campaign, runs < wanted {
            throw Failure("this proves little: time is up: \(runs) of \(wanted) seeds", .incomplete)
        }
    }

    private func isOver(runs: Int) -> Bool {
        if let number = task.campaign, runs >= number { return true }
        if let period = task.seconds { return elapsed >= period.seconds }
        return false
    }

    private var elapsed: Double {
        let took = ContinuousClock.now - begin
        return Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
    }

    /// Tells of it, and keeps it small in a file.
    private func report(_ finding: SimulationCampaign.Finding) -> Failure {
        let scenario = finding.scenario
        Console.post(
            """
            \(finding.flaw.kind.rawValue) at \(SimulateOutput.number(Double(finding.flaw.atNs) / 1e6, 3)) ms: \
            \(finding.flaw.text)
              \(scenario.mode.rawValue)/\(scenario.policyName), \(scenario.cpus) CPUs, \(scenario.tasks) tasks; \
            repeat: \(Program.invocation) simulate --campaign 1 --mode \(scenario.mode.rawValue) --seed \(scenario.seed)\
            \(options)

            """)
        if task.keepGoing {
            return Failure("simulated machines went wrong", .diverged)
        }
        var shrinker = ScenarioShrinker(scenario, finding.flaw)
        shrinker.shrink()
        let file = "simulation-\(scenario.seed)-\(scenario.mode.rawValue).txt"
        let text = shrinker.smallest.text + "# \(shrinker.flaw.kind.rawValue): \(shrinker.flaw.text)\n"
        do throws(WholeFile.Problem) {
            let kept = try WholeFile.write(Array(text.utf8), asNew: file)
            Console.post(
                "  shrunk: \(Program.invocation) simulate \(Program.option("--replay", kept))\(package)\n")
        } catch {
            // The flaw is what counts, and the line above repeats it.
            ConformOutput.note("the scenario is not kept: \(file): \(error)")
        }
        return Failure("\(finding.flaw.kind.rawValue): \(finding.flaw.text)", .diverged)
    }

    /// What a repetition has to be told besides mode and seed.
    private var options: String {
        var text = ""
        if let policy = machine.policy { text += " " + Program.option("--policy", policy) }
        for setting in machine.settings { text += " " + Program.option("--set", setting) }
        text += package
        for limit in machine.limit { text += " " + Program.option("--limit", limit) }
        return text
    }

    /// Where a pair's sources are, if that was said.
    private var package: String { machine.package.map { " " + Program.option("--package", $0) } ?? "" }

    private func summarise(
        _ account: SimulationCampaign.Account, _ kinds: [Outcome.Flaw.Kind: Int]
    ) {
        let rate = Double(account.events) / 1e6 / max(elapsed, 1e-9)
        print(
            """
            \(account.runs) runs, \(account.events) events, \(account.callbacks) callbacks, \
            \(account.switches) switches, \(account.faults) faults, \(account.stops) overlaps, \(account.decisions) decisions seen, \
            \(account.effects) effects compared; longest wait \(SimulateOutput.ms(account.waitMaxNs)) ms (seed \
            \(account.waitMaxSeed)), beside an idle CPU \(SimulateOutput.ms(account.besideIdleMaxNs)) ms (seed \
            \(account.besideIdleMaxSeed)); \(SimulateOutput.number(rate, 2)) M events/s, hash \
            \(String(account.hash, radix: 16))
            """)
        // Of a policy that ships they say nothing: a random machine has daemons that sleep.
        if Program.pair != nil {
            print(
                "strange \(account.strange), overlooked \(account.overlooked), fallback \(account.fallback): docs/COUNTERS.md"
            )
        }
        for (kind, number) in kinds.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            print("  \(kind.rawValue): \(number)")
        }
    }
}

/// `simulate --bench`.
enum SimulateBench {
    /// Short sleepers, which make the machine switch as often as it can.
    static func run(_ machine: SimulateMachine) throws(Failure) {
        var machine = machine
        machine.cpus = 8
        machine.load = [
            "sleeper:60,run=10us,run-spread=200us,sleep=0,sleep-spread=2ms",
            "sleeper:30,run=1ms,run-spread=5ms,sleep=0,sleep-spread=20ms,nice=5", "loop:10",
        ]
        let names =
            machine.policy.map { [$0] } ?? Program.pair.map { [$0.name] } ?? ["fifo", "fair", "interactive"]
        for mode in Scenario.Mode.allCases {
            for name in names {
                machine.mode = mode.rawValue
                machine.policy = name
                let scenario = try machine.scenario()
                let begin = clock()
                let outcome = Simulator.run(scenario)
                let seconds = Double(clock() - begin) / Double(CLOCKS_PER_SEC)
                print(
                    """
                    \(mode.rawValue)/\(name): \(outcome.events) events, \(outcome.callbacks) callbacks in \
                    \(SimulateOutput.number(seconds, 2)) s of CPU time: \
                    \(SimulateOutput.number(Double(outcome.events) / 1e6 / seconds, 2)) M events/s
                    """)
            }
        }
    }
}
