// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import CSimKernel
import KernelLink
import UserMode

/// The daemon's real loop between the model's rings, until the machine ends; then what it counted.
func makePasses(_ policy: sp_policy, maxTasks: Int) {
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
    var figures = sim_daemon_figures()
    figures.events = published.events.load(ordering: .relaxed)
    figures.picked = published.picked.load(ordering: .relaxed)
    figures.continued = published.continued.load(ordering: .relaxed)
    figures.overflows = published.overflows.load(ordering: .relaxed)
    figures.stale = published.stale.load(ordering: .relaxed)
    figures.strange = published.strange.load(ordering: .relaxed)
    figures.passes = published.passes.load(ordering: .relaxed)
    figures.waiting = published.waiting.load(ordering: .relaxed)
    figures.known = published.known.load(ordering: .relaxed)
    sim_daemon_counted(&figures)
}
