// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Glibc
import Testing

@testable import KernelLink

/// What a policy in Swift must not do in the kernel: it is told where, and the advice works when followed.
@Suite struct SwiftRefusalTests {
    struct Habit: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// The policy's members beside `enqueue`.
        var state = ""
        /// What `enqueue` computes its key by.
        let key: String
        /// What is said of it.
        let complaint: String
        /// The key, as the advice says.
        let advised: String
        /// A part of the advice.
        let advice: String
        /// Whether it is tried in a policy of its own.
        var isAlone = false
    }

    static let habits = [
        Habit(
            testDescription: "a + b", key: "task.vtime + event.used_ns", complaint: "arithmetic overflow",
            advised: "task.vtime &+ event.used_ns", advice: "&+", isAlone: true),
        Habit(
            testDescription: "a - b", key: "event.now - task.vtime", complaint: "arithmetic overflow",
            advised: "event.now > task.vtime ? event.now &- task.vtime : 0", advice: "a > b ? a &- b : 0"),
        Habit(
            testDescription: "a / b", key: "event.now / task.vtime", complaint: "Division by zero",
            advised: "event.now / max(task.vtime, 1)", advice: "a / max(b, 1)"),
        Habit(
            testDescription: "array[i]", state: "var table = InlineArray<8, UInt64>(repeating: 7)",
            key: "table[Int(event.pid)]", complaint: "Index out of", advised: "table[Int(event.pid & 7)]",
            advice: "table[Int(i & 7)]"),
        Habit(
            testDescription: "x!", state: "var last: UInt64?", key: "last!", complaint: "found nil",
            advised: "last ?? 0", advice: "'??'"),
        Habit(
            testDescription: "UInt32(x)", key: "UInt64(UInt32(event.now))", complaint: "Not enough bits",
            advised: "UInt64(UInt32(truncatingIfNeeded: event.now))", advice: "truncatingIfNeeded"),
        Habit(
            testDescription: "an unbounded loop", key: "collatz(event.now)", complaint: "loop",
            advised: "bounded(event.now)", advice: "for i in 0..<8", isAlone: true),
    ]

    /// A policy with each of these expressions in a line of its own, the first one in that marked `// HERE`.
    private func policy(_ habits: [Habit], _ key: (Habit) -> String) throws -> OwnPolicy {
        let lines = habits.enumerated().map { index, habit in
            "        key ^= \(key(habit))\(index == 0 ? " // HERE" : "")"
        }
        return try OwnPolicy(
            """
                \(Set(habits.map(\.state)).joined(separator: "\n"))
                public init() {}
                func collatz(_ start: UInt64) -> UInt64 {
                    var (x, steps) = (start | 1, UInt64(0))
                    while x != 1 {
                        x = x & 1 == 0 ? x / 2 : x &* 3 &+ 1
                        steps &+= 1
                    }
                    return steps
                }
                func bounded(_ start: UInt64) -> UInt64 {
                    var (x, steps) = (start | 1, UInt64(0))
                    for _ in 0..<8 {
                        if x == 1 { break }
                        x = x & 1 == 0 ? x / 2 : x &* 3 &+ 1
                        steps &+= 1
                    }
                    return steps
                }
                public mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
                    var key: UInt64 = 0
            \(lines.joined(separator: "\n"))
                    task.vtime = key
                    return .queue(event, task, key: key)
                }
            """)
    }

    private func refusal(of own: OwnPolicy) throws -> String {
        let lane = try BytecodeLane(own.twin)
        do throws(LaneError) {
            try lane.load(somePolicy())
        } catch {
            guard case .refused(_, let reason) = error else { throw error }
            return reason
        }
        Issue.record("it was admitted")
        return ""
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"), arguments: habits.filter(\.isAlone))
    func isRefusedWithItsLine(habit: Habit) throws {
        let own = try policy([habit], \.key)
        let reason = try refusal(of: own)
        #expect(reason.contains(habit.complaint), "\(reason)")
        #expect(reason.contains(habit.advice), "\(reason)")
        // Of a loop the verifier names some line.
        let isLoop = habit.complaint == "loop"
        #expect(reason.contains(isLoop ? "Own.swift:" : "Own.swift:\(own.marked):"), "\(reason)")
    }

    /// One is refused, and the others are named with it.
    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func allThatIsLeftIsNamed() throws {
        let several = Self.habits.filter { !$0.isAlone }
        let own = try policy(several, \.key)
        let reason = try refusal(of: own)
        for (line, habit) in several.enumerated() {
            #expect(reason.contains("Own.swift:\(own.marked + line):"), "\(reason)")
            #expect(reason.contains(habit.complaint), "\(reason)")
            #expect(SwiftRefusal.advice(habit.complaint).contains(habit.advice))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func theAdviceWorks() throws {
        let own = try policy(Self.habits, \.advised)
        let lane = try BytecodeLane(own.twin)
        try lane.load(somePolicy())
        let events = TraceSource.realistic.events(1000, seed: 1, policy: somePolicy())
        try events.withUnsafeBufferPointer { events in
            let outcomes = try lane.decide(events, isStart: true, period: 0)
            #expect((0..<1000).contains { outcomes[$0].decision.action == SP_ACTION_QUEUE.rawValue })
        }
    }

    static let constructs = [
        ("a class", "final class Box { var value: UInt64 = 0 }\n let box = Box()", "box.value", "Own"),
        (
            "an array that grows", "",
            "{ var all = [event.now]; all.append(event.key); return all.reduce(0, &+) }()", "HERE"
        ),
        ("a string", "", "UInt64(String(event.now).count)", "HERE"),
        ("another module", "func day() -> UInt64 { UInt64(Date().timeIntervalSince1970) }", "day()", "Date"),
        ("much state", "var table = InlineArray<1000, UInt64>(repeating: 7)", "table[3]", "8000"),
    ]

    /// What cannot be compiled for the kernel at all: the build says so, and goes on.
    @Test(arguments: constructs)
    func whatCannotBeCompiledIsNamed(name: String, state: String, key: String, named: String) throws {
        let own = try OwnPolicy(
            """
                \(state)
                public init() {}
                public mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
                    let key: UInt64 = \(key) // HERE
                    return .queue(event, task, key: key)
                }
            """)
        let obstacle = try #require(own.twin.obstacle)
        let expected = named == "HERE" ? "Own.swift:\(own.marked):" : named
        #expect(obstacle.contains(expected), "\(obstacle)")
        #expect(throws: LaneError.self) { try BytecodeLane(own.twin) }
    }
}
