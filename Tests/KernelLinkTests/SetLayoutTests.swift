// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Testing

@testable import KernelLink
@testable import Output

/// CPUs of a pair's own queues on a machine of eight.
@Suite struct SetLayoutTests {
    private static func topology(_ cpus: Int = 8) -> Topology {
        Topology((0..<cpus).map { ("\($0)", "\($0 / 4)", "0") })
    }

    /// A pair of three parameters of 4 bytes, of which the first is none of CPUs.
    /// - Parameter sets: of each queue one of `spans`, from 1 on; 0: all.
    private func policy(_ spans: [String], _ sets: [UInt32], queues: UInt32? = nil) -> sp_policy {
        var policy = sp_policy()
        policy.pair = 1
        policy.rate_max = queues ?? UInt32(sets.count)
        policy.classes = 1 | UInt32(spans.count) << UInt32(SP_SETS_COUNT_SHIFT)
        for (queue, set) in sets.enumerated() {
            policy.classes |=
                set << (UInt32(SP_SETS_QUEUES_SHIFT) + UInt32(SP_SETS_QUEUE_BITS) * UInt32(queue))
        }
        withUnsafeMutableBytes(of: &policy) { bytes in
            for (index, span) in spans.enumerated() {
                bytes.storeBytes(
                    of: CPUSpan(span)?.encoded ?? 0, toByteOffset: Int(SP_PAIR_PARAMS) + 4 + 4 * index,
                    as: UInt32.self)
            }
        }
        return policy
    }

    /// Its tables live as long: for good.
    private func layout(_ policy: sp_policy, cpus: Int = 8) -> QueueLayout {
        Unmanaged.passRetained(QueueLayout(policy, Self.topology(cpus))).takeUnretainedValue()
    }

    private func served(_ layout: QueueLayout, _ queue: Int, gone: UInt64 = 0) -> [Int32] {
        (0..<Int32(layout.cpus)).filter { layout.tables.allows(queue, $0, gone: gone) }
    }

    @Test func eachQueueHasItsCPUs() {
        let layout = layout(policy(["0%-50%", "6-7"], [0, 1, 2]))
        #expect(layout.tables.hasSets && layout.tables.count == 3)
        #expect(served(layout, 0) == Array(0..<8))
        #expect(served(layout, 1) == [0, 1, 2, 3])
        #expect(served(layout, 2) == [6, 7])
        #expect((0..<3).map { layout.tables.set(of: $0) } == [0, 1, 2])
        #expect(layout.tables.cpus(of: 0) == nil && layout.tables.cpus(of: 1) == 0...3)
        // Where none of a set's CPUs is on-line all have it; others are as before.
        #expect(served(layout, 1, gone: 0b01) == Array(0..<8))
        #expect(served(layout, 2, gone: 0b01) == [6, 7])
    }

    /// The last of those that may have CPUs, and the first that may not.
    @Test func theFirstEightMayHaveCPUs() {
        let layout = layout(policy(["0-1"], [0, 0, 0, 0, 0, 0, 0, 1], queues: 10))
        #expect(served(layout, 7) == [0, 1])
        #expect(served(layout, 8) == Array(0..<8) && served(layout, 9) == Array(0..<8))
    }

    @Test func whoMayUseNoneOfThemHasTheFirstQueueOfWhichItMay() {
        let tables = layout(policy(["0-1", "2-5"], [1, 2, 0])).tables
        #expect(tables.openQueue { $0.contains(1) } == 0)
        #expect(tables.openQueue { $0.contains(5) } == 1)
        // The third has all CPUs.
        #expect(tables.openQueue { _ in false } == 2)
        let none = layout(policy(["0-1", "2-5"], [1, 2])).tables
        #expect(none.openQueue { _ in false } == 0)
    }

    private struct OnAMachine {
        let spans: [String]
        let sets: [UInt32]
        var cpus = 8
        var flaw: String?
    }

    private static let onMachines: [OnAMachine] = [
        .init(spans: ["0%-50%", "50%-100%"], sets: [1, 2]),
        .init(spans: ["0-3"], sets: [0, 1]),
        .init(spans: ["6-9"], sets: [0, 1]),
        .init(spans: ["8-9"], sets: [0, 1], flaw: "the CPUs 8-9: this machine has the CPUs 0 to 7"),
        .init(spans: ["1"], sets: [0, 1], cpus: 1, flaw: "the CPUs 1: this machine has CPU 0 alone"),
        // Which one no queue has is said.
        .init(spans: ["0-3", "5-7"], sets: [1, 2], flaw: "no queue has CPU 4, so a task"),
        .init(spans: ["1-7"], sets: [1], flaw: "no queue has CPU 0, so a task"),
        // Halves of one CPU are the same CPU.
        .init(spans: ["0%-50%", "50%-100%"], sets: [1, 2], cpus: 1),
        // Also where no queue has them.
        .init(spans: ["0-3", "8"], sets: [0, 1], flaw: "the CPUs 8: this machine"),
    ]

    @Test func whatIsWrongOnThisMachineIsSaid() {
        for machine in Self.onMachines {
            let policy = policy(machine.spans, machine.sets)
            let found = layout(policy, cpus: machine.cpus).flaw(of: policy)
            if let flaw = machine.flaw {
                #expect(found?.contains(flaw) == true, "\(machine): \(found ?? "nothing")")
            } else {
                #expect(found == nil, "\(machine)")
            }
        }
    }

    @Test func withoutCPUsNothingIsWrong() {
        let policy = policy(["8-9"], [0, 0])
        let layout = layout(policy)
        #expect(!layout.tables.hasSets && layout.flaw(of: policy) == nil)
        #expect(served(layout, 1) == Array(0..<8))
    }

    /// Policies compare numbers: parts become these before anybody decides, and nothing else changes.
    @Test func partsBecomeNumbers() {
        let before = policy(["50%-100%", "1-2", "all"], [1, 2, 3])
        let after = before.withCPUs(of: 6)
        #expect(after.sets.map(\.text) == ["3-5", "1-2", "0-5"])
        #expect(after.sets.allSatisfy { !$0.isPart })
        #expect(
            after.classes == before.classes && after.sets.map { $0.numbers(of: 64) } == [3...5, 1...2, 0...5])
        let again = after.withCPUs(of: 64)
        #expect(withUnsafeBytes(of: again) { Array($0) } == withUnsafeBytes(of: after) { Array($0) })
        var event = sp_event()
        event.cpu = 5
        #expect(!event.isOn(before.sets[0].encoded) && event.isOn(after.sets[0].encoded))
    }

    /// Of others the same bytes are something else.
    @Test func onlyAPairWithQueuesOfItsOwnHasThem() {
        var policy = policy(["0-1"], [1])
        policy.rate_max = 0
        #expect(policy.sets.isEmpty && !layout(policy).tables.hasSets)
        policy.rate_max = 1
        policy.pair = 0
        #expect(policy.sets.isEmpty && !layout(policy).tables.hasSets)
        let before = withUnsafeBytes(of: policy) { Array($0) }
        #expect(withUnsafeBytes(of: policy.withCPUs(of: 2)) { Array($0) } == before)
    }

    /// A description that was made elsewhere may say anything: of no more sets, and nothing beyond its end.
    @Test func whateverADescriptionSays() {
        var policy = policy(["0-1"], [1, 5, 7])
        #expect((0..<3).map { layout(policy).tables.cpus(of: $0) } == [0...1, nil, nil])
        policy.classes = .max
        #expect(policy.sets.count <= Int(SP_SETS_MAX))
        policy.classes = 9 | 4 << UInt32(SP_SETS_COUNT_SHIFT)
        #expect(policy.sets.count == 1)
    }

    @Test func onlyAPairIsAskedAlone() {
        var policy = sp_policy()
        policy.slice = SP_SLICE_FIXED.rawValue | SP_ALONE_ASKED_BIT
        #expect(!policy.isAskedAlone)
        policy.pair = 1
        #expect(policy.isAskedAlone)
        policy.slice = SP_SLICE_FIXED.rawValue
        #expect(!policy.isAskedAlone)
    }
}
