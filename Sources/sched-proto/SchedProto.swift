// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Commands
import PolicyProof
import ProofSubjects

struct SchedProto: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sched-proto",
        abstract: "One scheduling policy, executed in user space or as BPF, proven identical.",
        discussion: """
            Exit status: 0 ended as asked, 3 the kernel ended the scheduler, 4 a difference was found, 5 and 6 not \
            all was compared or proven, 64 to 78 as in sysexits.h; 'sched-proto help COMMAND' says when.
            """,
        version: Version.text,
        subcommands: [
            Program.run, Program.exec, Program.policy, Program.conform, Program.prove,
            SimulateCommand.self, Program.trace, NewCommand.self,
        ],
        defaultSubcommand: Program.run)
}

@main
enum Main {
    static func main() {
        Program.$described.withValue(.init { .described }) { Program.main(SchedProto.self) }
    }
}
