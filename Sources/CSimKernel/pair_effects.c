// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF mode of a pair of which not all of the mechanism is modelled: what it decided beside
 * what was done, as far as one task's decision alone tells it. Where it was put, at which
 * key, until when it is held back, for how long it runs, and which of the queues that a
 * SERVE names comes first.
 */
#include "model.h"
#include <string.h>

#define DSQ_HELD_BACK 20
#define DSQ_OF_CLASS 16 /* regular, and priority */

/* Whether who waits in @queue may run on @cpu: all may where its CPUs are gone. */
static bool is_in_set(u32 queue, s32 cpu)
{
	const volatile unsigned char *sets = pair_constant("set_of_queue");
	const volatile sp_u16 *first = pair_constant("set_first"),
			      *last = pair_constant("set_last");
	u32 set = sets && queue < SP_SET_QUEUES ? sets[queue] : 0;

	if (!set || (cpu >= first[set - 1] && cpu <= last[set - 1]))
		return true;
	for (u32 i = first[set - 1]; i <= last[set - 1] && i < sim.cpus; i++)
		if (sim.cpu[i].online)
			return false;
	return true;
}

static bool is_queue(const struct dsq *dsq, u32 queue)
{
	const u32 count = pair_queues();

	if (!is_backends(dsq) || dsq->q.id == DSQ_HELD_BACK)
		return false;
	if (has_sets() || (count && queue >= count))
		return dsq->q.id >= DSQ_OWN;
	return dsq->q.id == (count ? DSQ_OWN + (u64)queue :
				     DSQ_OF_CLASS + (u64)(queue == SP_QUEUE_PRIORITY));
}

static bool is_held(const struct sp_decision *d)
{
	return ALONE_ASKED && d->action == SP_ACTION_HOLD && d->slice_ns &&
	       d->slice_ns <= SP_HOLD_MAX_NS;
}

static bool is_direct(const struct sp_decision *d)
{
	return d->action == SP_ACTION_DIRECT && d->cpu >= 0;
}

/* The queue that is meant: what has no meaning waits in the regular one. */
static u32 queue_of(const struct sp_decision *d)
{
	const bool is_known = d->action == SP_ACTION_QUEUE ||
			      d->action == SP_ACTION_PREEMPT || is_direct(d) ||
			      (ALONE_ASKED && d->action == SP_ACTION_HOLD);

	return is_known ? d->queue : SP_QUEUE_REGULAR;
}

bool pair_queue_has(u32 queue, s32 cpu)
{
	return is_in_set(queue, cpu);
}

/* Whether it may run on @cpu by the queue in which it waited last. */
bool pair_suits(const struct task *p, s32 cpu)
{
	return !has_sets() || is_in_set(queue_of(&p->wait), cpu);
}

/* It is about to be put into @dsq, for the first time since the policy was asked. */
void pair_insertion(struct task *p, const struct dsq *dsq)
{
	const struct sp_decision *d = &p->wait;
	const u64 until = (p->decided_at + d->slice_ns) | 1;
	const bool direct = is_direct(d);

	if (!p->has_wait)
		return;
	p->has_wait = false;
	sim.report.effects++;
	p->alone = direct && is_local(dsq);
	if (p->alone) {
		if (dsq->cpu != d->cpu)
			PAIR_FLAW(SIM_FLAW_QUEUE, "pid %d was to go to CPU %d at once",
				  p->t.pid, d->cpu);
		return;
	}
	/* Its queue may not have that CPU. */
	if (direct && !has_sets())
		PAIR_FLAW(SIM_FLAW_QUEUE, "pid %d was to go to CPU %d at once",
			  p->t.pid, d->cpu);
	if (is_held(d)) {
		if (dsq->q.id != DSQ_HELD_BACK)
			PAIR_FLAW(SIM_FLAW_QUEUE, "pid %d was to be held back",
				  p->t.pid);
		else if (p->t.scx.dsq_vtime != until)
			PAIR_FLAW(SIM_FLAW_KEY,
				  "pid %d was to be held back until %llu, not %llu",
				  p->t.pid, until, p->t.scx.dsq_vtime);
		return;
	}
	if (!is_queue(dsq, queue_of(d)))
		PAIR_FLAW(SIM_FLAW_QUEUE,
			  "pid %d was to wait in queue %u, not DSQ %#llx", p->t.pid,
			  d->queue, dsq->q.id);
	if (!p->direct_prio || p->t.scx.dsq_vtime != d->key)
		PAIR_FLAW(SIM_FLAW_KEY, "pid %d was to wait at %llu, not at %llu",
			  p->t.pid, d->key, p->direct_prio ? p->t.scx.dsq_vtime : 0);
}

/* A CPU took it, and could not run it: its wait goes on where it was. */
void pair_put_back(struct task *p, const struct dsq *dsq)
{
	sim.report.effects++;
	if (!is_queue(dsq, queue_of(&p->wait)))
		PAIR_FLAW(SIM_FLAW_QUEUE,
			  "pid %d was to wait on in queue %u, not DSQ %#llx", p->t.pid,
			  p->wait.queue, dsq->q.id);
	if (!p->direct_prio || p->t.scx.dsq_vtime != p->wait.key)
		PAIR_FLAW(SIM_FLAW_KEY, "pid %d was to wait on at %llu, not at %llu",
			  p->t.pid, p->wait.key,
			  p->direct_prio ? p->t.scx.dsq_vtime : 0);
}

/* The time for which it was held back is over, or somebody thinks so. */
void pair_released(const struct task *p, const struct dsq *to)
{
	sim.report.effects++;
	if (!is_held(&p->wait))
		PAIR_FLAW(SIM_FLAW_QUEUE, "pid %d is let wait, and was not held back",
			  p->t.pid);
	else if (!is_queue(to, p->wait.queue))
		PAIR_FLAW(SIM_FLAW_QUEUE,
			  "pid %d was to wait in queue %u, not DSQ %#llx", p->t.pid,
			  p->wait.queue, to->q.id);
	else if (p->t.scx.dsq_vtime != p->wait.key)
		PAIR_FLAW(SIM_FLAW_KEY, "pid %d was to wait at %llu, not at %llu",
			  p->t.pid, p->wait.key, p->t.scx.dsq_vtime);
	if ((s64)(p->decided_at + p->wait.slice_ns - (sim.now + NOW_ORIGIN)) > 1)
		PAIR_FLAW(SIM_FLAW_WAIT, "pid %d was to be held back %llu ns longer",
			  p->t.pid,
			  p->decided_at + p->wait.slice_ns - (sim.now + NOW_ORIGIN));
}

static bool has_for(u32 queue, s32 cpu)
{
	return queue < pair_queues() &&
	       first_for(find_dsq_by_id(DSQ_OWN + queue, 0), cpu);
}

/* Of the queues that the answer names, that has somebody for @cpu; or none. */
static s64 first_named(s32 cpu)
{
	const struct sp_decision *d = &sim.moment.served;
	u64 high = d->slice_ns, low = d->key;

	if (has_for(d->queue, cpu))
		return d->queue;
	for (u32 i = 0; i < SP_SERVE_MORE; i++) {
		u32 entry = (u32)(high >> 48);

		high = high << 16 | low >> 48;
		low <<= 16;
		if (entry && has_for(entry - 1, cpu))
			return entry - 1;
	}
	return -1;
}

/* How many wait in the pair's own queues. */
static u32 waiting_in_all(void)
{
	u32 waiting = 0;

	for (u32 queue = 0; queue < pair_queues(); queue++)
		waiting += find_dsq_by_id(DSQ_OWN + queue, 0)->q.nr;
	return waiting;
}

/* Before it leaves the queue @id for @cpu: was it the turn of that queue, and its own? */
void pair_taken(struct task *p, s32 cpu, u64 id)
{
	s64 named;

	if (!sim.moment.in_dispatch || cpu != sim.moment.here)
		return;
	sim.report.effects++;
	if (id >= DSQ_OWN && is_undisturbed() && !sim.machine.faults.hotplug_ns &&
	    !is_in_set((u32)(id - DSQ_OWN), cpu))
		PAIR_FLAW(SIM_FLAW_QUEUE,
			  "CPU %d took pid %d from queue %llu, which does not have it",
			  cpu, p->t.pid, id - DSQ_OWN);
	if (id == DSQ_HELD_BACK)
		PAIR_FLAW(SIM_FLAW_QUEUE, "CPU %d took pid %d, which is held back", cpu,
			  p->t.pid);
	if (!sim.moment.has_served) {
		p->met_nobody = true;
		/* Or it is of a queue that was overlooked. */
		p->may_meet = pair_queues() && waiting_in_all() != 1;
		sim.cpu[cpu].taken_alone = p;
		return;
	}
	if (!is_undisturbed() || has_sets() || id < DSQ_OWN ||
	    sim.moment.served.action != SP_ACTION_SERVE)
		return;
	named = first_named(cpu);
	if (named >= 0 && DSQ_OWN + (u64)named != id)
		PAIR_FLAW(SIM_FLAW_ORDER,
			  "CPU %d took pid %d from queue %llu before %lld", cpu,
			  p->t.pid, id - DSQ_OWN, named);
}

/* It begins to run, or goes on: for as long as was decided? */
void pair_slice(struct task *p)
{
	const u64 longest = sim.machine.policy.slice_max_ns;
	const bool may_meet = p->may_meet;
	u64 wanted = p->run.slice_ns;

	if (has_sets() && !sim.machine.faults.hotplug_ns && p->affinity->all &&
	    !p->t.migration_disabled && !is_in_set(queue_of(&p->wait), p->cpu))
		PAIR_FLAW(SIM_FLAW_QUEUE,
			  "pid %d runs on CPU %d, which queue %u does not have",
			  p->t.pid, p->cpu, queue_of(&p->wait));
	p->may_meet = false;
	if (may_meet && p->t.scx.slice == wanted)
		return;
	if (p->run.action != SP_ACTION_RUN || !wanted ||
	    (!ALONE_ASKED && (p->alone || p->met_nobody)))
		wanted = longest;
	if (p->t.scx.slice != wanted)
		PAIR_FLAW(SIM_FLAW_SLICE, "pid %d was to run for %llu ns, not %llu",
			  p->t.pid, wanted, p->t.scx.slice);
}
