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
	if (prev && is_queued(prev) &&
	    !(prev->t.flags & (PF_KTHREAD | PF_EXITING_BIT)) &&
	    !(event->flags & SP_EVENT_PREV))
		flaw(SIM_FLAW_INPUT, "CPU %d is not told that pid %d could go on",
		     event->cpu, prev->t.pid);
	if ((event->flags & SP_EVENT_PREV) &&
	    (!prev || !prev->has_wait || prev->wait.key != event->key))
		flaw(SIM_FLAW_INPUT, "CPU %d is told of a task of its own at key %llu",
		     event->cpu, event->key);
}

/* What an event says of its task. */
static void check_task(const struct sp_event *event, const struct task *p)
{
	const bool enqueue = event->kind == SP_EVENT_ENQUEUE;
	const bool kthread = p->t.flags & PF_KTHREAD;

	if (event->weight != p->t.scx.weight)
		flaw(SIM_FLAW_INPUT, "pid %d has weight %u, not %u", p->t.pid,
		     p->t.scx.weight, event->weight);
	if (!enqueue)
		return;
	if (event->switches != p->t.nvcsw)
		flaw(SIM_FLAW_INPUT, "pid %d switched %lu times, not %llu", p->t.pid,
		     p->t.nvcsw, event->switches);
	if (!(event->flags & SP_EVENT_KTHREAD) != !kthread)
		flaw(SIM_FLAW_INPUT, "whether pid %d is a kernel thread", p->t.pid);
	if (!(event->flags & SP_EVENT_WAKEUP) !=
	    !(sim.moment.enq_flags & SCX_ENQ_WAKEUP))
		flaw(SIM_FLAW_INPUT, "whether pid %d was woken", p->t.pid);
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
		check_lengths(event, 0);
	if (event->kind == SP_EVENT_DISPATCH) {
		dispatch_decided(event, decision);
		return;
	}
	if (!p) {
		flaw(SIM_FLAW_INPUT, "event %u of pid %u, for which it is no time",
		     event->kind, event->pid);
		return;
	}
	check_task(event, p);
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
		/* A task that is pushed off another CPU meanwhile comes without a lock here. */
		if ((moved && is_undisturbed()) || (!moved && !goes_on))
			flaw(SIM_FLAW_ORDER, "the task of CPU %d was to go on", cpu);
		return;
	}
	first = moved || !is_undisturbed() ? NULL : expected_next(0, cpu);
	if (first)
		flaw(SIM_FLAW_ORDER, "CPU %d took nobody, and pid %u waits", cpu,
		     first->pid);
}
