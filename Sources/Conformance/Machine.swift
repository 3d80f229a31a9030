// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import PolicyModel

/// A simulated machine whose CPUs run tasks the way the policy decides: its decisions determine
/// what happens next, so traces are such as a kernel sends. `Machine+Life.swift` has the tasks'
/// lives, `Machine+Scheduling.swift` the queues and CPUs, `Machine+Events.swift` the events.
///
/// It asks a policy of its own, the described one or a pair's. If that were wrong, traces would be odd but
/// the comparison as strict as ever.
struct Machine<Execution: Policy>: ~Copyable {
    /// How a task behaves.
    enum Habit: UInt64, CaseIterable {
        /// Computes without end.
        case hog
        /// Computes and sleeps in turn.
        case sleeper
        /// Computes, wakes the next stage and sleeps until it is woken itself.
        case stage
        /// Wakes all sleepers at once, now and then.
        case storm
        /// Lives for a few bursts.
        case brief
    }

    enum Phase {
        case dead, asleep, held, waiting, running
    }

    struct Actor {
        var habit = Habit.hog
        var phase = Phase.dead
        var isKthread = false
        /// The only CPU that it may run on, or -1.
        var pinned: Int32 = -1
        var pid: UInt32 = 0
        var generation: UInt32 = 0
        var weight: UInt32 = 100
        var cpu: Int32 = 0
        /// The CPU that it ran on last, or -1.
        var ranOn: Int32 = -1
        /// A timer will wake it; kept when something else does first.
        var hasTimer = false
        /// The actor behind this one in a CPU's local queue, or -1.
        var behind: Int32 = -1
        /// Bursts until the exit; 0 for a task that stays.
        var bursts: UInt32 = 0
        var burstNs: UInt64 = 0
        var sleepNs: UInt64 = 0
        /// CPU time that the present burst still needs.
        var remainingNs: UInt64 = 0
        /// CPU time since the last ENQUEUE.
        var usedNs: UInt64 = 0
        /// CPU time since the last RUNNING, or STOPPING after it.
        var ranNs: UInt64 = 0
        var switches: UInt64 = 0
        /// When it began to wait, as events tell it.
        var since: UInt64 = 0
        /// Where it waits when it is held back no more.
        var held = sp_decision()
        /// Who it is, for a pair that wants to know.
        var who = sp_who()
    }

    struct CPU {
        /// The actor that runs, or -1.
        var running: Int32 = -1
        /// How long it has been let run; where there are ticks, until the next one.
        var sliceNs: UInt64 = 0
        /// How long it may run after that tick.
        var leftNs: UInt64 = 0
        var localHead: Int32 = -1
        var localTail: Int32 = -1
    }

    static var actorsMax: Int { 512 }
    static var cpusMax: Int { 64 }
    /// The timer that forks, reweights and sends late events.
    static var housekeeping: Int32 { Int32(actorsMax + cpusMax) }

    var random: SplitMix64
    let policy: sp_policy
    var execution: Execution
    let actors: UnsafeMutablePointer<Actor>
    let states: UnsafeMutablePointer<sp_task>
    let cpus: UnsafeMutablePointer<CPU>
    let who: WhoSource
    /// Events that it wants beside those of all policies, bits.
    let wanted: UInt32
    /// From tick to tick, in ns; 0 if the policy does not want to know.
    let tickNs: UInt64
    let actorCount: Int
    let cpuCount: Int
    /// Time of the machine's start as the events tell it; may be close to the wrap-around.
    let epoch: UInt64
    /// Mean of the housekeeping's interval, in ns.
    let unrestNs: UInt64
    /// Time since the machine's start, in ns.
    var elapsed: UInt64 = 0
    /// The CPU that wakes, while one does: a timer's is the one where somebody stopped last.
    var waker: Int32 = 0
    /// CPUs that run nothing, one bit each.
    var idleCPUs: UInt64
    /// Asleep until a time, running until a time, housekeeping: actors, then CPUs, then itself; and behind these
    /// actors that are held back until a time.
    var timers = BinaryHeap(capacity: 2 * Self.actorsMax + Self.cpusMax + 1)
    var regular = BinaryHeap(capacity: Self.actorsMax)
    var priority = BinaryHeap(capacity: Self.actorsMax)
    /// A pair's own queues, on a machine by lot; nil if it has none.
    let layout: QueueLayout?
    let own: UnsafeMutablePointer<BinaryHeap>
    var events: UnsafeMutableBufferPointer<sp_event>
    var count = 0
    /// Timers since the last event, and in all.
    var quiet: UInt64 = 0
    var steps = 0

    init(
        seed: UInt64, policy: sp_policy, _ execution: Execution,
        _ who: WhoSource, events: UnsafeMutableBufferPointer<sp_event>
    ) {
        self.who = who
        wanted = policy.wanted
        random = SplitMix64(seed: seed)
        self.policy = policy
        self.execution = execution
        actors = .allocate(capacity: Self.actorsMax)
        states = .allocate(capacity: Self.actorsMax)
        cpus = .allocate(capacity: Self.cpusMax)
        actors.initialize(repeating: Actor(), count: Self.actorsMax)
        states.initialize(repeating: sp_task(), count: Self.actorsMax)
        cpus.initialize(repeating: CPU(), count: Self.cpusMax)
        actorCount = Int(random.magnitude(2...UInt64(Self.actorsMax)))
        cpuCount = Int(random.magnitude(1...UInt64(Self.cpusMax)))
        idleCPUs = cpuCount == 64 ? .max : (1 << UInt64(cpuCount)) - 1
        epoch = random.pick([0, 1_000_000_000_000, .max - 500_000_000, random.next()])
        unrestNs = random.magnitude(100_000...50_000_000)
        let topology = policy.hasOwnQueues ? Topology.random(cpus: cpuCount, using: &random) : nil
        layout = topology.map { QueueLayout(policy, $0) }
        let queues = layout?.tables.count ?? 0
        own = .allocate(capacity: max(queues, 1))
        for queue in 0..<queues { (own + queue).initialize(to: BinaryHeap(capacity: Self.actorsMax)) }
        self.events = events
        // Last: machines of others are what they were.
        tickNs = wanted & SP_WANTS_TICK_BIT == 0 ? 0 : random.pick([1_000_000, 4_000_000, 10_000_000])
    }

    deinit {
        own.deinitialize(count: layout?.tables.count ?? 0)
        own.deallocate()
        actors.deallocate()
        states.deallocate()
        cpus.deallocate()
    }

    /// Runs the machine until the buffer is full.
    /// - Returns: timers that it took, of which some dozens at most go by without an event.
    @discardableResult
    static func fill(
        _ events: UnsafeMutableBufferPointer<sp_event>, seed: UInt64, policy: sp_policy,
        _ execution: Execution, _ who: WhoSource
    ) -> Int {
        var machine = Machine(seed: seed, policy: policy, execution, who, events: events)
        machine.run()
        return machine.steps
    }

    var isFull: Bool { count == events.count }

    private mutating func run() {
        for slot in 0..<actorCount {
            settle(slot)
            wake(slot, flags: 0)
        }
        timers.insert(Self.housekeeping, key: unrestNs)
        while !isFull {
            let timer = timers.removeFirst()
            elapsed = timer.key
            let before = count
            steps += 1
            defer { quiet = count == before ? quiet + 1 : 0 }
            switch timer.item {
            case Self.housekeeping: keepHouse()
            case (Self.housekeeping + 1)...: release(Int(timer.item - Self.housekeeping) - 1)
            case Int32(Self.actorsMax)...: stop(cpu: Int(timer.item) - Self.actorsMax)
            default:
                actors[Int(timer.item)].hasTimer = false
                wake(Int(timer.item), flags: SP_EVENT_WAKEUP)
            }
        }
    }
}
