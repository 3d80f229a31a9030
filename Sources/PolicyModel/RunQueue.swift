// SPDX-License-Identifier: GPL-2.0-only

/// Waiting tasks in the order of their keys, ties by arrival: what an ordered DSQ is in the kernel.
///
/// A binary heap over slots 0..<capacity with the place of each slot remembered, so that a task
/// can leave from anywhere. Insertion, removal and taking the first cost O(log n); nothing is
/// allocated after `init`. Keys are compared by signed difference, so those that wait at one time
/// must lie within 2^63 of one another.
public struct RunQueue: ~Copyable {
    struct Entry {
        var key: UInt64
        var arrival: UInt64
        var slot: UInt32
    }

    private let heap: UnsafeMutablePointer<Entry>
    /// Place of a slot in the heap; -1 where it does not wait.
    private let places: UnsafeMutablePointer<Int32>
    private let capacity: Int
    private var arrivals: UInt64 = 0
    /// Tasks that wait.
    public private(set) var count = 0
    #if DEBUG
    /// Comparisons of two tasks so far; for tests.
    package private(set) var comparisons = 0
    #endif

    /// - Parameter capacity: slots, 1...2^30.
    public init(capacity: Int) {
        precondition((1...1 << 30).contains(capacity))
        self.capacity = capacity
        heap = .allocate(capacity: capacity)
        heap.initialize(repeating: Entry(key: 0, arrival: 0, slot: 0), count: capacity)
        places = .allocate(capacity: capacity)
        places.initialize(repeating: -1, count: capacity)
    }

    deinit {
        heap.deallocate()
        places.deallocate()
    }

    /// Whether the task in `slot` waits here.
    @inline(__always)
    public func contains(_ slot: UInt32) -> Bool { places[Int(slot)] >= 0 }

    /// Puts the task in `slot`, which must not wait here yet, behind those of equal key.
    public mutating func insert(_ slot: UInt32, key: UInt64) {
        precondition(!contains(slot) && count < capacity)
        arrivals &+= 1
        count += 1
        siftUp(Entry(key: key, arrival: arrivals, slot: slot), from: count - 1)
    }

    /// Takes out the first task; nil if nobody waits.
    public mutating func popFirst() -> UInt32? {
        guard count > 0 else { return nil }
        let slot = heap[0].slot
        remove(slot)
        return slot
    }

    /// Takes out the task in `slot`, if it waits here.
    public mutating func remove(_ slot: UInt32) {
        let place = Int(places[Int(slot)])
        guard place >= 0 else { return }
        places[Int(slot)] = -1
        count -= 1
        guard place != count else { return }
        let last = heap[count]
        if place > 0 && goesBefore(last, heap[(place - 1) / 2]) {
            siftUp(last, from: place)
        } else {
            siftDown(last, from: place)
        }
    }

    @inline(__always)
    private mutating func goesBefore(_ a: Entry, _ b: Entry) -> Bool {
        #if DEBUG
        comparisons += 1
        #endif
        return Self.isFirst(a, b)
    }

    @inline(__always)
    private static func isFirst(_ a: Entry, _ b: Entry) -> Bool {
        a.key == b.key ? a.arrival < b.arrival : isBefore(a.key, b.key)
    }

    @inline(__always)
    private func put(_ entry: Entry, at place: Int) {
        heap[place] = entry
        places[Int(entry.slot)] = Int32(truncatingIfNeeded: place)
    }

    private mutating func siftUp(_ entry: Entry, from start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard goesBefore(entry, heap[parent]) else { break }
            put(heap[parent], at: place)
            place = parent
        }
        put(entry, at: place)
    }

    private mutating func siftDown(_ entry: Entry, from start: Int) {
        var place = start
        while true {
            var child = 2 * place + 1
            guard child < count else { break }
            if child + 1 < count && goesBefore(heap[child + 1], heap[child]) { child += 1 }
            guard goesBefore(heap[child], entry) else { break }
            put(heap[child], at: place)
            place = child
        }
        put(entry, at: place)
    }

    /// Whether every task stands where the order says; for tests. O(n).
    func checkInvariants() -> Bool {
        for place in 0..<count {
            if places[Int(heap[place].slot)] != Int32(place) { return false }
            if place > 0 && Self.isFirst(heap[place], heap[(place - 1) / 2]) { return false }
        }
        return (0..<capacity).filter { places[$0] >= 0 }.count == count
    }
}
