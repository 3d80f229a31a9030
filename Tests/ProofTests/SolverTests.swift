// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import PolicyProof
import Testing

@testable import Prove

/// Solvers that are not there, too old, or end in the middle: never "proven".
@Suite struct SolverTests {
    private func script(_ text: String) throws -> String {
        let path = NSTemporaryDirectory() + "solver-\(UUID().uuidString)"
        try "#!/bin/sh\n\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    private func reason(_ program: String) -> String {
        do {
            _ = try Solver(program: program)
            return "none"
        } catch {
            return error.description
        }
    }

    @Test func missing() {
        #expect(reason("/nowhere/z3").contains("no solver"))
    }

    @Test func tooOld() throws {
        let path = try script("echo 'Z3 version 4.8.10 - 64 bit'")
        defer { unlink(path) }
        #expect(reason(path).contains("found 4.8.10, needed 4.8.12"))
    }

    @Test func anotherProgram() throws {
        let path = try script("echo hello")
        defer { unlink(path) }
        #expect(reason(path).contains("is no z3"))
    }

    @Test(arguments: [
        "exit 1", "kill -9 $$", "echo '(error \"out of memory\")'", "echo unknown",
    ])
    func givesUp(_ behaviour: String) throws {
        let path = try script(
            "[ \"$1\" = --version ] && { echo 'Z3 version 4.8.12 - 64 bit'; exit; }\n\(behaviour)")
        defer { unlink(path) }
        signal(SIGPIPE, SIG_IGN)
        let report = Prover(
            reference: .native, others: [try Sides.probe()], parameters: Sides.parameters, layout: .described,
            solver: try Solver(program: path)
        ).prove(until: .unproven)
        #expect(!report.isProven)
        #expect(report.refutation == nil)
    }
}
