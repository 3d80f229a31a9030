// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
import CSchedProto
package import KernelLink
package import PolicyModel
package import Synchronization

/// Numbers that the loop stores without a lock.
package final class LoopFigures: Sendable {
    package init() {}

    package let events = Atomic<UInt64>(0)
    package let picked = Atomic<UInt64>(0)
    package let overflows = Atomic<UInt64>(0)
    package let stale = Atomic<UInt64>(0)
    package let strange = Atomic<UInt64>(0)
    package let overlooked = Atomic<UInt64>(0)
    package let continued = Atomic<UInt64>(0)
    package let passes = Atomic<UInt64>(0)
    package let waiting = Atomic<UInt64>(0)
    package let known = Atomic<UInt64>(0)
}

/// The daemon's loop between its two rings: the state of the thread that decides, which nobody else
/// touches. `Daemon` runs it on a thread of its own; a simulated kernel may run it as well.
package struct Loop<P: Policy, F: FaultPoints>: ~Copyable {
    private var events: EventRing
    package private(set) var answers: AnswerRing
    package private(set) var decider: Decider<P>
    private var faults: F
    private let exitKind: UnsafeRawPointer?

    /// - Parameter exitKind: where the kernel notes that it ended the scheduler.
    package init(
        events: consuming EventRing, answers: consuming AnswerRing, decider: consuming Decider<P>,
        faults: F, exitKind: UnsafeRawPointer?
    ) {
        self.events = events
        self.answers = answers
        self.decider = decider
        self.faults = faults
        self.exitKind = exitKind
    }

    /// Whether the kernel ended the scheduler: yielding would spin from then on.
    package var isOver: Bool {
        guard let exitKind else { return true }
        return sp_load_acquire_u32(exitKind) != 0
    }

    /// Reads all notices, then picks a task for the CPU that let us run, and one for each idle one that
    /// has somebody. Later arrivals can then still go before the rest.
    // The daemon is made in another module, for a policy that the compiler does not know here.
    @specialized(where P == DescribedPolicy, F == NoFault)
    @specialized(where P == PairExecution, F == NoFault)
    @specialized(where P == HostedPolicy, F == HostedPoints)
    @specialized(where P == PairExecution, F == HostedPoints)
    package mutating func pass(_ published: LoopFigures) {
        answers.beginPass()
        let overflows = decider.counters.overflows
        while let notice = events.next() {
            if answers.isFull { break }
            if let answer = decider.take(notice) { append(answer) }
            events.advance()
        }
        let asked = answers.asked
        if decider.hasOwnQueues { decider.own.setsGone = asked.sets_gone }
        decider.release(asked.now)
        let cpu = Int32(truncatingIfNeeded: asked.cpu)
        var picked: UInt64 = 0
        // Else a task let us in between, to read of a tick, and goes on there.
        let asks = P.self != PairExecution.self || cpu >= 0
        let isServed =
            decider.hasOwnQueues
            && pickNear(asked.now, cpu, (asked.prev_pid, asked.prev_generation), &picked)
        if !isServed && asks && decider.waiting > 0 && !answers.isFull,
            let answer = decider.pick(
                now: asked.now, cpu: cpu, prev: (asked.prev_pid, asked.prev_generation))
        {
            append(answer)
            picked &+= 1
        }
        picked &+= pickForIdle(asked.now, but: cpu)
        // Tasks let run without the policy are ahead of all that wait for it: for each of them, one of
        // these goes as well, or they would wait for as long as the others are busy. And where nobody
        // can overtake those that wait, one for each CPU is picked beforehand.
        var more = decider.counters.overflows &- overflows
        if picksAhead && UInt64(decider.cpus) > picked {
            more = max(more, UInt64(decider.cpus) &- picked)
        }
        // Those count among the waiting for one another: else the last would have the longest slice.
        decider.ahead = picked > 0 ? 1 : 0
        while more > 0 && !answers.isFull, let answer = decider.pick(now: asked.now, cpu: asks ? cpu : 0) {
            append(answer)
            decider.ahead &+= 1
            more &-= 1
        }
        decider.ahead = 0
        faults.publishes()
        answers.publish(waiting: decider.waiting, heldBack: decider.held)
        report(published)
    }

    /// Whether the order is that of arrival, in one queue.
    @inline(__always)
    private var picksAhead: Bool {
        !decider.described.hasKeys && !decider.described.hasClasses
    }

    /// Picks a task for each idle CPU; how many it were.
    @inline(__always)
    private mutating func pickForIdle(_ now: UInt64, but cpu: Int32) -> UInt64 {
        var picked: UInt64 = 0
        var word = 0
        let words = (Int(decider.cpus) + 63) / 64
        // By the number of CPUs on-line: where they have gaps, those beyond ask for themselves.
        while word < min(words, Int(SP_CPUS_MAX) / 64) {
            var bits = decider.hasOwnQueues ? decider.own.idle(word) : answers.idleCPUs(word)
            while bits != 0 && decider.waiting > 0 && !answers.isFull {
                let idle = Int32(word * 64 + bits.trailingZeroBitCount)
                bits &= bits &- 1
                if idle == cpu { continue }
                if let answer = decider.pick(now: now, cpu: idle) {
                    append(answer)
                    picked &+= 1
                }
            }
            word += 1
        }
        return picked
    }

    /// The same before that, where a pair has queues of its own. The CPU that asked gets who waits near it, or goes on
    /// with its own task, and idle CPUs get who waits near them: only then does anybody get somebody from afar. Notes
    /// which idle CPUs got nobody, and returns whether the CPU that asked got somebody.
    private mutating func pickNear(
        _ now: UInt64, _ cpu: Int32, _ prev: (pid: UInt32, generation: UInt32), _ picked: inout UInt64
    ) -> Bool {
        var isServed = false
        decider.picksNear = prev.pid == 0
        if cpu >= 0 && decider.waiting > 0 && !answers.isFull,
            let answer = decider.pick(now: now, cpu: cpu, prev: prev)
        {
            append(answer)
            picked &+= 1
            isServed = true
        }
        decider.picksNear = true
        var word = 0
        while word < min((Int(decider.cpus) + 63) / 64, Int(SP_CPUS_MAX) / 64) {
            pickNear(now, word, but: cpu, &picked)
            word += 1
        }
        decider.picksNear = false
        return isServed
    }

    /// For 64 CPUs.
    private mutating func pickNear(
        _ now: UInt64, _ word: Int, but cpu: Int32, _ picked: inout UInt64
    ) {
        var bits = answers.idleCPUs(word)
        var left = bits
        while bits != 0 && decider.waiting > 0 && !answers.isFull {
            let bit = bits & (0 &- bits)
            let near = Int32(word * 64 + bits.trailingZeroBitCount)
            bits ^= bit
            if near == cpu { continue }
            if let answer = decider.pick(now: now, cpu: near) {
                append(answer)
                left ^= bit
                picked &+= 1
            }
        }
        decider.own.noteIdle(word, left)
    }

    @inline(__always)
    private mutating func append(_ answer: sp_answer) {
        answers.append(answer)
        faults.answered()
    }

    @inline(__always)
    private func report(_ published: LoopFigures) {
        let counters = decider.counters
        published.events.store(counters.events, ordering: .relaxed)
        published.picked.store(counters.picked, ordering: .relaxed)
        published.overflows.store(counters.overflows, ordering: .relaxed)
        published.stale.store(counters.stale, ordering: .relaxed)
        published.strange.store(counters.strange, ordering: .relaxed)
        published.overlooked.store(counters.overlooked, ordering: .relaxed)
        published.continued.store(counters.continued, ordering: .relaxed)
        published.passes.store(
            published.passes.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        published.waiting.store(UInt64(decider.waiting), ordering: .relaxed)
        published.known.store(UInt64(decider.known), ordering: .relaxed)
    }
}
