// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

extension Machine {
    /// Gives a dead actor a new life: another generation of the same pid.
    mutating func settle(_ slot: Int) {
        var actor = Actor()
        actor.hasTimer = actors[slot].hasTimer
        actor.generation = actors[slot].generation &+ 1
        actor.pid = actors[slot].pid
        if actor.generation == 1 {
            // Pids are scattered and distinct: odd multiples permute the tasks of the probe.
            actor.pid = UInt32(truncatingIfNeeded: (slot + 1) &* 7919) & (SP_PROBE_TASKS - 1)
        }
        actor.habit = Habit(rawValue: random.below(UInt64(Habit.allCases.count))) ?? .sleeper
        actor.phase = .asleep
        actor.isKthread = random.chance(5)
        actor.pinned = random.chance(10) ? Int32(random.below(UInt64(cpuCount))) : -1
        actor.cpu = actor.pinned >= 0 ? actor.pinned : Int32(random.below(UInt64(cpuCount)))
        actor.weight = newWeight()
        actor.burstNs = actor.habit == .hog ? 10_000_000_000 : random.magnitude(5_000...50_000_000)
        actor.sleepNs = random.magnitude(10_000...200_000_000)
        if policy.inputs != 0 { actor.who = who.who(of: actor.pid, using: &random) }
        if actor.habit == .brief { actor.bursts = 1 + UInt32(random.below(5)) }
        actors[slot] = actor
    }

    private mutating func newWeight() -> UInt32 {
        random.chance(60) ? 100 : UInt32(random.magnitude(1...10_000))
    }

    /// Wakes an actor that sleeps; nothing happens to one that does not.
    mutating func wake(_ slot: Int, flags: UInt32) {
        guard actors[slot].phase == .asleep else { return }
        let burst = actors[slot].burstNs
        actors[slot].remainingNs = burst / 2 + random.below(burst & 0xffff_ffff) + 1
        wait(slot, flags: flags)
    }

    /// An actor has had the CPU time of its burst: it exits, or sleeps after what it does to
    /// others.
    mutating func finishBurst(_ slot: Int) {
        if actors[slot].bursts == 1 {
            exit(slot)
            return
        }
        if actors[slot].bursts > 1 { actors[slot].bursts -= 1 }
        actors[slot].phase = .asleep
        actors[slot].switches += 1
        switch actors[slot].habit {
        case .stage:
            let next = (slot + 1) % actorCount
            let isLast = actors[next].habit != .stage
            if !isLast { wake(next, flags: SP_EVENT_WAKEUP | SP_EVENT_SYNC) }
            if isLast || random.chance(10) { sleep(slot) } else { sleepLong(slot) }
        case .storm:
            sleep(slot)
            let first = Int(random.below(UInt64(actorCount)))
            for offset in 0..<min(actorCount, 32) {
                let other = (first + offset) % actorCount
                if other != slot { wake(other, flags: SP_EVENT_WAKEUP) }
            }
        case .hog, .sleeper, .brief:
            sleep(slot)
        }
    }

    private mutating func sleep(_ slot: Int) {
        arm(slot, after: actors[slot].sleepNs / 2 + random.below(actors[slot].sleepNs))
    }

    /// A stage is woken by the one before it; the timer only keeps a broken pipeline going.
    private mutating func sleepLong(_ slot: Int) {
        arm(slot, after: 4 &* actors[slot].sleepNs)
    }

    private mutating func arm(_ slot: Int, after length: UInt64) {
        if actors[slot].hasTimer { return }
        actors[slot].hasTimer = true
        timers.insert(Int32(slot), key: elapsed &+ length)
    }

    private mutating func exit(_ slot: Int) {
        actors[slot].phase = .dead
        _ = decide(slot, SP_EVENT_EXIT)
    }

    /// Forks into the places of the dead, changes weights, sends what comes too late.
    mutating func keepHouse() {
        timers.insert(Self.housekeeping, key: elapsed &+ 1 &+ random.below(2 &* unrestNs))
        let slot = Int(random.below(UInt64(actorCount)))
        if actors[slot].phase == .dead {
            settle(slot)
            wake(slot, flags: 0)
        } else if random.chance(20) {
            actors[slot].weight = newWeight()
            tellChange(slot)
        } else if wanted & SP_WANTS_CHANGED_BIT != 0 && random.chance(20) {
            actors[slot].pinned = random.chance(50) ? Int32(random.below(UInt64(cpuCount))) : -1
            tellChange(slot)
        } else if wanted & SP_WANTS_CPUS_BIT != 0 && random.chance(20) {
            tellCPU(Int32(random.below(UInt64(cpuCount))), isOnline: random.chance(50))
        } else if policy.inputs != 0 && random.chance(20) {
            actors[slot].who = who.who(of: actors[slot].pid, using: &random)
        } else if random.chance(10) {
            sendLate(slot)
        }
    }

    /// An event of the pid's previous task, which is stale.
    private mutating func sendLate(_ slot: Int) {
        actors[slot].generation &-= 1
        let kinds = [SP_EVENT_RUNNING, SP_EVENT_EXIT, SP_EVENT_ENQUEUE]
        _ = decide(slot, kinds[Int(random.below(3))])
        actors[slot].generation &+= 1
    }
}
