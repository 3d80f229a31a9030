// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel
import Testing

@Suite struct PolicyTests {
    @Test func fifoSharesItsSliceAmongTheWaiting() {
        var policy = FIFOPolicy()
        var task = sp_task()
        var event = sp_event()
        event.kind = SP_EVENT_ENQUEUE.rawValue
        event.pid = 7
        event.generation = 1
        #expect(policy.decide(event, &task).action == SP_ACTION_QUEUE.rawValue)
        event.kind = SP_EVENT_RUNNING.rawValue
        event.waiting = (3, 0)
        #expect(policy.decide(event, &task).slice_ns == 5_000_000)
    }

    /// What a policy does that only says where a task waits.
    @Test func withoutWordsThePriorityQueueGoesFirst() {
        var policy = FIFOPolicy()
        var task = sp_task()
        func served(_ regular: UInt32, _ priority: UInt32) -> sp_decision {
            var event = sp_event()
            event.kind = SP_EVENT_DISPATCH.rawValue
            event.waiting = (regular, priority)
            return policy.decide(event, &task)
        }
        #expect(served(0, 0).action == SP_ACTION_NONE.rawValue)
        #expect(served(1, 0).queue == SP_QUEUE_REGULAR.rawValue)
        #expect(served(1, 0).action == SP_ACTION_SERVE.rawValue)
        #expect(served(0, 1).queue == SP_QUEUE_PRIORITY.rawValue)
        #expect(served(1, 1).queue == SP_QUEUE_PRIORITY.rawValue)
    }
}
