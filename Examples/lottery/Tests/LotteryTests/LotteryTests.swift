// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import Lottery
import Pairs
import PolicyModel
import Testing

@Suite struct LotteryTests {
    /// Swift and C, natively and, as root, as bytecode in the kernel.
    @Test func theTwinsDecideAlike() throws {
        let verdict = try Lottery.pair.compare()
        #expect(verdict.isIdentical, "\(verdict)")
    }

    /// For all inputs, of any state. It needs z3, 4.8.12 or newer.
    @Test func theTwinsAreProvenAlike() {
        let proof = Lottery.pair.prove()
        #expect(proof.isProven, "\(proof)")
    }

    /// Of 300,000 draws among three that always wait, each gets the part that it weighs.
    @Test func drawsAreByWeight() {
        var policy = Lottery(.init())
        var event = sp_event()
        (event.kind, event.generation, event.idle_cpu) = (SP_EVENT_ENQUEUE.rawValue, 1, -1)
        event.used_ns = 4_000_000
        let weights: [UInt32] = [100, 33, 11]
        var tasks = weights.map { _ in Lottery.Task() }
        func wait(_ index: Int) {
            event.weight = weights[index]
            _ = policy.enqueue(event, &tasks[index])
        }
        (0..<3).forEach(wait)
        var drawn = [0, 0, 0]
        for _ in 0..<300_000 {
            let first = (0..<3).min { isBefore(tasks[$0].lot, tasks[$1].lot) } ?? 0
            drawn[first] += 1
            _ = policy.running(event, tasks[first])
            wait(first)
        }
        for index in 0..<3 {
            let part = Double(drawn[index]) / 300_000 / (Double(weights[index]) / 144)
            #expect(part > 0.98 && part < 1.02, "\(drawn)")
        }
    }
}
