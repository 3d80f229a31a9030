// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Glibc
import PolicyProof
import Testing

@testable import Prove

/// Whether z3 is there; without it these tests say so, once each.
let hasSolver = (try? Solver(program: "z3")) != nil

@Suite struct ProverTests {
    private func report(_ others: [Side], program: String = "z3") throws -> Prover.Report {
        Prover(
            reference: .native, others: others, parameters: Sides.parameters, layout: .described,
            solver: try Solver(program: program)
        ).prove(until: .unproven)
    }

    /// `make test-prove` runs it; `sched-proto prove` does the same, and more.
    @Test(.enabled(if: hasSolver && getenv("SCHED_PROTO_SAMPLES") != nil, "a part of make test-prove"))
    func shippedBytecodeIsProven() throws {
        let report = try report([try Sides.probe(), try Sides.bpfMode()])
        #expect(report.isProven, "\(report.cases.last.map { "\($0)" } ?? "")")
        #expect(report.cases.count > 100)
    }

    /// Twins that sampling did not see, and others.
    @Test(
        .enabled(if: hasSolver && getenv("SCHED_PROTO_SAMPLES") != nil, "a part of make test-prove"),
        arguments: [
            ("policy.h", "decision->pid = event->pid;", "decision->pid = event->pid & 0x1ffff;"),
            ("policy_classes.h", "sp_u64 switches = event", "sp_u32 switches = event"),
            ("policy_order.h", "global->round_since = event->now;", "global->round_since = event->now | 1;"),
            ("policy_slice.h", "(sp_waiting(event) + 1)", "(sp_waiting(event) + 2)"),
        ])
    func wrongTwinIsFound(_ file: String, _ before: String, _ after: String) throws {
        let report = try report([try Sides.wrong(file, before, after)])
        #expect(report.refutation != nil, "\(file): \(after)")
    }

    /// One constant, in the object of BPF mode alone.
    @Test(.enabled(if: hasSolver, "z3 is missing: make setup"))
    func wrongObjectIsFound() throws {
        let wrong = try Sides.wrong(
            "rules.h", "#define SP_DEBT_SLICES_MAX 10ULL", "#define SP_DEBT_SLICES_MAX 11ULL", asObject: true)
        let report = try report([wrong])
        #expect(report.refutation?.side == "bpf-mode")
    }

    /// A CPU that is none, in all sides alike: no difference, and a broken property. (In the very first case.)
    @Test(.enabled(if: hasSolver, "z3 is missing: make setup"))
    func brokenPropertyIsFound() throws {
        let wrong = try Sides.wrong(
            "policy.h", "decision->cpu = -1;", "decision->cpu = -2;")
        let report = Prover(
            reference: wrong, others: [], parameters: Sides.parameters, layout: .described,
            solver: try Solver(program: "z3")
        ).prove(until: .unproven)
        #expect(report.refutation?.what == ["a CPU that exists"])
    }
}
