// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Foundation
import Output
import PolicyModel
import Testing

@testable import Conformance
@testable import KernelLink
@testable import PolicyText

/// C twins of pairs, compiled by the very tool that the plugin runs.
@Suite struct PairBuildTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The folder of an example's policy.
    private static func folder(of type: String) -> URL {
        root.appending(path: "Examples/\(type.lowercased())/Sources/\(type)")
    }

    /// What became of Examples/stride with a twin of its own.
    private struct Built {
        let status: Int32
        let errors: String
        let source: String
    }

    /// - Parameter change: of the twin's text; nil takes the twin away.
    private func build(
        _ type: String = "Stride", events: String = "", change: ((String) -> String)?
    ) throws -> Built {
        let name = type.lowercased()
        let files = FileManager.default
        let folder = files.temporaryDirectory.appending(path: "pair.\(UUID().uuidString)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: folder) }
        let declaration = folder.appending(path: "\(name).yaml")
        try files.copyItem(at: Self.folder(of: type).appending(path: "\(name).yaml"), to: declaration)
        let text = try String(contentsOf: declaration, encoding: .utf8) + events
        try text.write(to: declaration, atomically: true, encoding: .utf8)
        let header = folder.appending(path: "\(name).h")
        if let change {
            let source = Self.folder(of: type).appending(path: "\(name).h")
            let text = try String(contentsOf: source, encoding: .utf8)
            try change(text).write(to: header, atomically: true, encoding: .utf8)
        }
        let output = folder.appending(path: "Pair.swift")
        let errors = folder.appending(path: "errors")
        _ = files.createFile(atPath: errors.path, contents: nil)
        let tool = Process()
        tool.executableURL = try OwnPolicy.products().appending(path: "build-pair")
        tool.arguments = [
            "compile-pair", folder.path, Self.root.appending(path: "bpf").path, declaration.path, header.path,
            type, output.path,
        ]
        tool.standardError = try FileHandle(forWritingTo: errors)
        try tool.run()
        tool.waitUntilExit()
        return Built(
            status: tool.terminationStatus, errors: try String(contentsOf: errors, encoding: .utf8),
            source: (try? String(contentsOf: output, encoding: .utf8)) ?? "")
    }

    private func twin(_ built: Built) throws -> CTwin {
        func object(_ name: String) throws -> String {
            let text = built.source.firstRange(of: "\(name): \"").map { built.source[$0.upperBound...] }
            return String(try #require(text).prefix { $0 != "\"" })
        }
        return CTwin(
            name: "stride", probe: try object("probe"), mode: try object("mode"), native: try object("native")
        )
    }

    private var policy: sp_policy {
        var policy = sp_policy()
        policy.abi = UInt32(SP_ABI_VERSION)
        policy.slice_max_ns = 20_000_000
        // Its quantum and its credit.
        policy.slice_min_ns = 4_000_000
        policy.sleep_credit_ns = 4_000_000
        return policy
    }

    /// The library of this machine and the bytecode are of one source.
    @Test(.enabled(if: geteuid() == 0, "needs root")) func aTwinIsALibraryAndBytecode() throws {
        let built = try build { $0 }
        #expect(built.status == 0, "\(built.errors)")
        let twin = try twin(built)
        let harness = Harness([try NativeLane(twin), try BytecodeLane(twin)])
        try harness.load(policy)
        for source in TraceSource.allCases {
            var events = [sp_event](repeating: sp_event(), count: 20_000)
            events.withUnsafeMutableBufferPointer { source.fill($0, seed: 3, policy: policy) }
            #expect(try events.withUnsafeBufferPointer { try harness.run($0) } == nil)
        }
        #expect(harness.account.actions[Int(SP_ACTION_QUEUE.rawValue)] > 1000)
    }

    /// The kernel would say so when it is loaded, and not where.
    @Test func aTwinThatNeedsTooMuchStackIsRefused() throws {
        let line = "sp_u64 earliest = state->pass - policy->params.credit_ns;"
        let large = "volatile char room[440];\n\t" + line + "\n\n\troom[event->pid & 255] = 1;"
        let built = try build { $0.replacing(line, with: large) }
        #expect(built.status != 0)
        #expect(
            built.errors.contains("needs more stack than a kernel has (bpf_mode.bpf.c): "), "\(built.errors)")
        #expect(built.errors.contains(" of 512, in the calls sp_"), "\(built.errors)")
    }

    @Test func aWrongTwinIsOneThatIsNoticed() throws {
        let right = try twin(try build { $0 })
        let wrong = try twin(
            try build { $0.replacing("state->pass - policy->params.credit_ns", with: "state->pass") })
        let harness = Harness([try NativeLane(right), try NativeLane(wrong)])
        try harness.load(policy)
        var events = [sp_event](repeating: sp_event(), count: 20_000)
        events.withUnsafeMutableBufferPointer { TraceSource.realistic.fill($0, seed: 3, policy: policy) }
        let mismatch = try #require(try events.withUnsafeBufferPointer { try harness.run($0) })
        let naming = ReportNaming(
            pair: "stride", type: "Stride", task: [("pass", 0, 8)], state: [("pass", 0, 8)])
        let report = DivergenceReport(
            lanes: ["right", "wrong"], trace: Trace(policy: policy, events: events), mismatch: mismatch,
            naming: naming)
        #expect(report.summary.contains("task.pass"), "\(report.summary)")
        #expect(report.summary.contains("stride_enqueue in Sources/Stride/stride.h"))
    }

    /// The table of `Examples/layers`, as its declaration places it.
    private static let layers = PairTable(
        key: "layers", doc: "", most: 8, offset: 0, stride: 80, number: 72,
        match: .init(comm: 0, cgroup: 32, uid: 64),
        values: [
            PairParameter(
                key: "slice", kind: .duration, offset: 48, size: 8, range: 1...100, value: 1, doc: "")
        ])

    /// A pair whose rows say who tasks are: whom a row fits is met by random traces, and whom it does not.
    @Test(arguments: [
        TableRow(comm: [CommPattern(comm: "ld", isPrefix: false)], values: [7]),
        TableRow(comm: [CommPattern(comm: "kworker/u8", isPrefix: true)], values: [7]),
        TableRow(uid: 777, values: [7]), TableRow(cgroup: 1 << 40, values: [7]),
    ])
    func aPairThatAsksWhoTasksAre(_ row: TableRow) throws {
        let text = "layers_layers_row(policy, event)"
        let right = try twin(try build("Layers") { $0 })
        var policy = policy
        policy.pair = 1
        let inputs = SP_INPUT_COMM.rawValue | SP_INPUT_CGROUP.rawValue | SP_INPUT_UID.rawValue
        policy.burst = SP_BURST_PLAIN.rawValue | inputs << UInt32(SP_INPUTS_SHIFT)
        Self.layers.store([row], in: &policy)
        let names = row.comm.map { ($0.words[0].value, $0.words[1].value) }
        var events = [sp_event](repeating: sp_event(), count: 20_000)
        // It fits nobody, and everybody.
        for wrong in ["1", "0"] {
            let harness = Harness([
                try NativeLane(right),
                try NativeLane(twin(build("Layers") { $0.replacing(text, with: wrong) })),
            ])
            try harness.load(policy)
            for source in TraceSource.allCases {
                // Some traces have few tasks, or hardly an ordinary one.
                let isFound = try (UInt64(1)...8).contains { seed in
                    events.withUnsafeMutableBufferPointer {
                        source.fill($0, seed: seed, policy: policy, pair: nil, names: names)
                    }
                    return try events.withUnsafeBufferPointer { try harness.run($0) } != nil
                }
                #expect(isFound, "in no \(source.rawValue) trace, of \(wrong)")
            }
        }
    }

    /// The same of a name that the declaration says.
    @Test func aPairThatAsksForAName() throws {
        let text = "layers_layers_row(policy, event)"
        let twins = try ["layers_is_linker(event)", "0"].map { test in
            try twin(build("Layers", events: "names: {linker: ld}\n") { $0.replacing(text, with: test) })
        }
        var policy = policy
        policy.pair = 1
        policy.burst =
            SP_BURST_PLAIN.rawValue | SP_INPUT_COMM.rawValue << UInt32(SP_INPUTS_SHIFT)
        Self.layers.store([TableRow(values: [7]), TableRow(values: [8])], in: &policy)
        let harness = Harness(try twins.map { try NativeLane($0) })
        try harness.load(policy)
        var events = [sp_event](repeating: sp_event(), count: 20_000)
        events.withUnsafeMutableBufferPointer {
            TraceSource.realistic.fill($0, seed: 1, policy: policy, pair: nil, names: [(0x646c, 0)])
        }
        #expect(try events.withUnsafeBufferPointer { try harness.run($0) } != nil)
    }

    /// A pair with queues of its own, on random machines: where tasks wait, and who takes them.
    @Test(.enabled(if: geteuid() == 0, "needs root")) func aPairWithAQueueForEachCache() throws {
        let built = try build("Llc") { $0 }
        #expect(built.status == 0, "\(built.errors)")
        let twin = try twin(built)
        let wrong = try self.twin(
            try build("Llc") { $0.replacing("return sp_llc_of(sp_last(event))", with: "return 0") })
        var policy = policy
        policy.pair = 1
        policy.rate_max = SP_EACH_LLC.rawValue << UInt32(SP_QUEUES_EACH_SHIFT)
        let harness = Harness([try NativeLane(twin), try BytecodeLane(twin)])
        try harness.load(policy)
        let against = Harness([try NativeLane(twin), try NativeLane(wrong)])
        try against.load(policy)
        var events = [sp_event](repeating: sp_event(), count: 20_000)
        for source in TraceSource.allCases {
            for seed: UInt64 in 1...4 {
                events.withUnsafeMutableBufferPointer { source.fill($0, seed: seed, policy: policy) }
                #expect(try events.withUnsafeBufferPointer { try harness.run($0) } == nil)
            }
        }
        #expect(harness.account.actions[Int(SP_ACTION_SERVE.rawValue)] > 1000)
        #expect(try events.withUnsafeBufferPointer { try against.run($0) } != nil)
    }

    @Test(arguments: ["start", "enqueue", "running", "dispatch"])
    func aFunctionThatIsMissingIsNamed(function: String) throws {
        let built = try build { $0.replacing("void stride_\(function)(", with: "void stride_other(") }
        #expect(built.status == 1)
        #expect(
            built.errors.contains("error: stride.h lacks stride_\(function), the twin of Stride.\(function)"))
    }

    @Test(arguments: ["stopping", "tick", "changed"]) func aFunctionOfAWantedEventThatIsMissingIsNamed(
        function: String
    )
        throws
    {
        let built = try build("Bandwidth") {
            $0.replacing("void bandwidth_\(function)(", with: "void bandwidth_other(")
        }
        #expect(built.status == 1)
        let named = "error: bandwidth.h lacks bandwidth_\(function), the twin of Bandwidth.\(function): "
        #expect(built.errors.contains(named), "\(built.errors)")
    }

    /// Nobody would call it.
    @Test func aFunctionOfAnEventThatIsNotWantedIsRefused() throws {
        let function = "static sp_inline void stride_stopping(void)\n{\n}\n"
        let built = try build { function + $0 }
        #expect(built.status == 1)
        #expect(built.errors.contains("stride.h:1:23: error: stride_stopping is there"), "\(built.errors)")
    }

    /// What a machine decides by for which ticks matter.
    private static let longSlices = PairExecution.Functions(
        start: { _, _, _, _ in },
        enqueue: { _, _, task, event, decision in
            decision.pointee = .queue(event.pointee, task.pointee, key: event.pointee.now)
        },
        running: { _, _, task, event, decision in
            decision.pointee = .run(event.pointee, task.pointee, sliceNs: 20_000_000)
        },
        dispatch: { _, _, task, event, decision in
            decision.pointee = .serve(event.pointee, SP_QUEUE_REGULAR)
        },
        wanted: { _, _, _, event, decision in decision.pointee = .none(event.pointee) })

    /// A mistake in the function of an event that is wanted is noticed by every kind of trace.
    @Test(arguments: [
        (
            SP_EVENT_STOPPING, "stopping", "task.used", "task->used += event->used_ns;",
            "task->used += event->used_ns + 1;"
        ),
        (
            SP_EVENT_TICK, "tick", "decision.action", "task->used + event->used_ns >= policy",
            "task->used >= policy"
        ),
    ])
    func aMistakeInAWantedEventIsNoticed(
        _ kind: sp_event_kind, _ function: String, _ field: String, _ text: String, _ change: String
    ) throws {
        let right = try twin(try build("Bandwidth") { $0 })
        let wrong = try twin(try build("Bandwidth") { $0.replacing(text, with: change) })
        var policy = policy
        policy.pair = 1
        policy.slice = SP_SLICE_FIXED.rawValue | SP_ALONE_ASKED_BIT | SP_WANTS_BITS
        // Who weighs less than 10,000 may use 3 of 100 ms.
        (policy.slice_min_ns, policy.sleep_credit_ns, policy.rate_window_ns) = (
            3_000_000, 100_000_000, 20_000_000
        )
        policy.starvation_ns = 10_000
        let harness = Harness([try NativeLane(right), try NativeLane(wrong)])
        try harness.load(policy)
        for source in TraceSource.allCases {
            var events = [sp_event](repeating: sp_event(), count: 20_000)
            let machine = PairExecution(policy, sp_global(), Self.longSlices)
            events.withUnsafeMutableBufferPointer {
                source.fill($0, seed: 3, policy: policy, pair: machine, names: [])
            }
            let mismatch = try #require(try events.withUnsafeBufferPointer { try harness.run($0) })
            #expect(events[mismatch.index].kind == kind.rawValue)
            let report = DivergenceReport(
                lanes: ["right", "wrong"], trace: Trace(policy: policy, events: events), mismatch: mismatch,
                naming: ReportNaming(
                    pair: "bandwidth", type: "Bandwidth", task: [("began", 0, 8), ("used", 8, 8)], state: []))
            #expect(
                report.summary.contains("in answer to \(function.uppercased()): \(field)"),
                "\(report.summary)")
            #expect(report.summary.contains("bandwidth_\(function) in Sources/Bandwidth/bandwidth.h"))
        }
        let found = try #require(try Exhaustive(policy, depth: 2).run(on: harness))
        #expect(found.trace.events.last?.kind == kind.rawValue)
    }

    /// All events that may be wanted, in both executions of C, and in the program for BPF mode.
    @Test func allEventsThatMayBeWanted() throws {
        func functions(_ cpus: String) -> String {
            let arguments = "(const struct sp_policy *policy, struct sp_global *state, "
            let task = "struct sp_task *task, const struct sp_event *event"
            return """
                static sp_inline void stride_stopping\(arguments)\(task)) { task->pass += event->used_ns; }
                static sp_inline void stride_tick\(arguments)\(task), struct sp_decision *decision)
                { if (task->pass & 1) sp_give_way(event, decision); }
                static sp_inline void stride_changed\(arguments)\(task)) { task->pass += sp_allowed(event); }
                static sp_inline void stride_cpus\(arguments)const struct sp_event *event)
                { state->pass += \(cpus); }

                """
        }
        let events = "\nevents: [stopping, tick, changed, cpus]\n"
        let built = try build(events: events) { functions("event->cpu") + $0 }
        #expect(built.status == 0, "\(built.errors)")
        let right = try twin(built)
        let wrong = try twin(try build(events: events) { functions("1 + event->cpu") + $0 })
        var policy = policy
        policy.pair = 1
        policy.slice = SP_SLICE_FIXED.rawValue | SP_WANTS_BITS
        let against = Harness([try NativeLane(right), try NativeLane(wrong)])
        try against.load(policy)
        let same = Harness(
            geteuid() == 0
                ? [try NativeLane(right), try BytecodeLane(right)]
                : [try NativeLane(right), try NativeLane(right)])
        try same.load(policy)
        for source in TraceSource.allCases {
            var events = [sp_event](repeating: sp_event(), count: 20_000)
            events.withUnsafeMutableBufferPointer { source.fill($0, seed: 3, policy: policy) }
            #expect(try events.withUnsafeBufferPointer { try same.run($0) } == nil)
            let mismatch = try #require(try events.withUnsafeBufferPointer { try against.run($0) })
            #expect(events[mismatch.index].kind == SP_EVENT_CPUS.rawValue)
        }
        #expect(same.account.actions[Int(SP_ACTION_GIVE_WAY.rawValue)] > 100)
    }

    @Test func whatDoesNotCompileHasItsPlace() throws {
        let built = try build { $0.replacing("task->pass = earliest", with: "task->pas = earliest") }
        #expect(built.status == 1)
        #expect(built.errors.contains(#/stride\.h:\d+:\d+: error: no member named 'pas'/#), "\(built.errors)")
    }

    @Test func aTwinThatIsNotThereYetIsSaidWhereItIsAskedFor() throws {
        let built = try build(change: nil)
        #expect(built.status == 0)
        #expect(built.source.contains("c: .init(obstacle: \"there is no stride.h"))
    }

    /// What `pair-ir` makes of Examples/stride with a condition in its Swift.
    private func ir(_ condition: String, _ options: [String] = []) throws -> String {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appending(path: "pair-ir.\(UUID().uuidString)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: folder) }
        let (example, source) = (Self.folder(of: "Stride"), folder.appending(path: "Stride.swift"))
        let plain = "sliceNs: params.quantum_ns)"
        let text = try String(contentsOf: example.appending(path: "Stride.swift"), encoding: .utf8)
        try text.replacingOccurrences(
            of: "return .run(event, task, \(plain)",
            with:
                "\n\(condition)\nreturn .run(event, task, sliceNs: 77777)\n#endif\nreturn .run(event, task, \(plain)"
        ).write(to: source, atomically: true, encoding: .utf8)
        let (types, output) = (folder.appending(path: "Types.swift"), folder.appending(path: "IR.swift"))
        let (bpf, declaration) = (
            Self.root.appending(path: "bpf").path, example.appending(path: "stride.yaml").path
        )
        let library = Self.root.appending(path: "Sources/PolicyModel")
        let sources = try files.contentsOfDirectory(atPath: library.path).filter { $0.hasSuffix(".swift") }
            .map { library.appending(path: $0).path }
        for arguments in [
            ["declare", folder.path, declaration, "Stride", types.path],
            [
                "pair-ir", folder.path, bpf, declaration, example.appending(path: "stride.h").path, "Stride",
                output.path, source.path, types.path,
            ] + sources + options,
        ] {
            let tool = Process()
            tool.executableURL = try OwnPolicy.products().appending(path: "build-pair")
            tool.arguments = arguments
            try tool.run()
            tool.waitUntilExit()
            #expect(tool.terminationStatus == 0)
        }
        return try String(contentsOf: output, encoding: .utf8)
    }

    /// The proof is of what the build makes: with its conditions, and not where these are unknown.
    @Test func theProofKnowsTheConditionsOfTheBuild() throws {
        #expect(try ir("#if SWIFT_PACKAGE").contains("77777"))
        #expect(try !ir("#if FASTER").contains("77777"))
        #expect(try ir("#if FASTER", ["-DFASTER"]).contains("77777"))
        let unknown = try ir("#if DEBUG")
        #expect(unknown.contains("obstacle: ") && unknown.contains("Stride.swift:"), "\(unknown.prefix(300))")
    }
}
