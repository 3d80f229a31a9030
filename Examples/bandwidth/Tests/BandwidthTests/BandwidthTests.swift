// SPDX-License-Identifier: GPL-2.0-only
import Bandwidth
import CSchedProto
import Pairs
import PolicyModel
import Testing

@Suite struct BandwidthTests {
    /// Swift and C, natively and, as root, as bytecode in the kernel.
    @Test func theTwinsDecideAlike() throws {
        let verdict = try Bandwidth.pair.compare()
        #expect(verdict.isIdentical, "\(verdict)")
    }

    /// For all inputs, of any state; and that nobody is held back for longer than a second. It needs z3, 4.8.12 or newer.
    @Test func theTwinsAreProvenAlike() {
        let proof = Bandwidth.pair.prove()
        #expect(proof.isProven, "\(proof)")
    }

    /// It used 32 ms of its 30, 40 ms into its period: it is held back for 60, and pays the 2 then.
    @Test func whoUsedItsQuotaIsHeldBack() {
        var policy = Bandwidth(.init())
        var (event, task) = (sp_event(), Bandwidth.Task())
        (event.kind, event.generation, event.idle_cpu, event.weight) = (SP_EVENT_ENQUEUE.rawValue, 1, -1, 33)
        task.began = 1_000_000_000
        event.now = 1_040_000_000
        event.used_ns = 32_000_000
        policy.stopping(event, &task)
        let decision = policy.enqueue(event, &task)
        #expect(decision.action == SP_ACTION_HOLD.rawValue && decision.slice_ns == 60_000_000)
        event.now = 1_100_000_000
        let slice = policy.running(event, task)
        #expect(slice.slice_ns == 20_000_000)
        (event.used_ns, event.now) = (27_000_000, 1_127_000_000)
        policy.stopping(event, &task)
        #expect(policy.enqueue(event, &task).action == SP_ACTION_QUEUE.rawValue && task.used == 29_000_000)
    }

    /// A tick ends its slice: 29 ms are not enough, 30 are, and who is not limited goes on.
    @Test func aTickEndsTheSliceWithTheQuota() {
        var policy = Bandwidth(.init())
        var (event, task) = (sp_event(), Bandwidth.Task())
        (event.kind, event.generation, event.weight) = (SP_EVENT_TICK.rawValue, 1, 33)
        task.used = 20_000_000
        event.used_ns = 9_000_000
        #expect(policy.tick(event, &task).action == SP_ACTION_NONE.rawValue)
        event.used_ns = 10_000_000
        #expect(policy.tick(event, &task).action == SP_ACTION_GIVE_WAY.rawValue)
        event.weight = 100
        #expect(policy.tick(event, &task).action == SP_ACTION_NONE.rawValue && task.used == 20_000_000)
    }

    @Test func whoIsNotLimitedAnyMoreOwesNothing() {
        var policy = Bandwidth(.init())
        var (event, task) = (sp_event(), Bandwidth.Task())
        (event.kind, event.generation, event.weight) = (SP_EVENT_CHANGED.rawValue, 1, 33)
        task.used = 40_000_000
        policy.changed(event, &task)
        #expect(task.used == 40_000_000)
        event.weight = 100
        policy.changed(event, &task)
        #expect(task.used == 0)
    }
}
