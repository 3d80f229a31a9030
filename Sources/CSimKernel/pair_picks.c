// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mode of a pair of which not all of the mechanism is modelled: who waits where by what
 * the policy answered, and whether the daemon lets those run that it named. Who is held back
 * may run when its time has come, and never has to: nobody tells when the daemon looked.
 */
#include "model.h"
#include <stdlib.h>

struct booked {
	const struct affinity *affinity;
	u64 key, arrival, until;
	u32 pid, generation, queue;
	bool held;
	bool unsure; /* where it waits, if it does, is not modelled */
};

/* A task is gone, of which the daemon reads at this place of its ring. */
struct gone {
	u64 at;
	u32 pid, generation;
};

static struct booked *books;
static u32 count, room;
static u32 queues; /* of its own, as events say */
static struct gone *gones;
static u32 gones_read, gones_told, gones_room;
static u64 arrivals;
static u32 direct; /* whom the policy let run at once a moment ago */
/* An answer named a queue that is not: what becomes of its task is not modelled, nor the rest. */
static bool lost;

/* A CPU asked: what was answered, until somebody is let run. */
static struct {
	struct sp_decision decision;
	u64 now;
	u32 prev;
	s32 cpu;
	bool open;
} pick;

void pair_picks_reset(void)
{
	free(books);
	books = NULL;
	count = room = direct = 0;
	gones_read = gones_told = 0;
	arrivals = 0;
	pick.open = lost = false;
}

static struct booked *find(u32 pid)
{
	for (u32 i = 0; i < count; i++)
		if (books[i].pid == pid)
			return &books[i];
	return NULL;
}

static void waits_no_more(u32 pid)
{
	struct booked *it = find(pid);

	if (it)
		*it = books[--count];
}

static void waits(struct booked it)
{
	if (count == room) {
		room = room * 2 + 64;
		books = realloc(books, room * sizeof(*books));
		if (!books)
			abort();
	}
	it.arrival = ++arrivals;
	books[count++] = it;
}

void pair_exit_told(const struct sp_notice *notice)
{
	const u64 produced = *(const u64 *)sim_events_producer();
	const u64 offset =
		(u64)((const char *)notice - 8 - (const char *)sim_events_data());
	u64 at = (produced & ~(u64)(SP_EVENT_RING - 1)) + offset;

	if (at > produced)
		at -= SP_EVENT_RING;
	if (gones_told == gones_room) {
		gones_room = gones_room * 2 + 64;
		gones = realloc(gones, gones_room * sizeof(*gones));
		if (!gones)
			abort();
	}
	gones[gones_told++] = (struct gone){ at, notice->pid, notice->generation };
}

/* What the daemon has read of tasks that are gone. */
static void catch_up(void)
{
	const u64 read = *(const u64 *)sim_events_consumer();

	for (; gones_read < gones_told && gones[gones_read].at < read; gones_read++) {
		const struct gone *it = &gones[gones_read];
		const struct booked *booked = find(it->pid);

		if (booked && booked->generation == it->generation)
			waits_no_more(it->pid);
	}
}

static bool has_own_queues(void)
{
#ifdef SP_PLACES
	return true;
#else
	return false;
#endif
}

static bool is_of(const struct booked *it, u32 queue)
{
	return has_own_queues() ?
		       it->queue == queue :
		       (it->queue == SP_QUEUE_PRIORITY) == (queue == SP_QUEUE_PRIORITY);
}

static bool goes_before(const struct booked *a, const struct booked *b)
{
	return a->key == b->key ? a->arrival < b->arrival : (s64)(a->key - b->key) < 0;
}

/* The first of a queue for a CPU; NULL: nobody waits there that may run on it. */
static const struct booked *first_of(u32 queue, s32 cpu, u32 but)
{
	const struct booked *best = NULL;

	for (u32 i = 0; i < count; i++) {
		const struct booked *it = &books[i];

		if (it->held || it->unsure || it->pid == but || !is_of(it, queue) ||
		    !mask_has(&it->affinity->mask, (u32)cpu) ||
		    (has_own_queues() && !pair_queue_has(queue, cpu)))
			continue;
		if (!best || goes_before(it, best))
			best = it;
	}
	return best;
}

/* The first of the queues that the answer names, in its order. */
static const struct booked *first_named(const struct sp_decision *d, s32 cpu, u32 but)
{
	const struct booked *first = first_of(d->queue, cpu, but);
	u64 high = d->slice_ns, low = d->key;

	if (!has_own_queues())
		return first ? first :
			       first_of(d->queue != SP_QUEUE_PRIORITY, cpu, but);
	for (u32 i = 0; i < SP_SERVE_MORE && !first; i++) {
		const u32 entry = (u32)(high >> 48);

		high = high << 16 | low >> 48;
		low <<= 16;
		if (entry)
			first = first_of(entry - 1, cpu, but);
	}
	return first;
}

/* Whether the answer names queues that there are, and is one that a CPU may get. */
static bool is_plain(const struct sp_decision *d)
{
	u64 high = d->slice_ns, low = d->key;

	if (d->action != SP_ACTION_SERVE)
		return false;
	if (!has_own_queues())
		return true;
	for (u32 i = 0; i < SP_SERVE_MORE; i++) {
		if (high >> 48 > queues)
			return false;
		high = high << 16 | low >> 48;
		low <<= 16;
	}
	return d->queue < queues;
}

/* Whoever is let run may wait still where it is not modelled why. */
static bool is_checked(void)
{
	return !lost && !(has_sets() && sim.machine.faults.hotplug_ns);
}

/* A CPU asked, and nobody is let run: then nobody waits where the answer says. */
void pair_picks_none(void)
{
	const struct booked *first;

	if (!pick.open)
		return;
	catch_up();
	pick.open = false;
	if (!is_checked() || !is_plain(&pick.decision))
		return;
	first = first_named(&pick.decision, pick.cpu, pick.prev);
	if (first)
		PAIR_FLAW(SIM_FLAW_ORDER,
			  "pid %u waits in queue %u, and is not picked for CPU %d",
			  first->pid, first->queue, pick.cpu);
}

static void waits_by(const struct sp_event *event, const struct sp_decision *d)
{
	struct booked it = {
		.pid = event->pid,
		.generation = event->generation,
		.key = d->key,
		.affinity = picks_affinity(),
		.queue = d->queue,
	};
	const bool is_held = ALONE_ASKED && d->action == SP_ACTION_HOLD;

	waits_no_more(event->pid);
	direct = 0;
	if (d->action == SP_ACTION_STALE)
		return;
	if (event->idle_cpu >= 0 && !has_sets() &&
	    (d->action == SP_ACTION_DIRECT ||
	     (sim.machine.policy.idle == SP_IDLE_DIRECT && !ALONE_ASKED))) {
		direct = event->pid;
		return;
	}
	/* Where its queue has no CPU for it, it waits in another one, or does not run at once. */
	it.unsure = has_sets() && (event->idle_cpu >= 0 || !it.affinity->all);
	if (is_held && d->slice_ns && d->slice_ns <= SP_HOLD_MAX_NS) {
		it.held = true;
		it.until = event->now + d->slice_ns;
	} else if (d->action != SP_ACTION_QUEUE && d->action != SP_ACTION_PREEMPT &&
		   !is_held) {
		it.queue = SP_QUEUE_REGULAR;
	}
	if (has_own_queues() && it.queue >= queues)
		lost = true;
	waits(it);
}

static void asks(const struct sp_event *event, const struct sp_decision *d)
{
	pair_picks_none();
	pick.decision = *d;
	pick.now = event->now;
	pick.prev = event->flags & SP_EVENT_PREV ? event->pid : 0;
	pick.cpu = event->cpu;
	pick.open = event->cpu >= 0 && event->cpu < (s32)sim.cpus;
}

static void runs(const struct sp_event *event)
{
	const struct booked *it = find(event->pid), *first;
	const bool goes_on = pick.prev && pick.decision.action == SP_ACTION_CONTINUE;

	/* It was let run without a question. */
	if (event->now != pick.now || event->cpu != pick.cpu)
		pair_picks_none();
	if (!is_checked() || (it && it->unsure)) {
		/* Nothing is known. */
	} else if (!it && event->pid != direct) {
		PAIR_FLAW(SIM_FLAW_ORDER, "pid %u is let run, and does not wait for it",
			  event->pid);
	} else if (it && it->held && pick.open && (s64)(it->until - event->now) > 0) {
		PAIR_FLAW(SIM_FLAW_WAIT,
			  "pid %u is let run, and held back %llu ns longer", event->pid,
			  it->until - event->now);
	} else if (pick.open && goes_on) {
		if (event->pid != pick.prev)
			PAIR_FLAW(SIM_FLAW_ORDER,
				  "pid %u is let run, and pid %u was to go on",
				  event->pid, pick.prev);
	} else if (pick.open && is_plain(&pick.decision) && !(it && it->held)) {
		first = first_named(&pick.decision, pick.cpu, pick.prev);
		if (first		    ? first->pid != event->pid :
		    event->pid == pick.prev ? false :
					      !it)
			PAIR_FLAW(
				SIM_FLAW_ORDER,
				"pid %u is let run for CPU %d before pid %u of queue %u",
				event->pid, pick.cpu, first ? first->pid : 0,
				first ? first->queue : 0);
	}
	pick.open = false;
	direct = 0;
	waits_no_more(event->pid);
}

void pair_picks_decided(const struct sp_event *event,
			const struct sp_decision *decision)
{
	sim.report.effects++;
	queues = event->first[1] & 0xffff;
	catch_up();
	switch (event->kind) {
	case SP_EVENT_ENQUEUE:
		pair_picks_none();
		waits_by(event, decision);
		break;
	case SP_EVENT_DISPATCH:
		asks(event, decision);
		break;
	case SP_EVENT_RUNNING:
		runs(event);
		break;
	}
}
