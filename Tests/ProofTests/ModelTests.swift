// SPDX-License-Identifier: GPL-2.0-only
import KernelLink
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

    @Test func signedDivisionIsRefused() {
        #expect(refusal("  %2 = sdiv i64 %0, 2\n  ret i64 %2") == "test.ll, line 2: the instruction sdiv")
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
        for _ in 0..<2000 {
            var damaged = bytes
            if random.next() % 2 == 0 {
                damaged = Array(damaged.prefix(Int(random.next() % UInt64(bytes.count))))
            }
            for _ in 0..<8 where !damaged.isEmpty {
                damaged[Int(random.next() % UInt64(damaged.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            guard let object = try? ELFObject(name: "damaged", bytes: damaged) else { continue }
            let terms = Terms()
            _ = try? Side(name: "damaged", artefact: .probe(object)).step(Inputs(nil, [], terms))
        }
    }
}
