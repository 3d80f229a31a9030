// SPDX-License-Identifier: GPL-2.0-only

/// Slots 0..<capacity for tasks, found by pid: open addressing with linear probing, at most half
/// full, and removal by shifting back, so that nothing is ever left behind. Nothing is allocated
/// after `init`.
public struct TaskTable: ~Copyable {
    private static var empty: UInt32 { .max }

    /// Slot at each place, or `empty`.
    private let places: UnsafeMutablePointer<UInt32>
    private let pids: UnsafeMutablePointer<UInt32>
    /// Slots not in use, the first `capacity - count` of them.
    private let free: UnsafeMutablePointer<UInt32>
    private let mask: Int
    public let capacity: Int
    /// Slots in use.
    public private(set) var count = 0

    /// - Parameter capacity: tasks, 1...2^28.
    public init(capacity: Int) {
        precondition((1...1 << 28).contains(capacity))
        self.capacity = capacity
        var size = 2
        while size < 2 * capacity { size *= 2 }
        mask = size - 1
        places = .allocate(capacity: size)
        places.initialize(repeating: Self.empty, count: size)
        pids = .allocate(capacity: capacity)
        pids.initialize(repeating: 0, count: capacity)
        free = .allocate(capacity: capacity)
        for slot in 0..<capacity { (free + slot).initialize(to: UInt32(capacity - 1 - slot)) }
    }

    deinit {
        places.deallocate()
        pids.deallocate()
        free.deallocate()
    }

    @inline(__always)
    private func home(_ pid: UInt32) -> Int {
        Int(truncatingIfNeeded: (UInt64(pid) &* 0x9e37_79b9_7f4a_7c15) >> 20) & mask
    }

    /// The slot of `pid`; nil if it has none.
    @inline(__always)
    public func find(_ pid: UInt32) -> UInt32? {
        var place = home(pid)
        while places[place] != Self.empty {
            if pids[Int(places[place])] == pid { return places[place] }
            place = (place + 1) & mask
        }
        return nil
    }

    /// The slot of `pid`, a new one if it has none; nil if all are in use.
    public mutating func findOrInsert(_ pid: UInt32) -> (slot: UInt32, isNew: Bool)? {
        if let slot = find(pid) { return (slot, false) }
        guard count < capacity else { return nil }
        count += 1
        let slot = free[capacity - count]
        pids[Int(slot)] = pid
        var place = home(pid)
        while places[place] != Self.empty { place = (place + 1) & mask }
        places[place] = slot
        return (slot, true)
    }

    /// Gives the slot of `pid` back, if it has one.
    public mutating func remove(_ pid: UInt32) {
        var place = home(pid)
        while true {
            if places[place] == Self.empty { return }
            if pids[Int(places[place])] == pid { break }
            place = (place + 1) & mask
        }
        free[capacity - count] = places[place]
        count -= 1
        close(place)
    }

    /// Shifts back those behind a place that became free and whose probing led across it.
    private func close(_ start: Int) {
        var gap = start
        var place = (gap + 1) & mask
        while places[place] != Self.empty {
            let wanted = home(pids[Int(places[place])])
            if (place - wanted) & mask >= (place - gap) & mask {
                places[gap] = places[place]
                gap = place
            }
            place = (place + 1) & mask
        }
        places[gap] = Self.empty
    }

    /// Most places in a row that are taken: no search looks at more, and one. For tests. O(n).
    func longestRun() -> Int {
        var (longest, run) = (0, 0)
        // Twice around, for the run across the end; at most half the places are taken.
        for place in 0..<2 * (mask + 1) {
            run = places[place & mask] == Self.empty ? 0 : run + 1
            longest = max(longest, run)
        }
        return longest
    }
}
