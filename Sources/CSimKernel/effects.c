// SPDX-License-Identifier: GPL-2.0-only
/* BPF mode: what was decided beside what was done. */
#include "model.h"
#include "policy_twin.h"
#include "looks.h"
#include <string.h>

static void dispatch_decided(const struct sp_event *event,
			     const struct sp_decision *decision)
{
	const struct task *prev = sim.moment.dispatching;

	const bool told = event->flags & SP_EVENT_PREV;
	const bool goes = prev && is_queued(prev) && is_told_of(prev, 0);

	sim.moment.served = *decision;
	sim.moment.has_served = true;
	sim.moment.may_overlook = may_be_overlooked();
	sim.moment.served_prev = told;
	if (is_undisturbed())
		check_firsts(event, LOOK_MAX);
	if (event->cpu != sim.moment.here)
		flaw(SIM_FLAW_INPUT, "CPU %d asks for CPU %d", sim.moment.here,
		     event->cpu);
	if (!(event->flags & SP_EVENT_LOOKED) !=
	    !sp_looks(&sim.machine.policy, told, event->waiting[0], event->waiting[1]))
		flaw(SIM_FLAW_INPUT, "whether CPU %d looks who is first", event->cpu);
	if (told != goes)
		flaw(SIM_FLAW_INPUT, "CPU %d is %stold that its task could go on",
		     event->cpu, told ? "" : "not ");
	if (told && (!prev || !prev->has_wait || prev->wait.key != event->key ||
		     prev->told.generation != event->generation))
		flaw(SIM_FLAW_INPUT, "CPU %d is told of a task of its own at key %llu",
		     event->cpu, event->key);
}

/* The same policy, with a state of the model's own. */
static struct sp_global twins;

void effects_reset(void)
{
	sp_policy_start(&sim.machine.policy, &twins);
}

/*
 * Is the decision that of the attached policy, from what it heard before? Decisions are
 * of one moment each, however callbacks overlap.
 */
static void check_decision(const struct sp_event *event,
			   const struct sp_decision *decision,
			   const struct sp_task *task, const struct sp_global *global,
			   struct task *p)
{
	struct sp_task none = {}, *state = p ? &p->told.state : &none;
	struct sp_decision wanted = {};

	if (event->kind == SP_EVENT_DISPATCH && !(event->flags & SP_EVENT_PREV))
		state = &none;
	sp_decide(&sim.machine.policy, &twins, state, event, &wanted);
	if (memcmp(&wanted, decision, sizeof(wanted)) ||
	    memcmp(state, task, sizeof(*state)) ||
	    memcmp(&twins, global, sizeof(twins)))
		flaw(SIM_FLAW_STATE,
		     "event %u of pid %u was decided from another state than the policy's",
		     event->kind, event->pid);
}

/* The model's task that an event is about. */
static struct task *task_of_event(const struct sp_event *event)
{
	struct task *p = sim.moment.enqueueing ? sim.moment.enqueueing :
			 sim.moment.starting   ? sim.moment.starting :
						 sim.moment.dispatching;

	if (event->kind == SP_EVENT_DISPATCH)
		return event->flags & SP_EVENT_PREV ? sim.moment.dispatching : NULL;
	if (event->kind > SP_EVENT_EXIT)
		return !event->pid ? NULL : sim.moment.about ? sim.moment.about : p;
	if (!p)
		flaw(SIM_FLAW_INPUT, "event %u of pid %u, for which it is no time",
		     event->kind, event->pid);
	return p;
}

void sim_decided(const struct sp_event *event, const struct sp_decision *decision,
		 const struct sp_task *task, const struct sp_global *global)
{
	struct task *p = task_of_event(event);

	sim.report.decisions++;
	sim.hash = (sim.hash ^ decision->key ^ decision->slice_ns ^
		    (u64)decision->action << 56) *
		   0x100000001b3ULL;
	if (is_undisturbed())
		check_lengths(event, 0);
	/* Before the decision changes the state: the model's own is as it was. */
	pair_places(event, p ? &p->told.state : NULL, p);
	if (event->kind == SP_EVENT_DISPATCH) {
		cgroup_asks();
		dispatch_decided(event, decision);
		check_event(event, p);
		check_decision(event, decision, task, global, p);
		return;
	}
	if (event->kind > SP_EVENT_EXIT) {
		if (p && is_pairs())
			pair_wanted(p, event, decision);
		check_decision(event, decision, task, global, p);
		return;
	}
	if (!p)
		return;
	if (event->kind == SP_EVENT_ENQUEUE) {
		check_told(p, event);
		p->told.before = sim.moment.enqueueing != p;
		p->wait = *decision;
		p->decided_at = event->now;
		pair_waits(p, event);
		p->has_wait = true;
	} else {
		check_event(event, p);
		if (event->generation != p->told.generation)
			flaw(SIM_FLAW_INPUT, "pid %u runs as generation %u, not %u",
			     event->pid, event->generation, p->told.generation);
		/* It goes on, without a callback of its own. */
		if (sim.moment.starting != p)
			cgroup_share(p);
		p->run = *decision;
		p->has_run = true;
		pair_runs(p);
		p->has_wait = p->told.before = false;
	}
	check_decision(event, decision, task, global, p);
}

/* ---- effects ---- */

/* It is about to be put back: at the key that it had, or before all others? */
static void expect_put_back(struct task *p, const struct dsq *dsq, u64 flags)
{
	const u64 key = p->expected.node.key;

	sim.report.effects++;
	if (!is_backends(dsq)) {
		flaw(SIM_FLAW_QUEUE, "pid %d was to wait on", p->t.pid);
		return;
	}
	if (p->direct_prio ? p->t.scx.dsq_vtime != key : !(flags & SCX_ENQ_HEAD))
		flaw(SIM_FLAW_KEY, "pid %d was to wait on at %llu, not at %llu",
		     p->t.pid, key, p->direct_prio ? p->t.scx.dsq_vtime : 0);
	if (p->direct_prio)
		expect(&p->expected, p->affinity, p->expected.queue, key,
		       p->told.since);
	else
		expect_ahead(&p->expected, p->affinity, p->expected.queue,
			     p->told.since);
}

/* It is about to be put into @dsq: as decided? */
void expect_insertion(struct task *p, const struct dsq *dsq, u64 flags)
{
	const struct sp_decision *d = &p->wait;

	p->alone = p->met_nobody = false;
	if (!knows_policy()) {
		if (is_pairs() && p->put_back)
			pair_put_back(p, dsq);
		else if (is_pairs())
			pair_insertion(p, dsq);
		p->put_back = p->has_wait = false;
		return;
	}
	if (p->put_back && sim.machine.mode == SIM_MODE_BPF)
		expect_put_back(p, dsq, flags);
	else if (p->put_back && !(flags & SCX_ENQ_HEAD))
		flaw(SIM_FLAW_ORDER,
		     "pid %d was picked before those that it waits behind", p->t.pid);
	p->put_back = false;
	if (!p->has_wait)
		return;
	p->has_wait = false;
	sim.report.effects++;
	if (d->action == SP_ACTION_DIRECT) {
		p->alone = true;
		if (!is_local(dsq) || dsq->cpu != d->cpu)
			flaw(SIM_FLAW_QUEUE, "pid %d was to go to CPU %d at once",
			     p->t.pid, d->cpu);
		return;
	}
	if (d->action != SP_ACTION_QUEUE && d->action != SP_ACTION_PREEMPT)
		return;
	if (!is_backends(dsq)) {
		flaw(SIM_FLAW_QUEUE, "pid %d was to wait in queue %u", p->t.pid,
		     d->queue);
		return;
	}
	if (p->direct_prio ? p->t.scx.dsq_vtime != d->key :
			     sim.machine.policy.order != SP_ORDER_FIFO)
		flaw(SIM_FLAW_KEY, "pid %d was to wait at %llu, not at %llu", p->t.pid,
		     d->key, p->direct_prio ? p->t.scx.dsq_vtime : 0);
	p->expected.pid = (u32)p->t.pid;
	if (!p->direct_prio && (flags & SCX_ENQ_HEAD))
		expect_ahead(&p->expected, p->affinity, d->queue, p->told.since);
	else
		expect(&p->expected, p->affinity, d->queue, p->direct_prio ? d->key : 0,
		       p->told.since);
}

void forget_expected(struct task *p)
{
	expect_no_more(&p->expected);
}

/* @cpu took it out of the backend's queues: was it its turn? */
void expect_taken(struct task *p, s32 cpu)
{
	const struct expectation *first = NULL;
	const u32 waiting = expected_length(0) + expected_length(1);

	if (!p->expected.waits || !sim.moment.in_dispatch || cpu != sim.moment.here)
		return;
	sim.report.effects++;
	if (!sim.moment.has_served) {
		p->met_nobody = true;
		sim.cpu[cpu].taken_alone = p;
		if (sim.moment.dispatching && is_queued(sim.moment.dispatching))
			flaw(SIM_FLAW_ORDER, "CPU %d took pid %d unasked, and has one",
			     cpu, p->t.pid);
		if (waiting != 1 && is_undisturbed())
			flaw(SIM_FLAW_ORDER, "CPU %d took pid %d unasked, and %u wait",
			     cpu, p->t.pid, waiting);
		return;
	}
	if (!sim.moment.may_overlook)
		first = expected_next(sim.moment.served.action == SP_ACTION_SERVE ?
					      sim.moment.served.queue :
					      SP_QUEUE_REGULAR,
				      cpu);
	expect_served(p->expected.queue, sim.now + NOW_ORIGIN);
	if (first && first != &p->expected && is_undisturbed())
		flaw(SIM_FLAW_ORDER,
		     "CPU %d took pid %d (queue %u, key %llu) before pid %u (queue %u, key %llu)",
		     cpu, p->t.pid, p->expected.queue, p->expected.node.key, first->pid,
		     first->queue, first->node.key);
}

static void check_slice_of(struct task *p)
{
	const u64 longest = sim.machine.policy.slice_max_ns;
	u64 wanted = p->run.slice_ns;

	if (is_pairs()) {
		pair_slice(p);
		return;
	}
	if (p->run.action != SP_ACTION_RUN || !wanted || p->alone || p->met_nobody)
		wanted = longest;
	if (p->t.scx.slice != wanted)
		flaw(SIM_FLAW_SLICE, "pid %d was to run for %llu ns, not %llu",
		     p->t.pid, wanted, p->t.scx.slice);
}

/* It starts to run. */
void check_slice(struct task *p)
{
	if (is_mistake(SIM_MISTAKE_SLICE))
		p->t.scx.slice++;
	if (p->has_run) {
		sim.report.effects++;
		/* One that came at the same moment went first: so it met that one. */
		p->met_nobody = p->met_nobody && sim.cpu[p->cpu].taken_alone == p;
		sim.cpu[p->cpu].taken_alone = NULL;
		check_slice_of(p);
	}
	p->has_run = p->alone = p->met_nobody = false;
}

/* @prev goes on: its class is known to those that may preempt it. */
static void goes_on(s32 cpu, const struct task *prev)
{
	if (sim.machine.policy.preempt && !(prev->t.flags & PF_KTHREAD))
		note_gives_way(cpu, prev->told.state.queue == SP_QUEUE_REGULAR);
}

/* ops.dispatch returned: was somebody taken, or does @prev go on, as was decided? */
void check_dispatched(s32 cpu, struct task *prev, bool moved)
{
	const bool could = prev && is_queued(prev);
	const bool goes_anew = could && prev->t.scx.slice;
	const struct expectation *first;

	sim.report.effects++;
	if (is_pairs() && sim.moment.has_served && sim.moment.served_prev &&
	    sim.moment.served.action == SP_ACTION_CONTINUE && moved &&
	    !sim.moment.may_overlook)
		PAIR_FLAW(SIM_FLAW_ORDER, "the task of CPU %d was to go on", cpu);
	if (prev && prev->has_run) {
		prev->has_run = false;
		prev->told.due = false;
		sim.counts[SP_COUNT_CONTINUED]++;
		if (!sim.moment.served_prev || sim.moment.has_moved)
			flaw(SIM_FLAW_ORDER, "pid %d goes on, and was not to",
			     prev->t.pid);
		check_slice_of(prev);
	} else if (goes_anew) {
		if (sim.moment.served_prev)
			flaw(SIM_FLAW_INPUT, "pid %d goes on, and nobody is told",
			     prev->t.pid);
		if (prev->t.scx.slice != sim.machine.policy.slice_max_ns)
			flaw(SIM_FLAW_SLICE, "pid %d goes on for %llu ns", prev->t.pid,
			     prev->t.scx.slice);
	}
	if (goes_anew)
		goes_on(cpu, prev);
	if (could && !moved && !goes_anew)
		flaw(SIM_FLAW_ORDER, "nobody came to CPU %d, and pid %d does not go on",
		     cpu, prev->t.pid);
	/* Without a task that could, it is no answer, and the regular queue is served. */
	if (sim.moment.has_served && sim.moment.served_prev &&
	    sim.moment.served.action == SP_ACTION_CONTINUE) {
		if (sim.moment.may_overlook)
			return;
		if (moved || !goes_anew)
			flaw(SIM_FLAW_ORDER, "the task of CPU %d was to go on", cpu);
		return;
	}
	first = moved || !is_undisturbed() ? NULL : expected_next(0, cpu);
	if (first)
		flaw(SIM_FLAW_ORDER, "CPU %d took nobody, and pid %u waits", cpu,
		     first->pid);
}
