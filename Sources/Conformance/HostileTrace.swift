// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import KernelLink
import PolicyModel

/// Events that no kernel sends: every field at its bounds, times that stand still, jump and wrap,
/// generations that are older, newer or nobody's.
struct HostileTrace {
    /// How the clock moves in one trace.
    private enum Clock: UInt64, CaseIterable {
        case still, steps, jumps, rules, anything
    }

    /// Tasks whose generation is remembered, so that most events are not stale.
    private static let remembered = 256

    private var random: SplitMix64
    private let policy: sp_policy
    private let clock: Clock
    private let firstPid: UInt32
    private let pids: UInt64
    /// Percentage of values that are ordinary, so that the state gets somewhere.
    private let ordinary: UInt64
    private var now: UInt64
    private var generations: [UInt32]
    private var switches: UInt64 = 0
    private let who: WhoSource
    /// What times, waits and CPU times are compared with.
    private let limits: (times: [UInt64], waits: [UInt64], used: [UInt64])
    /// Kinds of event that not every policy is told of.
    private let wanted: [UInt32]

    init(seed: UInt64, policy: sp_policy, _ who: WhoSource) {
        self.who = who
        wanted = policy.wantedKinds
        if policy.pair == 0 {
            limits = (
                Shipped.limits(policy), Shipped.waitLimits(policy), Shipped.usedLimits(policy)
            )
        } else {
            let own = PairLimits.of(policy)
            limits = (own, own + [0], own)
        }
        random = SplitMix64(seed: seed)
        self.policy = policy
        clock = Clock(rawValue: random.below(UInt64(Clock.allCases.count))) ?? .steps
        pids = random.pick([1, 1, 2, 3, 10, 100, 1000, 100_000])
        firstPid = UInt32(random.below(UInt64(SP_PROBE_TASKS)))
        ordinary = random.pick([0, 50, 80, 95, 99])
        now = random.pick([0, 1, .max, .max - 1_000_000_000, 1 << 63, random.next()])
        let generation = UInt32(truncatingIfNeeded: random.pick([1, 1, 1 << 31, 0xffff_fff0]))
        generations = [UInt32](repeating: generation, count: Self.remembered)
    }

    /// Fills the buffer with the next events.
    mutating func fill(_ events: UnsafeMutableBufferPointer<sp_event>) {
        for index in 0..<events.count {
            events[index] = next(sequence: UInt64(index))
        }
    }

    private mutating func next(sequence: UInt64) -> sp_event {
        var event = sp_event()
        event.seq = sequence
        advance()
        event.now = now
        event.used_ns = usedNs()
        event.switches = nextSwitches()
        event.kind = kind()
        event.flags =
            isOrdinary
            ? UInt32(random.below(UInt64(flags) + 1)) : UInt32(truncatingIfNeeded: random.next())
        let task = UInt32(random.below(pids))
        event.pid = (firstPid &+ task) & (SP_PROBE_TASKS - 1)
        event.generation = generation(of: Int(task) % Self.remembered, kind: event.kind)
        event.cpu = cpu()
        event.idle_cpu = random.chance(40) ? -1 : cpu()
        event.weight = weight()
        event.cpus = count(64)
        event.waiting = (waiting(event.cpus), waiting(event.cpus))
        event.key = key()
        event.first = (key(), key())
        event.since = (since(), since())
        if policy.hasOwnQueues {
            event.first.1 = place()
            event.since.1 = place()
            if event.kind == SP_EVENT_ENQUEUE.rawValue { event.key = place() }
        }
        if policy.inputs != 0 && event.kind == SP_EVENT_ENQUEUE.rawValue {
            if isOrdinary {
                event.put(who.who(of: event.pid, using: &random), policy.inputs)
            } else {
                WhoSource.put(&event, policy.inputs, using: &random)
            }
        }
        return event
    }

    private var isOrdinary: Bool {
        mutating get { random.chance(ordinary) }
    }

    private mutating func advance() {
        switch clock {
        case .still: if random.chance(1) { now &+= random.below(3) }
        case .steps: now &+= random.below(5_000_000)
        case .jumps: now &+= random.magnitude(0...(1 << 62))
        case .rules:
            // On and around the limits that the policy compares times with.
            now &+= random.pick(limits.times) &+ random.below(3) &- 1
        case .anything: now = random.next()
        }
        if !isOrdinary && random.chance(10) { now &-= random.magnitude(0...UInt64.max) }
    }

    private mutating func usedNs() -> UInt64 {
        if isOrdinary {
            // Of a pair it is not known what it adds up, or compares: now and then it is exactly one of them.
            if policy.pair != 0 && random.chance(10) { return random.pick(limits.used) }
            return random.magnitude(0...100_000_000)
        }
        return random.pick(
            [0, 1, .max, .max / 100, .max / 100 + 1, 1 << 63] + limits.used + [random.next()])
    }

    private mutating func nextSwitches() -> UInt64 {
        if isOrdinary {
            switches &+= random.below(20)
            return switches
        }
        return random.pick([
            0, .max, switches &- 1, switches &+ (1 << 20), switches &+ (1 << 20) + 1, random.next(),
        ])
    }

    /// All that this policy may meet.
    private var flags: UInt32 {
        wanted.isEmpty ? SP_EVENT_FLAGS : SP_EVENT_FLAGS | SP_EVENT_WANTED_FLAGS
    }

    private mutating func kind() -> UInt32 {
        if !wanted.isEmpty && random.chance(30) {
            return wanted[Int(random.below(UInt64(wanted.count)))]
        }
        if random.chance(98) {
            let kinds: [sp_event_kind] = [
                SP_EVENT_ENQUEUE, SP_EVENT_ENQUEUE, SP_EVENT_ENQUEUE, SP_EVENT_RUNNING,
                SP_EVENT_RUNNING, SP_EVENT_DISPATCH, SP_EVENT_DISPATCH, SP_EVENT_EXIT,
            ]
            return kinds[Int(random.below(random.chance(20) ? 8 : 7))].rawValue
        }
        return UInt32(truncatingIfNeeded: random.pick([0, 5, 255, 256 + 1, 0xffff_ffff, random.next()]))
    }

    private mutating func generation(of task: Int, kind: UInt32) -> UInt32 {
        let present = generations[task]
        if kind == SP_EVENT_EXIT.rawValue { generations[task] = present &+ 1 }
        if isOrdinary || random.chance(50) { return present }
        switch random.below(7) {
        case 0: return 0
        case 1: return present &- 1
        case 2: return present &+ (1 << 31)
        case 3: return present &+ (1 << 31) &- 1
        case 4: return UInt32(truncatingIfNeeded: random.next())
        default:
            generations[task] = present &+ 1
            return generations[task]
        }
    }

    private mutating func cpu() -> Int32 {
        if isOrdinary { return Int32(random.below(64)) }
        return Int32(
            truncatingIfNeeded: random.pick([
                0, .max, 0x7fff_ffff, 0x8000_0000, 4096, random.next(),
            ]))
    }

    private mutating func weight() -> UInt32 {
        if isOrdinary { return UInt32(random.magnitude(1...10_000)) }
        return UInt32(
            truncatingIfNeeded: random.pick([
                0, 1, 100, 10_000, 10_001, 0xffff_ffff, 0x8000_0000, random.next(),
            ]))
    }

    /// Close to one another, so that comparisons go either way; or far apart.
    private mutating func key() -> UInt64 {
        if isOrdinary { return (1 << 40) &+ random.below(3) }
        return random.pick([0, 1, .max, 1 << 63, (1 << 63) - 1, random.next()])
    }

    /// When somebody began to wait: around what the limits of waits make of it.
    private mutating func since() -> UInt64 {
        if isOrdinary { return now &- random.pick(limits.waits) &+ random.below(3) &- 1 }
        return random.pick([0, now, now &+ 1, now &- (1 << 63), random.next()])
    }

    /// Of a small machine, or anything.
    private mutating func place() -> UInt64 {
        if !isOrdinary { return random.pick([0, .max, 0xffff, random.next()]) }
        let (cpu, core, llc, node) = (random.below(9), random.below(8), random.below(4), random.below(2))
        return cpu | core << 16 | llc << 32 | node << 48
    }

    private mutating func count(_ usual: UInt64) -> UInt32 {
        if isOrdinary { return UInt32(1 + random.below(usual)) }
        return UInt32(truncatingIfNeeded: random.pick([0, 1, 0xffff_ffff, random.next()]))
    }

    private mutating func waiting(_ cpus: UInt32) -> UInt32 {
        if random.chance(25) { return 0 }
        if random.chance(20) {
            return policy.promote_waiting_max &* cpus &+ UInt32(random.below(3)) &- 1
        }
        return isOrdinary ? UInt32(random.below(20)) : count(100_000)
    }
}
