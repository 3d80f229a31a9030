// SPDX-License-Identifier: GPL-2.0-only
import ArgumentParser
import Foundation
import Mutation
import Simulation
import Synchronization

/// Builds wrong mechanisms, from a table and mechanically, and shows that the simulated kernel's checks
/// notice each.
struct MechanismMutants: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mechanism",
        abstract: "Wrong backends and wrong loops of the daemon, judged by the simulated kernel.",
        discussion: """
            The table is Tests/Mutants/mechanism.tsv; survivors are explained in \
            Tests/Mutants/mechanism-explained.tsv. Exit status: 0 all noticed or explained, 1 a survivor \
            without explanation.
            """)

    @Option(help: "The checkout.") var checkout = "."
    @Option(help: "Only this half: c or swift.") var only: String?
    @Option(help: "Only the mutants of this file.") var file: String?
    @Option(help: "Of the mechanical ones every Nth, 1...1000; 0: none, the table alone.") var every = 0
    @Option(help: "Only this part of all, as in 2/4.") var shard = "1/1"
    @Option(help: "Builds at one time, 1...64.") var jobs = 2
    @Option(help: "Random machines for each mutant, 1...100000.") var seeds = 150
    @Flag(help: "Say at once of each what it was noticed by.") var verbose = false
    @Flag(help: "Leave the table out.") var noTable = false
    @Option(help: .hidden) var judge: String?
    @Option(help: .hidden) var modes = "bpf,user"
    @Flag(help: .hidden) var hash = false

    private struct Candidate: Sendable {
        let half: Half
        let mutation: Mutation
        let isWritten: Bool
    }

    private enum Verdict {
        case uncompiled
        case noticed(String)
        /// Whether all was as with the original.
        case survived(isSame: Bool)
    }

    func validate() throws {
        if let only, Half(rawValue: only) == nil { throw ValidationError("--only \(only): c or swift") }
        guard (0...1000).contains(every) else { throw ValidationError("--every \(every): 0...1000") }
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs \(jobs): 1...64") }
        guard (1...100_000).contains(seeds) else { throw ValidationError("--seeds \(seeds): 1...100000") }
        _ = try parsedShard()
    }

    private func parsedShard() throws -> (part: Int, of: Int) {
        let parts = shard.split(separator: "/").compactMap { Int($0) }
        guard parts.count == 2, parts[1] >= 1, (1...parts[1]).contains(parts[0]) else {
            throw ValidationError("--shard \(shard): K/N with K in 1...N")
        }
        return (parts[0], parts[1])
    }

    func run() throws {
        if let judge { try judgeOne(judge) }
        let folder = NSTemporaryDirectory() + "mechanism-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let root = URL(fileURLWithPath: checkout).standardizedFileURL.path
        let builds = MechanismBuilds(checkout: root, folder: folder)
        let chosen = try candidates(root)
        let originals = try judgeOriginals(builds)
        print("\(chosen.count) mutants of the mechanism")
        let verdicts = judgeAll(chosen, builds, originals)
        let unexplained = report(
            chosen, verdicts, explanations("\(root)/Tests/Mutants/mechanism-explained.tsv"))
        if unexplained > 0 { throw ExitCode(1) }
    }

    /// A process of its own for each mutant: it may trap, or never end.
    private func judgeOne(_ library: String) throws -> Never {
        let judge = MechanismJudge(
            library: library, modes: modes.split(separator: ",").compactMap { .init(rawValue: String($0)) },
            seeds: seeds)
        if hash {
            print(try judge.hash())
        } else if let noticed = try judge.judge() {
            print(noticed)
            throw ExitCode(4)
        }
        throw ExitCode(0)
    }

    private func candidates(_ root: String) throws -> [Candidate] {
        var all: [Candidate] = []
        if !noTable {
            all += EditTable.read("\(root)/Tests/Mutants/mechanism.tsv", checkout: root)
                .map { Candidate(half: $0.half, mutation: $0.mutation, isWritten: true) }
        }
        for half in Half.allCases where every > 0 {
            for (number, mutation) in try mechanical(half, root).enumerated() where number % every == 0 {
                all.append(Candidate(half: half, mutation: mutation, isWritten: false))
            }
        }
        let (part, of) = try parsedShard()
        return all.enumerated().filter { index, it in
            index % of == part - 1 && (only == nil || it.half.rawValue == only)
                && (file == nil || it.mutation.file == file)
        }.map(\.element)
    }

    private func mechanical(_ half: Half, _ root: String) throws -> [Mutation] {
        var seen: [String: Int] = [:]
        return try half.files.flatMap { path in
            let text = try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
            let name = path.split(separator: "/").last.map(String.init) ?? path
            return Mutator(file: name, text: text, moreSwaps: Half.swaps, negates: true).mutations()
        }.map { mutation in
            var mutation = mutation
            seen[mutation.identity, default: 0] += 1
            mutation.occurrence = seen[mutation.identity] ?? 1
            return mutation
        }
    }

    /// The originals, built like the mutants, have to pass; what they do is kept for comparison.
    private func judgeOriginals(_ builds: MechanismBuilds) throws -> [Half: [String: String]] {
        var hashes: [Half: [String: String]] = [:]
        for half in Half.allCases where only == nil || only == half.rawValue {
            guard let library = builds.build(nil, of: half, number: -1) else {
                fail("the original does not compile as a library (\(half.rawValue))")
            }
            for modes in half == .c ? ["bpf", "user", "bpf,user"] : ["user"] {
                let (status, text) = run(library, modes, [])
                if status != 0 { fail("the original is not accepted: \(text)") }
                hashes[half, default: [:]][modes] = run(library, modes, ["--hash"]).text
            }
        }
        return hashes
    }

    /// Status and output of a judge.
    private func run(_ library: String, _ modes: String, _ more: [String]) -> (status: Int32, text: String) {
        Subprocess.captured(
            [
                "timeout", "-s", "KILL", "120", CommandLine.arguments[0], "mechanism", "--judge", library,
                "--modes", modes, "--seeds", "\(seeds)",
            ] + more)
    }

    private func judgeAll(
        _ chosen: [Candidate], _ builds: MechanismBuilds, _ originals: [Half: [String: String]]
    ) -> [Verdict] {
        nonisolated(unsafe) let verdicts = UnsafeMutablePointer<Verdict>.allocate(
            capacity: max(chosen.count, 1))
        verdicts.initialize(repeating: .uncompiled, count: chosen.count)
        defer { verdicts.deallocate() }
        let command = self
        let next = Atomic<Int>(0)
        // Each index is one thread's.
        DispatchQueue.concurrentPerform(iterations: jobs) { _ in
            while true {
                let number = next.add(1, ordering: .relaxed).oldValue
                guard number < chosen.count else { return }
                let verdict = command.verdict(chosen[number], number, builds, originals)
                verdicts[number] = verdict
                command.tell(number, chosen, verdict)
            }
        }
        return (0..<chosen.count).map { verdicts[$0] }
    }

    /// How far it is.
    private func tell(_ number: Int, _ chosen: [Candidate], _ verdict: Verdict) {
        var line = number % 100 == 99 ? "\(number + 1)/\(chosen.count)\n" : ""
        if verbose {
            let identity = chosen[number].mutation.identity
            switch verdict {
            case .uncompiled: break
            case .noticed(let by): line += "noticed\t\(identity)\t\(by)\n"
            case .survived(let isSame): line += "survived\t\(identity)\t\(isSame ? "same" : "other")\n"
            }
        }
        FileHandle.standardError.write(Data(line.utf8))
    }

    private func verdict(
        _ candidate: Candidate, _ number: Int, _ builds: MechanismBuilds,
        _ originals: [Half: [String: String]]
    ) -> Verdict {
        guard let library = builds.build(candidate.mutation, of: candidate.half, number: number) else {
            return .uncompiled
        }
        defer { builds.remove(library) }
        let modes = Half.modes(of: candidate.mutation.file).map(\.rawValue).joined(separator: ",")
        let (status, text) = run(library, modes, [])
        switch status {
        case 0:
            let hash = run(library, modes, ["--hash"])
            return .survived(isSame: hash.text == originals[candidate.half]?[modes])
        case 4: return .noticed(text)
        case 70: fail(text)
        case 137: return .noticed("does not end")
        default: return .noticed("ends with status \(status)")
        }
    }

    /// Says what was found; how many survived without an explanation.
    private func report(
        _ chosen: [Candidate], _ verdicts: [Verdict], _ explained: [String: String]
    ) -> Int {
        var counts = (compiled: 0, noticed: 0, survived: 0, unexplained: 0)
        for (candidate, verdict) in zip(chosen, verdicts) {
            let identity = candidate.mutation.identity
            switch verdict {
            case .uncompiled:
                if candidate.isWritten { fail("an edit of the table does not compile: \(identity)") }
            case .noticed:
                counts.compiled += 1
                counts.noticed += 1
            case .survived(let isSame):
                counts.compiled += 1
                counts.survived += 1
                let reason = explained[identity]
                if reason == nil { counts.unexplained += 1 }
                let open = "NOT EXPLAINED (line \(candidate.mutation.line), "
                print(
                    "survived\t\(identity)\t\(reason ?? open + (isSame ? "the same runs)" : "other runs)"))")
            }
        }
        print(
            "\(counts.compiled) mutants compiled (\(chosen.count - counts.compiled) did not), "
                + "\(counts.noticed) noticed, \(counts.survived) survived, \(counts.unexplained) of them not "
                + "explained")
        return counts.unexplained
    }
}
