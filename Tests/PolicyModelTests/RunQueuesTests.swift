import Testing

// SPDX-License-Identifier: GPL-2.0-only
@testable import PolicyModel

/// A generator with a seed, so that a failure can be repeated.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

extension RunQueues {
    mutating func insert(_ slot: UInt32, key: UInt64) { insert(slot, 1, key: key) }

    mutating func popFirst() -> UInt32? {
        guard let slot = first(1) else { return nil }
        remove(slot)
        return slot
    }
}

@Suite struct RunQueuesTests {
    @Test func queuesAreApartAndComparable() {
        var queues = RunQueues(capacity: 8, queues: 3)
        queues.insert(5, 0, key: 20)
        queues.insert(6, 2, key: 10)
        queues.insert(7, 2, key: 30)
        #expect(queues.first(0) == 5 && queues.first(1) == nil && queues.first(2) == 6)
        #expect(queues.goesBefore(6, 5) && !queues.goesBefore(7, 5) && queues.key(7) == 30)
        queues.remove(6)
        #expect(queues.first(2) == 7 && queues.count == 2)
        let holds = queues.checkInvariants()
        #expect(holds)
    }

    /// Whoever is put back stands where it stood, before those of its key that came later.
    @Test func whoIsPutBackKeepsItsPlace() {
        var queues = RunQueues(capacity: 8, queues: 3)
        for slot: UInt32 in 0..<4 { queues.insert(slot, 1, key: 5) }
        queues.remove(1)
        queues.putBack(1, 1)
        var order: [UInt32] = []
        while let slot = queues.popFirst() { order.append(slot) }
        #expect(order == [0, 1, 2, 3])
    }

    @Test func equalKeysGoByArrival() {
        var queue = RunQueues(capacity: 8, queues: 3)
        for slot: UInt32 in [3, 1, 2] { queue.insert(slot, key: 5) }
        queue.insert(0, key: 4)
        let order = [queue.popFirst(), queue.popFirst(), queue.popFirst(), queue.popFirst()]
        #expect(order == [0, 3, 1, 2])
        let none = queue.popFirst()
        #expect(none == nil)
    }

    @Test func keysAreComparedBySignedDifference() {
        var queue = RunQueues(capacity: 2, queues: 3)
        queue.insert(0, key: 5)
        queue.insert(1, key: UInt64.max - 5)
        let first = queue.popFirst()
        #expect(first == 1, "a key just before the wrap-around goes before one just after it")
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func agreesWithASortedList(seed: UInt64) {
        var random = Seeded(state: seed)
        var queue = RunQueues(capacity: 64, queues: 3)
        var list: [(key: UInt64, arrival: Int, slot: UInt32)] = []
        for step in 0..<20_000 {
            let slot = UInt32.random(in: 0..<64, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1, 2:
                guard !queue.contains(slot) else { continue }
                let key = UInt64.random(in: 0..<16, using: &random) &- 8
                queue.insert(slot, key: key)
                list.append((key &+ 8, step, slot))
            case 3:
                queue.remove(slot)
                list.removeAll { $0.slot == slot }
            default:
                list.sort { ($0.key, $0.arrival) < ($1.key, $1.arrival) }
                let expected = list.isEmpty ? nil : list.removeFirst().slot
                let first = queue.popFirst()
                #expect(first == expected, "seed \(seed), step \(step)")
            }
            #expect(queue.count == list.count, "seed \(seed), step \(step)")
        }
        let holds = queue.checkInvariants()
        #expect(holds)
    }
}

@Suite struct TaskTableTests {
    @Test(arguments: [UInt64(1), 2, 3])
    func agreesWithADictionary(seed: UInt64) {
        var random = Seeded(state: seed)
        var table = TaskTable(capacity: 50)
        var dictionary: [UInt32: UInt32] = [:]
        for step in 0..<50_000 {
            let pid = UInt32.random(in: 0..<90, using: &random) &* 4099
            if Bool.random(using: &random) {
                let found = table.findOrInsert(pid)
                if let known = dictionary[pid] {
                    #expect(found?.slot == known && found?.isNew == false)
                } else if dictionary.count == 50 {
                    #expect(found == nil, "a full table takes nobody (seed \(seed), step \(step))")
                } else {
                    #expect(found?.isNew == true)
                    dictionary[pid] = found?.slot
                }
            } else {
                table.remove(pid)
                dictionary[pid] = nil
            }
            #expect(table.find(pid) == dictionary[pid], "seed \(seed), step \(step)")
            #expect(table.count == dictionary.count)
        }
        #expect(Set(dictionary.values).count == dictionary.count, "no slot is shared")
    }
}
