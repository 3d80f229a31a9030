// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import KernelLink
import Output
import ProofSubjects
import Prove
import SwiftToBPF

/// One run of `prove`.
struct ProveRun {
    /// Bytes; more is no artefact of this program.
    private static let artefactMax = 64 << 20

    let command: ProveCommand
    private let solver: Solver
    private let sides: [Side]
    private let subject: ProofSubject

    /// - Throws: 6 without a solver, 65 or 66 for a file that is to be proven, 78 if there is no C twin.
    init(_ command: ProveCommand) throws(Failure) {
        self.command = command
        subject = try Self.subject(isJSON: command.json)
        do throws(Solver.Unavailable) {
            solver = try Solver(program: command.solver) { Interruption.name != nil }
        } catch {
            let reason = Printable.line(error.description)
            if command.json { Console.write(ProveOutput.json(unproven: reason).text() + "\n") }
            throw Failure("not proven: \(reason)", .unproven)
        }
        let subject = subject
        sides = try ProofSubject.sides.map { (name: String) throws(Failure) -> Side in
            let file = command.replace.last { $0.hasPrefix(name + "=") }.map {
                String($0.dropFirst(name.count + 1))
            }
            return try Self.side(name, file, subject)
        }
    }

    private static func subject(isJSON: Bool) throws(Failure) -> ProofSubject {
        if let pair = Program.pair {
            if let subject = pair.proofSubject { return subject }
            let reason = "\(Printable.line(pair.obstacleToProof ?? "")): nothing can be proven of it"
            if isJSON { Console.write(ProveOutput.json(unproven: reason).text() + "\n") }
            throw Failure(reason, .configuration)
        }
        guard let described = Program.described else {
            throw Failure("this program has no policy to prove", .software)
        }
        return described.subject()
    }

    private static func side(_ name: String, _ file: String?, _ subject: ProofSubject) throws(Failure) -> Side
    {
        var other: (name: String, bytes: [UInt8])?
        if let file { other = (file, try InputFile.bytes(of: file, sizeMax: artefactMax)) }
        let side: Side
        do throws(ELFObject.Malformed) {
            side = try subject.side(name, other)
        } catch {
            throw Failure(Printable.line(error.description), .badData)
        }
        let shown = Printable.line(file ?? name)
        switch side.artefact {
        case .ir(let module):
            guard module.has("sp_native_decide"), module.has("sp_native_start") else {
                throw Failure("\(shown): no LLVM IR with sp_native_decide and sp_native_start", .badData)
            }
            if case .ir(let own)? = try? subject.side(name).artefact, own.compiler != module.compiler {
                ConformOutput.note(
                    "\(shown) is of \(Printable.line(module.compiler ?? "a compiler that does not say its version")), "
                        + "what it replaces of \(own.compiler ?? "another one"): what has another meaning there is refused by name, if it is seen"
                )
            }
        case .probe(let object):
            guard object.has("decide_one") else {
                throw Failure("\(shown): a BPF object without the function decide_one", .badData)
            }
        case .backend(let object):
            for function in ["decide", "begin"] where !object.has(function) {
                throw Failure("\(shown): a BPF object without the function \(function)", .badData)
            }
        }
        return side
    }

    /// What to do about what is not proven.
    private func advice(_ report: Prover.Report) -> String {
        if report.restarts > 0 {
            return
                "z3 ended \(report.restarts == 1 ? "once" : "\(report.restarts) times") before it had answered: see who ends it, or whether it has \(Solver.memoryMax) MB of memory, and run it again"
        }
        let reasons = report.cases.flatMap(\.verdicts).compactMap { verdict -> String? in
            if case .open(_, _, let reason) = verdict { reason } else { nil }
        }
        if let refused = reasons.first(where: { $0.hasPrefix("not modelled: ") }) {
            return ProveAdvice.ofRefusal(refused)
        }
        if reasons.contains(where: { $0.hasPrefix("it is not so for all values") }) {
            return
                "write it so that it holds whatever the state is, such as max(slice, 1), or see whether such a state can come up"
        }
        return
            "give the solver more work, --effort \(min(command.effort * 10, 1_000_000_000)); if that does not help, write what is in question more like its twin"
    }

    /// Says so, and ends the process by the signal.
    private func interrupted(_ words: String) -> Never {
        Console.write(
            command.json ? ProveOutput.json(unproven: words).text() + "\n" : "not proven: \(words)\n")
        Interruption.end()
    }

    func run() throws(Failure) {
        let others = sides.filter { $0.name != "native" }
        guard let reference = sides.first(where: { $0.name == "native" }), subject.layout.isWhole
        else {
            throw Failure("the layout of the structures is not the one that is known", .software)
        }
        if !command.json {
            ConformOutput.note("z3 \(solver.version); proving \(sides.map(\.name).joined(separator: " = "))")
            subject.omitted.forEach { ConformOutput.note("not covered, without a C twin: \($0)") }
        }
        let prover = Prover(
            reference: reference, others: others, parameters: subject.parameters, layout: subject.layout,
            solver: solver,
            effort: Effort(unit: command.effort), seed: command.seed)
        var last = ContinuousClock.now
        var looked = (cases: 0, of: 0)
        let report = prover.prove(
            until: command.first ? .refuted : .all, isOver: { Interruption.name != nil }
        ) { result, done, count in
            if Interruption.name != nil { return }
            looked = (done, count)
            if !result.verdicts.allSatisfy(\.isProven) || ContinuousClock.now - last >= .seconds(2) {
                last = ContinuousClock.now
                let state = result.verdicts.allSatisfy(\.isProven) ? "" : ": NOT PROVEN"
                ConformOutput.note(
                    "\(done) of \(count): \(result.name), \(ConformOutput.tenths(result.seconds)) s\(state)")
            }
        }
        if let signal = Interruption.name, report.refutation == nil, looked.cases < max(looked.of, 1) {
            let words = looked.of > 0 ? " after \(looked.cases) of \(looked.of) cases" : ""
            interrupted("interrupted by \(signal)\(words)")
        }
        let output = ProveOutput(report: report, subject: subject, sides: sides)
        var traces: [String] = []
        var shown = ""
        // Whoever asked for the end gets what is found, and does not wait for more of it.
        if let refutation = report.refutation, Interruption.name == nil {
            let replay = ProveReplay(refutation.example, seed: command.seed, isQuiet: command.json)
            (shown, traces) = try replay.run()
        }
        if command.json {
            Console.write(output.json(traces: traces).text() + "\n")
        } else {
            Console.write(output.text(showsCases: command.cases) + "\n" + shown)
        }
        if report.refutation != nil {
            throw Failure("the sides decide differently, or a property is broken", .diverged)
        }
        if !report.isProven {
            throw Failure("not proven: \(output.openText)\n\(advice(report))", .unproven)
        }
    }
}

/// Shows a counterexample on the lanes, as far as they have it.
struct ProveReplay {
    private let example: Counterexample
    private let seed: UInt64
    private let isQuiet: Bool

    init(_ example: Counterexample, seed: UInt64, isQuiet: Bool) {
        self.example = example
        self.seed = seed
        self.isQuiet = isQuiet
    }

    /// What to print behind the summary, and the files of traces that were kept.
    func run() throws(Failure) -> (text: String, traces: [String]) {
        var lanes: [any Lane] = []
        for kind in LaneKind.allCases {
            do throws(LaneError) {
                lanes.append(try Program.lane(kind))
            } catch {
                ConformOutput.note("\(error)")
            }
        }
        let harness = Harness(lanes)
        var found: (trace: Trace, mismatch: Harness.Mismatch)?
        do throws(LaneError) {
            var search = TraceSearch(
                policy: example.policy, global: example.global, task: example.task, event: example.event,
                seed: seed)
            found = try search.run(on: harness, tries: 20_000)
            if found == nil {
                var plan = Campaign.Plan(
                    seed: seed, subjects: [.init(name: "the counterexample's", policy: example.policy)])
                plan.hasRandomSubjects = false
                if let pair = Program.pair {
                    plan.makePair = { pair.execution($0) }
                    plan.names = { pair.names(of: $0) }
                }
                plan.events = 1_000_000
                if let finding = try Campaign(plan, on: harness).run() {
                    found = (finding.trace, finding.mismatch)
                }
            }
            if let trace = found {
                var shrinker = Shrinker(lanes)
                if let smaller = try shrinker.shrink(trace.trace.events) {
                    found = (Trace(policy: trace.trace.policy, events: smaller.events), smaller.mismatch)
                }
            }
        } catch {
            ConformOutput.note("\(error)")
        }
        guard let found else {
            return (
                """

                The lanes of this program do not show it: they are other artefacts, or no trace was found that \
                leads to this state.

                """, []
            )
        }
        let report = DivergenceReport(
            lanes: lanes.map(\.name), trace: found.trace, mismatch: found.mismatch, naming: Program.naming)
        var kept: [String] = []
        var again = ""
        do throws(TraceFileError) {
            let path = try TraceFile(trace: found.trace).saveNew(at: "divergence-prove-\(seed).trace")
            kept = [path]
            again = "again: \(Program.replay(path))\n"
        } catch {
            ConformOutput.note("the trace is not kept: \(error)")
        }
        let text = """

            The lanes show it:
            \(report.summary)
            \(found.trace.events.count) events:
            \(report.events)
            answers to the last one:
            \(report.answers)
            \(again)
            """
        return (text, kept)
    }
}
