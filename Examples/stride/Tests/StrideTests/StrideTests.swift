// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Pairs
import PolicyModel
import Stride
import Testing

@Suite struct StrideTests {
    /// Swift and C, natively and, as root, as bytecode in the kernel.
    @Test func theTwinsDecideAlike() throws {
        let verdict = try Stride.pair.compare()
        #expect(verdict.isIdentical, "\(verdict)")
    }

    /// For all inputs, of any state. It needs z3, 4.8.12 or newer.
    @Test func theTwinsAreProvenAlike() {
        let proof = Stride.pair.prove()
        #expect(proof.isProven, "\(proof)")
    }

    /// Of two tasks that used as much, the one of three times the weight pays a third.
    @Test func theHeavierPaysLess() {
        var policy = Stride(.init())
        var event = sp_event()
        (event.kind, event.generation, event.idle_cpu, event.weight) = (SP_EVENT_ENQUEUE.rawValue, 1, -1, 300)
        var (heavy, light) = (Stride.Task(), Stride.Task())
        event.used_ns = 3_000_000
        #expect(policy.enqueue(event, &heavy).key == 1_000_000)
        event.weight = 100
        #expect(policy.enqueue(event, &light).key == 3_000_000)
    }
}
