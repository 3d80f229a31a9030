// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Conformance
import Foundation
import Mutation

/// Builds wrong twins mechanically, and shows that each is rejected, or no wrong one.
struct PolicyMutants: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Mutates the C and the Swift policy; the harness and the prover judge.",
        discussion: """
            Traces reject most mutants. Of each that they do not, it is proven that it decides the same for all \
            inputs, or an input is found for which it does not. With --judge prover the proof alone has to do it.

            Exit status: 0 all rejected or proven equivalent, 1 one that is neither.
            """)

    enum Judges: String, ExpressibleByArgument, CaseIterable {
        case both, traces, prover
    }

    @Option(help: "The checkout.") var checkout = "."
    @Option(help: "Only this side: c or swift.") var only: String?
    @Option(help: "Only every Nth mutant, 1...1000.") var every = 1
    @Option(help: "Builds at one time, 1...64.") var jobs = 2
    @Option(help: "Who judges: traces, then the prover of those that are left; or one of them alone.")
    var judge = Judges.both
    @Option(help: .hidden) var judgeLibrary: String?
    @Option(help: .hidden) var judgeIr: String?

    private enum Verdict {
        case uncompiled, rejected, equivalent
        /// By the prover, for the input told.
        case different(String)
        case survived(String)
    }

    func validate() throws {
        if let only, Side(rawValue: only) == nil { throw ValidationError("--only \(only): c or swift") }
        guard (1...1000).contains(every) else { throw ValidationError("--every \(every): 1...1000") }
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs \(jobs): 1...64") }
    }

    func run() throws {
        // A process of its own for each mutant: it may trap.
        if let judgeLibrary { throw ExitCode(try Judge.rejects(library: judgeLibrary) ? 4 : 0) }
        if let judgeIr {
            let (verdict, text) = ProofJudge(side: only.flatMap(Side.init) ?? .c).judge(ir: judgeIr)
            print(text)
            throw ExitCode(verdict.rawValue)
        }
        var unclear = 0
        for side in Side.allCases where only == nil || only == side.rawValue {
            unclear += try campaign(side)
        }
        if unclear > 0 { throw ExitCode(1) }
    }

    /// Runs all mutants of one side; how many are neither rejected nor proven equivalent.
    private func campaign(_ side: Side) throws -> Int {
        let folder = NSTemporaryDirectory() + "mutants-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let builds = Builds(checkout: checkout, folder: folder)
        let all = try mutations(side)
        let chosen = all.enumerated().filter { $0.offset % every == 0 }.map(\.element)
        print("\(side.rawValue): \(chosen.count) of \(all.count) mutants")
        var counts = (uncompiled: 0, traces: 0, proof: 0, equivalent: 0, unclear: 0)
        for (mutation, verdict) in zip(chosen, judgeAll(chosen, side, builds)) {
            switch verdict {
            case .uncompiled: counts.uncompiled += 1
            case .rejected: counts.traces += 1
            case .equivalent:
                counts.equivalent += 1
                print("equivalent (proven)\t\(mutation.identity)")
            case .different(let input):
                counts.proof += 1
                // Alone it is all there is to see; behind the traces, a hole in them.
                if judge == .both {
                    print("rejected by the proof, not by traces\t\(mutation.identity)\n\(input.indented)")
                }
            case .survived(let reason):
                counts.unclear += 1
                print("SURVIVED\t\(mutation.identity) (line \(mutation.line))\n\(reason.indented)")
            }
        }
        print(
            "\(side.rawValue): \(chosen.count - counts.uncompiled) mutants compiled (\(counts.uncompiled) did not), "
                + "\(counts.traces) rejected by traces, \(counts.proof) by the proof, "
                + "\(counts.equivalent) proven equivalent, \(counts.unclear) neither")
        return counts.unclear
    }

    private func mutations(_ side: Side) throws -> [Mutation] {
        try side.files.flatMap { file in
            let text = try String(contentsOfFile: "\(checkout)/\(file)", encoding: .utf8)
            return Mutator(file: file.split(separator: "/").last.map(String.init) ?? file, text: text)
                .mutations()
        }
    }

    private func judgeAll(_ mutations: [Mutation], _ side: Side, _ builds: Builds) -> [Verdict] {
        nonisolated(unsafe) let verdicts = UnsafeMutablePointer<Verdict>.allocate(
            capacity: max(mutations.count, 1))
        verdicts.initialize(repeating: .uncompiled, count: mutations.count)
        defer {
            verdicts.deinitialize(count: mutations.count)
            verdicts.deallocate()
        }
        let jobs = jobs
        // Each thread has indices of its own.
        DispatchQueue.concurrentPerform(iterations: jobs) { job in
            for number in stride(from: job, to: mutations.count, by: jobs) {
                verdicts[number] = verdict(mutations[number], side, builds, number)
                if number % 50 == 0 {
                    FileHandle.standardError.write(
                        Data("\(side.rawValue): \(number)/\(mutations.count)\n".utf8))
                }
            }
        }
        return (0..<mutations.count).map { verdicts[$0] }
    }

    private func verdict(_ mutation: Mutation, _ side: Side, _ builds: Builds, _ number: Int) -> Verdict {
        let program = CommandLine.arguments[0]
        defer { builds.remove(side, number) }
        if judge != .prover {
            guard let library = builds.build(mutation, of: side, number: number) else { return .uncompiled }
            if Subprocess.status([program, "--judge-library", library]) != 0 { return .rejected }
            if judge == .traces { return .survived("traces do not show a difference") }
        }
        guard let ir = builds.ir(mutation, of: side, number: number) else {
            return judge == .prover ? .uncompiled : .survived("no LLVM IR can be made of it")
        }
        let (status, text) = Subprocess.captured([program, "--only", side.rawValue, "--judge-ir", ir])
        switch ProofJudge.Verdict(rawValue: status) {
        case .equivalent: return .equivalent
        case .different: return .different(text)
        case .notProven: return .survived("not proven: \(text)")
        case nil: return .survived("not proven: the prover ended with \(status)")
        }
    }
}

extension String {
    fileprivate var indented: String {
        split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
    }
}
