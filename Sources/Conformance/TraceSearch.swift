// SPDX-License-Identifier: GPL-2.0-only
public import CSchedProto
import PolicyModel

/// Looks for a trace in which lanes differ, from one step of which it is known that they should: a state and an
/// event. A trace begins with the state before the first event, so what leads to the state has to be found.
public struct TraceSearch {
    private let policy: sp_policy
    private let global: sp_global
    private let task: sp_task
    private let event: sp_event
    private var random: SplitMix64
    /// Numbers of the step, from which the events are made.
    private let numbers: [UInt64]

    public init(policy: sp_policy, global: sp_global, task: sp_task, event: sp_event, seed: UInt64) {
        self.policy = policy
        self.global = global
        self.task = task
        self.event = event
        random = SplitMix64(seed: seed)
        numbers =
            Shipped.global.map { $0.value(in: global) } + Shipped.task.map { $0.value(in: task) }
            + [event.now, event.used_ns, event.switches, policy.slice_max_ns]
            + Shipped.parameters.map { $0.value(in: policy) } + EventField.all.map { $0.get(event) }
    }

    /// Tries so many traces of a few events. The trace ends with the event that is decided differently.
    public mutating func run(
        on harness: Harness, tries: Int
    ) throws(LaneError) -> (trace: Trace, mismatch: Harness.Mismatch)? {
        try harness.load(policy)
        let buffer = UnsafeMutableBufferPointer<sp_event>.allocate(capacity: 8)
        buffer.initialize(repeating: sp_event())
        defer { buffer.deallocate() }
        for number in 0..<tries {
            let events = candidate(number)
            _ = buffer.update(fromContentsOf: events)
            let part = UnsafeBufferPointer(rebasing: buffer[..<events.count])
            guard let mismatch = try harness.run(part) else { continue }
            let trace = Trace(policy: policy, events: Array(events[...mismatch.index]))
            return (trace, mismatch)
        }
        return nil
    }

    /// The plain ones first, then with more and more changed.
    private mutating func candidate(_ number: Int) -> [sp_event] {
        var events: [sp_event] = []
        let shape = number < 8 ? UInt64(number) : random.below(8)
        if shape & 4 != 0 { events += clock }
        if shape & 2 != 0 { events.append(first) }
        if shape & 1 != 0 {
            var second = first
            second.now = event.now
            second.used_ns = Shipped.usedSince(task)
            second.kind = SP_EVENT_ENQUEUE.rawValue
            events.append(second)
        }
        events.append(event)
        guard number >= 8 else { return events }
        for _ in 0...random.below(4) {
            let place = Int(random.below(UInt64(events.count)))
            let field = EventField.deciding[Int(random.below(UInt64(EventField.deciding.count)))]
            if field.name == "pid" || field.name == "kind" { continue }
            var value = random.pick(numbers)
            if random.chance(30) { value = value &+ random.pick(numbers) }
            if random.chance(30) { value = value &- random.pick(numbers) }
            if random.chance(30) { value = value &+ random.below(3) &- 1 }
            if random.chance(10) { value = random.next() >> random.below(64) }
            field.set(&events[place], value)
        }
        return events
    }

    /// The event by which the task of the step came to be.
    private var first: sp_event {
        var first = event
        first.kind = SP_EVENT_ENQUEUE.rawValue
        first.generation = task.generation != 0 ? task.generation : max(event.generation, 1)
        Shipped.bringAbout(task, policy, by: &first)
        first.weight = UInt32(SP_WEIGHT_NORMAL)
        first.idle_cpu = -1
        first.flags = 0
        return first
    }

    /// Events of another task that bring what is remembered beside the tasks to where it was.
    private var clock: [sp_event] {
        var wait = first
        wait.pid = event.pid ^ 1
        var run = wait
        run.kind = SP_EVENT_RUNNING.rawValue
        Shipped.bringAbout(global, policy, by: &wait, and: &run)
        return [wait, run]
    }
}
