// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plain model of the two queues, made of decisions alone: who waits where at which
 * key, and who has to go first. O(log tasks), but for tasks that may use some CPUs
 * and not others, whose affinities are looked through.
 */
#include "model.h"
#include <string.h>

/* Places by arrival: behind all others, or before them. */
#define FIRST_PLACE (1ULL << 62)

static u64 arrivals, heads; /* how many waited so far, and came to the head */
static u32 lengths[SP_QUEUES];
/* When somebody was taken out of it last, or came into it while it was empty. */
static u64 served_at[SP_QUEUES];
static bool overlooked[SP_QUEUES];

void expect_reset(void)
{
	memset(overlooked, 0, sizeof(overlooked));
	arrivals = heads = 0;
	lengths[0] = lengths[1] = 0;
}

u32 expected_length(u32 queue)
{
	return lengths[queue];
}

/*
 * Whether a backend may serve a queue that the policy overlooks, whatever that says: one in
 * which somebody waits, and that nobody served for a second. Until it is empty: how many are
 * served then is not looked at here.
 */
bool may_be_overlooked(void)
{
	if (!sim.machine.policy.pair)
		return false;
	for (u32 queue = 0; queue < SP_QUEUES; queue++)
		overlooked[queue] = lengths[queue] &&
				    (overlooked[queue] ||
				     (s64)(sim.now + NOW_ORIGIN - served_at[queue]) >
					     (s64)(1000 * MS));
	return overlooked[0] || overlooked[1];
}

void expect_served(u32 queue, u64 at)
{
	served_at[queue & 1] = at;
}

/* At the place that it had, or behind all of its key. */
void expect_again(struct expectation *it)
{
	it->waits = true;
	lengths[it->queue]++;
	order_insert(&it->affinity->expected[it->queue], &it->node);
}

void expect(struct expectation *it, struct affinity *affinity, u32 queue, u64 key,
	    u64 since)
{
	it->affinity = affinity;
	it->queue = queue & 1;
	if (!lengths[it->queue])
		expect_served(it->queue, since);
	it->node.key = key;
	it->since = since;
	it->node.seq = FIRST_PLACE + ++arrivals;
	expect_again(it);
}

/*
 * The kernel puts a task that comes from a higher priority to the head of a queue by arrival,
 * whatever a scheduler says (SCX_ENQ_HEAD).
 */
void expect_ahead(struct expectation *it, struct affinity *affinity, u32 queue,
		  u64 since)
{
	expect(it, affinity, queue, 0, since);
	order_remove(&affinity->expected[it->queue], &it->node);
	it->node.seq = FIRST_PLACE - ++heads;
	order_insert(&affinity->expected[it->queue], &it->node);
}

void expect_no_more(struct expectation *it)
{
	if (!it->waits)
		return;
	order_remove(&it->affinity->expected[it->queue], &it->node);
	lengths[it->queue]--;
	it->waits = false;
}

static void better(struct node **best, const struct affinity *affinity, u32 queue)
{
	struct node *first = order_first(&affinity->expected[queue]);

	if (first && (!*best || node_before(first, *best)))
		*best = first;
}

/* Who has to go first in @queue, of those that may run on @cpu. */
struct expectation *expected_first(u32 queue, s32 cpu)
{
	struct node *best = NULL;
	const struct affinity *affinity;

	better(&best, sim.everywhere, queue);
	if (sim.cpu[cpu].pinned)
		better(&best, sim.cpu[cpu].pinned, queue);
	for (affinity = sim.partial; affinity; affinity = affinity->next_partial)
		if (mask_has(&affinity->mask, (u32)cpu))
			better(&best, affinity, queue);
	return (struct expectation *)best;
}

/* The same where @queue is served first. */
struct expectation *expected_next(u32 queue, s32 cpu)
{
	struct expectation *first = expected_first(queue & 1, cpu);

	return first ? first : expected_first(!(queue & 1), cpu);
}

/* @ahead: so many of the regular queue may have been picked beforehand, and wait. */
void check_lengths(const struct sp_event *event, u32 ahead)
{
	for (u32 queue = 0; queue < SP_QUEUES; queue++)
		if (event->waiting[queue] < lengths[queue] ||
		    event->waiting[queue] - lengths[queue] >
			    (queue == SP_QUEUE_REGULAR ? ahead : 0))
			flaw(SIM_FLAW_INPUT,
			     "event %u says that %u wait in queue %u, not %u",
			     event->kind, event->waiting[queue], queue, lengths[queue]);
}

/* @look_max: of a longer queue a part may have been seen only. */
void check_firsts(const struct sp_event *event, u32 look_max)
{
	static const u32 flags[SP_QUEUES] = { SP_EVENT_FIRST, SP_EVENT_FIRST_PRIORITY };
	const struct expectation *first;

	if (!(event->flags & SP_EVENT_LOOKED))
		return;
	for (u32 queue = 0; queue < SP_QUEUES; queue++) {
		if (lengths[queue] > look_max)
			continue;
		first = expected_first(queue, event->cpu);
		if (!first != !(event->flags & flags[queue]))
			flaw(SIM_FLAW_INPUT,
			     "CPU %d is told that %s waits for it in queue %u",
			     event->cpu, first ? "nobody" : "somebody", queue);
		else if (first && event->first[queue] != first->node.key)
			flaw(SIM_FLAW_INPUT, "CPU %d is told of key %llu, not of %llu",
			     event->cpu, event->first[queue], first->node.key);
		else if (event->since[queue] != (first ? first->since : 0))
			flaw(SIM_FLAW_INPUT,
			     "CPU %d is told of a wait since %llu, not %llu",
			     event->cpu, event->since[queue], first ? first->since : 0);
	}
}
