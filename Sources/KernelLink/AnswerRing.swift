// SPDX-License-Identifier: GPL-2.0-only
public import CLibbpf
public import CSchedProto

/// The writing end of the ring of answers, and what else the daemon tells the backend.
public struct AnswerRing: ~Copyable {
    @usableFromInline let memory: UnsafeMutableRawPointer
    /// Unmapped with this; nil where somebody else owns the memory.
    private let mapped: MappedMemory?
    private let daemon: UnsafeMutablePointer<sp_daemon>
    @usableFromInline var head: UInt64 = 0
    private static let size =
        Int(SP_ANSWERS_RING_OFFSET) + Int(SP_ANSWERS) * MemoryLayout<sp_answer>.stride

    public init(map descriptor: Int32) throws(KernelError) {
        let mapped = try MappedMemory(map: descriptor, count: Self.size, writable: true)
        memory = mapped.start
        self.mapped = consume mapped
        daemon = memory.assumingMemoryBound(to: sp_daemon.self)
    }

    /// Over memory that holds a `struct sp_answers` and outlives this.
    package init(memory: UnsafeMutableRawPointer) {
        self.memory = memory
        mapped = nil
        daemon = memory.assumingMemoryBound(to: sp_daemon.self)
    }

    /// Says which threads are the daemon's, before the scheduler is attached.
    public func introduce(process: Int32, thread: Int32) {
        daemon.pointee.tgid = UInt32(bitPattern: process)
        daemon.pointee.tid = UInt32(bitPattern: thread)
    }

    /// Which CPU asked, when, and what of its own task; see `sp_asked`.
    @inline(__always)
    public var asked: sp_asked {
        (memory + Int(SP_ANSWERS_ASKED_OFFSET)).assumingMemoryBound(to: sp_asked.self).pointee
    }

    /// CPUs `64 * word`... that have nothing to do, one bit each.
    @inline(__always)
    public func idleCPUs(_ word: Int) -> UInt64 {
        UInt64(
            sp_load_acquire_u64(
                memory + Int(SP_ANSWERS_ASKED_OFFSET) + Self.idleOffset + 8 * word))
    }

    private static var idleOffset: Int { MemoryLayout<sp_asked>.size - Int(SP_CPUS_MAX) / 8 }

    /// How often a CPU gave way to the daemon.
    @inline(__always)
    public var turns: UInt64 { asked.turns }

    /// How often somebody took the daemon's thread out of its scheduling class.
    @inline(__always)
    public var outOfClass: UInt32 { asked.out_of_class }

    /// Says that the thread went back to its scheduling class, which is counted when it stands by again.
    public func noteReturn() { daemon.pointee.returned &+= 1 }

    /// The affinities that notices name by number: `SP_MASKS` of them.
    public var masks: UnsafePointer<sp_mask> {
        UnsafePointer(
            (memory + Int(SP_ANSWERS_MASKS_OFFSET)).assumingMemoryBound(to: sp_mask.self))
    }

    /// Whether there is no room for another answer.
    @inlinable @inline(__always)
    public var isFull: Bool {
        let tail = sp_load_acquire_u64(tailAddress)
        return head &- UInt64(tail) >= UInt64(SP_ANSWERS)
    }

    /// Says that the daemon is about to read notices: what it read and did not publish yet, it knows.
    @inline(__always)
    public func beginPass() {
        daemon.pointee.waiting = 1
    }

    /// Writes an answer; the backend sees it after `publish`. There must be room.
    @inline(__always)
    public mutating func append(_ answer: sp_answer) {
        let slot = Int(head & UInt64(SP_ANSWERS - 1))
        ringStart[slot] = answer
        head &+= 1
    }

    /// Makes the answers written so far visible.
    /// - Parameters:
    ///   - waiting: tasks that still wait for an answer.
    ///   - heldBack: tasks that are held back until a time.
    @inline(__always)
    public func publish(waiting: Int, heldBack: Int = 0) {
        daemon.pointee.waiting = UInt64(waiting)
        daemon.pointee.held_back = UInt64(heldBack)
        daemon.pointee.passes &+= 1
        sp_store_release_u64(memory, UInt(head))
    }

    @inlinable @inline(__always)
    var tailAddress: UnsafeRawPointer {
        UnsafeRawPointer(memory) + Int(SP_ANSWERS_ASKED_OFFSET)
    }

    @inline(__always)
    private var ringStart: UnsafeMutablePointer<sp_answer> {
        (memory + Int(SP_ANSWERS_RING_OFFSET)).assumingMemoryBound(to: sp_answer.self)
    }
}
