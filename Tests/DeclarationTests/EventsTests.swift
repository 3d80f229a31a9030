// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Declarations
import Testing

/// Events that a pair wants: how they are declared, and that its twins have their functions and no others.
@Suite struct EventsTests {
    private func declaration(_ text: String) throws -> Declaration {
        try Declaration(yaml: text, file: "own.yaml")
    }

    @Test(arguments: [
        ("events: [stopping]", SP_WANTS_STOPPING_BIT), ("events: [tick]", SP_WANTS_TICK_BIT),
        ("events: [changed]", SP_WANTS_CHANGED_BIT), ("events: [cpus]", SP_WANTS_CPUS_BIT),
        ("events: [stopping, tick, changed, cpus]", SP_WANTS_BITS),
        ("events: [tick, stopping]", SP_WANTS_STOPPING_BIT | SP_WANTS_TICK_BIT),
    ])
    func eventsAreBits(_ text: String, _ bits: UInt32) throws {
        let declaration = try declaration(text)
        #expect(declaration.eventMask == bits && bits & ~UInt32(SP_WANTS_BITS) == 0)
        #expect(declaration.literal.contains("sets: 0, events: \(bits),"))
        #expect(declaration.c(from: "own.yaml").contains("#define SP_PAIR_WANTS \(bits)u"))
        let swift = declaration.types(of: "Own", from: "own.yaml")
        #expect(swift.contains("public static var wanted: UInt32 { \(bits) }"))
        // Traces of it have other events.
        #expect(try declaration.hash != self.declaration("").hash)
    }

    @Test func noneAreWanted() throws {
        let declaration = try declaration("task: {pass: u64}")
        #expect(declaration.events.isEmpty && declaration.literal.contains("events: 0,"))
        #expect(declaration.c(from: "own.yaml").contains("#define SP_PAIR_WANTS 0u"))
    }

    /// Those of all that may be declared.
    @Test func allBitsHaveAName() {
        let all = Declaration.Event.allCases.reduce(UInt32(0)) { $0 | $1.rawValue }
        #expect(all == UInt32(SP_WANTS_BITS))
    }

    @Test(arguments: [
        ("events: stopping", "own.yaml:1:9:", "a list of what the policy is told of besides"),
        ("events: []", "own.yaml:1:9:", "a list of what the policy is told of besides"),
        ("events: [stoping]", "own.yaml:1:10:", "unknown event \"stoping\""),
        ("events: [stoping]", "own.yaml:1:10:", "did you mean stopping?"),
        ("events: [stopping, ticks]", "own.yaml:1:20:", "did you mean tick?"),
        ("events: [[stopping]]", "own.yaml:1:10:", "unknown event"),
        ("task: {a: u8}\nevents: [stopping, stopping]", "own.yaml:2:20:", "has stopping twice"),
        ("event: [stopping]", "own.yaml:1:1:", "did you mean events?"),
    ])
    func whatIsWrongHasItsPlace(_ text: String, _ place: String, _ reason: String) {
        var found = ""
        do throws(DeclarationError) {
            _ = try Declaration(yaml: text, file: "own.yaml")
        } catch {
            found = error.description
        }
        #expect(found.contains(place) && found.contains(reason), "\(found)")
    }

    private func flaws(_ declared: String, swift: String) throws -> [String] {
        try declaration(declared).flaws(
            ofSwift: [("A.swift", "// nothing"), ("Own.swift", swift)], type: "Own", declaredIn: "own.yaml")
    }

    private func flaws(_ declared: String, c: String) throws -> [String] {
        try declaration(declared).flaws(ofC: c, file: "own.h", declaredIn: "own.yaml")
    }

    private static let function = "public mutating func stopping(_ event: sp_event, _ task: inout Task) {}"

    @Test(arguments: [
        "", "// \(function)", "/* \(function) */", "func stopping() {}", "func stops(_ event: sp_event) {}",
        "mutating func stoppingAll(_ event: sp_event, _ task: inout Task) {}", "stopping(event: sp_event)",
    ])
    func aDeclaredEventWithoutItsFunctionInSwift(_ swift: String) throws {
        let flaws = try flaws("task: {a: u8}\nevents: [stopping]", swift: swift)
        #expect(flaws.count == 1)
        #expect(
            flaws[0].hasPrefix("own.yaml:2:10: error: events has stopping, and Own has no such function: "))
        #expect(flaws[0].hasSuffix("mutating func stopping(_ event: sp_event, _ task: inout Task)"))
        #expect(try self.flaws("task: {a: u8}", swift: swift).isEmpty)
    }

    @Test(arguments: [
        function, "\n  mutating  func stopping ( _ e : sp_event,\n  _ task: inout Task\n) {}",
        "func a() {}\n\nmutating func stopping(\n    _ event: sp_event, _ task: inout Task) {}",
    ])
    func aFunctionWithoutItsEventInSwift(_ swift: String) throws {
        #expect(try flaws("events: [stopping]", swift: swift).isEmpty)
        let flaws = try flaws("", swift: swift)
        let line =
            swift.split(separator: "func stopping")[0].split(separator: "func  stopping")[0]
            .count { $0 == "\n" } + 1
        #expect(flaws.count == 1)
        #expect(flaws[0].hasPrefix("Own.swift:\(line):"), "\(flaws)")
        #expect(
            flaws[0].contains(
                "error: func stopping is there, and nobody would call it: own.yaml lacks events: [stopping]"))
    }

    /// Each by itself.
    @Test func oneOfTwoEvents() throws {
        let tick = "mutating func tick(_ event: sp_event, _ task: inout Task) -> sp_decision { .none(event) }"
        let flaws = try flaws("events: [stopping]", swift: tick)
        #expect(flaws.count == 2, "\(flaws)")
        #expect(flaws[0].hasPrefix("own.yaml:1:10: error: events has stopping"))
        #expect(flaws[1].hasPrefix("Own.swift:1:10: error: func tick is there"))
        #expect(flaws[1].hasSuffix("lacks events: [stopping, tick]"))
    }

    @Test func aFunctionWithoutItsEventInC() throws {
        let c = "/* own_stopping(x) */\n// own_stopping(\nstatic void\n  own_stopping (int x)\n{\n}\n"
        #expect(
            try flaws("", c: c) == [
                "own.h:4:3: error: own_stopping is there, and nobody would call it: own.yaml lacks events: [stopping]"
            ])
        #expect(try flaws("events: [stopping]", c: c).isEmpty)
        for other in ["", "own_stopping_all(x)", "my_own_stopping(x)", "own_stopping = 3;"] {
            #expect(try flaws("", c: other).isEmpty)
        }
    }
}
