// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import Mutation
import Output
import Pairs
import Prove

/// All mutants of a pair's twins, and what became of them.
struct PairMutants {
    /// Seconds after which a mutant counts as one that never ends, if the twin as it stands takes a twentieth of it; and
    /// after which the prover gives up.
    private static let traceSeconds = 120, proofSeconds = 600
    /// For the twin as it stands.
    private static let traceSecondsMax = 3600

    private enum Verdict {
        /// Not judged: a signal came before.
        case pending
        case uncompiled, rejected, equivalent
        /// By the proof, for the input told.
        case different(String)
        case survived(String)
    }

    private let pair: Pair
    private let command: MutantsCommand

    init(_ pair: Pair, _ command: MutantsCommand) { (self.pair, self.command) = (pair, command) }

    func run() throws(Failure) {
        let work = NSTemporaryDirectory() + "/\(pair.name)-mutants-\(UUID())"
        Interruption.watch()
        try campaigns(work)
        if Interruption.name != nil { Interruption.end() }
    }

    private func campaigns(_ work: String) throws(Failure) {
        defer { try? FileManager.default.removeItem(atPath: work) }
        if command.judge != .traces {
            do throws(Solver.Unavailable) {
                _ = try Solver(program: "z3")
            } catch {
                throw Failure(
                    "\(Printable.line(error.description)); 'make setup' of sched-proto installs it, or let traces alone judge: --judge traces",
                    .unavailable)
            }
        }
        let builds = try PairMutantBuilds(pair, package: command.package, work: work)
        var unclear = 0, judged = 0
        for twin in Twin.allCases where command.only == nil || command.only == twin.rawValue {
            let began = ContinuousClock.now
            try expectAsBuilt(twin, builds)
            let seconds = Int((ContinuousClock.now - began).components.seconds)
            let (survivors, count) = campaign(twin, builds, seconds: max(Self.traceSeconds, 20 * seconds))
            unclear += survivors
            judged += count
            if Interruption.name != nil { return }
        }
        guard unclear == 0 else {
            throw Failure("\(unclear) survived: neither rejected nor proven to decide the same", .incomplete)
        }
        guard judged > 0 else { throw Failure("no mutant was judged: none compiles", .incomplete) }
    }

    /// Else all would be rejected, and nothing shown by it.
    private func expectAsBuilt(_ twin: Twin, _ builds: PairMutantBuilds) throws(Failure) {
        let number = -1
        defer { builds.remove(twin, number) }
        guard let library = builds.library(of: twin, nil, number: number, loudly: true) else {
            throw Failure(
                "the \(twin.rawValue) twin in \(Printable.line(builds.folder)) does not compile by itself (what its compiler says stands above; a condition of the package's own, '.define', is not known here)",
                .configuration)
        }
        let status = judge(library, seconds: Self.traceSecondsMax)
        if status == PairMutantJudge.Verdict.same.rawValue || Interruption.name != nil { return }
        guard status == PairMutantJudge.Verdict.different.rawValue else {
            throw Failure(
                "the \(twin.rawValue) twin cannot be judged as it stands: the process that does it ended with \(status), after \(Self.traceSecondsMax) s at most; try fewer --events",
                .software)
        }
        throw Failure(
            "the \(twin.rawValue) twin in \(Printable.line(builds.folder)) decides differently from this program as it stands: build it, and see what 'conform' says",
            .configuration)
    }

    /// - Returns: how many are neither rejected nor proven equivalent, and how many compiled.
    private func campaign(
        _ twin: Twin, _ builds: PairMutantBuilds, seconds: Int
    ) -> (unclear: Int, compiled: Int) {
        let all = builds.mutations(twin)
        let chosen = all.enumerated().filter { $0.offset % command.every == 0 }.map(\.element)
        Console.write("\(twin.rawValue): \(chosen.count) of \(all.count) mutants\n")
        var counts = (pending: 0, uncompiled: 0, traces: 0, proof: 0, equivalent: 0, unclear: 0)
        for (mutation, verdict) in zip(chosen, judgeAll(chosen, twin, builds, seconds)) {
            let identity = Printable.line(mutation.identity)
            switch verdict {
            case .pending: counts.pending += 1
            case .uncompiled: counts.uncompiled += 1
            case .rejected: counts.traces += 1
            case .equivalent:
                counts.equivalent += 1
                Console.write("equivalent (proven)\t\(identity)\n")
            case .different(let input):
                counts.proof += 1
                // Alone it is all there is to see; behind the traces, what they did not come across.
                if command.judge == .both {
                    Console.write("rejected by the proof, not by traces\t\(identity)\n    \(input)\n")
                }
            case .survived(let reason):
                counts.unclear += 1
                Console.write("SURVIVED\t\(identity) (line \(mutation.line))\n    \(reason)\n")
            }
        }
        let compiled = chosen.count - counts.uncompiled - counts.pending
        Console.write(
            "\(twin.rawValue): \(compiled) mutants compiled (\(counts.uncompiled) did not), "
                + "\(counts.traces) rejected by traces, \(counts.proof) by the proof, "
                + "\(counts.equivalent) proven equivalent, \(counts.unclear) neither\n"
                + (counts.pending > 0 ? "interrupted: \(counts.pending) were not judged\n" : ""))
        return (counts.unclear, compiled)
    }

    private func judgeAll(
        _ mutations: [Mutation], _ twin: Twin, _ builds: PairMutantBuilds, _ seconds: Int
    ) -> [Verdict] {
        nonisolated(unsafe) let verdicts = UnsafeMutablePointer<Verdict>.allocate(
            capacity: max(mutations.count, 1))
        verdicts.initialize(repeating: .pending, count: mutations.count)
        defer {
            verdicts.deinitialize(count: mutations.count)
            verdicts.deallocate()
        }
        let jobs = command.jobs
        // Each thread has indices of its own.
        DispatchQueue.concurrentPerform(iterations: jobs) { job in
            for number in stride(from: job, to: mutations.count, by: jobs) {
                let verdict = verdict(mutations[number], twin, builds, number, seconds)
                // What was at work when the signal came may have had it too.
                if Interruption.name != nil { return }
                verdicts[number] = verdict
                if number % 50 == 0 {
                    ConformOutput.note("\(twin.rawValue): \(number) of \(mutations.count)")
                }
            }
        }
        return (0..<mutations.count).map { verdicts[$0] }
    }

    private func verdict(
        _ mutation: Mutation, _ twin: Twin, _ builds: PairMutantBuilds, _ number: Int, _ seconds: Int
    ) -> Verdict {
        defer { builds.remove(twin, number) }
        if command.judge != .prover {
            guard let library = builds.library(of: twin, mutation, number: number) else { return .uncompiled }
            switch judge(library, seconds: seconds) {
            case PairMutantJudge.Verdict.same.rawValue: break
            // By a signal: a trap, or one that never ends, where the twin as it stands does.
            case PairMutantJudge.Verdict.different.rawValue, 129...: return .rejected
            case let status: return .survived("not judged: the process that does it ended with \(status)")
            }
            if Interruption.name != nil { return .pending }
            if command.judge == .traces { return .survived("traces do not show a difference") }
        }
        guard let ir = builds.ir(of: twin, mutation, number: number) else {
            return command.judge == .prover ? .uncompiled : .survived("no LLVM IR can be made of it")
        }
        if Interruption.name != nil { return .pending }
        let (status, text) = Subprocess.captured(
            Self.limited(Self.proofSeconds) + ["mutants", "--only", twin.rawValue, "--judge-ir", ir])
        switch PairMutantJudge.Verdict(rawValue: status) {
        case .same: return .equivalent
        case .different: return .different(text)
        case .notProven: return .survived("not proven: \(text)")
        case nil: return .survived("not proven: the prover ended with \(status)")
        }
    }

    /// The status of the process that judges it.
    private func judge(_ library: String, seconds: Int) -> Int32 {
        Subprocess.status(
            Self.limited(seconds)
                + ["mutants", "--events", "\(command.events)", "--judge-library", library])
    }

    /// This program, ended after so many seconds.
    private static func limited(_ seconds: Int) -> [String] {
        ["timeout", "--signal=KILL", "\(seconds)", "/proc/\(getpid())/exe"]
    }
}
