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

    /// The function of one input of 0...200, where it has no meaning, and what is asked of it.
    private func meaning(
        _ body: String, doubted: Set<String> = []
    ) throws -> (notes: [String], values: [UInt64?]) {
        let terms = Terms()
        let text = "define i64 @f(i64 %0) {\n\(body)\n}\n"
        var execution = IRExecution(IRModule(name: "test.ll", text: text), terms, doubted: doubted)
        let input = [Slot(Value(terms.variable("input", 64, in: 0...200)))]
        let end = try #require(try execution.run("f", [input], Memory(), under: .always))
        let result = try #require(end.result?.first).read(terms)
        let (one, zero) = (terms.constant(1, 64), terms.constant(0, 64))
        let isUndefined = terms.choice(terms.undefined(result, under: .always), one, zero)
        let words = result.leaves.compactMap { leaf, guarded -> Term? in
            guard case .word(let word) = leaf else { return nil }
            return terms.choice(guarded, word, zero)
        }
        let values = (0...200).map { value -> UInt64? in
            var evaluation = Evaluation(terms, outputs: words + [isUndefined])
            evaluation.compute([UInt64(value)])
            if evaluation.value(of: isUndefined) == 1 { return nil }
            return words.map { evaluation.value(of: $0) }.max()
        }
        return (execution.obligations.map(\.identity), values)
    }

    /// A switch becomes a shift by a number that may be too large, with a look at it only afterwards.
    @Test func whatHasNoMeaningMayBeLeftOut() throws {
        let body = """
              %2 = add i64 %0, -5
              %3 = shl i64 512, %2
              %4 = and i64 %3, 1024
              %5 = icmp eq i64 %4, 0
              %6 = icmp ult i64 %2, 4
            """
        let chosen = body + "\n  %7 = select i1 %6, i1 %5, i1 true\n  %8 = zext i1 %7 to i64\n  ret i64 %8"
        let found = try meaning(chosen)
        #expect(found.notes.isEmpty)
        #expect(found.values == (0...200).map { $0 == 6 ? 0 : 1 })
        // As the result it is seen.
        let result = try meaning(body + "\n  %7 = zext i1 %5 to i64\n  ret i64 %7")
        #expect(result.values == (0...200).map { (5..<69).contains($0) ? ($0 == 6 ? 0 : 1) : nil })
        let choice = try meaning(body + "\n  %7 = select i1 %5, i64 3, i64 4\n  ret i64 %7")
        #expect(choice.values == (0...200).map { (5..<69).contains($0) ? ($0 == 6 ? 4 : 3) : nil })
        let both = try meaning(body + "\n  %7 = and i1 %5, %6\n  %8 = zext i1 %7 to i64\n  ret i64 %8")
        #expect(both.values.map { $0 == nil } == (0...200).map { !(5..<69).contains($0) })
        let branch = body + "\n  br i1 %5, label %a, label %b\na:\n  ret i64 1\nb:\n  ret i64 2"
        #expect(try meaning(branch).notes == ["a branch on something undefined at test.ll, line 7"])
        let cases =
            "\n  switch i64 %3, label %b [\n    i64 512, label %a\n  ]\na:\n  ret i64 1\nb:\n  ret i64 2"
        #expect(
            try meaning("  %2 = add i64 %0, -5\n  %3 = shl i64 512, %2" + cases).notes
                == ["a branch on something undefined at test.ll, line 4"])
    }

    /// What is computed of a value without a meaning has none either; nothing chooses the other one instead.
    @Test(arguments: [
        "call i64 @llvm.smin.i64(i64 %3, i64 9)", "call i64 @llvm.smax.i64(i64 9, i64 %3)",
        "call i64 @llvm.umin.i64(i64 %3, i64 9)", "call i64 @llvm.uadd.sat.i64(i64 %3, i64 9)",
        "call i64 @llvm.usub.sat.i64(i64 9, i64 %3)", "udiv i64 %3, 3", "udiv i64 3, %3", "sdiv i64 3, %3",
        "urem i64 3, %3", "add i64 %3, 1",
    ])
    func whatHasNoMeaningIsNotLost(_ instruction: String) throws {
        let found = try meaning(
            "  %2 = add i64 %0, -5\n  %3 = shl i64 1, %2\n  %4 = \(instruction)\n  ret i64 %4")
        #expect(found.values.map { $0 == nil } == (0...200).map { !(5..<69).contains($0) })
        #expect(
            found.notes.contains { $0.contains("by something undefined") } == instruction.contains(" 3, %3"))
    }

    /// What the compiler notes is asked first; where it is doubted, the result has a meaning where it is so.
    @Test(arguments: [
        ("%2 = add nuw i64 %0, -100", "nuw of add", 0..<100),
        (
            "%3 = sub i64 %0, 50\n  %4 = icmp samesign ult i64 %3, 7\n  %2 = zext i1 %4 to i64",
            "samesign of icmp", 50..<201
        ),
        (
            "%3 = sub i64 %0, 50\n  %4 = trunc nuw i64 %3 to i32\n  %2 = zext i32 %4 to i64", "nuw of trunc",
            50..<201
        ),
        ("%2 = shl nuw i64 %0, 57", "nuw of shl", 0..<128),
    ])
    func doubtedNotes(_ body: String, _ what: String, _ meant: Range<Int>) throws {
        let text = "  \(body)\n  ret i64 %2"
        let asked = try meaning(text)
        let note = try #require(asked.notes.first)
        #expect(asked.notes.count == 1 && note.hasPrefix(what))
        #expect(!asked.values.contains(nil))
        let doubted = try meaning(text, doubted: [note])
        #expect(doubted.notes.isEmpty)
        #expect(doubted.values.map { $0 != nil } == (0...200).map { meant.contains($0) })
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
