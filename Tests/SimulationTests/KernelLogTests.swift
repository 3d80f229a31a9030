// SPDX-License-Identifier: GPL-2.0-only
import Foundation
import Simulation
import Testing

/// What real kernels did, recorded by Tests/KernelLog/record-logs.sh: the model does the same, line by line.
@Suite struct KernelLogTests {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "KernelLog/Logs")

    static let logs: [String] = {
        let found = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        return (found ?? []).filter { $0.hasSuffix(".log.gz") }.sorted()
    }()

    static func text(_ name: String) throws -> [UInt8] {
        let gzip = Process()
        let output = Pipe()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-dc", folder.appending(path: name).path]
        gzip.standardOutput = output
        try gzip.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        gzip.waitUntilExit()
        #expect(gzip.terminationStatus == 0, "gzip -dc \(name)")
        return Array(data)
    }

    @Test func bothModesTwoKernelsOneAndFourCPUs() {
        for part in ["6.18-4-", "6.18-1-", "7.3-4-"] {
            for mode in ["bpf", "user"] {
                #expect(
                    Self.logs.contains { $0.hasPrefix("linux-\(part)") && $0.hasSuffix("-\(mode).log.gz") },
                    "no log linux-\(part)*-\(mode)")
            }
        }
    }

    @Test(arguments: logs) func isAccepted(_ name: String) throws {
        let verdict = KernelLog.check(try Self.text(name))
        #expect(
            verdict.refusal == nil,
            "\(name): gunzip it, then: sched-proto simulate --log FILE")
        #expect(verdict.callbacks > 100 && verdict.switches > 30, "\(name): \(verdict)")
        // What is accepted because the log does not tell better must be the exception.
        #expect(verdict.races * 50 < verdict.lines, "\(name): \(verdict)")
        #expect(verdict.learned < 8, "\(name): \(verdict)")
        #expect(verdict.sliceOffMaxNs == 0, "\(name): \(verdict)")
    }

    /// A kernel that does something else is not accepted: lines of a real log are changed, left out, or exchanged.
    @Test func anotherKernelIsRefused() throws {
        let name = try #require(Self.logs.first { $0.hasPrefix("linux-6.18-1-sleep-bpf") })
        let text = String(decoding: try Self.text(name), as: UTF8.self)
        let lines = text.split(separator: "\n").map(String.init)
        var tried = 0
        for (word, count) in [
            ("running(", 1), ("dispatch(", 1), ("enqueue(", 1), ("insert", 1), ("switch", 1),
            ("f-to-local", 1),
        ] {
            let places = lines.indices.filter {
                lines[$0].split(separator: " ").dropFirst(2).first == word[...]
            }
            for place in places.dropFirst(40).prefix(6) {
                var less = lines
                less.removeSubrange(place..<(place + count))
                let verdict = KernelLog.check(Array(less.joined(separator: "\n").utf8))
                #expect(verdict.refusal != nil, "without line \(place + 1): \(lines[place])")
                tried += 1
            }
        }
        #expect(tried > 30)
    }

    @Test func nonsenseIsRefused() {
        for text in [
            "", "kernel-log", "kernel-log 1 bpf 0 pick x\n", "kernel-log 1 bpf 4 pick x\n1 2 3\n",
            "kernel-log 1 user 1 balance x\n1 0 what 1 0 0 0\n",
            "kernel-log 1 user 1 balance x\n1 7 tick 1 0 0 0\n",
            "kernel-log 1 user 1 balance x\n1 0 f-insert 0 0 0 0\n", "kernel-log 1 foo 4 pick x\n",
            "kernel-log 1 bpf 4 picks x\n",
        ] {
            let verdict = KernelLog.check(Array(text.utf8))
            #expect(verdict.refusal != nil && verdict.line == 0, "\(text)")
        }
    }

    @Test func aWrongLineIsNamed() {
        let head = "kernel-log 1 bpf 4 pick x\n1 0 tick 1 0 0 0\n"
        for (text, line) in [
            ("kernel-log 1 foo 4 pick x\n", 1), (head + "1 2 3\n", 3), (head + "1 9 tick 1 0 0 0\n1 2\n", 3),
            (head + String(repeating: "x", count: 200), 3),
        ] {
            #expect(KernelLog.check(Array(text.utf8)).refusal?.hasPrefix("line \(line): ") == true, "\(text)")
        }
    }
}
