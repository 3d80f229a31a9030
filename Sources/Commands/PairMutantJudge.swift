// SPDX-License-Identifier: GPL-2.0-only
import Conformance
import Glibc
import Mutation
import Output
import Pairs
import Prove

/// Judges one mutant, and ends the process with what came of it.
struct PairMutantJudge {
    enum Verdict: Int32 {
        case same = 0
        case different = 4
        case notProven = 6
    }

    private static let seed: UInt64 = 20_261_127
    private static let depth = 3

    private let pair: Pair

    init(_ pair: Pair) { self.pair = pair }

    /// By traces, beside the Swift policy of this program. A mutant that traps ends it by a signal.
    func leave(library path: String, events: Int) throws(Failure) -> Never {
        guard let mutant = ForeignLane(library: path) else {
            throw Failure("\(Printable.line(path)) cannot be loaded", .noInput)
        }
        let isDifferent: Bool
        do throws(LaneError) {
            let harness = Harness([try pair.makeLane(.swift), mutant])
            isDifferent =
                try pair.firstDifference(on: harness, seed: Self.seed, events: events, depth: Self.depth)
                != nil
        } catch {
            throw Failure("\(error)", .software)
        }
        exit((isDifferent ? Verdict.different : .same).rawValue)
    }

    /// For all inputs and states, beside the same twin of this program.
    func leave(ir path: String, of twin: Twin) throws(Failure) -> Never {
        signal(SIGPIPE, SIG_IGN)
        let (verdict, text) = try proof(path, twin)
        Console.write(text + "\n")
        exit(verdict.rawValue)
    }

    private func proof(_ path: String, _ twin: Twin) throws(Failure) -> (Verdict, String) {
        guard let subject = pair.proofSubject else { return (.notProven, pair.obstacleToProof ?? "") }
        let module = IRModule(
            name: "the mutant's IR",
            text: String(decoding: try InputFile.bytes(of: path, sizeMax: 64 << 20), as: UTF8.self))
        let report: Prover.Report
        do {
            report = Prover(
                reference: try subject.side(twin == .c ? "native" : "swift"),
                others: [Side(name: "mutant", artefact: .ir(module))], parameters: subject.parameters,
                layout: subject.layout, solver: try Solver(program: "z3"), isEqualityOnly: true
            ).prove(until: .refuted)
        } catch {
            return (.notProven, "\(error)")
        }
        if let found = report.refutation {
            let values = (found.example.parameters + found.example.state).map {
                "\($0.field.fullName)=\($0.value)"
            }
            return (
                .different,
                "\(found.what.joined(separator: ", ")), in the case \(found.name): \(values.joined(separator: " "))"
            )
        }
        for case .open(_, let what, let reason) in report.cases.flatMap(\.verdicts) {
            // What the policy as it is never does: no twin, whatever it would read there.
            if reason.contains("an access outside of") { return (.different, reason) }
            return (.notProven, "\(what): \(reason)")
        }
        return report.isProven ? (.same, "") : (.notProven, "nothing was asked")
    }
}
