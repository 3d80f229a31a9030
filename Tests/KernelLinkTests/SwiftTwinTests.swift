// SPDX-License-Identifier: GPL-2.0-only
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
