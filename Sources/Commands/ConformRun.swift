// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import KernelLink
import Output
import PolicyModel
import PolicyText

/// One run of `conform`: the lanes, and what is done with them.
struct ConformRun {
    let options: ConformOptions
    let seed: UInt64
    let harness: Harness
    private let kinds: [LaneKind]
    private let begin = ContinuousClock.now

    /// - Throws: status 77 if a lane that is asked for cannot run here, before anything is decided.
    init(_ options: ConformOptions, seed: UInt64) throws(Failure) {
        self.options = options
        self.seed = seed
        var lanes: [any Lane] = []
        kinds = options.lanes?.kinds ?? Self.lanesOfThisBuild()
        if let obstacle = Program.pair?.c.obstacle, kinds.contains(where: \.isC) {
            throw Self.lacksTwin(obstacle)
        }
        for kind in kinds {
            do throws(LaneError) {
                lanes.append(try Program.lane(kind))
            } catch {
                throw Failure(error)
            }
        }
        harness = Harness(lanes)
    }

    /// All lanes. Without the Swift policy as bytecode, which not every toolchain can make, it says so.
    private static func lanesOfThisBuild() -> [LaneKind] {
        var kinds = LaneKind.allCases
        if let obstacle = (Program.pair?.swift ?? .ofDescription).obstacle {
            ConformOutput.note("without the lane swift-bytecode: \(Printable.line(obstacle))")
            kinds.removeAll { $0 == .swiftBytecode }
        }
        return kinds
    }

    /// Random traces.
    func campaign(_ task: ConformTask) throws(Failure) {
        let isRandom = options.policy.isEmpty || options.policy.contains("random")
        var plan = Campaign.Plan(seed: seed, subjects: try subjects())
        plan.hasRandomSubjects = isRandom
        if let pair = Program.pair {
            plan.makeRandom = { randomPolicy(using: &$0) }
            plan.makePair = { pair.execution($0) }
            plan.names = { pair.names(of: $0) }
        }
        plan.events = task.events ?? (task.seconds == nil && task.round == nil ? 20_000_000 : nil)
        plan.seconds = task.seconds?.seconds
        plan.shard = task.shard?.index ?? 0
        plan.shards = task.shard?.count ?? 1
        plan.round = task.round
        ConformOutput.note("seed \(seed)")
        Interruption.watch()
        let finding = try deciding { progress throws(LaneError) in
            try Campaign(plan, on: harness).run {
                progress.tell()
                return Interruption.name == nil
            }
        }
        if let finding {
            let found = Found(
                name: finding.subject.name, trace: finding.trace, mismatch: finding.mismatch,
                origin: "\(finding.source.rawValue) trace of round \(finding.round), seed \(seed)",
                command: command("--round \(finding.round)"),
                file: "divergence-\(seed)-\(finding.round).trace")
            throw try report(found)
        }
        let done = harness.account.events
        let isLess = task.events.map { done < $0 } ?? false
        try summarise(missing: isLess ? "time is up: \(done) of \(task.events ?? 0) events" : nil)
    }

    /// All traces of a length.
    func exhaust(depth: Int, seconds: Double?) throws(Failure) {
        let subjects = try fixedSubjects()
        Interruption.watch()
        for (number, subject) in subjects.enumerated() {
            let all = Exhaustive(
                subject.policy, depth: depth, names: Program.pair?.names(of: subject.policy) ?? [])
            ConformOutput.note("\(Printable.line(subject.name)): \(all.traces) traces of \(depth) events")
            let before = harness.account.traces
            let found = try deciding { progress throws(LaneError) in
                try harness.load(subject.policy)
                return try all.run(on: harness) {
                    progress.tell()
                    if Interruption.name != nil { return false }
                    return seconds.map { elapsed < $0 } ?? true
                }
            }
            if let found {
                throw try report(
                    Found(
                        name: subject.name, trace: found.trace, mismatch: found.mismatch,
                        origin: "one of all traces of \(depth) events",
                        command: command("--exhaustive \(depth)"),
                        file: "divergence-\(Self.fileName(subject.name))-depth-\(depth).trace"))
            }
            let decided = harness.account.traces - before
            guard decided < all.traces else { continue }
            let left = subjects[(number + 1)...].map { Printable.line($0.name) }.joined(separator: ", ")
            try summarise(
                missing: "time is up: \(decided) of \(all.traces) traces of \(Printable.line(subject.name))"
                    + (left.isEmpty ? "" : ", and none of \(left)"))
        }
        try summarise()
    }

    /// What of a policy's name or path can stand in a file's name.
    private static func fileName(_ name: String) -> String {
        let last = name.split(separator: "/").last ?? "policy"
        let plain = "0123456789-_".unicodeScalars
        return String(
            last.unicodeScalars.prefix(64).map { scalar in
                let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || plain.contains(scalar))
                return isPlain ? Character(scalar) : "_"
            })
    }

    /// A trace of a file.
    func replay(_ path: String) throws(Failure) {
        let file = try Program.trace(path)
        try requireTwins(file.trace.policy, name: path)
        let verdict = try deciding { _ throws(LaneError) in
            try Replay(on: harness).run(file)
        }
        switch verdict {
        case .same:
            try summarise(missing: file.trace.events.isEmpty ? "the trace has no events" : nil)
        case .differ(let mismatch):
            var trace = file.trace
            let isLast = mismatch.index == trace.events.count - 1
            trace.events = Array(trace.events[...mismatch.index])
            var found = Found(
                name: path, trace: trace, mismatch: mismatch, origin: "recorded trace",
                command: Program.replay(path) + lanesOption, file: nil)
            if isLast { found.missing = nil }
            throw try report(found)
        case .changed:
            if options.json { Console.write(ConformSummary(self, .changed).json().text() + "\n") }
            throw Failure(
                """
                \(Printable.line(path)): the lanes agree, and decide otherwise than when the trace was recorded. \
                If that is meant, record it again.
                """,
                .diverged)
        }
    }

    /// What is no trace of ours, an older one at least, is not replaced by one. Of an empty file nothing is lost.
    private static func requireTrace(orNothingAt path: String) throws(Failure) {
        let ours = TraceFile(trace: Trace(policy: sp_policy(), events: [])).encoded().prefix(8)
        guard let beginning = InputFile.beginning(of: path, count: ours.count), !beginning.isEmpty,
            beginning != Array(ours)
        else { return }
        throw Failure(
            "\(Printable.path(path)): there is a file that is no trace: remove it first", .cannotCreate)
    }

    /// A random trace into a file.
    func record(_ path: String, source: TraceSource, events count: Int) throws(Failure) {
        try Self.requireTrace(orNothingAt: path)
        let subjects = try fixedSubjects()
        guard subjects.count == 1, let subject = subjects.first else {
            throw Failure("--record needs exactly one --policy", .usage)
        }
        var events = [sp_event](repeating: sp_event(), count: count)
        events.withUnsafeMutableBufferPointer {
            source.fill(
                $0, seed: seed, policy: subject.policy, pair: Program.pair?.execution(subject.policy),
                names: Program.pair?.names(of: subject.policy) ?? [])
        }
        let trace = Trace(policy: subject.policy, events: events)
        let file = try deciding { _ throws(LaneError) in
            try Replay(on: harness).record(trace)
        }
        guard file.digest != 0 else {
            throw Failure("the lanes differ on this trace: run conform to see how", .diverged)
        }
        do throws(TraceFileError) {
            try file.save(to: path)
        } catch {
            throw Failure("\(Printable.path(path)): \(error)", .cannotCreate)
        }
        ConformOutput.note("\(Printable.line(path)): \(count) events, \(source.rawValue), seed \(seed)")
    }

    var elapsed: Double { (ContinuousClock.now - begin) / .seconds(1) }

    private func deciding<Result>(
        _ body: (inout ConformProgress) throws(LaneError) -> Result
    ) throws(Failure) -> Result {
        var progress = ConformProgress(harness)
        do throws(LaneError) {
            return try body(&progress)
        } catch {
            throw Failure(error)
        }
    }

    private func subjects() throws(Failure) -> [Campaign.Subject] {
        var names = options.policy.filter { $0 != "random" }
        if options.policy.isEmpty {
            do throws(PolicyError) {
                names = try PolicySource.shipped().map(\.name)
            } catch {
                throw Failure(error)
            }
        }
        var subjects: [Campaign.Subject] = []
        for name in names {
            let description = try Self.load(name, options.settings)
            try requireTwins(description.policy, name: description.name)
            subjects.append(.init(name: name, policy: description.policy))
        }
        return subjects
    }

    /// The same where there are no rounds: `random` stands for one policy, made from the seed.
    private func fixedSubjects() throws(Failure) -> [Campaign.Subject] {
        var subjects = try subjects()
        if options.policy.contains("random") {
            var random = SplitMix64(seed: seed)
            let policy: sp_policy =
                Program.pair == nil ? .random(using: &random) : randomPolicy(using: &random)
            subjects.append(.init(name: "random", policy: policy))
            ConformOutput.note("seed \(seed)")
        }
        return subjects
    }

    private static func load(
        _ name: String, _ settings: [String]
    ) throws(Failure) -> PolicyDescription {
        do throws(PolicyError) {
            return try PolicySource.load(nameOrPath: name, settings: settings)
        } catch {
            throw Failure(error)
        }
    }

    /// The command line that does the same again, which a shell takes as it is.
    private func command(_ task: String) -> String {
        var words = ["\(Program.invocation) conform \(task)"]
        if task.hasPrefix("--round") || options.policy.contains("random") { words.append("--seed \(seed)") }
        words += options.policy.map { Program.option("--policy", $0) }
        words += options.settings.map { Program.option("--set", $0) }
        return words.joined(separator: " ") + lanesOption
    }

    /// The lanes that were asked for: others may not differ.
    var lanesOption: String {
        options.lanes.map { " --lanes \($0.text)" } ?? ""
    }

    /// Lanes of which one does not know a rule have to differ, which says nothing.
    private func requireTwins(_ policy: sp_policy, name: String) throws(Failure) {
        guard kinds.contains(where: \.isC), let missing = RunCommand.missingTwins(policy, name: name) else {
            return
        }
        throw Self.lacksTwin(missing)
    }

    private static func lacksTwin(_ missing: String) -> Failure {
        Failure(
            "\(Printable.line(missing)); --lanes swift,swift-bytecode compares Swift with itself, or write the twin (docs/NEW-POLICY.md says how)",
            .configuration)
    }
}

extension Failure {
    init(_ error: LaneError) {
        switch error {
        case .missing(let lane, _) where lane == LaneKind.swiftBytecode.rawValue:
            let isBuilt = (Program.pair?.swift ?? .ofDescription).obstacle == nil
            self.init(
                "\(error). Without it: --lanes \(isBuilt ? "swift,native" : "swift,native,bytecode")",
                isBuilt ? .noPermission : .unavailable)
        case .missing: self.init("\(error). Without it: --lanes swift,native", .noPermission)
        case .failed: self.init(error.description, .software)
        case .refused: self.init(error.description, .configuration)
        }
    }

    init(_ error: TraceFileError, _ path: String) {
        let code: Code =
            switch error {
            case .system: .noInput
            case .noPermission: .noPermission
            default: .badData
            }
        self.init("\(Printable.path(path)): \(error)", code)
    }
}
