// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Llc
import Pairs
import PolicyModel
import Testing

@Suite struct LlcTests {
    /// Swift and C, natively and, as root, as bytecode in the kernel.
    @Test func theTwinsDecideAlike() throws {
        let verdict = try Llc.pair.compare()
        #expect(verdict.isIdentical, "\(verdict)")
    }

    /// For all inputs, of any state. It needs z3, 4.8.12 or newer.
    @Test func theTwinsAreProvenAlike() {
        let proof = Llc.pair.prove()
        #expect(proof.isProven, "\(proof)")
    }

    /// On a machine with two caches: it ran in one, and is woken from the other.
    @Test func aTaskWaitsWhereItRanOrWhereItsWakerSleeps() {
        var policy = Llc(.init())
        var task = Llc.Task()
        var event = sp_event()
        (event.kind, event.generation, event.idle_cpu, event.weight) = (SP_EVENT_ENQUEUE.rawValue, 1, -1, 100)
        event.key = 1 << UInt64(SP_PLACE_LLC_SHIFT)
        event.flags = SP_EVENT_WAKEUP
        #expect(policy.enqueue(event, &task).queue == 1)
        event.flags |= SP_EVENT_SYNC
        #expect(policy.enqueue(event, &task).queue == 0)
    }
}
