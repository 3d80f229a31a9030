// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Glibc
import PolicyModel
import PolicyProof
import Prove

/// Compares the LLVM IR of one mutant with that of the policy as it is: for all inputs.
struct ProofJudge {
    enum Verdict: Int32 {
        case equivalent = 0
        case different = 4
        case notProven = 6
    }

    let side: Side

    /// The verdict, and what is to be told of it.
    func judge(ir path: String) -> (verdict: Verdict, text: String) {
        signal(SIGPIPE, SIG_IGN)
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            return (.notProven, "\(path) cannot be read")
        }
        let module = IRModule(name: "the mutant's IR", text: text)
        if let claim = otherRules(module) { return (.different, claim) }
        let solver: Solver
        do throws(Solver.Unavailable) {
            solver = try Solver(program: "z3")
        } catch {
            return (.notProven, error.description)
        }
        let prover = Prover(
            reference: side == .c ? .native : .swift,
            others: [Prove.Side(name: "mutant", artefact: .ir(module))],
            parameters: Parameter.covered().parameters, layout: .described, solver: solver,
            isEqualityOnly: true)
        let report = prover.prove(until: .refuted)
        if let found = report.refutation { return (.different, Self.text(found)) }
        for result in report.cases {
            for case .open(_, let what, let reason) in result.verdicts {
                // What the policy as it is never does: no twin, whatever it would read there.
                if reason.contains("an access outside of") { return (.different, reason) }
                return (.notProven, "\(what), in the case \(result.name): \(reason)")
            }
        }
        return report.isProven ? (.equivalent, "") : (.notProven, "nothing was asked")
    }

    /// The C policy says of itself which rules it knows; no step shows that.
    private func otherRules(_ module: IRModule) -> String? {
        guard side == .c else { return nil }
        return Shipped.claims.first { module.constant(of: $0.function) != UInt64($0.mask) }
            .map { "\($0.function) says that other rules are known" }
    }

    private static func text(
        _ found: (name: String, side: String, what: [String], example: Counterexample)
    ) -> String {
        let example = found.example
        let report = DivergenceReport(
            lanes: example.answers.map(\.side), trace: Trace(policy: example.policy, events: [example.event]),
            mismatch: Harness.Mismatch(index: 0, outcomes: example.answers.map(\.outcome)))
        return """
            \(found.what.joined(separator: ", ")), in the case \(found.name)
            \(report.event)
            \(report.answers)
            """
    }
}
