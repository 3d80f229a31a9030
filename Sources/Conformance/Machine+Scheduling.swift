// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto

extension Machine {
    /// An actor begins to wait, where the policy says.
    mutating func wait(_ slot: Int, flags: UInt32) {
        actors[slot].phase = .waiting
        let idle = flags & SP_EVENT_WAKEUP != 0 ? idleCPU(for: slot) : -1
        // As in the kernel it is there before anybody is asked; places tell where it was.
        if layout != nil && idle >= 0 { actors[slot].cpu = idle }
        let decision = decide(slot, SP_EVENT_ENQUEUE, flags: flags, idleCPU: idle)
        actors[slot].usedNs = 0
        actors[slot].since = epoch &+ elapsed
        switch decision.action {
        case SP_ACTION_DIRECT.rawValue
        where idle >= 0 && decision.cpu == idle && allows(decision, Int(idle)):
            append(slot, toLocalQueueOf: Int(decision.cpu))
            serve(cpu: Int(decision.cpu))
        case SP_ACTION_HOLD.rawValue: hold(slot, decision)
        default:
            insert(slot, decision)
            if let cpu = idleCPU(decision) { serve(cpu: cpu) }
        }
    }

    /// Until its time nobody serves it. Whatever a policy says, it is an hour at most.
    private mutating func hold(_ slot: Int, _ decision: sp_decision) {
        actors[slot].phase = .held
        actors[slot].held = decision
        timers.insert(
            Self.housekeeping + 1 + Int32(slot), key: elapsed &+ min(decision.slice_ns, 3_600_000_000_000))
    }

    /// The time of an actor has come that was held back.
    mutating func release(_ slot: Int) {
        actors[slot].phase = .waiting
        actors[slot].since = epoch &+ elapsed
        insert(slot, actors[slot].held)
        if let cpu = idleCPU(actors[slot].held) { serve(cpu: cpu) }
    }

    private mutating func insert(_ slot: Int, _ decision: sp_decision) {
        if layout != nil { return insertOwn(slot, decision) }
        if decision.queue == SP_QUEUE_PRIORITY.rawValue {
            priority.insert(Int32(slot), key: decision.key)
        } else {
            regular.insert(Int32(slot), key: decision.key)
        }
    }

    /// An actor's slice is over. As in the kernel the CPU asks before it is queued again: the policy is
    /// told of it first, and may let it go on.
    private mutating func sliceEnded(_ slot: Int, cpu: Int) {
        actors[slot].phase = .waiting
        guard waiting > 0, cpus[cpu].localHead < 0 else {
            if cpus[cpu].localHead >= 0 {
                tellStop(slot, sleeps: false)
                wait(slot, flags: 0)
                serve(cpu: cpu)
            } else {
                goOnAlone(slot, cpu: cpu)
            }
            return
        }
        tellStop(slot, sleeps: false)
        let placed = decide(slot, SP_EVENT_ENQUEUE, flags: 0)
        actors[slot].usedNs = 0
        actors[slot].since = epoch &+ elapsed
        if placed.action == SP_ACTION_HOLD.rawValue {
            hold(slot, placed)
            return serve(cpu: cpu)
        }
        guard allows(placed, cpu) else { return leave(slot, placed, cpu: cpu) }
        let decision = decideDispatch(cpu: cpu, prev: (slot, placed.key))
        guard decision.action != SP_ACTION_CONTINUE.rawValue, let next = take(decision, cpu: cpu) else {
            run(slot, on: cpu)
            return
        }
        insert(slot, placed)
        run(next, on: cpu)
    }

    /// Nobody waits. The policy is asked all the same if it wants to be.
    private mutating func goOnAlone(_ slot: Int, cpu: Int) {
        guard policy.isAskedAlone else { return run(slot, on: cpu, isPicked: false) }
        tellStop(slot, sleeps: false)
        let placed = decide(slot, SP_EVENT_ENQUEUE, flags: 0)
        actors[slot].usedNs = 0
        actors[slot].since = epoch &+ elapsed
        if placed.action == SP_ACTION_HOLD.rawValue { return hold(slot, placed) }
        guard allows(placed, cpu) else { return leave(slot, placed, cpu: cpu) }
        run(slot, on: cpu)
    }

    /// An actor may not go on where it runs, since its queue has other CPUs now.
    private mutating func leave(_ slot: Int, _ placed: sp_decision, cpu: Int) {
        insert(slot, placed)
        if let other = idleCPU(placed) { serve(cpu: other) }
        serve(cpu: cpu)
    }

    /// The first of the queue, or of the other one if nobody waits there; nil if nobody may run there.
    private mutating func take(_ decision: sp_decision, cpu: Int) -> Int? {
        if layout != nil { return takeOwn(decision, cpu: cpu) }
        let queue = decision.queue
        if priority.count > 0 && (queue == SP_QUEUE_PRIORITY.rawValue || regular.count == 0) {
            return Int(priority.removeFirst().item)
        }
        return regular.count > 0 ? Int(regular.removeFirst().item) : nil
    }

    private func idleCPU(for slot: Int) -> Int32 {
        let wanted = actors[slot].cpu
        if idleCPUs & (1 << UInt64(wanted)) != 0 { return wanted }
        if actors[slot].pinned >= 0 || idleCPUs == 0 { return -1 }
        return Int32(idleCPUs.trailingZeroBitCount)
    }

    private mutating func append(_ slot: Int, toLocalQueueOf cpu: Int) {
        actors[slot].behind = -1
        if cpus[cpu].localTail >= 0 {
            actors[Int(cpus[cpu].localTail)].behind = Int32(slot)
        } else {
            cpus[cpu].localHead = Int32(slot)
        }
        cpus[cpu].localTail = Int32(slot)
    }

    /// The time of the actor that runs on the CPU is up, or its burst has ended.
    mutating func stop(cpu: Int) {
        let slot = Int(cpus[cpu].running)
        if cpus[cpu].leftNs > 0 && goesOnAfterTick(slot, cpu: cpu) { return }
        let ran = cpus[cpu].sliceNs
        waker = Int32(cpu)
        cpus[cpu].running = -1
        idleCPUs |= 1 << UInt64(cpu)
        actors[slot].usedNs &+= ran
        actors[slot].ranNs &+= ran
        actors[slot].remainingNs -= ran
        if actors[slot].remainingNs == 0 {
            tellStop(slot, sleeps: true)
            finishBurst(slot)
        } else {
            sliceEnded(slot, cpu: cpu)
            return
        }
        serve(cpu: cpu)
    }

    /// A tick: the policy may let the actor give way, whose time is charged so far.
    private mutating func goesOnAfterTick(_ slot: Int, cpu: Int) -> Bool {
        let ran = cpus[cpu].sliceNs
        actors[slot].usedNs &+= ran
        actors[slot].ranNs &+= ran
        actors[slot].remainingNs -= ran
        cpus[cpu].sliceNs = 0
        let decision = tellUsed(slot, SP_EVENT_TICK)
        if decision.action == SP_ACTION_GIVE_WAY.rawValue {
            cpus[cpu].leftNs = 0
            return false
        }
        goOn(cpu, for: cpus[cpu].leftNs)
        return true
    }

    /// The CPU's actor runs for so long, or until the next tick.
    private mutating func goOn(_ cpu: Int, for ns: UInt64) {
        cpus[cpu].sliceNs = tickNs == 0 ? ns : min(ns, tickNs)
        cpus[cpu].leftNs = ns - cpus[cpu].sliceNs
        timers.insert(Int32(Self.actorsMax + cpu), key: elapsed &+ cpus[cpu].sliceNs)
    }

    /// An idle CPU looks for an actor to run: its own queue first, then as the policy says.
    private mutating func serve(cpu: Int) {
        guard cpus[cpu].running < 0, !isFull else { return }
        let head = cpus[cpu].localHead
        if head >= 0 {
            cpus[cpu].localHead = actors[Int(head)].behind
            if cpus[cpu].localHead < 0 { cpus[cpu].localTail = -1 }
            run(Int(head), on: cpu)
            return
        }
        guard waiting > 0 else { return }
        let decision = decideDispatch(cpu: cpu, prev: nil)
        if let next = take(decision, cpu: cpu) { run(next, on: cpu) }
    }

    /// For how long an actor goes on for which nobody waits: a slice, of which no event tells. Where no event came for long,
    /// twice as long, and so on: a machine with short slices and long sleeps would make its events for minutes.
    private func aloneNs(_ slot: Int) -> UInt64 {
        let (ns, isTooLong) = policy.slice_max_ns.multipliedReportingOverflow(by: 1 << min(quiet >> 3, 40))
        return isTooLong ? actors[slot].remainingNs : ns
    }

    private mutating func run(_ slot: Int, on cpu: Int, isPicked: Bool = true) {
        actors[slot].phase = .running
        actors[slot].cpu = Int32(cpu)
        actors[slot].ranOn = Int32(cpu)
        if isPicked { actors[slot].ranNs = 0 }
        let sliceNs = isPicked ? decide(slot, SP_EVENT_RUNNING).slice_ns : aloneNs(slot)
        let slice = max(1, min(sliceNs, actors[slot].remainingNs))
        cpus[cpu].running = Int32(slot)
        idleCPUs &= ~(1 << UInt64(cpu))
        goOn(cpu, for: slice)
    }
}
