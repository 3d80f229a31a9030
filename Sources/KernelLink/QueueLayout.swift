// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
package import Output

/// Which queues of a pair's own there are, and which belong to which CPU: tables that never change, and nothing that
/// is counted in references. They live as long as the `QueueLayout` that they are of.
public struct QueueTables: BitwiseCopyable {
    /// Queues, 1...`SP_QUEUES_MAX`; 0: the policy has none of its own.
    public let count: Int
    /// No queue belongs to a CPU: the near one is the task's.
    public let isByTask: Bool
    /// Of each CPU its queue, and its place.
    @usableFromInline let near: UnsafePointer<UInt16>
    @usableFromInline let places: UnsafePointer<UInt64>
    /// Of each queue the place of the first of its CPUs.
    @usableFromInline let queuePlaces: UnsafePointer<UInt64>
    /// Of each of the first `SP_SET_QUEUES` queues: the number of its set of CPUs, and 1; 0: all of them.
    @usableFromInline let setOfQueue: UnsafePointer<UInt8>
    /// Of each of the `SP_SETS_MAX` sets: its first and its last CPU.
    @usableFromInline let setFirst: UnsafePointer<UInt16>
    @usableFromInline let setLast: UnsafePointer<UInt16>
    /// Some queue has a set.
    public let hasSets: Bool

    /// The set of a queue, and 1; 0: all CPUs. Twin: `set_of`.
    @inlinable @inline(__always)
    public func set(of queue: Int) -> Int { queue < Int(SP_SET_QUEUES) ? Int(setOfQueue[queue]) : 0 }

    /// Whether who waits in a queue runs on a CPU. Twin: `in_set`.
    /// - Parameter gone: a bit of each set of which no CPU is on-line.
    @inlinable @inline(__always)
    public func allows(_ queue: Int, _ cpu: Int32, gone: UInt64 = 0) -> Bool {
        if !hasSets { return true }
        let set = set(of: queue)
        return set == 0 || (cpu >= Int32(setFirst[set - 1]) && cpu <= Int32(setLast[set - 1]))
            || gone >> UInt64(set - 1) & 1 != 0
    }

    /// The first queue for which `mayUse` says so of its set, of those that have one, or that has none; 0 if there is
    /// none. Twin: `open_queue`.
    @inlinable @inline(__always)
    public func openQueue(where mayUse: (ClosedRange<Int>) -> Bool) -> UInt32 {
        for queue in 0..<count {
            let set = set(of: queue)
            if set == 0 || mayUse(Int(setFirst[set - 1])...Int(setLast[set - 1])) { return UInt32(queue) }
        }
        return 0
    }

    /// The CPUs of a queue that has a set, by number; nil: all.
    @inlinable @inline(__always)
    public func cpus(of queue: Int) -> ClosedRange<Int>? {
        let set = set(of: queue)
        return set == 0 ? nil : Int(setFirst[set - 1])...Int(setLast[set - 1])
    }

    /// The queue that is near to a CPU, or to a task whose queue is `queue`. Twin: `near_queue`.
    @inlinable @inline(__always)
    public func near(_ cpu: Int32, _ queue: UInt32) -> UInt32 {
        if isByTask { return queue < UInt32(count) ? queue : 0 }
        return UInt32(near[Int(cpu) & (Int(SP_CPUS_MAX) - 1)])
    }

    /// Where a CPU is, as events say it.
    @inlinable @inline(__always)
    public func place(_ cpu: Int32) -> UInt64 { places[Int(cpu) & (Int(SP_CPUS_MAX) - 1)] }

    /// The same, with the number of queues in place of the CPU's.
    @inlinable @inline(__always)
    public func here(_ cpu: Int32) -> UInt64 { place(cpu) & ~0xffff | UInt64(count) }

    /// How far a queue's CPUs are: 0 the same last cache, 1 the same node, 2 farther. Twin: `distance_to`.
    @inlinable @inline(__always)
    public func distance(_ cpu: Int32, to queue: Int) -> Int {
        let differ = place(cpu) ^ queuePlaces[queue]
        if differ >> UInt64(SP_PLACE_NODE_SHIFT) != 0 { return 2 }
        return differ >> UInt64(SP_PLACE_LLC_SHIFT) != 0 ? 1 : 0
    }

    /// The first queue for which `has` says so, all looked at, the nearest first. Twin: `serve_any`.
    @inlinable @inline(__always)
    public func firstOfAll(for cpu: Int32, near: UInt32, where has: (Int) -> Bool) -> Int? {
        for distance in (isByTask ? 2 : 0)..<3 {
            for offset in 0..<count {
                var queue = Int(near) + offset
                if queue >= count { queue -= count }
                if !isByTask && self.distance(cpu, to: queue) != distance { continue }
                if has(queue) { return queue }
            }
        }
        return nil
    }

    /// The first queue of a SERVE's list for which `has` says so, else of all. Twin: `serve_list`.
    ///
    /// - Returns: the queue, and whether the list had one that does not exist.
    @inlinable @inline(__always)
    public func first(
        _ decision: sp_decision, for cpu: Int32, near: UInt32, where has: (Int) -> Bool
    ) -> (queue: Int?, isStrange: Bool) {
        var isStrange = decision.queue >= UInt32(count)
        if !isStrange && has(Int(decision.queue)) { return (Int(decision.queue), false) }
        var (high, low) = (decision.slice_ns, decision.key)
        for _ in 0..<SP_SERVE_MORE {
            let entry = Int(high >> 48)
            high = high << 16 | low >> 48
            low = low << 16
            if entry > count {
                isStrange = true
            } else if entry > 0 && has(entry - 1) {
                return (entry - 1, isStrange)
            }
        }
        return (firstOfAll(for: cpu, near: near, where: has), isStrange)
    }
}

/// The queues of a pair's own on a machine. What `own_queues.bpf.h` is given before it is loaded, and what the daemon
/// and the simulated machine look up.
public final class QueueLayout: Sendable {
    public nonisolated(unsafe) let tables: QueueTables
    /// CPUs of which something is known, from 0 on.
    let cpus: Int
    private nonisolated(unsafe) let near: UnsafeMutablePointer<UInt16>
    private nonisolated(unsafe) let places: UnsafeMutablePointer<UInt64>
    private nonisolated(unsafe) let queuePlaces: UnsafeMutablePointer<UInt64>
    private nonisolated(unsafe) let setOfQueue: UnsafeMutablePointer<UInt8>
    private nonisolated(unsafe) let setFirst: UnsafeMutablePointer<UInt16>
    private nonisolated(unsafe) let setLast: UnsafeMutablePointer<UInt16>

    /// - Parameters:
    ///   - policy: of a pair; `rate_max` says which queues.
    ///   - topology: of the machine. More queues than `SP_QUEUES_MAX` there are not: those that belong to no
    ///     CPU are left out first.
    public init(_ policy: sp_policy, _ topology: Topology) {
        near = .allocate(capacity: Int(SP_CPUS_MAX))
        near.initialize(repeating: 0, count: Int(SP_CPUS_MAX))
        places = .allocate(capacity: Int(SP_CPUS_MAX))
        places.initialize(repeating: 0, count: Int(SP_CPUS_MAX))
        queuePlaces = .allocate(capacity: Int(SP_QUEUES_MAX))
        queuePlaces.initialize(repeating: 0, count: Int(SP_QUEUES_MAX))
        setOfQueue = .allocate(capacity: Int(SP_SET_QUEUES))
        setOfQueue.initialize(repeating: 0, count: Int(SP_SET_QUEUES))
        setFirst = .allocate(capacity: Int(SP_SETS_MAX))
        setFirst.initialize(repeating: 0, count: Int(SP_SETS_MAX))
        setLast = .allocate(capacity: Int(SP_SETS_MAX))
        setLast.initialize(repeating: UInt16(SP_CPUS_MAX - 1), count: Int(SP_SETS_MAX))
        cpus = topology.places.count
        for (set, span) in policy.sets.enumerated() {
            let numbers = span.numbers(of: max(cpus, 1))
            setFirst[set] = UInt16(clamping: numbers.lowerBound)
            setLast[set] = UInt16(clamping: numbers.upperBound)
        }
        for queue in 0..<Int(SP_SET_QUEUES) { setOfQueue[queue] = policy.set(of: queue) }
        var ofCPUs = 0
        for (cpu, place) in topology.places.enumerated() {
            places[cpu] = place
            guard let queue = Self.queue(of: cpu, place, policy) else { continue }
            near[cpu] = UInt16(queue)
            if queue >= ofCPUs { queuePlaces[queue] = place }
            ofCPUs = max(ofCPUs, queue + 1)
        }
        let all = ofCPUs + Int(policy.rate_max & SP_QUEUES_COUNT_MASK)
        tables = QueueTables(
            count: policy.hasOwnQueues ? min(max(all, 1), Int(SP_QUEUES_MAX)) : 0, isByTask: ofCPUs == 0,
            near: UnsafePointer(near), places: UnsafePointer(places),
            queuePlaces: UnsafePointer(queuePlaces), setOfQueue: UnsafePointer(setOfQueue),
            setFirst: UnsafePointer(setFirst), setLast: UnsafePointer(setLast),
            hasSets: (0..<Int(SP_SET_QUEUES)).contains { policy.set(of: $0) != 0 })
    }

    /// What is wrong with the sets of CPUs on this machine, in words; nil: nothing.
    public func flaw(of policy: sp_policy) -> String? {
        guard tables.hasSets else { return nil }
        let machine = cpus > 1 ? "this machine has the CPUs 0 to \(cpus - 1)" : "this machine has CPU 0 alone"
        for span in policy.sets where !span.numbers(of: cpus).overlaps(0...cpus - 1) {
            return "the CPUs \(span.text): \(machine)"
        }
        for cpu in 0..<cpus where !(0..<tables.count).contains(where: { tables.allows($0, Int32(cpu)) }) {
            return
                "no queue has CPU \(cpu), so a task that may run there alone would wait for ever: \(machine)"
        }
        return nil
    }

    /// The queue that belongs to a CPU; nil if none does.
    private static func queue(of cpu: Int, _ place: UInt64, _ policy: sp_policy) -> Int? {
        guard policy.hasOwnQueues else { return nil }
        switch sp_each(rawValue: policy.rate_max >> UInt32(SP_QUEUES_EACH_SHIFT)) {
        case SP_EACH_CPU: return cpu
        case SP_EACH_LLC: return Int(place >> UInt64(SP_PLACE_LLC_SHIFT) & 0xffff)
        case SP_EACH_NODE: return Int(place >> UInt64(SP_PLACE_NODE_SHIFT) & 0xffff)
        default: return nil
        }
    }

    deinit {
        near.deallocate()
        places.deallocate()
        queuePlaces.deallocate()
        setOfQueue.deallocate()
        setFirst.deallocate()
        setLast.deallocate()
    }
}

extension sp_policy {
    /// Whether it is a pair's, and that has queues of its own.
    public var hasOwnQueues: Bool { pair != 0 && rate_max != 0 }

    /// The parameters of such a pair that are CPUs.
    package var sets: [CPUSpan] {
        guard hasOwnQueues else { return [] }
        let first = Int(SP_PAIR_PARAMS) + 4 * Int(classes & SP_SETS_MASK)
        // A description of another program's may say anything.
        let room = max(Int(SP_PAIR_ROWS) - first, 0) / 4
        let count = min(
            Int(classes >> UInt32(SP_SETS_COUNT_SHIFT) & SP_SETS_MASK), Int(SP_SETS_MAX), room)
        return withUnsafeBytes(of: self) { bytes in
            (0..<count).map {
                CPUSpan(encoded: bytes.loadUnaligned(fromByteOffset: first + 4 * $0, as: UInt32.self))
            }
        }
    }

    /// With CPUs by their numbers where a description says a part of the machine's.
    /// - Parameter cpus: of the machine, 1 or more.
    public func withCPUs(of cpus: Int) -> sp_policy {
        var policy = self
        let first = Int(SP_PAIR_PARAMS) + 4 * Int(classes & SP_SETS_MASK)
        for (index, span) in sets.enumerated() where span.isPart {
            let numbers = span.numbers(of: cpus)
            let encoded =
                UInt32(numbers.lowerBound) | UInt32(numbers.upperBound) << UInt32(SP_CPUS_LAST_SHIFT)
            withUnsafeMutableBytes(of: &policy) {
                $0.storeBytes(of: encoded, toByteOffset: first + 4 * index, as: UInt32.self)
            }
        }
        return policy
    }

    /// The set of a queue, and 1; 0: all CPUs.
    fileprivate func set(of queue: Int) -> UInt8 {
        guard hasOwnQueues else { return 0 }
        let shift = UInt32(SP_SETS_QUEUES_SHIFT) + UInt32(SP_SETS_QUEUE_BITS) * UInt32(queue)
        let set = UInt8(truncatingIfNeeded: classes >> shift & SP_SETS_QUEUE_MASK)
        return Int(set) <= sets.count ? set : 0
    }

    /// Whether it is a pair's, and that is asked about a task that is alone on its CPU, too.
    public var isAskedAlone: Bool { pair != 0 && slice & SP_ALONE_ASKED_BIT != 0 }
}
