// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Commands

struct SchedProto: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sched-proto",
        abstract: "One scheduling policy, executed in user space or as BPF, proven identical.",
        version: Version.text,
        subcommands: [
            Program.run, Program.exec, Program.policy, Program.conform, ProveCommand.self,
            SimulateCommand.self,
            Program.trace, NewCommand.self,
        ],
        defaultSubcommand: Program.run)
}

@main
enum Main {
    static func main() { Program.main(SchedProto.self) }
}
