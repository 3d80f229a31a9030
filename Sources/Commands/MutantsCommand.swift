// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Foundation
import Output
import Pairs

/// For programs of pairs: wrong versions of their twins, each of which has to be noticed.
struct MutantsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mutants",
        abstract: "Make wrong versions of either twin; the comparison and the proof have to notice each.",
        discussion: """
            One small change at a time is made to the C twin and to the Swift policy, as they stand in the package: an \
            operator, a number, a word, a statement less. Each that compiles is compared with the policy of this \
            program on random, hostile and realistic traces; of what they do not reject it is proven that it decides \
            the same for all inputs, or an input is found for which it does not. It needs the sources, clang, swiftc, \
            and for the proof z3.

            A mutant that only the proof rejects shows what no trace came across: a state that cannot come up, or a \
            gap of the comparison. One that survives is neither rejected nor proven to be the same. One that reads or \
            writes outside of what it is given is no twin, whatever it would find there. SIGINT ends it behind the \
            mutants that are at work.

            Exit status: 0 all rejected or proven equivalent, 5 one survived or none was judged, 64 wrong usage, 65 a \
            wrong declaration, 66 a source is missing, 69 a compiler or z3 is missing, 74 standard output cannot be \
            written, 78 the sources are not those that this program was built from.
            """)

    enum Judges: String, ExpressibleByArgument, CaseIterable {
        case both, traces, prover
    }

    @Option(
        help: ArgumentHelp(
            "The package with the policy's sources. Default: the present folder.", valueName: "folder"))
    var package = "."

    @Option(help: "Only this twin: c or swift.") var only: String?
    @Option(help: "Only every Nth mutant, 1...1000.") var every = 1
    @Option(help: "Mutants at one time, 1...64.") var jobs = 2
    @Option(help: "Events of random traces for each mutant, 1...100000000.") var events = 1_000_000
    @Option(help: "Who judges: traces, then the prover of those that are left; or one of them alone.")
    var judge = Judges.both

    @Option(help: .hidden) var judgeLibrary: String?
    @Option(help: .hidden) var judgeIr: String?

    func validate() throws {
        if let only, Twin(rawValue: only) == nil { throw ValidationError("--only \(only): c or swift") }
        guard (1...1000).contains(every) else { throw ValidationError("--every \(every): 1...1000") }
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs \(jobs): 1...64") }
        guard (1...100_000_000).contains(events) else {
            throw ValidationError("--events \(events): 1...100000000")
        }
        guard judge != .prover || events == 1_000_000 else {
            throw ValidationError("--events has no effect with --judge prover")
        }
    }

    func run() {
        Failure.ending(json: false) { () throws(Failure) in
            guard let pair = Program.pair else {
                throw Failure("this program has no pair", .software)
            }
            // Processes of their own: a mutant may trap, or never end.
            if let judgeLibrary { try PairMutantJudge(pair).leave(library: judgeLibrary, events: events) }
            if let judgeIr {
                try PairMutantJudge(pair).leave(ir: judgeIr, of: only.flatMap(Twin.init) ?? .c)
            }
            try PairMutants(pair, self).run()
        }
    }
}
