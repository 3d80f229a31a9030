// SPDX-License-Identifier: GPL-2.0-only
/* BPF mode: what was decided beside what was done. */
#include "model.h"

#define LOOK_MAX 32 /* tasks of a queue that the backend looks at for one CPU */

static void dispatch_decided(const struct sp_event *event,
			     const struct sp_decision *decision)
{
	const struct task *prev = sim.moment.dispatching;

	sim.moment.served = *decision;
	sim.moment.has_served = true;
	if (is_undisturbed())
		check_firsts(event, LOOK_MAX);
	if ((event->flags & SP_EVENT_PREV) &&
	    (!prev || !prev->has_wait || prev->wait.key != event->key))
		flaw(SIM_FLAW_INPUT, "CPU %d is told of a task of its own at key %llu",
		     event->cpu, event->key);
}

void sim_decided(const struct sp_event *event, const struct sp_decision *decision)
{
	struct task *p = sim.moment.enqueueing ? sim.moment.enqueueing :
			 sim.moment.starting   ? sim.moment.starting :
						 sim.moment.dispatching;

	sim.report.decisions++;
	sim.hash = (sim.hash ^ decision->key ^ decision->slice_ns ^
		    (u64)decision->action << 56) *
		   0x100000001b3ULL;
	if (event->kind == SP_EVENT_EXIT)
		return;
	if (is_undisturbed())
		check_lengths(event);
	if (event->kind == SP_EVENT_DISPATCH) {
		dispatch_decided(event, decision);
		return;
	}
	if (!p) {
		flaw(SIM_FLAW_INPUT, "event %u of pid %u, for which it is no time",
		     event->kind, event->pid);
		return;
	}
	if (event->kind == SP_EVENT_ENQUEUE) {
		p->wait = *decision;
		p->has_wait = true;
	} else {
		p->run = *decision;
		p->has_run = true;
		p->has_wait = false;
	}
}

/* ---- effects ---- */

/* It is about to be put into @dsq: as decided? */
void expect_insertion(struct task *p, const struct dsq *dsq)
{
	const struct sp_decision *d = &p->wait;

	p->alone = false;
	if (!p->has_wait)
		return;
	p->has_wait = false;
	sim.report.effects++;
	if (d->action == SP_ACTION_DIRECT) {
		p->alone = true;
		if (!is_local(dsq))
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
	expect(&p->expected, p->affinity, d->queue, p->direct_prio ? d->key : 0);
}

void forget_expected(struct task *p)
{
	expect_no_more(&p->expected);
}

/* @cpu took it out of the backend's queues: was it its turn? */
void expect_taken(struct task *p, s32 cpu)
{
	const struct expectation *first;
	const u32 waiting = expected_length(0) + expected_length(1);

	if (!p->expected.waits || !sim.moment.in_dispatch || cpu != sim.moment.here)
		return;
	sim.report.effects++;
	if (!sim.moment.has_served) {
		sim.cpu[cpu].met_nobody = true;
		if (waiting != 1 && is_undisturbed())
			flaw(SIM_FLAW_ORDER, "CPU %d took pid %d unasked, and %u wait",
			     cpu, p->t.pid, waiting);
		return;
	}
	first = expected_next(sim.moment.served.queue, cpu);
	if (first && first != &p->expected && is_undisturbed())
		flaw(SIM_FLAW_ORDER,
		     "CPU %d took pid %d (queue %u, key %llu) before pid %u (queue %u, key %llu)",
		     cpu, p->t.pid, p->expected.queue, p->expected.node.key, first->pid,
		     first->queue, first->node.key);
}

static void check_slice_of(const struct task *p, bool met_nobody)
{
	const u64 longest = sim.machine.policy.slice_max_ns;
	u64 wanted = p->run.slice_ns;

	if (p->run.action != SP_ACTION_RUN || !wanted || p->alone)
		wanted = longest;
	/*
	 * The backend notes for a CPU, not for a task, that its next one met nobody. Where
	 * that one is taken away meanwhile, another has its slice, which is told here as
	 * a race that does no harm.
	 */
	if (met_nobody && p->t.scx.slice == longest)
		return;
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
		check_slice_of(p, sim.cpu[p->cpu].met_nobody);
	}
	p->has_run = false;
	p->alone = false;
	sim.cpu[p->cpu].met_nobody = false;
}

/* ops.dispatch returned: was somebody taken, or does @prev go on, as was decided? */
void check_dispatched(s32 cpu, struct task *prev, bool moved)
{
	const bool goes_on = prev && is_queued(prev) && prev->t.scx.slice;
	const struct expectation *first;

	if (sim.machine.mode != SIM_MODE_BPF)
		return;
	sim.report.effects++;
	if (prev && prev->has_run) {
		prev->has_run = false;
		check_slice_of(prev, false);
	}
	if (sim.moment.has_served && sim.moment.served.action == SP_ACTION_CONTINUE) {
		if (moved || !goes_on)
			flaw(SIM_FLAW_ORDER, "the task of CPU %d was to go on", cpu);
		return;
	}
	first = moved || !is_undisturbed() ? NULL : expected_next(0, cpu);
	if (first)
		flaw(SIM_FLAW_ORDER, "CPU %d took nobody, and pid %u waits", cpu,
		     first->pid);
}
