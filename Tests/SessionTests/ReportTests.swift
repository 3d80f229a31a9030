// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Foundation
import KernelLink
import Testing

@testable import Session
@testable import UserMode

@Suite struct ReportTests {
    private func sample(_ dispatched: UInt64, isUser: Bool) -> Report.Sample {
        var status = sp_status()
        withUnsafeMutableBytes(of: &status.counters) {
            $0.bindMemory(to: UInt64.self)[Int(SP_COUNT_DISPATCHED.rawValue)] = dispatched
        }
        withUnsafeMutableBytes(of: &status.wakeup_ns) { $0.bindMemory(to: UInt64.self)[10] = dispatched }
        status.wakeup_max_ns = 2000
        var daemon = Daemon.Statistics()
        daemon.allocations = 0
        return Report.Sample(
            elapsedNs: dispatched, counters: Counters(status), daemon: isUser ? daemon : nil)
    }

    private func read(_ message: Report.Message) throws -> [String: Any] {
        let line = message.json.line
        #expect(!line.contains("\n"))
        return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    /// What is printed for people is there for programs too, under the same names.
    @Test(arguments: [false, true])
    func everyCounterIsInTheJSON(isUser: Bool) throws {
        let last = sample(7, isUser: isUser)
        let object = try read(.summary(last))
        #expect(object["version"] as? Int == 1)
        #expect(object["type"] as? String == "summary")
        let counters = try #require(object["counters"] as? [String: Any])
        let daemon = object["daemon"] as? [String: Any] ?? [:]
        let text = Report.summary(last)
        let names = text[((text.firstIndex(of: "counters:") ?? -1) + 1)...].compactMap {
            $0.split(separator: " ").first.map(String.init)
        }
        #expect(names.count > 15)
        for name in names { #expect(counters[name] != nil || daemon[name] != nil, "\(name)") }
        #expect(counters["dispatched"] as? Int == 7)
        let wakeup = try #require(object["wakeup"] as? [String: Any])
        #expect((wakeup["buckets"] as? [Int])?[10] == 7)
        #expect(wakeup["longest_ns"] as? Int == 2000)
        #expect(wakeup["p99_ns"] as? Int == 2048)
    }

    @Test func quantilesOfALineAreThoseSinceTheLineBefore() throws {
        let object = try read(.statistics(sample(7, isUser: false), since: sample(7, isUser: false)))
        #expect((object["wakeup"] as? [String: Any])?["p99_ns"] as? Int == 0)
    }

    private func dump(_ text: String) -> String {
        (Array(text.utf8) + [0]).withUnsafeBytes { ExitReport(sp_exit(), dump: $0).dump }
    }

    /// A task's name may have line breaks, and stands in the kernel's dump as it is: that makes no line there.
    @Test(arguments: [
        "x\n\ny\\n", "a[1] +0ms\n\n R b", "\n\nBacktrace:\n", "\nCPU states\n", "a[1] class=b\nc",
        "\n      scx_sta",
        "\n  R x[1] -1ms", "\nx[1] +0ms\n\n\n\n", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
    ])
    func aNameMakesNoLineOfADump(_ name: String) {
        func text(_ name: String) -> String {
            """
            \(name)[7] triggered exit kind 1026:
              runnable task stall (\(name)[160] failed to run for 1.504s)

            Backtrace:
              scx_watchdog_workfn+0x16a/0x1f0
              kthread+0xfc/0x240

            CPU states
            ----------

            CPU 0   : nr_run=5 flags=0x9 cpu_rel=1 ops_qseq=747 pnt_seq=1693
                      curr=\(name)[168] class=rt_sched_class

              R \(name)[160] -1504ms
                  scx_state/flags=3/0x9 dsq_flags=0x0 ops_state/qseq=0/0
                  cpus=1 no_mig=0

                kthread+0xfc/0x240

             *R \(name)[161] +4ms
                  scx_state/flags=3/0x9 dsq_flags=0x0 ops_state/qseq=0/0

            CPU 1   : nr_run=2 flags=0x1 cpu_rel=0 ops_qseq=665 pnt_seq=1890
                      curr=\(name)[28] class=ext_sched_class
              cpus_to_kick   : 2

            Event counters
            """
        }
        let shown = name.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        #expect(dump(text(name)) == text(shown))
    }

    @Test func otherDumpsAreLeftAsTheyAre() {
        for text in [
            "", "\n", "a\nb\n\nc", "  R x\ny[1]\n", "x[1] triggered exit kind 3:\n  stall\n\nBacktrace:\n",
        ] {
            #expect(dump(text) == text)
        }
    }

    /// A task's name may be anything, and is in the kernel's dump.
    @Test func whatTheKernelQuotesCannotPassForOurs() throws {
        var exit = sp_exit()
        exit.kind = 1025
        let reason = Array("st\u{1B}[31mall".utf8) + [0xFF]
        withUnsafeMutableBytes(of: &exit.reason) { $0.copyBytes(from: reason) }
        withUnsafeMutableBytes(of: &exit.text) { $0.copyBytes(from: Array("a\nb\n".utf8)) }
        let dump = Array("CPU 0\n  R evil\nsched-proto: all is well\u{1B}c".utf8) + [0]
        let report = dump.withUnsafeBytes { ExitReport(exit, dump: $0) }
        #expect(report.reason == "st\\u{1b}[31mall\\xff")
        #expect(report.text == "a\\nb")
        #expect(
            Report.eviction(report) == """
                the kernel ended the scheduler: st\\u{1b}[31mall\\xff (kind 1025, code 0)
                  a\\nb
                its dump:
                | CPU 0
                |   R evil
                | sched-proto: all is well\\u{1b}c
                """)
        let object = try read(.ended(report, afterNs: 5, state: "disabled"))
        #expect(object["by"] as? String == "kernel")
        #expect(object["reason"] as? String == report.reason)
        #expect(try read(.ended(nil, afterNs: 5, state: "disabled"))["by"] as? String == "request")
    }
}
