// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Halves
import Pairs
import PolicyModel
import Testing

@Suite struct HalvesTests {
    /// Swift and C, natively and, as root, as bytecode in the kernel.
    @Test func theTwinsDecideAlike() throws {
        let verdict = try Halves.pair.compare()
        #expect(verdict.isIdentical, "\(verdict)")
    }

    /// For all inputs, of any state. It needs z3, 4.8.12 or newer.
    @Test func theTwinsAreProvenAlike() {
        let proof = Halves.pair.prove()
        #expect(proof.isProven, "\(proof)")
    }

    /// Whose weight is below 100 waits in the queue that has the upper CPUs.
    @Test func lightTasksHaveAQueueOfTheirOwn() {
        var policy = Halves(.init())
        var (event, task) = (sp_event(), Halves.Task())
        (event.kind, event.generation, event.idle_cpu) = (SP_EVENT_ENQUEUE.rawValue, 1, -1)
        for (weight, queue) in [(33, 1), (99, 1), (100, 0), (335, 0)] as [(UInt32, UInt32)] {
            event.weight = weight
            #expect(policy.enqueue(event, &task).queue == queue, "\(weight)")
        }
    }
}
