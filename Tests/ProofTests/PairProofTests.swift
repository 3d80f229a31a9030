// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Foundation
import Testing

@testable import Prove

/// The prover on a pair's C twin, that of Examples/stride, with mistakes in it.
@Suite struct PairProofTests {
    private static let layout: Layout = {
        var base = sp_policy()
        base.pair = 7
        return Layout(
            pairWithOwnQueues: false, base: base, params: [("quantum", 0, 8), ("credit", 8, 8)],
            state: [("pass", 0, 8)], task: [("pass", 0, 8)])
    }()
    private static let parameters = [
        Parameter(
            path: "quantum", offset: Int(SP_PAIR_PARAMS), allowed: .range(100_000...100_000_000),
            readWith: nil,
            notAbove: nil, text: "a duration")
    ]
    private static let state = """
        #ifndef SP_PAIR_FUNCTIONS
        struct sp_params { sp_u64 quantum_ns; sp_u64 credit_ns; sp_u8 unused[24]; };
        struct sp_task { sp_u64 pass; sp_u8 unused[32]; sp_u32 generation; sp_u32 queue; };
        struct sp_global { sp_u64 pass; sp_u8 unused[32]; };
        struct sp_rows { sp_u64 unused[\(SP_ROWS_BYTES / 8)]; };
        #define SP_PAIR(function) stride_##function
        #define SP_PAIR_QUEUES 0u
        #define SP_PAIR_FIRST(state) do { (void)(state); } while (0)
        #endif
        """
    private static let wait = "sp_queue(event, task, task->pass, decision);"
    private static let answer = "sp_run(event, task, policy->params.quantum_ns, decision);"

    /// The twin with one change, as LLVM IR; with the lane's own code around it, and what is to be done to the IR.
    private func side(
        _ before: String = "", _ after: String = "", state: String = Self.state, lane: String? = nil,
        _ edit: (String) throws -> String = { $0 }
    ) throws -> Side {
        let folder = NSTemporaryDirectory() + "pair-proof-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let header = Sides.checkout + "/Examples/stride/Sources/Stride/stride.h"
        let text = try String(contentsOfFile: header, encoding: .utf8)
        guard before.isEmpty || text.contains(before) else { throw Sides.CannotBuild() }
        try text.replacingOccurrences(of: before, with: after)
            .write(toFile: "\(folder)/twin.h", atomically: true, encoding: .utf8)
        try state.write(toFile: "\(folder)/state.h", atomically: true, encoding: .utf8)
        let bpf = Sides.checkout + "/bpf"
        let source = lane == nil ? "\(bpf)/pair_native.c" : "\(folder)/lane.c"
        try lane?.write(toFile: source, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "clang", "-O2", "-w", "-std=gnu17", "-fno-vectorize", "-fno-slp-vectorize", "-I", bpf, "-S",
            "-emit-llvm", "-DSP_PAIR_STATE=\"\(folder)/state.h\"", "-DSP_PAIR_HEADER=\"\(folder)/twin.h\"",
            "-Dsp_pair_start=sp_native_start", "-Dsp_pair_decide=sp_native_decide", source,
            "-o", "\(folder)/twin.ll",
        ]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Sides.CannotBuild() }
        let ir = try edit(try String(contentsOfFile: "\(folder)/twin.ll", encoding: .utf8))
        return Side(
            name: before.isEmpty && lane == nil ? "right" : "changed",
            artefact: .ir(IRModule(name: "twin", text: ir)))
    }

    private func report(_ changed: Side) throws -> Prover.Report {
        Prover(
            reference: try side(), others: [changed], parameters: Self.parameters, layout: Self.layout,
            solver: try Solver(program: "z3")
        ).prove()
    }

    @Test func theLayoutIsWhole() {
        #expect(Self.layout.isWhole)
        #expect(Self.layout.unused.count == 3 + 4 + 4 + Int(SP_ROWS_BYTES) / 8)
    }

    /// What differs for one value of a parameter, of the event, or of the state alone.
    @Test(
        .enabled(if: hasSolver, "z3 is missing: make setup"),
        arguments: [
            ("policy->params.quantum_ns + (policy->params.credit_ns == 123456789)", "decision.slice_ns"),
            ("policy->params.quantum_ns + ((sp_u32)event->now == 0xdeadbeef)", "decision.slice_ns"),
            ("policy->params.quantum_ns + (state->pass == 0x123456789abcdefull)", "decision.slice_ns"),
        ])
    func aDifferenceIsFound(_ slice: String, _ field: String) throws {
        let report = try report(try side(Self.answer, "sp_run(event, task, \(slice), decision);"))
        let found = try #require(report.refutation)
        #expect(found.what == [field])
        #expect(found.example.policy.pair == 7)
        #expect(found.example.parameters.map(\.field.fullName).contains("policy.credit"))
        #expect(found.example.state.map(\.field.fullName).contains("state.pass"))
    }

    /// Also of what only the mechanism reads, which the counterexample names.
    @Test(.enabled(if: hasSolver, "z3 is missing: make setup"))
    func theMechanismsParametersAreNamed() throws {
        let read =
            "sp_run(event, task, policy->params.quantum_ns + (policy->slice_max_ns == 12345678), decision);"
        let mechanism = Parameter(
            path: "slice-max", offset: 48, allowed: .range(100_000...100_000_000), readWith: nil,
            notAbove: nil,
            text: "a duration")
        let report = Prover(
            reference: try side(), others: [try side(Self.answer, read)],
            parameters: Self.parameters + [mechanism], layout: Self.layout, solver: try Solver(program: "z3")
        ).prove()
        let named = try #require(report.refutation).example.parameters
        #expect(named.first { $0.field.fullName == "policy.slice_max_ns" }?.value == 12_345_678)
    }

    /// A property that is broken whatever the state: no question of what can come up.
    @Test(
        .enabled(if: hasSolver, "z3 is missing: make setup"),
        arguments: [
            (Self.answer, "sp_run(event, task, 0, decision);", "a slice is never 0"),
            (
                "task->pass += stride_cost(event->used_ns, event);",
                "task->pass += stride_cost(event->used_ns, event); task->queue = 1;", "a queue that exists"
            ),
        ])
    func aBrokenPropertyIsACounterexample(_ before: String, _ after: String, _ property: String) throws {
        var one = Self.layout
        if property.contains("queue") {
            var base = sp_policy()
            base.classes = SP_CLASSES_NONE.rawValue
            one = Layout(
                pairWithOwnQueues: false, base: base, params: [("quantum", 0, 8), ("credit", 8, 8)],
                state: [("pass", 0, 8)], task: [("pass", 0, 8)])
        }
        let report = Prover(
            reference: try side(before, after), others: [], parameters: Self.parameters, layout: one,
            solver: try Solver(program: "z3")
        ).prove()
        let verdicts = report.cases.flatMap(\.verdicts).filter { !$0.isProven }
        #expect("\(verdicts)".contains(property), "\(verdicts)")
        if property.contains("slice") { #expect(report.refutation?.what == [property]) }
    }

    @Test(.enabled(if: hasSolver, "z3 is missing: make setup"))
    func whatIsWrittenOtherwiseIsProven() throws {
        let same = try side(
            "task->pass += stride_cost(event->used_ns, event);",
            "sp_u64 c = stride_cost(event->used_ns, event); task->pass = c - (0 - task->pass);")
        let report = try report(same)
        #expect(report.isProven, "\(report.cases.filter { !$0.verdicts.allSatisfy(\.isProven) })")
    }

    /// Numbers and bits that are packed into one word: compilers note of such shifts that they lose nothing.
    @Test(
        .enabled(if: hasSolver, "z3 is missing: make setup"),
        arguments: [
            ("1ULL << ((event->weight & 7) * 8)", "1ULL << ((event->weight << 3) & 56)", true),
            (
                "(sp_u64)(event->cpus & 255) << ((event->weight & 7) * 8)",
                "(event->cpus & 255ULL) << ((event->weight & 7) * 8)", true
            ),
            ("(sp_u64)(1u << (event->weight & 15))", "1ULL << (event->weight & 15)", true),
            ("1ULL << ((event->weight & 7) * 8)", "1ULL << ((event->weight & 6) * 8)", false),
        ])
    func shiftsByAnAmountAreProven(_ one: String, _ other: String, _ isSame: Bool) throws {
        func counting(_ bits: String) throws -> Side {
            try side(Self.wait, "{ state->pass += \(bits); \(Self.wait) }")
        }
        let report = Prover(
            reference: try counting(one), others: [try counting(other)], parameters: Self.parameters,
            layout: Self.layout, solver: try Solver(program: "z3")
        ).prove()
        #expect(
            report.isProven == isSame, "\(report.cases.flatMap(\.verdicts).filter { !$0.isProven })")
        #expect((report.refutation != nil) == !isSame)
    }

    /// A compiler may note of an operation what is so only where the result is used: "nuw" of the sum below. It is no
    /// difference then, and one where the result without a meaning is used after all.
    @Test(
        .enabled(if: hasSolver, "z3 is missing: make setup"),
        arguments: [
            ("task->pass < 4096", true), ("task->pass < 4096 || task->pass > ~4ULL", false),
        ])
    func aNoteThatIsNotSoForAllValues(_ isUsed: String, _ isSame: Bool) throws {
        let adding = "{ sp_u64 s = task->pass + 77; state->pass += (\(isUsed)) ? s : 9; \(Self.wait) }"
        let noted = try side(Self.wait, adding) { ir in
            let edited = ir.replacing(/= add (?<flags>(nuw |nsw )*)i64 (?<value>%\d+), 77/) {
                "= add nuw i64 \($0.output.value), 77"
            }
            guard edited != ir else { throw Sides.CannotBuild() }
            return edited
        }
        let report = Prover(
            reference: try side(Self.wait, adding), others: [noted], parameters: Self.parameters,
            layout: Self.layout, solver: try Solver(program: "z3")
        ).prove()
        #expect(
            report.isProven == isSame, "\(report.cases.flatMap(\.verdicts).filter { !$0.isProven })")
    }

    /// A lane gives back the state that it keeps, and the harness compares what it is given.
    @Test(
        .enabled(if: hasSolver, "z3 is missing: make setup"),
        arguments: [
            ("outcomes->task.pass += events->now == 7;", "task.pass"),
            ("outcomes->global.pass ^= events->weight == 3;", "state.pass"), ("", nil),
        ] as [(String, String?)])
    func theCopyThatALaneGivesBack(_ change: String, _ field: String?) throws {
        let lane = """
            #pragma push_macro("sp_pair_decide")
            #undef sp_pair_decide
            #define sp_pair_decide static inside
            #include "pair_native.c"
            #pragma pop_macro("sp_pair_decide")
            void sp_pair_decide(const struct sp_policy *policy, struct sp_global *global,
                struct sp_task *tasks, const struct sp_event *events, struct sp_outcome *outcomes, sp_u32 count)
            {
                inside(policy, global, tasks, events, outcomes, 1);
                \(change)
            }
            """
        let report = try report(try side(lane: lane))
        let open = report.cases.flatMap(\.verdicts).filter { !$0.isProven }
        #expect(open.isEmpty == (field == nil), "\(open)")
        if let field {
            #expect(open.allSatisfy { "\($0)".contains("\(field), kept and in the outcome") }, "\(open)")
        }
    }

    /// Of a state that may not come up it is not said that it does.
    @Test(.enabled(if: hasSolver, "z3 is missing: make setup"))
    func aSliceOfTheStateIsOpen() throws {
        let kept = try side(Self.answer, "sp_run(event, task, task->pass, decision);")
        let report = Prover(
            reference: kept, others: [], parameters: Self.parameters, layout: Self.layout,
            solver: try Solver(program: "z3")
        ).prove()
        #expect(report.refutation == nil)
        let open = report.cases.flatMap(\.verdicts).filter { !$0.isProven }
        #expect(open.count == 1, "\(open)")
        #expect("\(open)".contains("a slice is never 0"))
    }

    /// The file's order is not that of the places: these go by width.
    @Test(.enabled(if: hasSolver, "z3 is missing: make setup"))
    func narrowParametersMayBeDeclaredBeforeWideOnes() throws {
        var base = sp_policy()
        base.pair = 7
        let layout = Layout(
            pairWithOwnQueues: false, base: base,
            params: [("light", 20, 2), ("quantum", 0, 8), ("upper", 16, 4), ("credit", 8, 8)],
            state: [("small", 8, 1), ("pass", 0, 8)], task: [("mark", 8, 4), ("pass", 0, 8)])
        #expect(layout.isWhole)
        let state = Self.state
            .replacing(
                "credit_ns; sp_u8 unused[24];",
                with: "credit_ns; sp_u32 upper; sp_u16 light; sp_u8 unused[18];"
            )
            .replacing(
                "sp_u64 pass; sp_u8 unused[32]; sp_u32 gen",
                with: "sp_u64 pass; sp_u32 mark; sp_u8 unused[28]; sp_u32 gen"
            )
            .replacing(
                "{ sp_u64 pass; sp_u8 unused[32]; };",
                with: "{ sp_u64 pass; sp_u8 small; sp_u8 unused[31]; };")
        func report(_ slice: String) throws -> Prover.Report {
            let answer = "sp_run(event, task, \(slice), decision);"
            return Prover(
                reference: try side(state: state), others: [try side(Self.answer, answer, state: state)],
                parameters: Self.parameters, layout: layout, solver: try Solver(program: "z3")
            ).prove()
        }
        let same = try report("policy->params.quantum_ns - policy->params.light + policy->params.light")
        #expect(same.isProven, "\(same.cases.flatMap(\.verdicts).filter { !$0.isProven })")
        let found = try #require(
            try report("policy->params.quantum_ns + (policy->params.light == 7)").refutation)
        #expect(found.example.parameters.first { $0.field.name == "light" }?.value == 7)
    }

    /// A task is held back for 1 ns to 1 s, by a pair that is asked about one that is alone; by others never.
    @Test(
        .enabled(if: hasSolver, "z3 is missing: make setup"),
        arguments: [
            ("0", true, "a task is held back for 1 ns to 1 s"),
            ("2000000000", true, "a task is held back for 1 ns to 1 s"),
            ("1000000001", true, "a task is held back for 1 ns to 1 s"),
            ("event->used_ns", true, "a task is held back for 1 ns to 1 s"),
            ("1", true, nil), ("1000000000", true, nil),
            ("1 + event->used_ns % 1000000000", true, nil),
            ("1", false, "an action that answers the event"),
        ] as [(String, Bool, String?)])
    func forHowLongATaskIsHeldBack(_ ns: String, _ isAsked: Bool, _ property: String?) throws {
        var base = sp_policy()
        base.pair = 7
        base.slice = SP_SLICE_FIXED.rawValue | (isAsked ? SP_ALONE_ASKED_BIT : 0)
        let layout = Layout(
            pairWithOwnQueues: false, base: base, params: [("quantum", 0, 8), ("credit", 8, 8)],
            state: [("pass", 0, 8)], task: [("pass", 0, 8)])
        let holds = try side(Self.wait, "sp_hold(event, task, task->pass, \(ns), decision);")
        let report = Prover(
            reference: holds, others: [], parameters: Self.parameters, layout: layout,
            solver: try Solver(program: "z3")
        ).prove()
        if let property {
            #expect(report.refutation?.what == [property], "\(report.refutation?.what ?? [])")
        } else {
            #expect(report.isProven, "\(report.cases.flatMap(\.verdicts).filter { !$0.isProven })")
        }
    }

    /// What a pair wants is a kind of its own for which answers are known; what it does not is any other event.
    @Test(
        arguments: [
            (0, []), (SP_WANTS_STOPPING_BIT, ["STOPPING"]), (SP_WANTS_TICK_BIT, ["TICK"]),
            (SP_WANTS_CHANGED_BIT | SP_WANTS_CPUS_BIT, ["CHANGED", "CPUS"]),
            (SP_WANTS_BITS, ["STOPPING", "TICK", "CHANGED", "CPUS"]),
        ] as [(UInt32, [String])])
    func whatAPairWantsIsAsked(_ bits: UInt32, _ wanted: [String]) {
        var base = sp_policy()
        base.pair = 7
        base.slice = SP_SLICE_FIXED.rawValue | bits
        let layout = Layout(pairWithOwnQueues: false, base: base, params: [], state: [], task: [])
        let names = Case.kinds(layout).map(\.name)
        #expect(names == ["ENQUEUE", "RUNNING", "DISPATCH", "EXIT"] + wanted + ["any other event"])
        #expect(Case.kinds(.described).map(\.kind) == [1, 2, 3, 4, 0])
    }
}
