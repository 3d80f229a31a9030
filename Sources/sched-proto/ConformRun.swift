// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Conformance
import Foundation
import PolicyModel
import PolicyText

/// One run of `conform`: the lanes, and what is done with them.
struct ConformRun {
    let options: ConformOptions
    let seed: UInt64
    let harness: Harness
    private let begin = ContinuousClock.now

    /// - Throws: status 77 if a lane that is asked for cannot run here, before anything is decided.
    init(_ options: ConformOptions, seed: UInt64) throws(Failure) {
        self.options = options
        self.seed = seed
        var lanes: [any Lane] = []
        for kind in options.lanes.kinds {
            do throws(LaneError) {
                lanes.append(try kind.makeLane())
            } catch {
                throw Failure(error, options)
            }
        }
        harness = Harness(lanes)
    }

    /// Random traces.
    func campaign(_ task: ConformTask) throws(Failure) {
        let isRandom = options.policy.isEmpty || options.policy.contains("random")
        var plan = Campaign.Plan(seed: seed, subjects: try subjects())
        plan.hasRandomSubjects = isRandom
        plan.events = task.events ?? (task.seconds == nil && task.round == nil ? 20_000_000 : nil)
        plan.seconds = task.seconds?.seconds
        plan.shard = task.shard.index
        plan.shards = task.shard.count
        plan.round = task.round
        ConformOutput.note("seed \(seed)")
        let finding = try deciding { progress throws(LaneError) in
            try Campaign(plan, on: harness).run { progress.tell() }
        }
        if let finding {
            let found = Found(
                name: finding.subject.name, trace: finding.trace, mismatch: finding.mismatch,
                origin: "\(finding.source.rawValue) trace of round \(finding.round), seed \(seed)",
                command: command("--round \(finding.round)"),
                file: "divergence-\(seed)-\(finding.round).trace")
            throw try report(found)
        }
        summarise()
    }

    /// All traces of a length.
    func exhaust(depth: Int, seconds: Double?) throws(Failure) {
        for subject in try fixedSubjects() {
            let all = Exhaustive(subject.policy, depth: depth)
            ConformOutput.note("\(subject.name): \(all.traces) traces of \(depth) events")
            let found = try deciding { progress throws(LaneError) in
                try harness.load(subject.policy)
                return try all.run(on: harness) {
                    progress.tell()
                    return seconds.map { elapsed < $0 } ?? true
                }
            }
            if let found {
                throw try report(
                    Found(
                        name: subject.name, trace: found.trace, mismatch: found.mismatch,
                        origin: "one of all traces of \(depth) events",
                        command: command("--exhaustive \(depth)"),
                        file: "divergence-\(subject.name)-depth-\(depth).trace"))
            }
            if let seconds, elapsed >= seconds {
                ConformOutput.note("time is up: not all traces were decided")
                break
            }
        }
        summarise()
    }

    /// A trace of a file.
    func replay(_ path: String) throws(Failure) {
        let file: TraceFile
        do throws(TraceFileError) {
            file = try TraceFile(path: path)
        } catch {
            throw Failure(error, path)
        }
        try RunCommand.requireTwins(file.trace.policy, name: path)
        let verdict = try deciding { _ throws(LaneError) in
            try Replay(on: harness).run(file)
        }
        switch verdict {
        case .same:
            summarise()
        case .differ(let mismatch):
            var trace = file.trace
            trace.events = Array(trace.events[...mismatch.index])
            throw try report(
                Found(
                    name: path, trace: trace, mismatch: mismatch, origin: "recorded trace",
                    command: command("--replay \(path)"), file: nil))
        case .changed:
            throw Failure(
                """
                \(path): the lanes agree, and decide otherwise than when the trace was recorded. \
                If that is meant, record it again.
                """,
                .diverged)
        }
    }

    /// A random trace into a file.
    func record(_ path: String, source: TraceSource, events count: Int) throws(Failure) {
        let subjects = try fixedSubjects()
        guard subjects.count == 1, let subject = subjects.first else {
            throw Failure("--record needs exactly one --policy", .usage)
        }
        var events = [sp_event](repeating: sp_event(), count: count)
        events.withUnsafeMutableBufferPointer {
            source.fill($0, seed: seed, policy: subject.policy)
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
            throw Failure("\(path): \(error)", .cannotCreate)
        }
        ConformOutput.note("\(path): \(count) events, \(source.rawValue), seed \(seed)")
    }

    var elapsed: Double { (ContinuousClock.now - begin) / .seconds(1) }

    private func deciding<Result>(
        _ body: (inout ConformProgress) throws(LaneError) -> Result
    ) throws(Failure) -> Result {
        var progress = ConformProgress(harness)
        do throws(LaneError) {
            return try body(&progress)
        } catch {
            throw Failure(error, options)
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
            // Lanes of which one does not know a rule have to differ, which says nothing.
            try RunCommand.requireTwins(description)
            subjects.append(.init(name: name, policy: description.policy))
        }
        return subjects
    }

    /// The same where there are no rounds: `random` stands for one policy, made from the seed.
    private func fixedSubjects() throws(Failure) -> [Campaign.Subject] {
        var subjects = try subjects()
        if options.policy.contains("random") {
            var random = SplitMix64(seed: seed)
            subjects.append(.init(name: "random", policy: .random(using: &random)))
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

    /// The command line that does the same again.
    private func command(_ task: String) -> String {
        var words = ["sched-proto conform", task]
        if !task.hasPrefix("--replay") { words.append("--seed \(seed)") }
        words += options.policy.map { "--policy \($0)" }
        words += options.settings.map { "--set '\($0)'" }
        if options.lanes.kinds != LaneKind.allCases { words.append("--lanes \(options.lanes.text)") }
        return words.joined(separator: " ")
    }
}

extension Failure {
    init(_ error: LaneError, _ options: ConformOptions) {
        switch error {
        case .missing(let lane, _):
            let others = LaneKind.allCases.map(\.rawValue).filter { $0 != lane }
            self.init(
                "\(error). Without it: --lanes \(others.joined(separator: ","))", .noPermission)
        case .failed:
            self.init(error.description, .software)
        }
    }

    fileprivate init(_ error: TraceFileError, _ path: String) {
        if case .system = error {
            self.init("\(path): \(error)", .noInput)
        } else {
            self.init("\(path): \(error)", .badData)
        }
    }
}
