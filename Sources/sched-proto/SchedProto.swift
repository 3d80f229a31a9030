// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser

@main
struct SchedProto: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sched-proto",
        abstract: "One scheduling policy, executed in user space or as BPF, proven identical.",
        subcommands: [
            RunCommand.self,
            ExecCommand.self,
            PolicyCommand.self,
            ConformCommand.self,
            SimulateCommand.self,
        ],
        defaultSubcommand: RunCommand.self)
}
