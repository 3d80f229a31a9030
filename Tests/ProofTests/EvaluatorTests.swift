// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Glibc
import PolicyProof
import Testing

@testable import Prove

/// The evaluator against the code that its terms were made from.
@Suite struct EvaluatorTests {
    /// Inputs of each case, of which there are some 120: a tenth of what `make test-prove` looks at.
    private static let perCase = getenv("SCHED_PROTO_SAMPLES").flatMap { Int(String(cString: $0)) } ?? 85

    @Test func layoutIsWhole() {
        #expect(Layout.described.isWhole)
    }

    /// 10^4 random inputs, or 10^5 with SCHED_PROTO_SAMPLES=850, through the terms of all sides, and through the native policy itself.
    @Test func agreesWithTheNativePolicy() throws {
        let seed: UInt64 = 20_261_126
        let tasks = UnsafeMutablePointer<sp_task>.allocate(capacity: Int(SP_PROBE_TASKS))
        tasks.initialize(repeating: sp_task(), count: Int(SP_PROBE_TASKS))
        defer { tasks.deallocate() }
        let sampler = CaseSampler(
            sides: [.native, .swift, try Sides.probe(), try Sides.bpfMode()], parameters: Sides.parameters,
            layout: .described)
        var wrong: [String] = []
        var actions: Set<UInt32> = []
        let count = try sampler.sample(count: Self.perCase, seed: seed) { sample in
            var policy = sample.policy
            var global = sample.global
            var event = sample.event
            var outcome = sp_outcome()
            let slot = Int(event.pid & (SP_PROBE_TASKS - 1))
            tasks[slot] = sample.task
            sp_native_decide(&policy, &global, tasks, &event, &outcome, 1)
            tasks[slot] = sp_task()
            actions.insert(outcome.decision.action)
            for (side, answer) in sample.answers {
                var answer = answer
                if memcmp(&answer, &outcome, MemoryLayout<sp_outcome>.size) != 0 {
                    wrong.append("\(side): \(event)")
                }
            }
        }
        #expect(count >= Self.perCase * 100)
        #expect(wrong.isEmpty, "seed \(seed), \(wrong.count) of \(count): \(wrong.first ?? "")")
        #expect(actions.isSuperset(of: [0, 1, 2, 3, 4, 5, 6, 7, 8]), "\(actions)")
    }
}
