// SPDX-License-Identifier: GPL-2.0-only
import SwiftToBPF
import Testing

@testable import KernelLink

/// The described policy in Swift, as it travels in the program.
@Suite struct SwiftTwinTests {
    /// A toolchain that cannot make it is no error of the build's; here it has to be there, in whole.
    @Test func theBuildMadeIt() throws {
        let twin = SwiftTwin.ofDescription
        #expect(twin.obstacle == nil)
        let objects = try #require(twin.objects)
        for object in [objects.probe, objects.mode] {
            #expect(object.bytes().starts(with: [0x7f, 0x45, 0x4c, 0x46]))
            // That none of its traps can be reached is seen by the optimiser already, not only by the verifier.
            #expect(object.traps.isEmpty)
        }
    }

    @Test func aTrapIsExplained() {
        let traps = [
            SwiftTrap(1_000_003, at: "Mine.swift:12:9", "arithmetic overflow"),
            SwiftTrap(1_000_007, at: "Mine.swift:20:1", "Division by zero"),
        ]
        let log = """
            ; return a + b @ Mine.swift:12
            745: (85) call unknown#1000003
            invalid func unknown#1000003
            processed 492 insns (limit 1000000)
            """
        let refusal = SwiftRefusal(log, traps)
        #expect(
            refusal?.text == """
                the policy can trap in the kernel, at Mine.swift:12:9: arithmetic overflow
                write &+, &- or &*, which wrap, or compare before: 'a > b ? a &- b : 0'
                not optimised away either: Mine.swift:20:1 (Division by zero)
                """)
        #expect(refusal?.details == "")
    }

    @Test(arguments: [
        "infinite loop detected at insn 45", "BPF program is too large. Processed 1000001 insn",
    ])
    func aLoopIsExplained(sign: String) {
        let log = "; while x != 1 { @ Mine.swift:30\n45: (05) goto pc-3\n\(sign)\n"
        let refusal = SwiftRefusal(log, [])
        #expect(refusal?.text.contains("near Mine.swift:30 ('while x != 1 {')") == true)
        #expect(refusal?.text.contains("for i in 0..<8") == true)
        #expect(refusal?.details.contains(sign) == true)
    }

    /// Of a log of many megabytes only the end is kept, in which there is no line of source.
    @Test(arguments: [
        "BPF program is too large. Processed 1000001 insn", "The sequence of 8193 jumps is too complex.",
    ])
    func aLoopIsFoundByItsInstructions(sign: String) {
        let log = """
            \((0..<5).map { _ in "2: (af) r2 ^= r1   ; frame1: R1=0x28 cb\n3: (07) r1 += 1\n4: (ad) if r1 < r6 goto pc-3" }.joined(separator: "\n"))
            5: (a6) if w8 < 0x2710 goto pc+1 \(sign)
            processed 1000001 insns (limit 1000000) max_states_per_insn 4
            -- END PROG LOAD LOG --
            libbpf: prog 'decide_batch': failed to load: -7
            libbpf: failed to load object 'swift_probe'
            """
        func line(_ file: String, _ number: Int) -> SourceLines.Line {
            SourceLines.Line(file: "/home/me/mine/\(file)", line: number, text: "  while  i < n {")
        }
        var asked: [String] = []
        let refusal = SwiftRefusal(log, []) { program in
            asked.append(program)
            return [
                line("Sources/Mine/Mine.swift", 8), line("Sources/Mine/Mine.swift", 9),
                line("<compiler-generated>", 0), nil, line("Sources/Mine/Mine.swift", 30),
                line("bpf/probe.h", 57),
            ]
        }
        #expect(asked == ["decide_batch"])
        let text = refusal?.text ?? ""
        #expect(text.contains("near Sources/Mine/Mine.swift:30 ('while i < n {')"), "\(text)")
        #expect(text.contains("or is too large"))
        #expect(text.contains("for i in 0..<8"))
        #expect(refusal?.details.contains(sign.dropLast()) == true)
        #expect(refusal?.details.contains("R1=") == false)
    }

    /// The advice does not depend on a place.
    @Test func aLoopWithoutAPlaceIsExplained() {
        let log = "298: (ad) if r1 < r6 goto pc-3 BPF program is too large. Processed 1000001 insn\n"
        let refusal = SwiftRefusal(log, [])
        #expect(refusal?.text.contains("a loop whose end the verifier does not see, or is too large") == true)
        #expect(refusal?.text.contains("for i in 0..<8") == true)
        #expect(refusal?.details == "BPF program is too large. Processed 1000001 insn")
    }

    /// The number of the instruction is in the words themselves.
    @Test func aLoopThatIsSeenAtOnceIsFoundByItsNumber() {
        let refusal = SwiftRefusal(
            "9: (05) goto pc-3\ninfinite loop detected at insn 1\nlibbpf: prog 'p': -22", []
        ) { _ in
            [nil, .init(file: "Mine.swift", line: 4, text: "while true {}")]
        }
        #expect(refusal?.text.contains("near Mine.swift:4 ('while true {}')") == true)
        #expect(refusal?.text.contains("too large") == false)
    }

    /// What the objects of this build say of themselves: each function's instructions have their lines.
    @Test func theObjectsHaveLines() throws {
        let object = try #require(SwiftTwin.ofDescription.objects).probe
        let lines = try #require(SourceLines(object.bytes()))
        let file = try #require(ObjectFile(object.bytes()))
        #expect(file.functions.contains("decide_one"))
        // As libbpf puts it together: the function that is called stands behind.
        let codes = lines.codes(of: "decide_batch") + lines.codes(of: "decide_one")
        let found = lines.lines(of: codes)
        #expect(found.count == codes.count)
        #expect(codes.count > 200)
        #expect(found.allSatisfy { $0 != nil })
        let batch = lines.codes(of: "decide_batch").count
        #expect(found[..<batch].contains { $0?.file.hasSuffix("/policy_probe.bpf.c") == true })
        #expect(found[batch...].contains { $0?.file.hasSuffix("/DescribedPolicy+Order.swift") == true })
        #expect(found.contains { $0?.text.contains("event.now") == true })
        // Another program's instructions are nobody's.
        #expect(lines.lines(of: [1, 2, 3, 4]) == [nil, nil, nil, nil])
    }

    /// The last line counts: what the mechanism does is not the policy's.
    @Test func aRefusalOfTheMechanismIsNoneOfThePolicy() {
        let log =
            "; a &+ b @ Mine.swift:3\n1: (0f) r1 += r2\n; insert(p) @ bpf_mode.bpf.c:9\n2: (85) call x\nR1 is bad\n"
        #expect(SwiftRefusal(log, []) == nil)
        let other = "; insert(p) @ bpf_mode.bpf.c:9\n; table[i] @ Mine.swift:3\nR1 unbounded memory access\n"
        #expect(SwiftRefusal(other, [])?.text.contains("near Mine.swift:3 ('table[i]')") == true)
    }

    /// Nothing is made up where the log does not speak of Swift.
    @Test func anotherReasonIsLeftAlone() {
        #expect(
            SwiftRefusal("libbpf: failed to find BTF\n; decide(x) @ bpf_mode.bpf.c:12\ninvalid access", [])
                == nil)
    }
}
