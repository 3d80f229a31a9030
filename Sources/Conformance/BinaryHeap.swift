// SPDX-License-Identifier: GPL-2.0-only

/// What stands in a heap: a key that may wrap, ties by arrival, and what it stands for.
struct HeapEntry {
    var key: UInt64
    var arrival: UInt32
    var item: Int32

    @inline(__always)
    func precedes(_ other: HeapEntry) -> Bool {
        if key != other.key { return Int64(bitPattern: key &- other.key) < 0 }
        return Int32(bitPattern: arrival &- other.arrival) < 0
    }
}

/// A binary heap of fixed capacity; the smallest entry is at the top.
struct BinaryHeap: ~Copyable {
    private let entries: UnsafeMutablePointer<HeapEntry>
    private let capacity: Int
    private(set) var count = 0
    private var arrivals: UInt32 = 0

    init(capacity: Int) {
        entries = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit {
        entries.deallocate()
    }

    /// Puts in an item; there must be room for it.
    mutating func insert(_ item: Int32, key: UInt64) {
        precondition(count < capacity)
        let entry = HeapEntry(key: key, arrival: arrivals, item: item)
        arrivals &+= 1
        var hole = count
        count += 1
        while hole > 0 {
            let parent = (hole - 1) / 2
            guard entry.precedes(entries[parent]) else { break }
            entries[hole] = entries[parent]
            hole = parent
        }
        (entries + hole).initialize(to: entry)
    }

    /// The smallest entry; nil if there is none.
    var first: HeapEntry? { count > 0 ? entries[0] : nil }

    /// Takes the smallest entry out; there must be one.
    mutating func removeFirst() -> HeapEntry {
        precondition(count > 0)
        let top = entries[0]
        count -= 1
        let last = entries[count]
        var hole = 0
        while true {
            var child = 2 * hole + 1
            if child >= count { break }
            if child + 1 < count && entries[child + 1].precedes(entries[child]) { child += 1 }
            guard entries[child].precedes(last) else { break }
            entries[hole] = entries[child]
            hole = child
        }
        entries[hole] = last
        return top
    }
}
