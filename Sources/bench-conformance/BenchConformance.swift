// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import CSchedProto
import Conformance
import PolicyModel
import PolicyText
import UserMode

/// How fast the executions decide, alone and compared, and what more tasks cost. A benchmark: it
/// asserts nothing but that the lanes agree.
@main
struct BenchConformance: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-conformance",
        abstract: "Million events a second of each execution and of the comparison; Markdown.")

    @Option(help: "Rounds of a million events, 1...1000; medians are shown.") var rounds = 9

    /// Events of one round.
    private static let roundEvents = 1 << 20

    func validate() throws {
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds \(rounds): 1...1000") }
    }

    func run() throws {
        print("| execution | million events/s, median (least...most) |\n|---|--:|")
        for line in try comparison() { print(line) }
        print("\n| policy | C, size | Swift | ratio | C, verified | Swift | ratio |")
        print("|---|--:|--:|--:|--:|--:|--:|")
        for line in try sizes() { print(line) }
        print(
            """

            Instructions of the bytecode: those that are left of the program for this policy, and those that the \
            verifier looked at. Those that an event takes show in its time, in a guest of virtual time exactly.
            """)
        print("\n| tasks | Swift | native C | bytecode | Swift bytecode | daemon: wait and pick |")
        print("|--:|--:|--:|--:|--:|--:|")
        for tasks in [10, 1000, 100_000] { print(try scaling(tasks)) }
        print(
            "\nTasks: ns for an event; the last column is one event read and one task picked from the run queue."
        )
    }

    /// All lanes on the same traces, in turn, round by round.
    private func comparison() throws -> [String] {
        let harness = Harness(try LaneKind.allCases.map { kind in try kind.makeLane() })
        let policies = try PolicySource.shipped().map(\.policy)
        let buffer = UnsafeMutableBufferPointer<sp_event>.allocate(capacity: Campaign.traceEventsMax)
        buffer.initialize(repeating: sp_event())
        defer { buffer.deallocate() }
        var speeds = [[Double]](repeating: [], count: harness.lanes.count + 1)
        for round in 0..<rounds {
            let before = harness.account
            let clock = ContinuousClock()
            var whole = Duration.zero
            for part in 0..<(Self.roundEvents / buffer.count) {
                let policy = policies[part % policies.count]
                let source = TraceSource.allCases[part / policies.count % 2]
                try harness.load(policy)
                // The full comparison makes its traces too.
                whole += try clock.measure {
                    source.fill(buffer, seed: UInt64(round * 1000 + part), policy: policy)
                    if try harness.run(UnsafeBufferPointer(buffer)) != nil {
                        throw ValidationError("the executions differ: run sched-proto conform")
                    }
                }
            }
            let events = Double(harness.account.events - before.events) / 1e6
            for lane in harness.lanes.indices {
                speeds[lane].append(events / (harness.account.seconds[lane] - before.seconds[lane]))
            }
            speeds[harness.lanes.count].append(events / Self.seconds(whole))
        }
        let names = harness.lanes.map(\.name) + ["all of them, with their traces, compared"]
        let medians = speeds.map { $0.sorted()[$0.count / 2] }
        return zip(names, speeds).map { name, values in
            "| \(name) | \(Self.text(values.sorted()[values.count / 2])) (\(Self.text(values.min() ?? 0))...\(Self.text(values.max() ?? 0))) |"
        } + [
            "| Swift / native C | \(Self.text(medians[0] / medians[1])) |",
            "| Swift bytecode / bytecode | \(Self.text(medians[3] / medians[2])) |",
        ]
    }

    /// The two twins as bytecode, policy by policy.
    private func sizes() throws -> [String] {
        let (c, swift) = (try BytecodeLane(), try BytecodeLane(.ofDescription))
        return try PolicySource.shipped().map { description in
            try c.load(description.policy)
            try swift.load(description.policy)
            guard let c = try c.size(), let swift = try swift.size() else {
                throw ValidationError("a program without a size")
            }
            func columns(_ c: Int, _ swift: Int) -> String {
                "\(c) | \(swift) | \(Self.text(Double(swift) / Double(max(c, 1))))"
            }
            return "| \(description.name) | \(columns(c.instructions, swift.instructions)) | "
                + "\(columns(c.verified, swift.verified)) |"
        }
    }

    /// One event after the other, each of another task.
    private func scaling(_ tasks: Int) throws -> String {
        let policy = try PolicySource.load(nameOrPath: "interactive").policy
        let harness = Harness(try LaneKind.allCases.map { kind in try kind.makeLane() })
        try harness.load(policy)
        var events = [sp_event](repeating: sp_event(), count: Self.roundEvents)
        for index in events.indices {
            let (task, pass) = (index % tasks, index / tasks)
            events[index].pid = UInt32(task + 1)
            events[index].generation = 1
            events[index].seq = UInt64(index)
            events[index].now = UInt64(index) << 12
            events[index].used_ns = UInt64(task &* 7919 % 4096) << 8
            events[index].switches = UInt64(pass)
            events[index].kind = SP_EVENT_ENQUEUE.rawValue
            events[index].weight = 100
            events[index].cpus = 4
            events[index].idle_cpu = -1
        }
        try events.withUnsafeBufferPointer { events in
            guard try harness.run(events) == nil else {
                throw ValidationError("the executions differ: run sched-proto conform")
            }
        }
        let perEvent = harness.account.seconds.map { $0 * 1e9 / Double(events.count) }
        let daemon = queued(tasks, policy, events)
        return "| \(tasks) | " + (perEvent + [daemon]).map(Self.text).joined(separator: " | ") + " |"
    }

    /// ns for one task that begins to wait and one that is picked, while `tasks` wait.
    private func queued(_ tasks: Int, _ policy: sp_policy, _ events: [sp_event]) -> Double {
        var decider = Decider(DescribedPolicy(policy), described: policy, maxTasks: tasks + 1)
        let notices = events.enumerated().map { index, event in
            var notice = sp_notice()
            notice.now = event.now
            notice.used_ns = event.used_ns
            notice.switches = event.switches
            notice.kind = event.kind
            notice.pid = event.pid
            notice.generation = event.generation
            notice.idle_cpu = -1
            notice.weight = event.weight
            notice.cpus = event.cpus
            notice.wait = UInt32(index + 1)
            return notice
        }
        return notices.withUnsafeBufferPointer { notices in
            guard let first = notices.baseAddress else { return 0 }
            for index in 0..<tasks { _ = decider.take(first + index) }
            let time = ContinuousClock().measure {
                for index in tasks..<notices.count {
                    _ = decider.pick(now: notices[index].now, cpu: Int32(index & 3))
                    _ = decider.take(first + index)
                }
            }
            return Self.seconds(time) * 1e9 / Double(notices.count - tasks)
        }
    }

    private static func seconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    private static func text(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
}
