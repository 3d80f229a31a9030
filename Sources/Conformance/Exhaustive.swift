// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import KernelLink
import PolicyModel

/// Every trace up to a length over a small alphabet: two tasks, all kinds of events, and for each
/// field the few values that its rules tell apart.
///
/// The traces of the full length are enumerated depth-first; shorter ones are their beginnings.
public struct Exhaustive {
    /// One letter: an event, relative to what came before it.
    struct Symbol {
        var kind: sp_event_kind
        var task = 0
        var flags: UInt32 = 0
        /// How far the clock moves before the event, in ns.
        var passesNs: UInt64 = 0
        var usedNs: UInt64 = 0
        var switches: UInt64 = 0
        /// 1 begins the pid's next task, -1 speaks of the one before.
        var generation: Int32 = 0
        var weight: UInt32 = 100
        var idleCPU: Int32 = -1
        var waiting: (UInt32, UInt32) = (0, 0)
        var key: UInt64 = 0
        var first: (UInt64, UInt64) = (0, 0)
        /// Of a pair with queues of its own: where the CPU is, where the waker's, and the task's last one.
        var here: UInt64?
        var waker: UInt64 = 0
        var last: UInt64 = 0
        /// Its place in the alphabet, which says who the task is.
        var turn = 0
        /// How long ago the first of each queue began to wait, ns.
        var waited: (UInt64, UInt64) = (0, 0)
    }

    /// The place that a prefix of a trace has led to.
    private struct World {
        var now: UInt64 = 1_000_000_000
        var switches: (UInt64, UInt64) = (0, 0)
        var generations: (UInt32, UInt32) = (1, 1)
    }

    public let policy: sp_policy
    /// Events of a trace.
    public let depth: Int
    let alphabet: [Symbol]
    private let who: WhoSource
    /// Traces that are decided in one go.
    private let batch: Int

    /// - Parameters:
    ///   - depth: 1...8.
    ///   - names: what a pair asks whether tasks are called so.
    public init(_ policy: sp_policy, depth: Int, names: [(UInt64, UInt64)] = []) {
        who = WhoSource(names: names, policy: policy)
        self.policy = policy
        self.depth = min(max(depth, 1), 8)
        let alphabet = Self.alphabet(for: policy) + Self.wanted(by: policy)
        var symbols = policy.hasOwnQueues ? Self.placed(alphabet) : alphabet
        for index in symbols.indices { symbols[index].turn = index }
        self.alphabet = symbols
        batch = Int(SP_PROBE_BATCH) / 8 / self.depth
    }

    /// Traces that there are.
    public var traces: Int {
        (0..<depth).reduce(1) { count, _ in count * alphabet.count }
    }

    /// Runs all traces, or until the lanes differ.
    ///
    /// - Parameters:
    ///   - harness: Loaded with the description.
    ///   - progress: called now and then; false ends the enumeration.
    /// - Returns: the trace on which the lanes differ, and where; or nil.
    public func run(
        on harness: Harness, progress: () -> Bool = { true }
    ) throws(LaneError) -> (trace: Trace, mismatch: Harness.Mismatch)? {
        let capacity = batch * depth
        let buffer = UnsafeMutableBufferPointer<sp_event>.allocate(capacity: capacity)
        buffer.initialize(repeating: sp_event())
        defer { buffer.deallocate() }
        var letters = [Int](repeating: 0, count: depth)
        var worlds = [World](repeating: World(), count: depth + 1)
        var path = [sp_event](repeating: sp_event(), count: depth)
        var level = 0
        var filled = 0
        while level >= 0 {
            for place in level..<depth {
                path[place] = event(alphabet[letters[place]], from: worlds[place], to: &worlds[place + 1])
            }
            for place in 0..<depth {
                buffer[filled] = path[place]
                buffer[filled].seq = UInt64(place)
                buffer[filled].pid += UInt32(filled / depth * 2)
                filled += 1
            }
            level = Self.advance(&letters, base: alphabet.count)
            if filled == capacity || level < 0 {
                let events = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(buffer)[..<filled])
                if let mismatch = try harness.run(events, period: depth) {
                    return found(mismatch, in: events)
                }
                filled = 0
                if !progress() { return nil }
            }
        }
        return nil
    }

    /// The next word in alphabetical order. Returns the first place that changed, or -1 at the
    /// end.
    private static func advance(_ letters: inout [Int], base: Int) -> Int {
        var level = letters.count - 1
        while level >= 0 {
            letters[level] += 1
            if letters[level] < base { return level }
            letters[level] = 0
            level -= 1
        }
        return level
    }

    private func found(
        _ mismatch: Harness.Mismatch, in events: UnsafeBufferPointer<sp_event>
    ) -> (trace: Trace, mismatch: Harness.Mismatch) {
        let begin = mismatch.index / depth * depth
        let trace = Trace(policy: policy, events: Array(events[begin...mismatch.index]))
        return (trace, .init(index: mismatch.index - begin, outcomes: mismatch.outcomes))
    }

    private func event(_ symbol: Symbol, from: World, to world: inout World) -> sp_event {
        world = from
        world.now &+= symbol.passesNs
        var event = sp_event()
        event.now = world.now
        event.kind = symbol.kind.rawValue
        event.cpus = 2
        event.waiting = symbol.waiting
        event.idle_cpu = -1
        event.flags = symbol.flags
        event.first = symbol.first
        event.since = (world.now &- symbol.waited.0, world.now &- symbol.waited.1)
        event.key = symbol.kind == SP_EVENT_ENQUEUE && symbol.here != nil ? symbol.last : symbol.key
        if let here = symbol.here { (event.first.1, event.since.1) = (here, symbol.waker) }
        if symbol.kind == SP_EVENT_DISPATCH && symbol.flags & SP_EVENT_PREV == 0 { return event }
        if symbol.kind == SP_EVENT_CPUS {
            event.cpu = Int32(symbol.task)
            event.cpus = 1 + symbol.flags / SP_EVENT_ONLINE
            return event
        }
        event.used_ns = symbol.usedNs
        event.pid = UInt32(symbol.task)
        event.cpu = Int32(symbol.task)
        event.idle_cpu = symbol.idleCPU
        event.weight = symbol.weight
        if symbol.task == 0 {
            world.switches.0 &+= symbol.switches
            if symbol.generation > 0 { world.generations.0 &+= 1 }
            event.switches = world.switches.0
            event.generation = world.generations.0
        } else {
            world.switches.1 &+= symbol.switches
            if symbol.generation > 0 { world.generations.1 &+= 1 }
            event.switches = world.switches.1
            event.generation = world.generations.1
        }
        if symbol.generation < 0 { event.generation &-= 1 }
        // Last: they may take the place of `switches`.
        if symbol.kind == SP_EVENT_ENQUEUE && policy.inputs != 0 {
            event.put(who.who(turn: symbol.turn), policy.inputs)
        }
        return event
    }

    /// The same on a machine of two nodes with three queues: waits and questions both here and there, with wakers
    /// and last places near and far.
    private static func placed(_ alphabet: [Symbol]) -> [Symbol] {
        func place(_ number: UInt64, _ side: UInt64) -> UInt64 {
            number | side << UInt64(SP_PLACE_CORE_SHIFT) | side << UInt64(SP_PLACE_LLC_SHIFT)
                | side << UInt64(SP_PLACE_NODE_SHIFT)
        }
        return alphabet.enumerated().flatMap { index, symbol in
            let isPlaced = symbol.kind == SP_EVENT_ENQUEUE || symbol.kind == SP_EVENT_DISPATCH
            return (0..<UInt64(isPlaced ? 2 : 1)).map { side in
                var symbol = symbol
                let other = UInt64(index & 1)
                symbol.here = place(3, side)
                if symbol.flags & SP_EVENT_WAKEUP != 0 { symbol.waker = place(other, other) }
                symbol.last = place(1 - other, 1 - other)
                return symbol
            }
        }
    }

    /// Events that not every policy is told of.
    private static func wanted(by policy: sp_policy) -> [Symbol] {
        let slice = policy.slice_max_ns
        let letters = (0...1).flatMap { task in
            [
                Symbol(kind: SP_EVENT_STOPPING, task: task, usedNs: slice / 3),
                Symbol(
                    kind: SP_EVENT_STOPPING, task: task, flags: SP_EVENT_SLEEPS, passesNs: slice,
                    usedNs: 3 &* slice, weight: 37, waiting: (3, 2)),
                Symbol(kind: SP_EVENT_STOPPING, task: task, usedNs: slice, generation: -1),
                Symbol(kind: SP_EVENT_TICK, task: task, usedNs: slice / 7),
                Symbol(
                    kind: SP_EVENT_TICK, task: task, passesNs: slice, usedNs: 3 &* slice, weight: 37,
                    waiting: (3, 2)),
                Symbol(kind: SP_EVENT_TICK, task: task, generation: -1),
                Symbol(kind: SP_EVENT_CHANGED, task: task, weight: 10_000, key: 2),
                Symbol(kind: SP_EVENT_CHANGED, task: task, weight: 37, waiting: (3, 2), key: 1),
                Symbol(kind: SP_EVENT_CHANGED, task: task, generation: -1),
                Symbol(kind: SP_EVENT_CPUS, task: task),
                Symbol(
                    kind: SP_EVENT_CPUS, task: task, flags: SP_EVENT_ONLINE, passesNs: slice,
                    waiting: (3, 2)),
            ]
        }
        return letters.filter { policy.wanted & sp_policy.wantedBit($0.kind.rawValue) != 0 }
    }

    /// The values lie on both sides of what this description compares with.
    static func alphabet(for policy: sp_policy) -> [Symbol] {
        let slice = policy.slice_max_ns
        let window = Shipped.window(policy)
        let limit = Shipped.starvation(policy)
        let looked = SP_EVENT_LOOKED | SP_EVENT_FIRST | SP_EVENT_FIRST_PRIORITY
        var symbols: [Symbol] = []
        for task in 0...1 {
            symbols += [
                Symbol(kind: SP_EVENT_ENQUEUE, task: task),
                Symbol(kind: SP_EVENT_ENQUEUE, task: task, usedNs: slice, waiting: (3, 2)),
                Symbol(
                    kind: SP_EVENT_ENQUEUE, task: task, flags: SP_EVENT_WAKEUP, passesNs: window,
                    usedNs: slice / 7, switches: 20),
                Symbol(
                    kind: SP_EVENT_ENQUEUE, task: task, flags: SP_EVENT_WAKEUP | SP_EVENT_SYNC,
                    passesNs: slice / 3, usedNs: 1000, switches: 1, waiting: (2, 3)),
                Symbol(
                    kind: SP_EVENT_ENQUEUE, task: task, flags: SP_EVENT_KTHREAD, usedNs: slice / 3,
                    idleCPU: 1),
                Symbol(
                    kind: SP_EVENT_ENQUEUE, task: task, passesNs: Shipped.roundEnd(policy),
                    usedNs: 3 &* slice, weight: 1, idleCPU: 0),
                Symbol(kind: SP_EVENT_ENQUEUE, task: task, generation: 1, weight: 10_000),
                Symbol(kind: SP_EVENT_RUNNING, task: task),
                Symbol(kind: SP_EVENT_RUNNING, task: task, weight: 37, waiting: (3, 2)),
                Symbol(kind: SP_EVENT_RUNNING, task: task, generation: -1),
                Symbol(kind: SP_EVENT_EXIT, task: task),
                Symbol(
                    kind: SP_EVENT_DISPATCH, task: task, flags: looked | SP_EVENT_PREV,
                    waiting: (1, 1), key: 5, first: (6, 5), waited: (limit &+ 1, 0)),
                Symbol(
                    kind: SP_EVENT_DISPATCH, task: task,
                    flags: SP_EVENT_LOOKED | SP_EVENT_FIRST | SP_EVENT_PREV, waiting: (2, 0), key: 6,
                    first: (6, 0)),
            ]
        }
        symbols += [
            Symbol(kind: sp_event_kind(rawValue: SP_EVENT_EXIT.rawValue + 1)),
            Symbol(kind: SP_EVENT_DISPATCH),
            Symbol(kind: SP_EVENT_DISPATCH, waiting: (1, 0)),
            Symbol(kind: SP_EVENT_DISPATCH, waiting: (0, 2)),
            Symbol(kind: SP_EVENT_DISPATCH, flags: looked, waiting: (2, 2)),
            Symbol(
                kind: SP_EVENT_DISPATCH, flags: looked, waiting: (2, 2), waited: (limit &+ 1, 0)),
            Symbol(
                kind: SP_EVENT_DISPATCH, flags: looked, waiting: (2, 2),
                waited: (limit &+ 1, limit &+ 1)),
            Symbol(
                kind: SP_EVENT_DISPATCH, flags: looked ^ SP_EVENT_FIRST_PRIORITY, waiting: (1, 1),
                waited: (limit, 0)),
        ]
        return symbols
    }
}
