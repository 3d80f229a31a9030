// SPDX-License-Identifier: GPL-2.0-only
import Simulation

extension SimulateTask {
    /// What was asked for and would be ignored, which nobody should take for done; nil if nothing.
    func contradiction(with machine: SimulateMachine) -> String? {
        if let task = task {
            let idle = given(machine).filter { !task.uses.contains($0) }
            if !idle.isEmpty {
                let names = idle.joined(separator: ", ")
                let them = idle.count == 1 ? "it" : "them"
                return "\(names) would be ignored with \(task.name): leave \(them) out"
            }
            if isCampaign && !machine.settings.isEmpty && machine.policy == nil {
                return "--set would be ignored by random policies: name the --policy whose value it replaces"
            }
            return nil
        }
        if keepGoing {
            return "--keep-going is for --campaign and --for: one run ends with its first failure"
        }
        guard (machine.mode ?? "bpf") == "bpf" else { return nil }
        let ofUserMode = [("--ask-always", machine.askAlways), ("--max-tasks", machine.maxTasks != nil)]
        if let (name, _) = ofUserMode.first(where: \.1) {
            return "\(name) is for --mode user: in BPF mode there is no daemon"
        }
        if let fault = machine.fault.first(where: { Scenario.Faults.isOfDaemon($0) }) {
            return "--fault \(fault) is for --mode user: in BPF mode there is no daemon"
        }
        return nil
    }

    var isCampaign: Bool { campaign != nil || seconds != nil }

    /// The option that says what is done, and those that it makes use of; nil for one run.
    private var task: (name: String, uses: Set<String>)? {
        if isCampaign {
            return (
                campaign != nil ? "--campaign" : "--for",
                ["--mode", "--policy", "--set", "--seed", "--limit", "--keep-going"]
            )
        }
        if replay != nil { return ("--replay", []) }
        if log != nil { return ("--log", []) }
        // CPUs, load and modes are its own.
        if bench {
            return (
                "--bench",
                [
                    "--policy", "--set", "--seconds", "--seed", "--fault", "--overlap", "--ask-always",
                    "--max-tasks",
                ]
            )
        }
        return nil
    }

    /// The options that were given, but for those that say what is done.
    private func given(_ machine: SimulateMachine) -> [String] {
        let options = [
            ("--mode", machine.mode != nil), ("--policy", machine.policy != nil),
            ("--set", !machine.settings.isEmpty), ("--cpus", machine.cpus != nil),
            ("--topology", machine.topology != nil), ("--package", machine.package != nil && log != nil),
            ("--seconds", machine.duration != nil), ("--seed", machine.seed != nil),
            ("--load", !machine.load.isEmpty), ("--fault", !machine.fault.isEmpty),
            ("--limit", !machine.limit.isEmpty), ("--overlap", machine.overlap != nil),
            ("--ask-always", machine.askAlways), ("--max-tasks", machine.maxTasks != nil),
            ("--keep-going", keepGoing),
        ]
        return options.filter(\.1).map(\.0)
    }
}
