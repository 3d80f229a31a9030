// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Conformance
import Foundation

/// Builds wrong twins mechanically, and shows that the harness rejects each.
struct PolicyMutants: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Mutates the C and the Swift policy, and lets the conformance harness judge.",
        discussion: "Exit status: 0 all rejected or explained, 1 a survivor without explanation.")

    @Option(help: "The checkout.") var checkout = "."
    @Option(help: "Only this side: c or swift.") var only: String?
    @Option(help: "Only every Nth mutant, 1...1000.") var every = 1
    @Option(help: "Builds at one time, 1...64.") var jobs = 2
    @Option(help: .hidden) var judge: String?

    private enum Verdict { case uncompiled, rejected, survived }

    func validate() throws {
        if let only, Side(rawValue: only) == nil { throw ValidationError("--only \(only): c or swift") }
        guard (1...1000).contains(every) else { throw ValidationError("--every \(every): 1...1000") }
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs \(jobs): 1...64") }
    }

    func run() throws {
        if let judge {
            // A process of its own for each mutant: it may trap.
            throw ExitCode(try Judge.rejects(library: judge) ? 4 : 0)
        }
        let explained = explanations("\(checkout)/Tests/Mutants/equivalent.tsv")
        var unexplained = 0
        for side in Side.allCases where only == nil || only == side.rawValue {
            unexplained += try campaign(side, explained)
        }
        if unexplained > 0 { throw ExitCode(1) }
    }

    /// Runs all mutants of one side; how many survived without an explanation.
    private func campaign(_ side: Side, _ explained: [String: String]) throws -> Int {
        let folder = NSTemporaryDirectory() + "mutants-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let builds = Builds(checkout: checkout, folder: folder)
        let all = try mutations(side)
        let chosen = all.enumerated().filter { $0.offset % every == 0 }.map(\.element)
        print("\(side.rawValue): \(chosen.count) of \(all.count) mutants")
        let verdicts = judgeAll(chosen, side, builds)
        let compiled = verdicts.filter { $0 != .uncompiled }.count
        let survivors = zip(chosen, verdicts).filter { $0.1 == .survived }.map(\.0)
        var unexplained = 0
        for survivor in survivors {
            let reason = explained[survivor.identity]
            if reason == nil { unexplained += 1 }
            print("survived\t\(survivor.identity)\t\(reason ?? "NOT EXPLAINED (line \(survivor.line))")")
        }
        print(
            "\(side.rawValue): \(compiled) mutants compiled (\(chosen.count - compiled) did not), "
                + "\(compiled - survivors.count) rejected, \(survivors.count) survived, "
                + "\(unexplained) of them not explained")
        return unexplained
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
        defer { verdicts.deallocate() }
        let jobs = jobs
        let program = CommandLine.arguments[0]
        // Each thread has indices of its own.
        DispatchQueue.concurrentPerform(iterations: jobs) { job in
            for number in stride(from: job, to: mutations.count, by: jobs) {
                if let library = builds.build(mutations[number], of: side, number: number) {
                    let status = runQuietly([program, "--judge", library])
                    verdicts[number] = status == 0 ? .survived : .rejected
                    builds.remove(library)
                }
                if number % 50 == 0 {
                    FileHandle.standardError.write(
                        Data("\(side.rawValue): \(number)/\(mutations.count)\n".utf8))
                }
            }
        }
        return (0..<mutations.count).map { verdicts[$0] }
    }
}
