// SPDX-License-Identifier: GPL-2.0-only
import CSchedProto
import CSimKernel
import KernelLink
import PolicyModel
import UserMode

/// The daemon's real loop between the model's rings, until the machine ends; then what it counted.
func makePasses(_ policy: sp_policy, maxTasks: Int) {
    let calls = sim_calls().pointee
    makePasses(
        HostedPolicy(policy, witness: calls.daemon_decided), described: policy, maxTasks: maxTasks,
        layout: nil, calls)
}

/// The same with any policy, which shows its decisions to the model by itself.
/// - Parameters:
///   - layout: a pair's own queues; nil if it has none.
///   - calls: of the model that the machine is in.
func makePasses<P: Policy>(
    _ policy: P, described: sp_policy, maxTasks: Int, layout: QueueLayout?, _ calls: sim_calls
) {
    let events = EventRing(
        consumer: calls.events_consumer(), producer: calls.events_producer(),
        data: calls.events_data(), size: Int(SP_EVENT_RING))
    let points = HostedPoints(computes: calls.daemon_computes)
    let published = LoopFigures()
    let answers = AnswerRing(memory: calls.answers())
    let decider = Decider(
        policy, described: described, maxTasks: maxTasks, masks: answers.masks, layout: layout)
    var loop = Loop(
        events: events, answers: answers, decider: decider, faults: points, exitKind: nil)
    let pid = Int32(bitPattern: calls.daemon_pid())
    loop.answers.introduce(process: pid, thread: pid)
    while calls.daemon_yields() { loop.pass(published) }
    var figures = sim_daemon_figures()
    figures.events = published.events.load(ordering: .relaxed)
    figures.picked = published.picked.load(ordering: .relaxed)
    figures.continued = published.continued.load(ordering: .relaxed)
    figures.overflows = published.overflows.load(ordering: .relaxed)
    figures.stale = published.stale.load(ordering: .relaxed)
    figures.strange = published.strange.load(ordering: .relaxed)
    figures.overlooked = published.overlooked.load(ordering: .relaxed)
    figures.passes = published.passes.load(ordering: .relaxed)
    figures.waiting = published.waiting.load(ordering: .relaxed)
    figures.known = published.known.load(ordering: .relaxed)
    let counters = loop.decider.counters
    figures.shown =
        (figures.events, figures.picked, figures.continued) == (
            counters.events, counters.picked, counters.continued
        )
        && (figures.overflows, figures.stale, figures.strange)
            == (counters.overflows, counters.stale, counters.strange)
        && figures.overlooked == counters.overlooked
    calls.daemon_counted(&figures)
}
