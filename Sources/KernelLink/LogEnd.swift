// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
import SwiftToBPF

/// The end of a verifier's log, as much of it as is kept.
struct LogEnd {
    let lines: [Substring]

    init(_ log: String) {
        lines = log.split(separator: "\n")
    }

    /// The program that was refused: libbpf says it before the log and behind it.
    var program: String? {
        for line in lines.reversed() where line.hasPrefix("libbpf: prog '") {
            return line.split(separator: "'", maxSplits: 2).dropFirst().first.map(String.init)
        }
        return nil
    }

    private static let endings = [
        "infinite loop detected", "back-edge from insn", "BPF program is too large", "jumps is too complex",
    ]

    /// Whether it may be for the size of the policy alone.
    static func isLarge(_ sign: String) -> Bool { sign.hasPrefix("BPF program") || sign.hasPrefix("jumps") }

    /// What says that the verifier came to no end, and its own words on it; nil if it came to one.
    var endless: (sign: String, words: String)? {
        for sign in Self.endings {
            // It may stand behind an instruction, in the same line.
            guard let line = lines.last(where: { $0.contains(sign) }) else { continue }
            let words = line.firstRange(of: sign).map { line[$0.lowerBound...] } ?? line
            let isWhole = sign.hasPrefix("jumps")
            return (sign, String(isWhole ? line.suffix(100) : words))
        }
        return nil
    }

    /// Its last lines, as far as they can be read: states of registers are hundreds of letters long.
    var details: String {
        lines.suffix(12).map { $0.count > 160 ? "\($0.prefix(160))…" : String($0) }.joined(separator: "\n")
    }

    /// Numbers of the instructions that it went through: `298: (ad) if r1 < r6 goto pc-3`.
    private var instructions: [Int] {
        lines.compactMap { line in
            guard let colon = line.firstIndex(of: ":"), line[colon...].dropFirst().hasPrefix(" (") else {
                return nil
            }
            return Int(line[..<colon])
        }
    }

    /// The line of Swift that the verifier went through again and again.
    func loop(in sources: [SourceLines.Line?]) -> SourceLines.Line? {
        // "infinite loop detected at insn 45"
        if let line = lines.last(where: { $0.contains("infinite loop detected") }),
            let number = line.split(separator: " ").last.flatMap({ Int($0) }),
            let found = Self.nearest(number, in: sources)
        {
            return found
        }
        let instructions = instructions
        guard let last = instructions.last else { return nil }
        var counts: [Int: Int] = [:]
        for number in instructions { counts[number, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        // Went through no more often than others: it was on its way through cases, not in a loop.
        guard most > 2 else { return Self.nearest(last, in: sources) }
        let often = counts.filter { $0.value * 4 > most * 3 }.keys.sorted()
        var votes: [SourceLines.Line: Int] = [:]
        for number in often {
            guard let line = Self.swift(number, in: sources) else { continue }
            votes[line, default: 0] += 1
        }
        let best = votes.max { ($0.value, $1.key.line) < ($1.value, $0.key.line) }
        return best?.key ?? often.first.flatMap { Self.nearest($0, in: sources) }
    }

    /// The line of the last instruction, if that is one of Swift.
    func last(in sources: [SourceLines.Line?]) -> SourceLines.Line? {
        // As long as the log has lines of its own, those are right.
        guard !lines.contains(where: { $0.hasPrefix("; ") && $0.contains(" @ ") }) else { return nil }
        return instructions.last.flatMap { Self.swift($0, in: sources) }
    }

    private static func swift(_ number: Int, in sources: [SourceLines.Line?]) -> SourceLines.Line? {
        guard sources.indices.contains(number), let line = sources[number] else { return nil }
        return line.file.hasSuffix(".swift") && line.line > 0 ? line : nil
    }

    /// The line of Swift at an instruction or before it: between there may be some of the standard library.
    private static func nearest(_ number: Int, in sources: [SourceLines.Line?]) -> SourceLines.Line? {
        for index in sources.indices.prefix(number + 1).reversed() {
            if let line = swift(index, in: sources) { return line }
        }
        return nil
    }
}

extension BPFObject {
    /// Of a program of the object as libbpf opened it, and put together for the kernel, the source of each
    /// instruction.
    func lines(of program: String, in object: OpaquePointer) -> [SourceLines.Line?] {
        guard let found = bpf_object__find_program_by_name(object, program),
            let instructions = bpf_program__insns(found), let lines = SourceLines(bytes())
        else { return [] }
        return lines.lines(of: (0..<bpf_program__insn_cnt(found)).map { instructions[$0].code })
    }
}
