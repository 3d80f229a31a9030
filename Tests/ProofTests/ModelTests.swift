// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import SwiftToBPF
import Testing

@testable import Prove

/// What is not modelled is refused, by its name and with its line; loops with an end are unrolled.
@Suite struct ModelTests {
    private func run(_ body: String) throws -> UInt64? {
        let text = "define i64 @f(i64 %0) {\n\(body)\n}\n"
        let terms = Terms()
        var execution = IRExecution(IRModule(name: "test.ll", text: text), terms)
        let input = [Slot(Value(terms.constant(7, 64)))]
        let end = try execution.run("f", [input], Memory(), under: .always)
        return end?.result?.first?.read(terms).word.flatMap { terms.constant($0) }
    }

    private func refusal(_ body: String) -> String {
        do {
            _ = try run(body)
            return "none"
        } catch let error as NotModelled {
            return error.description
        } catch {
            return "\(error)"
        }
    }

    @Test func instructionIsRefusedByName() {
        #expect(
            refusal("  %2 = fadd double 1.0, 2.0\n  ret i64 %0") == "test.ll, line 2: the instruction fadd")
    }

    @Test func callIsRefusedByName() {
        #expect(
            refusal("  %2 = call i64 @random(i64 %0)\n  ret i64 %2") == "test.ll, line 2: a call of random")
    }

    @Test func theSourcesPlaceIsNamed() {
        #expect(
            refusal("  %2 = fadd double 1.0, 2.0 ; at Own.swift:12:9\n  ret i64 %0")
                == "Own.swift:12:9 (test.ll, line 2): the instruction fadd")
    }

    /// With 7 as input.
    @Test(arguments: [
        ("sdiv i64 %3, 2", -3), ("srem i64 %3, 4", -3), ("sdiv i64 %3, -2", 3), ("srem i64 %0, -4", 3),
        ("call i64 @llvm.usub.sat.i64(i64 %0, i64 9)", 0), ("call i64 @llvm.usub.sat.i64(i64 9, i64 %0)", 2),
        ("call i64 @llvm.uadd.sat.i64(i64 %3, i64 9)", -1),
        ("call i64 @llvm.uadd.sat.i64(i64 %0, i64 9)", 16),
        ("call i64 @llvm.abs.i64(i64 %3, i1 true)", 7), ("call i64 @llvm.ucmp.i64.i64(i64 %0, i64 %3)", -1),
        ("call i64 @llvm.scmp.i64.i64(i64 %0, i64 %3)", 1),
        ("call i64 @llvm.scmp.i64.i64(i64 %0, i64 %0)", 0),
        ("shl i64 1, %0", 128), ("lshr i64 %3, %0", 144_115_188_075_855_871), ("ashr i64 %3, %0", -1),
        ("call i64 @llvm.fshl.i64(i64 %0, i64 %3, i64 4)", 127),
        ("call i64 @llvm.fshr.i64(i64 %0, i64 %3, i64 60)", 127),
    ])
    func isComputed(_ instruction: String, _ expected: Int64) throws {
        let found = try run("  %3 = sub i64 0, %0\n  %2 = \(instruction)\n  ret i64 %2")
        #expect(found.map { Int64(bitPattern: $0) } == expected)
    }

    private func loop(_ end: String) -> String {
        """
          br label %loop

        loop:
          %i = phi i64 [ 0, %1 ], [ %next, %loop ]
          %sum = phi i64 [ 0, %1 ], [ %more, %loop ]
          %more = add i64 %sum, %i
          %next = add i64 %i, 1
          %go = icmp ult i64 %next, \(end)
          br i1 %go, label %loop, label %out

        out:
          ret i64 %more
        """
    }

    @Test func loopIsUnrolled() throws {
        #expect(try run(loop("%0")) == 21)
    }

    @Test func endlessLoopIsRefused() {
        #expect(refusal(loop("100000")).contains("a loop whose end is not seen after 600 turns"))
    }

    @Test func aDamagedObjectIsRefused() {
        let bytes = ShippedObjects.probe
        var random = Guesses(Terms(), seed: 3)
        for round in 0..<2000 {
            var damaged = bytes
            if random.next() % 2 == 0 {
                damaged = Array(damaged.prefix(Int(random.next() % UInt64(bytes.count))))
            }
            for _ in 0..<8 where !damaged.isEmpty {
                damaged[Int(random.next() % UInt64(damaged.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            guard let object = try? ELFObject(name: "damaged", bytes: damaged) else { continue }
            // Executing it takes a hundred times as long as reading it.
            guard round % 20 == 0 else { continue }
            let part = Case(kind: SP_EVENT_DISPATCH.rawValue)
            _ = try? Side(name: "damaged", artefact: .probe(object)).step(
                Inputs(part, [], .described, Terms()))
        }
    }
}
