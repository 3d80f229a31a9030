// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
public import Pairs
import PolicyText

/// The program of a pair in a package of its own: `run`, `conform`, `prove`, `simulate`, `policy`, `trace` and `exec`, as
/// sched-proto has them, about that pair; and `mutants` of its twins.
public enum PairProgram {
    /// Reads the command line, does what it says, and ends the process.
    public static func main(_ pair: Pair) {
        Program.$pair.withValue(pair) {
            pair.keys.apply { Program.main(PairCommand.self) }
        }
    }
}

private struct PairCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        let pair = Program.pair
        return CommandConfiguration(
            commandName: Program.name, abstract: pair?.summary ?? "", version: Version.text,
            subcommands: [
                Program.run, Program.exec, Program.policy, Program.conform, Program.prove,
                SimulateCommand.self,
                Program.trace,
                MutantsCommand.self,
            ],
            defaultSubcommand: Program.run)
    }
}
