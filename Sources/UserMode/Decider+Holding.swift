// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import PolicyModel

/// Tasks that the policy holds back until a time. The backend keeps them where nobody serves them, and puts them back
/// among those that wait; they stand in a run queue of their own here, in the order of those times.
extension Decider {
    /// The loop is compiled apart for pairs: for other policies this is false when it is compiled.
    @inline(__always)
    var isAskedAlone: Bool { P.self == PairExecution.self && described.isAskedAlone }

    /// The queue of those that are held back, behind all others.
    @inline(__always)
    var heldPlace: Int { Self.places(own.count) - 1 }

    /// Run queues that there are, with `own` queues of the pair's.
    static func places(_ own: Int) -> Int { max(Int(SP_QUEUES), own) * HeapPlace.perClass + 1 }

    /// What the backend is told of a task that is held back. One that would be for too long waits as if `QUEUE` had
    /// been answered.
    mutating func holdBack(_ slot: UInt32, _ decision: sp_decision, _ notice: sp_notice) -> sp_answer? {
        guard isAskedAlone else { return waitStrangely(slot, decision) }
        guard (1...UInt64(SP_HOLD_MAX_NS)).contains(decision.slice_ns) else {
            counters.strange &+= 1
            wait(slot, decision.queue, key: decision.key)
            return tellSet(slot, decision.queue)
        }
        let until = notice.now &+ decision.slice_ns
        heldKeys[Int(slot)] = decision.key
        // One that there is not stays such.
        waits[Int(slot)].heldQueue = UInt16(clamping: decision.queue)
        waits[Int(slot)].place = UInt32(truncatingIfNeeded: heldPlace)
        queues.insert(slot, heldPlace, key: until)
        held &+= 1
        var answer = answer((0, decision.queue), slot, wait: notice.wait, cpu: Int32(SP_ANSWER_HOLD))
        answer.slice_ns = UInt32(truncatingIfNeeded: until)
        return answer
    }

    /// Lets those wait whose time has come.
    /// - Parameter now: by the clock of the notices, ns; not before the backend's own look.
    @inline(__always)
    package mutating func release(_ now: UInt64) {
        guard isAskedAlone, held > 0 else { return }
        while let slot = queues.first(heldPlace), Int64(bitPattern: now &- queues.key(slot)) >= 0 {
            leave(slot)
            waits[Int(slot)].since = now
            wait(slot, UInt32(waits[Int(slot)].heldQueue), key: heldKeys[Int(slot)])
        }
    }

    /// Whether the task in `slot`, which is in the run queues, is held back.
    @inline(__always)
    func isHeldBack(_ slot: UInt32) -> Bool { isAskedAlone && Int(waits[Int(slot)].place) == heldPlace }
}
