// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import PolicyModel
import Testing

@testable import UserMode

/// Who tasks are, from the ring of notices to the policy's events: a wait's record is longer then, others are not.
@Suite struct InputsTests {
    private static let inputs = SP_INPUT_CGROUP.rawValue | SP_INPUT_TGID.rawValue | SP_INPUT_NICE.rawValue

    /// Goes by nice value, and then by control group; another process than 77 last of all.
    private static let functions = PairExecution.Functions(
        start: { _, _, _, _ in },
        enqueue: { _, _, task, event, decision in
            let tgid = UInt32(truncatingIfNeeded: event.pointee.since.0)
            let nice = Int32(truncatingIfNeeded: event.pointee.since.0 >> 32)
            let key = UInt64(nice + 20) << 32 | event.pointee.first.0
            decision.pointee = .queue(event.pointee, task.pointee, key: tgid == 77 ? key : 1 << 62)
        },
        running: { _, _, task, event, decision in
            decision.pointee = .run(event.pointee, task.pointee, sliceNs: 5)
        },
        dispatch: { _, _, task, event, decision in
            decision.pointee = .serve(event.pointee, SP_QUEUE_REGULAR)
        })

    private func wait(_ pid: UInt32, nice: Int32, cgroup: UInt64, tgid: UInt32 = 77) -> sp_notice_who {
        var whole = sp_notice_who()
        whole.notice.kind = SP_EVENT_ENQUEUE.rawValue
        (whole.notice.pid, whole.notice.generation, whole.notice.wait) = (pid, 1, pid)
        (whole.notice.weight, whole.notice.now, whole.notice.idle_cpu, whole.notice.cpus) = (100, 10, -1, 1)
        (whole.who.nice, whole.who.cgroup, whole.who.tgid, whole.who.uid) = (nice, cgroup, tgid, 999)
        return whole
    }

    private func gone(_ pid: UInt32) -> sp_notice {
        var notice = sp_notice()
        (notice.kind, notice.pid, notice.generation) = (SP_EVENT_EXIT.rawValue, pid, 1)
        return notice
    }

    @Test func recordsOfTwoLengthsAreRead() {
        func memory(_ bytes: Int) -> UnsafeMutableRawPointer {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 4096)
            memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
            return memory
        }
        let (consumer, producer, data) = (memory(4096), memory(4096), memory(2 * 4096))
        let answers = memory(Int(SP_ANSWERS_RING_OFFSET) + Int(SP_ANSWERS) * MemoryLayout<sp_answer>.stride)
        defer { for memory in [consumer, producer, data, answers] { memory.deallocate() } }
        var end = 0
        func put(_ bytes: some BitwiseCopyable) {
            let size = MemoryLayout.size(ofValue: bytes)
            data.storeBytes(of: UInt32(size), toByteOffset: end, as: UInt32.self)
            withUnsafeBytes(of: bytes) { (data + end + 8).copyMemory(from: $0.baseAddress!, byteCount: size) }
            end += 8 + size
        }
        put(wait(1, nice: 5, cgroup: 1))
        put(wait(2, nice: -20, cgroup: 9))
        put(gone(9))
        put(wait(3, nice: -20, cgroup: 1, tgid: 78))
        put(wait(4, nice: -20, cgroup: 8))
        producer.storeBytes(of: UInt64(end), as: UInt64.self)

        var policy = sp_policy()
        (policy.pair, policy.slice_max_ns) = (1, 20)
        policy.burst = SP_BURST_PLAIN.rawValue | Self.inputs << UInt32(SP_INPUTS_SHIFT)
        var events = EventRing(consumer: consumer, producer: producer, data: data, size: 4096)
        var decider = Decider(
            PairExecution(policy, sp_global(), Self.functions), described: policy, maxTasks: 16)
        while let notice = events.next() {
            #expect(decider.take(notice) == nil)
            events.advance()
        }
        #expect(consumer.load(as: UInt64.self) == UInt64(end))
        #expect((0..<4).map { _ in decider.pick(now: 20, cpu: 0)?.pid } == [4, 2, 1, 3])
        #expect(decider.counters.events == 5)
        #expect(decider.counters.strange == 0)
    }

    /// The warm-up reads no further than it wrote.
    @Test func theDeciderWarmsUp() {
        var policy = sp_policy()
        (policy.pair, policy.slice_max_ns) = (1, 20)
        policy.burst = SP_BURST_PLAIN.rawValue | Self.inputs << UInt32(SP_INPUTS_SHIFT)
        var decider = Decider(
            PairExecution(policy, sp_global(), Self.functions), described: policy, maxTasks: 16)
        decider.warmUp()
        #expect(decider.waiting == 0)
    }

    /// Where there is more than 16 bytes, the third word is `switches`.
    @Test func aThirdWordTakesThePlaceOfSwitches() {
        var event = sp_event()
        event.switches = 5
        var who = sp_who()
        (who.comm, who.nice, who.uid) = ((1, 2), -3, 4)
        event.put(who, SP_INPUT_COMM.rawValue)
        #expect(event.switches == 5 && event.first.0 == 1 && event.since.0 == 2)
        event.put(who, SP_INPUT_COMM.rawValue | SP_INPUT_UID.rawValue | SP_INPUT_NICE.rawValue)
        #expect(event.switches == 4 | UInt64(UInt32(bitPattern: -3)) << 32)
    }
}
