// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Conformance
import Output
import PolicyModel
import PolicyText

struct ConformCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conform",
        abstract: "Compare the executions of a policy: Swift and C, both natively and as BPF bytecode.",
        discussion: """
            Random traces are decided by all lanes, and every byte of every answer is compared. The lanes \
            are swift, native (C for this machine), bytecode (C in the kernel), and swift-bytecode (the same \
            Swift, compiled for BPF, in the kernel), which is left out, and that is said, where the build \
            could not make it.

            SIGINT and SIGTERM end it behind the present trace: the figures so far are printed, as those of less \
            than was asked for, and it ends by that signal. A second one ends it at once.

            With --json, what ends it before there is a result is an object too: version, type (error), status \
            and message.

            Exit status: 0 if all agree, 4 if they differ, 5 if they agree on less than was asked for \
            (time that was up before all of --exhaustive or --events, a trace without events), 64 wrong usage, 65 for a wrong \
            description, or a trace file that is damaged or of another version, 66 no such policy or file, 70 a lane \
            failed, 73 a trace cannot be recorded, 74 standard output cannot be written, 69 or 77 if a lane cannot \
            run here, 77 also if a file may not be read, 78 if a policy \
            uses a rule that has no C twin yet, unless only \
            --lanes swift,swift-bytecode are compared.
            """)

    @OptionGroup var what: ConformOptions
    @OptionGroup var task: ConformTask

    func validate() throws {
        if let contradiction = task.contradiction(with: what) { throw ValidationError(contradiction) }
    }

    func run() {
        Failure.ending(json: what.json) { () throws(Failure) in
            var random = SystemRandomNumberGenerator()
            let seed = what.seed ?? random.next() >> 16
            let run = try ConformRun(what, seed: seed)
            if let path = task.replay {
                try run.replay(path)
            } else if let path = task.record {
                try run.record(
                    path, source: task.hostile ? .hostile : .realistic, events: task.events ?? 200)
            } else if let depth = task.exhaustive {
                try run.exhaust(depth: depth, seconds: task.seconds?.seconds)
            } else {
                try run.campaign(task)
            }
        }
    }
}

/// What is compared, and how it is told.
struct ConformOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A shipped policy, a description's file, or 'random'. Repeatable.",
            discussion: "Default: all shipped ones and random ones in turn.",
            valueName: "name|file"), completion: Completion.subjects)
    var policy: [String] = []

    @Option(
        name: .customLong("set"), help: "Replace a value of each policy: key=value. Repeatable.",
        completion: Completion.settings)
    var settings: [String] = []

    @Option(help: "Seed of the random policies and traces. Default: a random one, printed.")
    var seed: UInt64?

    @Option(
        help:
            "Lanes to compare, two or more of swift, native, bytecode, swift-bytecode. Default: all that the build made.",
        completion: Completion.lanes)
    var lanes: LaneList?

    @Flag(help: "Print the summary, and a divergence, as JSON.")
    var json = false
}

/// What is done. Nothing of it: random traces.
struct ConformTask: ParsableArguments {
    @Option(
        help:
            "Events to decide; with --for in that time, else it ends with status 5. Default: 20000000, with --for no limit."
    )
    var events: Int?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("Time to go on for, as in 90s, 10m or 8h; up to 365d.", valueName: "duration"))
    var seconds: Period?

    @Option(
        help: ArgumentHelp(
            "Do every n-th round, from the i-th (0...n-1). Default: 0/1.", valueName: "i/n"))
    var shard: Shard?

    @Option(help: "Do this round only.")
    var round: Int?

    @Option(
        help: ArgumentHelp("Decide a recorded trace again.", valueName: "file"),
        completion: .file(extensions: ["trace"]))
    var replay: String?

    @Option(
        help: ArgumentHelp("Record a trace of one policy, of --events events.", valueName: "file"),
        completion: .file())
    var record: String?

    @Flag(help: "With --record: events at all bounds, in place of what a machine might send.")
    var hostile = false

    @Option(help: ArgumentHelp("Decide all traces of so many events (1...8).", valueName: "depth"))
    var exhaustive: Int?

    func validate() throws {
        let tasks = [replay != nil, record != nil, exhaustive != nil, round != nil]
        if tasks.count(where: { $0 }) > 1 {
            throw ValidationError("--replay, --record, --exhaustive and --round exclude each other")
        }
        if let events, events < 1 { throw ValidationError("--events: 1 or more") }
        if record != nil, let events, events > Campaign.traceEventsMax {
            throw ValidationError("--events: at most \(Campaign.traceEventsMax) with --record")
        }
        if let round, round < 0 { throw ValidationError("--round: 0 or more") }
        if let exhaustive, !(1...8).contains(exhaustive) {
            throw ValidationError("--exhaustive: 1...8")
        }
    }
}

/// Names of lanes, separated by commas.
struct LaneList: ExpressibleByArgument {
    let kinds: [LaneKind]

    init(kinds: [LaneKind]) {
        self.kinds = kinds
    }

    init?(argument: String) {
        let names = argument.split(separator: ",", omittingEmptySubsequences: false)
        let kinds = names.compactMap { LaneKind(rawValue: String($0)) }
        guard kinds.count == names.count, kinds.count >= 2, Set(kinds).count == kinds.count else {
            return nil
        }
        self.kinds = kinds
    }

    var text: String { kinds.map(\.rawValue).joined(separator: ",") }
}

/// `i/n`: one part of several.
struct Shard: ExpressibleByArgument {
    let index: Int
    let count: Int

    init(index: Int, count: Int) {
        self.index = index
        self.count = count
    }

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let index = parts[0], let count = parts[1],
            (1...1_000_000).contains(count), (0..<count).contains(index)
        else { return nil }
        self.index = index
        self.count = count
    }

    var defaultValueDescription: String { "\(index)/\(count)" }
}

/// Seconds, as a number or with a unit: `1.5`, `500ms`, `90s`, `10m`, `8h`.
struct Seconds: ExpressibleByArgument {
    let count: Double

    init?(argument: String) {
        let units: [(suffix: String, seconds: Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
        let unit = units.first { argument.hasSuffix($0.suffix) }
        guard let number = Double(argument.dropLast(unit?.suffix.count ?? 0)), number.isFinite else {
            return nil
        }
        count = number * (unit?.seconds ?? 1)
    }
}

/// A time such as `90s`, `10m` or `8h`, up to a year.
package struct Period: ExpressibleByArgument {
    package let seconds: Double

    package init?(argument: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let last = argument.last, let unit = units[last],
            let number = Int(argument.dropLast()), number >= 1
        else { return nil }
        seconds = Double(number) * unit
        guard seconds <= 31_536_000 else { return nil }
    }
}
