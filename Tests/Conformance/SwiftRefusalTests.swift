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
        Habit(
            testDescription: "a loop up to a number",
            key:
                "{ var (i, x) = (UInt64(0), UInt64(0)); while i < event.used_ns { x ^= i; i &+= 1 }; return x }()",
            complaint: "loop",
            advised: "{ var x = event.used_ns; for i in 0..<8 { x ^= UInt64(i) }; return x }()",
            advice: "for i in 0..<8", isAlone: true),
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

    /// What BPF has nothing for.
    struct Construct: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// Members of the policy.
        var state = ""
        let key: String
        /// What is said of it.
        let named: String
        /// The key, as the advice says; empty where that is another policy.
        var advised = ""
        /// Whether the line is said.
        var hasPlace = true
    }

    static let constructs = [
        Construct(
            testDescription: "a class",
            state: "final class Box { var value: UInt64 = 0 }\n let box = Box()", key: "box.value",
            named: "Own", hasPlace: false),
        Construct(
            testDescription: "an array that grows",
            key: "{ var all = [event.now]; all.append(event.key); return all.reduce(0, &+) }()",
            named: "an array that grows",
            advised:
                "{ var all = InlineArray<2, UInt64>(repeating: event.now); all[1] = event.key; return all[0] &+ all[1] }()"
        ),
        Construct(
            testDescription: "a string", key: "UInt64(String(event.now).count)", named: "a String",
            advised: "event.now > 999 ? 4 : 3"),
        Construct(
            testDescription: "a set",
            state:
                "func isKnown(_ x: UInt64) -> Bool { let known: Set<UInt64> = [1, 2, x &+ 1]; return known.contains(x) }",
            key: "isKnown(event.now) ? 1 : 0", named: "a Set", advised: "0b110 >> (event.now & 63) & 1",
            hasPlace: false),
        Construct(
            testDescription: "another module",
            state: "func day() -> UInt64 { UInt64(Date().timeIntervalSince1970) }", key: "day()",
            named: "Date",
            hasPlace: false),
        Construct(
            testDescription: "much state", state: "var table = InlineArray<1000, UInt64>(repeating: 7)",
            key: "table[3]", named: "8000", hasPlace: false),
        Construct(
            testDescription: "a Double", key: "UInt64(Double(event.used_ns) * 1.5)",
            named: "floating-point numbers",
            advised: "event.used_ns &* 1500 / 1000"),
        Construct(
            testDescription: "multipliedFullWidth",
            key: "event.used_ns.multipliedFullWidth(by: event.now).high",
            named: "a product of 128 bits", advised: "wide(event.now, event.used_ns)"),
        Construct(
            testDescription: "UInt128",
            key: "UInt64(truncatingIfNeeded: (UInt128(event.now) << 40) / UInt128(event.used_ns | 1))",
            named: "a quotient of 128 bits", advised: "event.now / (event.used_ns >> 20 | 1)"),
        Construct(
            testDescription: "a checked product", key: "event.now * 3",
            named: "a product of 64 bits with a check",
            advised:
                "min(event.now, 0xffff_ffff) &* min(event.key, 0xffff_ffff)"),
        Construct(
            testDescription: "a signed division",
            key: "UInt64(bitPattern: Int64(bitPattern: event.key) / 3)", named: "a signed division",
            advised: "Int64(bitPattern: event.key).magnitude / 3"),
        Construct(
            testDescription: "random numbers", key: "UInt64.random(in: 0...3)", named: "random numbers",
            advised: "((event.now ^ UInt64(event.pid)) &* 0x9e37_79b9_7f4a_7c15) >> 62"),
        Construct(
            testDescription: "print", key: "{ print(event.pid); return event.now }()", named: "print",
            advised: "event.now"),
        Construct(
            testDescription: "a large variable",
            key:
                "{ var all = InlineArray<128, UInt64>(repeating: 0); all[Int(event.pid & 127)] = event.now; return all[Int(event.cpu & 127)] }()",
            named: "a variable of 1024 bytes",
            advised:
                "{ var all = InlineArray<4, UInt64>(repeating: 0); all[Int(event.pid & 3)] = event.now; return all[Int(event.cpu & 3)] }()"
        ),
        Construct(
            testDescription: "a closure that is kept",
            key:
                "{ let f: (UInt64) -> UInt64 = event.now > 3 ? { $0 &+ 1 } : { $0 &* 3 }; return f(event.key) }()",
            named: "chosen at run time", advised: "event.now > 3 ? event.key &+ 1 : event.key &* 3"),
        Construct(
            testDescription: "recursion",
            state: "func fib(_ n: UInt64) -> UInt64 { n < 2 ? n : fib(n &- 1) &+ fib(n &- 2) }",
            key: "fib(event.now & 7)", named: "recursion ('fib'", hasPlace: false),
    ]

    /// A policy with a line for each of them.
    private func policy(_ constructs: [Construct], _ key: (Construct) -> String) throws -> OwnPolicy {
        let lines = constructs.enumerated().map { index, construct in
            "        key ^= \(key(construct))\(index == 0 ? " // HERE" : "")"
        }
        return try OwnPolicy(
            """
                \(Set(constructs.map(\.state)).joined(separator: "\n"))
                public init() {}
                func wide(_ a: UInt64, _ b: UInt64) -> UInt64 {
                    (a >> 32) &* b &+ (((a & 0xffff_ffff) &* b) >> 32)
                }
                public mutating func enqueue(_ event: sp_event, _ task: inout sp_task) -> sp_decision {
                    var key: UInt64 = 0
            \(lines.joined(separator: "\n"))
                    task.vtime = key
                    return .queue(event, task, key: key)
                }
            """)
    }

    /// What cannot be compiled for the kernel at all: the build says so, and goes on.
    @Test(arguments: constructs)
    func whatCannotBeCompiledIsNamed(construct: Construct) throws {
        let own = try policy([construct], \.key)
        let obstacle = try #require(own.twin.obstacle)
        #expect(obstacle.contains(construct.named), "\(obstacle)")
        if construct.hasPlace { #expect(obstacle.contains("Own.swift:\(own.marked):"), "\(obstacle)") }
        // The C file that the policy was compiled into, and what LLVM dumps of itself, are not the author's.
        for foreign in ["bpf.c", "__multi3", "0x5", "Cannot select", "$e"] {
            #expect(!obstacle.contains(foreign), "\(obstacle)")
        }
        #expect(throws: LaneError.self) { try BytecodeLane(own.twin) }
    }

    /// Each in its line, and not only the first.
    @Test func allThatCannotBeCompiledIsNamed() throws {
        let several = Self.constructs.filter { $0.hasPlace && $0.state.isEmpty }
        let own = try policy(several, \.key)
        let obstacle = try #require(own.twin.obstacle)
        for (line, construct) in several.prefix(8).enumerated() {
            #expect(obstacle.contains("Own.swift:\(own.marked + line):"), "\(obstacle)")
            #expect(obstacle.contains(construct.named), "\(obstacle)")
        }
        #expect(obstacle.contains("and \(several.count - 10) more") || several.count <= 10, "\(obstacle)")
    }

    /// What the advice says is compiled, and admitted.
    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func theAdviceOnConstructsWorks() throws {
        let own = try policy(
            Self.constructs.filter { !$0.advised.isEmpty }.map {
                Construct(testDescription: $0.testDescription, key: $0.key, named: "", advised: $0.advised)
            }, \.advised)
        #expect(own.twin.obstacle == nil)
        try BytecodeLane(own.twin).load(somePolicy())
    }
}
