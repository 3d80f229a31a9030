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
}
