// SPDX-License-Identifier: GPL-2.0-only
import KernelLink
import PolicyText
package import ProofSubjects
import Prove
import SwiftToBPF

extension Pair {
    /// What came of a proof.
    public struct Proof: Sendable, CustomStringConvertible {
        public let isProven: Bool
        /// What is not proven, or differs, and for which values; else how much was.
        public let description: String
    }

    /// Proves for all inputs that the pair's executions decide the same: in one line of a test,
    /// `#expect(Mine.pair.prove().isProven)`. It needs z3, 4.8.12 or newer.
    ///
    /// - Parameter solver: a path, or a name on PATH.
    /// - Returns: what is not proven where the solver cannot be had, too.
    public func prove(solver: String = "z3") -> Proof {
        func failed(_ reason: String) -> Proof { Proof(isProven: false, description: "\(name): \(reason)") }
        guard let subject = proofSubject else {
            return failed("not proven: \(obstacleToProof ?? "")")
        }
        guard subject.layout.isWhole else { return failed("not proven: not all bytes of it are known") }
        var sides: [Side] = []
        do throws(ELFObject.Malformed) {
            for side in ProofSubject.sides { sides.append(try subject.side(side)) }
        } catch {
            return failed("not proven: \(error)")
        }
        let report: Prover.Report
        do throws(Solver.Unavailable) {
            report = Prover(
                reference: sides.remove(at: 1), others: sides, parameters: subject.parameters,
                layout: subject.layout, solver: try Solver(program: solver)
            ).prove(until: .refuted)
        } catch {
            return failed("not proven: \(error)")
        }
        if let found = report.refutation {
            let values = (found.example.parameters + found.example.state).map {
                "\($0.field.fullName)=\($0.value)"
            }
            return failed(
                "\(found.side) differs, or has a trap: \(found.what.joined(separator: ", ")), in the case "
                    + "\(found.name): \(values.joined(separator: " "))")
        }
        for case .open(let side, let what, let reason) in report.cases.flatMap(\.verdicts) {
            return failed("not proven: \(side): \(what): \(reason)")
        }
        return Proof(
            isProven: report.isProven,
            description: "\(name): \(report.cases.count) cases proven for all inputs and states")
    }

    /// Why nothing can be proven; nil if it can.
    package var obstacleToProof: String? { c.obstacle ?? ir.obstacle }

    /// What is proven to be the same; nil where there is an obstacle.
    package var proofSubject: ProofSubject? {
        guard let texts = ir.texts, let objects = c.bytes else { return nil }
        return ProofSubject(
            parameters: keys.apply { PolicyParameter.all }.map { Parameter($0) }, layout: layout,
            swift: texts.swift, native: texts.c, probe: objects.probe, mode: objects.mode)
    }
}
