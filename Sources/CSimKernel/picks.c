// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mode: what the daemon was told, asked its policy and answered, beside a plain
 * model of the same. What it knows may be older than the machine: so the model is
 * made of the notices that it has read.
 */
#include "model.h"
#include <stdlib.h>

#define BUCKETS 16384 /* a power of two */
#define RECORD_BYTES (sizeof(struct sp_notice) + 8)

/* What the daemon knows of a pid. */
struct known {
	struct expectation wait; /* first */
	struct known *next; /* in its bucket, or unused */
	u64 slice_ns;
	u32 generation;
	bool direct, has_slice;
};

static struct known *buckets[BUCKETS], *unused;
static u64 position; /* in the ring of notices: those before were looked at */
static u64 decided_at; /* the notice on whose wait was decided last */

/* A CPU asks: what was answered, until somebody is let run for it. */
static struct {
	struct sp_decision decision;
	struct known *prev;
	s32 cpu;
	bool open;
} pick;

static struct known **bucket_of(u32 pid)
{
	return &buckets[(pid * 2654435761u >> 8) & (BUCKETS - 1)];
}

void picks_reset(void)
{
	for (u32 i = 0; i < BUCKETS; i++) {
		while (buckets[i]) {
			struct known *it = buckets[i];

			buckets[i] = it->next;
			it->next = unused;
			unused = it;
		}
	}
	position = 0;
	decided_at = ~0ULL;
	pick.open = false;
}

static struct known *find(u32 pid)
{
	struct known *it = *bucket_of(pid);

	while (it && it->wait.pid != pid)
		it = it->next;
	return it;
}

static struct known *find_or_add(u32 pid)
{
	struct known *it = find(pid), **bucket = bucket_of(pid);

	if (it)
		return it;
	it = unused;
	if (it)
		unused = it->next;
	else
		it = malloc(sizeof(*it));
	if (!it)
		abort();
	*it = (struct known){ .wait.pid = pid, .next = *bucket };
	*bucket = it;
	return it;
}

static void forget(struct known *it)
{
	struct known **link = bucket_of(it->wait.pid);

	expect_no_more(&it->wait);
	while (*link != it)
		link = &(*link)->next;
	*link = it->next;
	it->next = unused;
	unused = it;
	if (pick.prev == it)
		pick.prev = NULL;
}

static const struct sp_notice *notice_at(u64 at)
{
	return (const struct sp_notice *)((const char *)sim_events_data() +
					  (at & (SP_EVENT_RING - 1)) + 8);
}

/* What the daemon has read and asked no policy about. */
static void catch_up(void)
{
	const u64 read = *(const u64 *)sim_events_consumer();

	for (; position < read; position += RECORD_BYTES) {
		const struct sp_notice *notice = notice_at(position);
		struct known *it = find(notice->pid);

		if (!it || position == decided_at)
			continue;
		if (notice->kind == SP_EVENT_ENQUEUE)
			expect_no_more(&it->wait); /* stale, or without a place */
		else if (notice->kind == SP_EVENT_EXIT &&
			 it->generation == notice->generation)
			forget(it);
	}
}

static struct affinity *told_affinity(u32 code)
{
	const struct sp_answers *answers = sim_answers();
	struct sim_mask mask = {};

	if (code == SP_AFFINITY_ANY)
		return sim.everywhere;
	if (!(code & SP_AFFINITY_ONE)) {
		for (u32 i = 0; i < SIM_CPUS / 64; i++)
			mask.bits[i] = answers->masks[code % SP_MASKS].bits[i];
		return affinity_of(&mask);
	}
	code &= ~SP_AFFINITY_ONE;
	if (sim.cpu[code].pinned)
		return sim.cpu[code].pinned;
	mask_set(&mask, code, true);
	return affinity_of(&mask);
}

/* The backend tells of a task: where it may run, as it is now. */
void check_notice(const struct sp_notice *notice)
{
	const struct task *p = task_by_pid(notice->pid);
	const u64 *c = sim.backend->status->counters;
	const struct affinity *told;

	/* Else it may have changed since the backend looked. */
	if (notice->kind != SP_EVENT_ENQUEUE || !p || !is_undisturbed())
		return;
	sim.report.effects++;
	told = told_affinity(notice->affinity);
	if (told == p->affinity || (p->t.migration_disabled && told->only == p->cpu))
		return;
	/* Its affinity changed: it is queued where it was, and moved at once. */
	if (p->affinity->only >= 0 && !allowed(p, p->cpu) && told->only == p->cpu)
		return;
	/* There is room for some masks only. */
	if (told == sim.everywhere && (p->affinity->all || c[SP_COUNT_MASKS_FULL]))
		return;
	flaw(SIM_FLAW_INPUT, "pid %d may run on %u CPUs, and the daemon is told of %u",
	     p->t.pid, p->affinity->count, told->count);
}

/* ---- what the policy is asked ---- */

/* Where the order is that of arrival, one for each CPU may be picked beforehand. */
static u32 picked_ahead(const struct sp_event *event)
{
	const struct sp_policy *policy = &sim.machine.policy;
	bool by_arrival = policy->order == SP_ORDER_FIFO &&
			  policy->classes == SP_CLASSES_NONE;

	return by_arrival && event->kind != SP_EVENT_ENQUEUE ? event->cpus : 0;
}

static void enqueued(const struct sp_event *event, const struct sp_decision *decision)
{
	const u64 at = *(const u64 *)sim_events_consumer();
	const struct sp_notice *notice = notice_at(at);
	struct known *it = find_or_add(event->pid);

	decided_at = at;
	expect_no_more(&it->wait);
	check_lengths(event, picked_ahead(event));
	it->generation = event->generation;
	it->has_slice = false;
	it->direct = decision->action == SP_ACTION_DIRECT && event->idle_cpu >= 0;
	if (notice->pid != event->pid || notice->generation != event->generation)
		flaw(SIM_FLAW_INPUT,
		     "the daemon decides on pid %u, and reads of pid %u", event->pid,
		     notice->pid);
	if (notice->weight != event->weight || notice->used_ns != event->used_ns ||
	    notice->now != event->now || notice->idle_cpu != event->idle_cpu ||
	    notice->flags != event->flags || notice->switches != event->switches)
		flaw(SIM_FLAW_INPUT, "the event of pid %u is not what the notice says",
		     event->pid);
	if (!it->direct)
		expect(&it->wait, told_affinity(notice->affinity), decision->queue,
		       decision->key);
}

static void asked(const struct sp_event *event, const struct sp_decision *decision)
{
	struct known *prev = NULL;

	if (event->flags & SP_EVENT_PREV) {
		prev = find(event->pid);
		if (!prev || !prev->wait.waits ||
		    prev->generation != event->generation) {
			flaw(SIM_FLAW_INPUT, "pid %u could go on, and does not wait",
			     event->pid);
			return;
		}
		if (event->key != prev->wait.node.key)
			flaw(SIM_FLAW_INPUT, "pid %u could go on at key %llu, not %llu",
			     event->pid, prev->wait.node.key, event->key);
		expect_no_more(&prev->wait);
	}
	check_lengths(event, picked_ahead(event));
	check_firsts(event, ~0u);
	if (prev)
		expect_again(&prev->wait);
	pick.decision = *decision;
	pick.prev = prev;
	pick.cpu = event->cpu;
	pick.open = true;
}

/* Who has to be let run for the CPU that asked. */
static struct expectation *next_for_pick(void)
{
	struct expectation *next;

	if (pick.decision.action == SP_ACTION_CONTINUE && pick.prev)
		return &pick.prev->wait;
	if (pick.prev)
		expect_no_more(&pick.prev->wait);
	next = expected_next(
		pick.decision.action == SP_ACTION_SERVE ? pick.decision.queue : 0,
		pick.cpu);
	if (pick.prev)
		expect_again(&pick.prev->wait);
	return next;
}

/* No CPU asked: the backend let it run, or nobody else may on the CPU. */
static bool runs_unasked(struct known *it, s32 cpu)
{
	const u64 at = *(const u64 *)sim_events_consumer();
	struct expectation *other;

	if (it->direct)
		return true;
	if (!it->wait.waits)
		return false;
	if (at < *(const u64 *)sim_events_producer() &&
	    notice_at(at)->kind == SP_NOTICE_TAKEN &&
	    notice_at(at)->pid == it->wait.pid)
		return true;
	expect_no_more(&it->wait);
	other = expected_next(0, cpu);
	expect_again(&it->wait);
	return !other;
}

static void let_run(const struct sp_event *event, const struct sp_decision *decision)
{
	struct known *it = find(event->pid);
	const struct expectation *next;

	if (!it) {
		flaw(SIM_FLAW_ORDER, "pid %u is let run, and nobody told of it",
		     event->pid);
		return;
	}
	if (pick.open) {
		next = next_for_pick();
		if (next != &it->wait)
			flaw(SIM_FLAW_ORDER,
			     "pid %u is let run for CPU %d before pid %u", event->pid,
			     pick.cpu, next ? next->pid : 0);
	} else if (!runs_unasked(it, event->cpu)) {
		flaw(SIM_FLAW_ORDER, "pid %u is let run, and does not wait for it",
		     event->pid);
	}
	pick.open = false;
	expect_no_more(&it->wait);
	check_lengths(event, picked_ahead(event));
	it->direct = false;
	it->slice_ns = decision->slice_ns;
	it->has_slice = decision->action == SP_ACTION_RUN && decision->slice_ns;
}

void sim_daemon_decided(const struct sp_event *event,
			const struct sp_decision *decision)
{
	sim.report.decisions++;
	sim.report.effects++;
	sim.hash = (sim.hash ^ decision->key ^ decision->slice_ns ^
		    (u64)decision->action << 56) *
		   0x100000001b3ULL;
	catch_up();
	switch (event->kind) {
	case SP_EVENT_ENQUEUE:
		enqueued(event, decision);
		break;
	case SP_EVENT_DISPATCH:
		asked(event, decision);
		break;
	case SP_EVENT_RUNNING:
		let_run(event, decision);
		break;
	}
}

/* An answer is carried out: with the slice that was decided? */
void check_answer(const struct task *p)
{
	const struct known *it = find((u32)p->t.pid);
	u64 wanted;

	if (!it || !it->has_slice)
		return;
	sim.report.effects++;
	wanted = it->slice_ns < 0xffffffffULL ? it->slice_ns : 0xffffffffULL;
	if (p->t.scx.slice != wanted &&
	    p->t.scx.slice != sim.machine.policy.slice_max_ns)
		flaw(SIM_FLAW_SLICE, "pid %d was to run for %llu ns, not %llu",
		     p->t.pid, wanted, p->t.scx.slice);
}
