// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto

/// Makes a trace on which the lanes differ as short and as simple as it can, while they still
/// differ: first fewer events (Zeller's ddmin), then simpler values in those that are left.
public struct Shrinker {
    private let harness: Harness
    /// Events that may still be decided for it.
    private var budget: Int

    /// - Parameters:
    ///   - lanes: Loaded with the trace's description.
    ///   - budget: Events to decide at most, per lane.
    public init(_ lanes: [any Lane], budget: Int = 100_000_000) {
        harness = Harness(lanes)
        self.budget = budget
    }

    /// The simplest trace found, and where it differs: its last record. Nil if the lanes agree
    /// on the events, which then do not depend on themselves alone.
    public mutating func shrink(
        _ events: [sp_event]
    ) throws(LaneError) -> (events: [sp_event], mismatch: Harness.Mismatch)? {
        guard var smallest = try failing(events) else { return nil }
        // Most often, a task's own events and the last few are all that matters.
        let pid = smallest[smallest.count - 1].pid
        if let own = try failing(smallest.filter { $0.pid == pid }) { smallest = own }
        smallest = try fewer(smallest)
        smallest = try simpler(smallest)
        smallest = try fewer(smallest)
        for index in smallest.indices { smallest[index].seq = UInt64(index) }
        guard let mismatch = try mismatch(smallest) else { return nil }
        return (smallest, mismatch)
    }

    private func mismatch(_ events: [sp_event]) throws(LaneError) -> Harness.Mismatch? {
        // Not through a closure, which would forget the error's type.
        let copy = UnsafeMutableBufferPointer<sp_event>.allocate(capacity: events.count)
        defer { copy.deallocate() }
        _ = copy.initialize(from: events)
        return try harness.run(UnsafeBufferPointer(copy))
    }

    /// The events up to the first record that differs, or nil if none does.
    private mutating func failing(_ events: [sp_event]) throws(LaneError) -> [sp_event]? {
        guard !events.isEmpty, budget > 0 else { return nil }
        budget -= events.count
        guard let mismatch = try mismatch(events) else { return nil }
        return Array(events[...mismatch.index])
    }

    /// Leaves out as many events as possible: ever smaller pieces, until single events.
    private mutating func fewer(_ events: [sp_event]) throws(LaneError) -> [sp_event] {
        var smallest = events
        var size = max(1, smallest.count / 2)
        while true {
            var begin = 0
            var wasUseful = false
            while begin < smallest.count {
                var candidate = smallest
                candidate.removeSubrange(begin..<min(begin + size, smallest.count))
                if let failing = try failing(candidate) {
                    smallest = failing
                    wasUseful = true
                } else {
                    begin += size
                }
            }
            if size == 1 && !wasUseful { return smallest }
            size = max(1, min(size, smallest.count) / 2)
        }
    }

    private mutating func simpler(_ events: [sp_event]) throws(LaneError) -> [sp_event] {
        var simplest = events
        for _ in 0..<8 {
            let before = simplest
            simplest = try renamed(simplest)
            simplest = try earlier(simplest)
            // A simpler value may let the trace end sooner.
            var index = 0
            while index < simplest.count {
                for field in EventField.deciding where index < simplest.count {
                    simplest = try simpler(simplest, index, field)
                }
                index += 1
            }
            if Self.isSame(before, simplest) { break }
        }
        return simplest
    }

    /// Tries the field's simplest values, then one ever closer to 0 or with fewer digits.
    private mutating func simpler(
        _ events: [sp_event], _ index: Int, _ field: EventField
    ) throws(LaneError) -> [sp_event] {
        let value = field.get(events[index])
        for simple in field.simplest {
            if simple == value { return events }
            if let failing = try failing(events, index, field, simple) { return failing }
        }
        var simplest = events
        var low: UInt64 = 0
        var high = value
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if let failing = try failing(simplest, index, field, middle) {
                simplest = failing
                high = middle
                if index >= simplest.count { return simplest }
            } else {
                low = middle
            }
        }
        return simplest
    }

    private mutating func failing(
        _ events: [sp_event], _ index: Int, _ field: EventField, _ value: UInt64
    ) throws(LaneError) -> [sp_event]? {
        var candidate = events
        field.set(&candidate[index], value)
        return try failing(candidate)
    }

    /// Calls the tasks 1, 2…, everywhere at once.
    private mutating func renamed(_ events: [sp_event]) throws(LaneError) -> [sp_event] {
        var names: [UInt32: UInt32] = [0: 0]
        var candidate = events
        for index in candidate.indices {
            let pid = candidate[index].pid
            let name = names[pid] ?? UInt32(names.count)
            names[pid] = name
            candidate[index].pid = name
        }
        return try failing(candidate) ?? events
    }

    /// Begins at time 0, and takes out the time that passes before each event.
    private mutating func earlier(_ events: [sp_event]) throws(LaneError) -> [sp_event] {
        var simplest = events
        var index = 0
        while index < simplest.count {
            let now = index == 0 ? 0 : simplest[index - 1].now
            let passed = simplest[index].now &- now
            if passed != 0 {
                var candidate = simplest
                for later in index..<candidate.count { candidate[later].now &-= passed }
                simplest = try failing(candidate) ?? simplest
            }
            index += 1
        }
        return simplest
    }

    private static func isSame(_ a: [sp_event], _ b: [sp_event]) -> Bool {
        a.count == b.count
            && zip(a, b).allSatisfy { a, b in
                EventField.deciding.allSatisfy { $0.get(a) == $0.get(b) }
            }
    }
}
