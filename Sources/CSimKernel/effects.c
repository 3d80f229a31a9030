// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF mode: what was decided beside what was done. A plain model of the queues, made
 * of the decisions alone: who waits in which at which key. O(log tasks), as check.c.
 */
#include "model.h"

#define LOOK_MAX 32 /* tasks of a queue that the backend looks at for one CPU */

static u64 arrivals; /* tasks that were queued so far */
static u32 lengths[SP_QUEUES];

void effects_reset(void)
{
	arrivals = 0;
	lengths[0] = lengths[1] = 0;
}

static struct task *of_expected(struct node *node)
{
	return (struct task *)((char *)node - offsetof(struct task, expected));
}

static void better(struct node **best, const struct affinity *affinity, u32 queue)
{
	struct node *first = order_first(&affinity->expected[queue]);

	if (first && (!*best || node_before(first, *best)))
		*best = first;
}

/* Who has to go first in @queue, of those that may run on @cpu. */
static struct task *expected_first(u32 queue, s32 cpu)
{
	struct node *best = NULL;
	const struct affinity *affinity;

	better(&best, sim.everywhere, queue);
	if (sim.cpu[cpu].pinned)
		better(&best, sim.cpu[cpu].pinned, queue);
	for (affinity = sim.partial; affinity; affinity = affinity->next_partial)
		if (mask_has(&affinity->mask, (u32)cpu))
			better(&best, affinity, queue);
	return best ? of_expected(best) : NULL;
}

static struct task *expected_next(u32 queue, s32 cpu)
{
	struct task *first = expected_first(queue, cpu);

	return first ? first : expected_first(!queue, cpu);
}

/* ---- inputs ---- */

static void check_lengths(const struct sp_event *event)
{
	for (u32 queue = 0; queue < SP_QUEUES; queue++)
		if (event->waiting[queue] != lengths[queue])
			flaw(SIM_FLAW_INPUT,
			     "event %u says that %u wait in queue %u, not %u",
			     event->kind, event->waiting[queue], queue, lengths[queue]);
}

static void check_first(const struct sp_event *event)
{
	static const u32 flags[SP_QUEUES] = { SP_EVENT_FIRST, SP_EVENT_FIRST_PRIORITY };
	const bool keys = sim.machine.policy.order != SP_ORDER_FIFO;
	const struct task *first;

	for (u32 queue = 0; queue < SP_QUEUES; queue++) {
		/* Of a longer queue the backend sees a part only. */
		if (lengths[queue] > LOOK_MAX)
			continue;
		first = expected_first(queue, event->cpu);
		if (!first != !(event->flags & flags[queue]))
			flaw(SIM_FLAW_INPUT,
			     "CPU %d is told that %s waits for it in queue %u",
			     event->cpu, first ? "nobody" : "somebody", queue);
		else if (first && keys && event->first[queue] != first->wait.key)
			flaw(SIM_FLAW_INPUT, "CPU %d is told of key %llu, not of %llu",
			     event->cpu, event->first[queue], first->wait.key);
	}
}

static void dispatch_decided(const struct sp_event *event,
			     const struct sp_decision *decision)
{
	const struct task *prev = sim.dispatching;

	sim.served = *decision;
	sim.has_served = true;
	if (event->flags & SP_EVENT_LOOKED)
		check_first(event);
	if ((event->flags & SP_EVENT_PREV) &&
	    (!prev || !prev->has_wait || prev->wait.key != event->key))
		flaw(SIM_FLAW_INPUT, "CPU %d is told of a task of its own at key %llu",
		     event->cpu, event->key);
}

void sim_decided(const struct sp_event *event, const struct sp_decision *decision)
{
	struct task *p = sim.enqueueing ? sim.enqueueing :
			 sim.starting	? sim.starting :
					  sim.dispatching;

	sim.report.decisions++;
	sim.hash = (sim.hash ^ decision->key ^ decision->slice_ns ^
		    (u64)decision->action << 56) *
		   0x100000001b3ULL;
	if (event->kind == SP_EVENT_EXIT)
		return;
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
	p->expected.key = p->direct_prio ? d->key : 0;
	p->expected.seq = ++arrivals;
	p->expected_queue = d->queue & 1;
	p->is_expected = true;
	lengths[p->expected_queue]++;
	order_insert(&p->affinity->expected[p->expected_queue], &p->expected);
}

void forget_expected(struct task *p)
{
	if (!p->is_expected)
		return;
	order_remove(&p->affinity->expected[p->expected_queue], &p->expected);
	lengths[p->expected_queue]--;
	p->is_expected = false;
}

/* @cpu took it out of the backend's queues: was it its turn? */
void expect_taken(struct task *p, s32 cpu)
{
	const struct task *first;
	u32 queue = sim.has_served ? sim.served.queue & 1 : p->expected_queue;

	if (!p->is_expected || !sim.in_dispatch || cpu != sim.here)
		return;
	sim.report.effects++;
	if (!sim.has_served) {
		sim.cpu[cpu].met_nobody = true;
		if (lengths[0] + lengths[1] != 1)
			flaw(SIM_FLAW_ORDER, "CPU %d took pid %d unasked, and %u wait",
			     cpu, p->t.pid, lengths[0] + lengths[1]);
		return;
	}
	first = expected_next(queue, cpu);
	if (first && first != p)
		flaw(SIM_FLAW_ORDER,
		     "CPU %d took pid %d (queue %u, key %llu) before pid %d (queue %u, key %llu)",
		     cpu, p->t.pid, p->expected_queue, p->wait.key, first->t.pid,
		     first->expected_queue, first->wait.key);
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
	const struct task *first;

	if (sim.machine.mode != SIM_MODE_BPF)
		return;
	sim.report.effects++;
	if (prev && prev->has_run) {
		prev->has_run = false;
		check_slice_of(prev, false);
	}
	if (sim.has_served && sim.served.action == SP_ACTION_CONTINUE) {
		if (moved || !goes_on)
			flaw(SIM_FLAW_ORDER, "the task of CPU %d was to go on", cpu);
		return;
	}
	first = moved ? NULL : expected_next(0, cpu);
	if (first)
		flaw(SIM_FLAW_ORDER, "CPU %d took nobody, and pid %d waits", cpu,
		     first->t.pid);
}
