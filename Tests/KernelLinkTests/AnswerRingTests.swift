// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Testing

@testable import KernelLink

@Suite struct AnswerRingTests {
    /// Memory as the map has it: all zero.
    private static func withMemory(_ body: (UnsafeMutableRawPointer) -> Void) {
        let count = Int(SP_ANSWERS_RING_OFFSET) + Int(SP_ANSWERS) * MemoryLayout<sp_answer>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 4096)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        defer { memory.deallocate() }
        body(memory)
    }

    private static func answer(_ number: UInt32) -> sp_answer {
        sp_answer(slice_ns: number, queue: 0, cpu: -1, pid: number, wait: number)
    }

    @Test func isFullWithTheLastAnswerThatHasRoom() {
        Self.withMemory { memory in
            var ring = AnswerRing(memory: memory)
            for number in 1...SP_ANSWERS {
                if ring.isFull { Issue.record("full before answer \(number)") }
                ring.append(Self.answer(UInt32(number)))
            }
            var isFull = ring.isFull  // an expectation would copy the ring
            #expect(isFull)
            // The backend has taken one.
            let tail = (memory + Int(SP_ANSWERS_ASKED_OFFSET)).assumingMemoryBound(to: UInt64.self)
            tail.pointee = 1
            isFull = ring.isFull
            #expect(!isFull)
            ring.append(Self.answer(7))
            isFull = ring.isFull
            #expect(isFull)
            // It stands in the place of the one that was taken.
            let slots = (memory + Int(SP_ANSWERS_RING_OFFSET)).assumingMemoryBound(to: sp_answer.self)
            #expect(slots[0].pid == 7 && slots[1].pid == 2)
        }
    }

    @Test func isSeenWhenItIsPublished() {
        Self.withMemory { memory in
            var ring = AnswerRing(memory: memory)
            let head = memory.assumingMemoryBound(to: UInt64.self)
            let daemon = memory.assumingMemoryBound(to: sp_daemon.self)
            ring.beginPass()
            #expect(daemon.pointee.waiting == 1)
            ring.append(Self.answer(3))
            #expect(head.pointee == 0 && daemon.pointee.passes == 0)
            ring.publish(waiting: 5, heldBack: 2)
            #expect(head.pointee == 1 && daemon.pointee.passes == 1)
            #expect(daemon.pointee.waiting == 5 && daemon.pointee.held_back == 2)
        }
    }
}
