// SPDX-License-Identifier: GPL-2.0-only
import CLibbpf
import CSchedProto
import CSystem
import Glibc
public import KernelLink
public import PolicyModel
import Synchronization

/// The user mode's daemon: one thread that reads events, lets the policy decide, and yields.
///
/// Start it, attach the scheduler, `begin`; detach, then `stop`. The thread never sleeps while the
/// scheduler is attached: it yields, and the backend runs it when a CPU needs it.
public final class Daemon: Sendable {
    /// What the thread did, as other threads see it.
    public struct Statistics: Sendable {
        public var events: UInt64 = 0
        public var picked: UInt64 = 0
        public var overflows: UInt64 = 0
        public var stale: UInt64 = 0
        public var strange: UInt64 = 0
        public var overlooked: UInt64 = 0
        /// Tasks that went on where they were, since they were still first.
        public var continued: UInt64 = 0
        /// Passes through the loop.
        public var passes: UInt64 = 0
        /// Tasks in the run queue, and tasks known.
        public var waiting: UInt64 = 0
        public var known: UInt64 = 0
        /// CPU time of the thread, ns.
        public var cpuNs: UInt64 = 0
        /// Page faults of the thread since it began.
        public var pageFaults: UInt64 = 0
        /// Its allocations since then; nil if the program is not linked with a count of them.
        public var allocations: UInt64?
        /// Its context switches since then because it waited for something.
        public var sleeps: UInt64 = 0
        /// Those while it could have gone on: it yielded, or was preempted.
        public var yields: UInt64 = 0
    }

    fileprivate enum Order { static let wait: UInt32 = 0, run: UInt32 = 1, stop: UInt32 = 2 }

    fileprivate let order = Atomic<UInt32>(Order.wait)
    fileprivate let thread = Atomic<Int32>(0)
    /// There is no thread, or it is over.
    fileprivate let ended = Atomic<Bool>(true)
    private let published = LoopFigures()
    /// What the thread had used before it began its work.
    private let usageBefore = Mutex<ThreadUsage?>(nil)
    private let startFailure = Mutex<KernelError?>(nil)

    /// Asks for memory of the node that uses it, which is the default but for this: what was asked for keeps the
    /// kernel from taking pages away for a moment to see who uses them (`kernel.numa_balancing`), locked ones too.
    ///
    /// Counts for the calling thread and those that are made later, so it belongs at a session's begin: what was
    /// taken before stays away until it is used. A kernel without NUMA has nothing of it, and needs nothing.
    public static func stayOnOneNode() { sp_use_local_node() }

    /// Starts the thread and locks the process's memory. The scheduler must be loaded and not yet
    /// attached.
    ///
    /// - Parameter maxTasks: tasks that the policy knows at one time, 1...2^28, 136 to 144 bytes
    ///   each; beyond it a task is let run without the policy, and counted.
    /// - Parameter fault: what goes wrong on purpose; nil, of course, but in tests of the backend.
    public init<P: Policy & Sendable>(
        _ policy: P, for scheduler: borrowing Scheduler, maxTasks: Int, fault: Fault? = nil
    ) throws(KernelError) {
        LockedMemory.prepare()
        let part = Part(
            policy: policy, described: scheduler.configuration.policy,
            partial: scheduler.configuration.partial, maxTasks: maxTasks,
            layout: scheduler.configuration.queues, events: try scheduler.map("events"),
            answers: try scheduler.map("answers"),
            exitKind: UInt(bitPattern: scheduler.exitKind))
        try launch { [self] in
            do throws(KernelError) {
                if let fault {
                    try serve(part, Provoked(fault))
                } else {
                    try serve(part, NoFault())
                }
            } catch {
                startFailure.withLock { $0 = error }
                thread.store(-1, ordering: .releasing)
            }
            ended.store(true, ordering: .releasing)
        }
    }

    /// What the thread is given.
    private struct Part<P: Policy & Sendable>: Sendable {
        let policy: P
        let described: sp_policy
        let partial: Bool
        let maxTasks: Int
        let layout: QueueLayout?
        /// Descriptors of maps.
        let events: Int32
        let answers: Int32
        /// Address where the kernel notes that it ended the scheduler.
        let exitKind: UInt
    }

    /// The thread's life.
    private func serve<P: Policy & Sendable>(
        _ part: Part<P>, _ faults: some FaultPoints
    ) throws(KernelError) {
        let answers = try AnswerRing(map: part.answers)
        let decider = Decider(
            part.policy, described: part.described, maxTasks: part.maxTasks, masks: answers.masks,
            layout: part.layout)
        var loop = Loop(
            events: try EventRing(map: part.events), answers: answers, decider: decider,
            faults: faults, exitKind: UnsafeRawPointer(bitPattern: part.exitKind))
        var rehearsal = Decider(
            part.policy, described: part.described, maxTasks: 16, layout: part.layout)
        rehearsal.warmUp()
        loop.pass(published)
        defer { LockedMemory.unlock() }
        try prepareThread(partial: part.partial)
        loop.answers.introduce(process: getpid(), thread: sp_gettid())
        thread.store(sp_gettid(), ordering: .releasing)
        waitForOrder()
        noteUsage()
        sp_count_allocations(1)
        defer { sp_count_allocations(0) }
        var (turns, idlePasses, outOfClass) = (UInt64(0), 0, UInt32(0))
        while order.load(ordering: .relaxed) == Order.run && !loop.isOver {
            loop.pass(published)
            // The backend saw it leave, or nobody asks it any more.
            if loop.answers.outOfClass != outOfClass || idlePasses > Self.idlePassesMax {
                outOfClass = loop.answers.outOfClass
                if SchedulingClass.returnToIt(partial: part.partial) { loop.answers.noteReturn() }
            }
            // No CPU gave way to us, and we run all the same: the kernel schedules, in its own order,
            // as between its decision to end a scheduler and the end. Yielding would take a CPU.
            idlePasses = loop.answers.turns == turns ? idlePasses + 1 : 0
            turns = loop.answers.turns
            if idlePasses > Self.idlePassesMax {
                usleep(1000)
            } else {
                sched_yield()
            }
        }
    }

    /// Passes in a row that nobody asked for, until the thread sleeps between them.
    private static let idlePassesMax = 64

    deinit { stop() }

    /// Lets the thread take up its work; call it as soon as the scheduler is attached.
    public func begin() {
        // Not before attachment: a second daemon, which the kernel refuses, would take it back.
        Compaction.leaveLockedPages()
        order.store(Order.run, ordering: .releasing)
    }

    /// Ends the thread, which unlocks the process's memory. Detach the scheduler first.
    public func stop() {
        order.store(Order.stop, ordering: .releasing)
        while !ended.load(ordering: .acquiring) { usleep(1000) }
        Compaction.takeLockedPages()
    }

    /// What the thread did so far.
    public func statistics() -> Statistics {
        var now = Statistics()
        now.events = published.events.load(ordering: .relaxed)
        now.picked = published.picked.load(ordering: .relaxed)
        now.overflows = published.overflows.load(ordering: .relaxed)
        now.stale = published.stale.load(ordering: .relaxed)
        now.strange = published.strange.load(ordering: .relaxed)
        now.overlooked = published.overlooked.load(ordering: .relaxed)
        now.continued = published.continued.load(ordering: .relaxed)
        now.passes = published.passes.load(ordering: .relaxed)
        now.waiting = published.waiting.load(ordering: .relaxed)
        now.known = published.known.load(ordering: .relaxed)
        now.allocations = UInt64(exactly: sp_counted_allocations())
        if let usage = ThreadUsage(thread: thread.load(ordering: .relaxed)) {
            let before = usageBefore.withLock { $0 } ?? usage
            now.cpuNs = usage.cpuNs
            now.pageFaults = usage.pageFaults &- before.pageFaults
            now.sleeps = usage.sleeps &- before.sleeps
            now.yields = usage.yields &- before.yields
        }
        return now
    }

    /// Starts a thread of 256 KiB of stack and waits until it is ready.
    private func launch(_ body: @escaping @Sendable () -> Void) throws(KernelError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, 256 << 10)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let context = Unmanaged.passRetained(ThreadBody(body))
        ended.store(false, ordering: .releasing)
        var handle = pthread_t()
        let result = pthread_create(
            &handle, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        if result != 0 {
            context.release()
            ended.store(true, ordering: .releasing)
            throw KernelError("pthread_create", errno: result)
        }
        while thread.load(ordering: .acquiring) == 0 { usleep(1000) }
        if let failure = startFailure.withLock({ $0 }) { throw failure }
    }

    private func prepareThread(partial: Bool) throws(KernelError) {
        sp_name_thread("sched-proto-dec")
        try LockedMemory.lock()
        // Warms up what the loop calls: the first call of each may bind a symbol.
        sched_yield()
        sp_count_allocations(1)
        sp_count_allocations(0)
        noteUsage()
        try SchedulingClass.enter(partial: partial)
    }

    private func waitForOrder() {
        // Short: from attachment to `begin` the backend falls back, and counts it.
        while order.load(ordering: .acquiring) == Order.wait { usleep(200) }
    }

    private func noteUsage() {
        let usage = ThreadUsage.ofThisThread()
        usageBefore.withLock { $0 = usage }
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
