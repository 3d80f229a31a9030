// SPDX-License-Identifier: GPL-2.0-only
import Testing

@testable import PolicyModel

/// What more tasks cost, counted and not timed: the daemon has to bear 100,000 of them.
@Suite struct ScaleTests {
    /// Whatever the keys: rising ones as those of `fifo`, falling ones, equal and random ones.
    @Test(arguments: [1000, 100_000], ["rising", "falling", "equal", "random"])
    func anOperationComparesAlongOnePath(tasks: Int, keys: String) {
        var random = Seeded(state: 7)
        var queue = RunQueues(capacity: tasks, queues: 3)
        let levels = Int.bitWidth - tasks.leadingZeroBitCount
        var most = 0
        func key(_ step: Int) -> UInt64 {
            switch keys {
            case "rising": UInt64(step)
            case "falling": .max / 4 - UInt64(step)
            case "equal": 5
            default: random.next() >> 2
            }
        }
        for slot in 0..<tasks {
            let before = queue.comparisons
            queue.insert(UInt32(slot), key: key(slot))
            most = max(most, queue.comparisons - before)
        }
        #expect(most <= levels, "one a level")
        most = 0
        for step in 0..<20_000 {
            let before = queue.comparisons
            let slot = UInt32.random(in: 0..<UInt32(tasks), using: &random)
            if step % 2 == 0 {
                queue.remove(slot)
                queue.insert(slot, key: key(tasks + step))
            } else if let first = queue.popFirst() {
                queue.insert(first, key: key(tasks + step))
            }
            most = max(most, queue.comparisons - before)
        }
        #expect(most <= 3 * levels + 1, "two a level on the way down, one on the way up")
        #expect(most > 0)
        let holds = queue.checkInvariants()
        #expect(holds && queue.count == tasks)
    }

    /// However pids are handed out: one after the other, every second, in strides, at random.
    @Test(arguments: [1, 2, 3, 32, 1000, 1024, 4096, 0])
    func pidsDoNotCrowd(stride: UInt32) {
        var random = Seeded(state: 11)
        let tasks = stride <= 32 ? 131_072 : 4_194_304 / Int(stride)
        var table = TaskTable(capacity: tasks)
        while table.count < tasks {
            let pid =
                stride == 0
                ? UInt32.random(in: 1...4_194_304, using: &random) : UInt32(table.count + 1) &* stride
            _ = table.findOrInsert(pid)
        }
        #expect(table.longestRun() < 100)
    }
}
