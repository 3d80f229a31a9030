// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Output
import ProofSubjects

struct ProveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Prove for all inputs that the executions of the policy decide the same.",
        discussion: """
            What conform samples is proven here: Swift's LLVM IR, C's LLVM IR and the machine code of the BPF objects \
            in this program compute the same from the same state and event, for every description, state and event; \
            and no decision breaks one of the properties of docs/PROOF.md. It needs z3 4.8.12 or newer.

            Of the described policies, those of all descriptions are proven; a program of a pair proves that pair, \
            which decides alike from any state that its declaration has room for.

            SIGINT and SIGTERM end it: it says, with --json as an object, that it was interrupted, and ends by that \
            signal. A second one ends it at once.

            With --json, what ends it before there is a result is an object too: version, type (error), status \
            and message.

            Exit status: 0 all is proven, 4 a counterexample, 6 something is not proven (no solver, or it gave up; \
            something that is not modelled), 64 wrong usage, 65 a file that is no such artefact, 66 no such file, \
            74 standard output cannot be written, 77 a file may not be read, 78 a pair \
            without a C twin, or whose Swift does not compile by itself.
            """)

    @Option(help: ArgumentHelp("The solver: z3 by name or path.", valueName: "program"))
    var solver = "z3"

    @Option(
        help: ArgumentHelp(
            "Work that the solver may do for a question, in its own measure (100000...1000000000).",
            valueName: "units"))
    var effort = 4_000_000

    @Option(
        help: ArgumentHelp(
            "Prove a file in place of what is in this program: LLVM IR as swift or native, a BPF object as probe "
                + "or bpf-mode. Repeatable, once for each side.", valueName: "side=file"))
    var replace: [String] = []

    @Option(help: "Seed of the random values that are tried before the solver is asked. Default: 1.")
    var seed: UInt64 = 1

    @Flag(help: "End with the first counterexample.")
    var first = false

    @Flag(help: "Print each case, with the time that it took.")
    var cases = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard (100_000...1_000_000_000).contains(effort) else {
            throw ValidationError("--effort \(effort): 100000...1000000000")
        }
        var sides: Set<Substring> = []
        for text in replace {
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, ProofSubject.sides.contains(String(parts[0])) else {
                throw ValidationError(
                    "--replace \(text): side=file, where side is \(ProofSubject.sides.joined(separator: ", "))"
                )
            }
            guard sides.insert(parts[0]).inserted else {
                throw ValidationError(
                    "--replace \(text): \(parts[0]) is replaced twice; only one of the files could be proven")
            }
        }
    }

    func run() {
        Failure.ending(json: json) { () throws(Failure) in
            Interruption.watch()
            try ProveRun(self).run()
        }
    }
}
