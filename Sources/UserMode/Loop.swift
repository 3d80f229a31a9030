// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
import CSchedProto
import Glibc
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

    /// Reads all events, then picks as many tasks as there are CPUs to take them: the one that
    /// let us run, and the idle ones. Later arrivals can then still go before the rest.
    // The daemon is made in another module, for a policy that the compiler does not know here.
    @specialized(where P == DescribedPolicy, F == NoFault)
    package mutating func pass(_ published: LoopFigures) {
        answers.beginPass()
        let overflows = decider.counters.overflows
        while let event = events.next() {
            if answers.isFull { break }
            if let answer = decider.take(event) { append(answer) }
            events.advance()
        }
        let now = monotonicNs()
        // Tasks let run without the policy are ahead of all that wait for it: for each of them, one of
        // these goes as well, or they would wait for as long as the others are busy.
        var wanted = 1 &+ answers.idleCPUs &+ (decider.counters.overflows &- overflows)
        while wanted > 0 && !answers.isFull, let answer = decider.pick(now: now) {
            append(answer)
            wanted &-= 1
        }
        faults.publishes()
        answers.publish(waiting: decider.waiting)
        report(published)
    }

    @inline(__always)
    private mutating func append(_ answer: sp_answer) {
        answers.append(answer)
        faults.answered()
    }

    private func report(_ published: LoopFigures) {
        let counters = decider.counters
        published.events.store(counters.events, ordering: .relaxed)
        published.picked.store(counters.picked, ordering: .relaxed)
        published.overflows.store(counters.overflows, ordering: .relaxed)
        published.stale.store(counters.stale, ordering: .relaxed)
        published.strange.store(counters.strange, ordering: .relaxed)
        published.passes.store(
            published.passes.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        published.waiting.store(UInt64(decider.waiting), ordering: .relaxed)
        published.known.store(UInt64(decider.known), ordering: .relaxed)
    }
}

@inline(__always)
func monotonicNs() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
