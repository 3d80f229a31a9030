/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks that the policy holds back until a time, and that nobody serves until then.
 * Programs for pairs that are asked about a task alone on its CPU as well are compiled
 * with SP_ALONE_ASKED; others have nothing of it.
 */
#ifndef SCHED_PROTO_HELD_BPF_H
#define SCHED_PROTO_HELD_BPF_H

#include "timer.bpf.h"

#ifdef SP_ALONE_ASKED

#define ALONE_ASKED true

/* In the order of the times at which they wait again: these are their keys there. */
#define DSQ_HELD_BACK 20
/* So many are let wait by one CPU at a time. */
#define RELEASE_MAX 64

/* Not static, as other queues. */
struct sp_dsq held_back = { .id = DSQ_HELD_BACK };
/*
 * When the first of them waits again; 0: nobody is held back, or a CPU lets them wait now.
 * Two CPUs that hold tasks back at one moment may start the timer for the later one, and
 * a task that is on its way into the queue may be overlooked: then the next beat of the
 * slow timer finds it.
 */
static u64 release_at;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct timer_slot);
} release_timers SEC(".maps");

/* What a mode does with a task whose time has come; it is the iterator's. Whether it waits. */
static __always_inline bool let_wait(struct bpf_iter_scx_dsq *it, struct task_struct *p,
				     struct sp_task_ctx *tctx);

/* Whether an answer may hold a task back for so long. */
static __always_inline bool may_hold(u64 ns)
{
	return ns && ns <= SP_HOLD_MAX_NS;
}

/* Somebody is held back until then. Global: verified once. */
__noinline int note_release(u64 until)
{
	struct timer_slot *slot;
	u64 at, now = sp_now();
	u32 zero = 0;
	int i;

	until |= 1; /* 0: nobody */
	for (i = 0; i < 4; i++) {
		at = release_at;
		if (at && (s64)(until - at) >= 0)
			return 0;
		if (__sync_val_compare_and_swap(&release_at, at, until) == at)
			break;
	}
	slot = bpf_map_lookup_elem(&release_timers, &zero);
	if (slot)
		bpf_timer_start(&slot->timer, (s64)(until - now) > 0 ? until - now : 1,
				0);
	return 0;
}

/* A task whose wait is being decided is held back until then. */
static __always_inline void hold_back(struct task_struct *p, struct sp_task_ctx *tctx,
				      u64 until, u64 enq_flags)
{
	count(SP_COUNT_ENQUEUED);
	count(SP_COUNT_HELD_BACK);
	count_no_more(&tctx->counted);
	sp_dsq_insert_vtime(p, DSQ_HELD_BACK, described()->slice_max_ns, until,
			    enq_flags);
	note_release(until);
}

/* Lets those wait again whose time has come. Global: verified once. */
__noinline int release_due(u64 now)
{
	struct bpf_iter_scx_dsq it;
	struct sp_task_ctx *tctx;
	struct task_struct *p;
	u64 next = 0;
	int i;

	/* Whoever is held back from now on says so by itself. */
	release_at = 0;
	bpf_iter_scx_dsq_new(&it, DSQ_HELD_BACK, 0);
	bpf_for(i, 0, RELEASE_MAX + 1) {
		p = bpf_iter_scx_dsq_next(&it);
		if (!p)
			break;
		if (i == RELEASE_MAX || (s64)(p->scx.dsq_vtime - now) > 0) {
			next = p->scx.dsq_vtime | 1;
			break;
		}
		tctx = task_ctx(p);
		if (!tctx)
			continue;
		tctx->since = now;
		/* Else another CPU was faster, or it is gone. */
		if (let_wait(&it, p, tctx))
			count_wait(p, tctx);
	}
	bpf_iter_scx_dsq_destroy(&it);
	if (next)
		note_release(next);
	return 0;
}

/* Called by each CPU that asks for a task. */
static __always_inline void release_in_time(void)
{
	u64 at = release_at, now;

	if (!at)
		return;
	now = sp_now();
	if ((s64)(now - at) >= 0)
		release_due(now);
}

/* Wakes an idle CPU for the first one, if its time has come: it lets all of them wait. */
static __always_inline void wake_for_release(void)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	s32 cpu = -1;
	u64 until = 0;

	bpf_iter_scx_dsq_new(&it, DSQ_HELD_BACK, 0);
	p = bpf_iter_scx_dsq_next(&it);
	if (p) {
		until = p->scx.dsq_vtime | 1;
		if ((s64)(sp_now() - until) >= 0)
			cpu = claim_from_timer(p);
	}
	bpf_iter_scx_dsq_destroy(&it);
	if (until && (!release_at || (s64)(until - release_at) < 0))
		release_at = until;
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

static int on_release(void *map, u32 *key, struct timer_slot *slot)
{
	u64 left;

	if (status.exit.kind)
		return 0; /* the queues are gone */
	bpf_rcu_read_lock();
	wake_for_release();
	bpf_rcu_read_unlock();
	/* The one for which it was started may be gone. */
	left = release_at - sp_now();
	if (release_at && (s64)left > 0)
		bpf_timer_start(&slot->timer, left, 0);
	return 0;
}

/* Makes the queue and the timer; returns 0, or a negative errno. */
static __always_inline s32 create_held_back(void)
{
	struct timer_slot *slot;
	u32 zero = 0;
	s32 error;

	error = scx_bpf_create_dsq(DSQ_HELD_BACK, -1);
	if (error)
		return error;
	slot = bpf_map_lookup_elem(&release_timers, &zero);
	if (!slot)
		return -22; /* EINVAL */
	error = bpf_timer_init(&slot->timer, &release_timers, 1 /* CLOCK_MONOTONIC */);
	if (error)
		return error;
	return bpf_timer_set_callback(&slot->timer, on_release);
}

#else

#define ALONE_ASKED false

static __always_inline void release_in_time(void)
{
}

static __always_inline void wake_for_release(void)
{
}

static __always_inline s32 create_held_back(void)
{
	return 0;
}

#endif
#endif
