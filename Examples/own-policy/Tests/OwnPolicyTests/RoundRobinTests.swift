// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import PolicyModel
import RoundRobin
import Testing

@Test(arguments: [(UInt32(1), UInt64(1_000_000)), (100, 4_000_000), (200, 8_000_000), (10_000, 16_000_000)])
func theSliceFollowsTheWeight(weight: UInt32, sliceNs: UInt64) {
    var policy = RoundRobin()
    var task = sp_task()
    var event = sp_event()
    event.kind = SP_EVENT_ENQUEUE.rawValue
    event.pid = 1
    event.generation = 1
    event.weight = weight
    event.idle_cpu = -1
    #expect(policy.decide(event, &task).action == SP_ACTION_QUEUE.rawValue)
    event.kind = SP_EVENT_RUNNING.rawValue
    #expect(policy.decide(event, &task).slice_ns == sliceNs)
}
