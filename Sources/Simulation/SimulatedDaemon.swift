// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import CSimKernel
import KernelLink
import PolicyModel
import UserMode

/// The daemon's real loop, as a thread of the simulated machine.
final class SimulatedDaemon {
    private let policy: sp_policy
    private let maxTasks: Int
    private(set) var figures = DaemonFigures()

    init(_ policy: sp_policy, maxTasks: Int) {
        self.policy = policy
        self.maxTasks = maxTasks
    }

    /// Adds the thread to the machine that was started. It ends with the machine, before this does.
    func start() {
        sim_add_daemon(
            { context in
                guard let context else { return }
                Unmanaged<SimulatedDaemon>.fromOpaque(context).takeUnretainedValue().passes()
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func passes() {
        let events = EventRing(
            consumer: sim_events_consumer(), producer: sim_events_producer(),
            data: sim_events_data(), size: Int(SP_EVENT_RING))
        let points = HostedPoints(computes: sim_daemon_computes)
        let published = LoopFigures()
        let answers = AnswerRing(memory: sim_answers())
        let decider = Decider(
            HostedPolicy(policy, witness: sim_daemon_decided), described: policy, maxTasks: maxTasks,
            masks: answers.masks)
        var loop = Loop(
            events: events, answers: answers, decider: decider, faults: points, exitKind: nil)
        let pid = Int32(bitPattern: sim_daemon_pid())
        loop.answers.introduce(process: pid, thread: pid)
        while sim_daemon_yields() { loop.pass(published) }
        figures.events = published.events.load(ordering: .relaxed)
        figures.picked = published.picked.load(ordering: .relaxed)
        figures.overflows = published.overflows.load(ordering: .relaxed)
        figures.stale = published.stale.load(ordering: .relaxed)
        figures.strange = published.strange.load(ordering: .relaxed)
        figures.passes = published.passes.load(ordering: .relaxed)
        figures.known = published.known.load(ordering: .relaxed)
    }
}
