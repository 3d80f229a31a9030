/* SPDX-License-Identifier: GPL-2.0-only */
/* A slow beat, which finds what should not be; no decision depends on it. */
#ifndef SCHED_PROTO_TIMER_BPF_H
#define SCHED_PROTO_TIMER_BPF_H

#include "queues.bpf.h"

struct timer_slot {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct timer_slot);
} timers SEC(".maps");

/* Between two beats while somebody waits, and while nobody does. */
#define TIMER_NS (50 * 1000 * 1000ULL)
#define TIMER_IDLE_NS (watchdog_ns / 10)
/* A task that waited this long, beside a CPU idle for as long, was forgotten. */
#define FORGOTTEN_NS (10 * 1000 * 1000ULL)

/* Kicks an idle CPU, and counts it if it idled beside somebody for long. */
static __always_inline void kick_beside(s32 cpu, u64 now)
{
	scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	/*
	 * The kernel counts a CPU as idle a moment before it tells us so; of one that has
	 * idled since before attachment it tells nothing.
	 */
	if (!was_seen(cpu) ||
	    (is_marked_idle(cpu) &&
	     (s64)(now - idle_since[cpu & (SP_CPUS_MAX - 1)]) > (s64)FORGOTTEN_NS))
		count(SP_COUNT_RESCUED);
}

/* All of them, where more wait than is looked at, and none of those may run there. */
static __always_inline void kick_all_idle(u64 now, u32 first, u32 last)
{
	u32 cpu;

	bpf_for(cpu, first, last + 1)
		if (is_marked_idle(cpu))
			kick_beside(cpu, now);
}

/*
 * Kicks idle CPUs for tasks that wait in @dsq beside them, and counts it. The queue's
 * CPUs are @first to @last.
 */
static __always_inline void rescue_in(struct sp_dsq *dsq, u32 first, u32 last)
{
	struct bpf_iter_scx_dsq it;
	struct sp_task_ctx *tctx;
	struct task_struct *p;
	u64 now = sp_now();
	bool forgotten = false;
	int left = 16;
	s32 cpu;

	if (scx_bpf_dsq_nr_queued(dsq->id) <= 0)
		return;
	bpf_iter_scx_dsq_new(&it, dsq->id, 0);
	while (left-- > 0 && (p = bpf_iter_scx_dsq_next(&it))) {
		tctx = task_ctx(p);
		if (!tctx || (s64)(now - tctx->since) < (s64)FORGOTTEN_NS)
			continue;
		forgotten = true;
		if (nobody_idle())
			break;
		/* The idle ones may be none of his, and those of the next. */
		cpu = claim_from_timer(p);
		if (cpu >= 0)
			kick_beside(cpu, now);
	}
	bpf_iter_scx_dsq_destroy(&it);
	if (left < 0 && forgotten && idle_cpus)
		kick_all_idle(now, first, last);
}

/* The same, verified once: of a pair with eight queues the verifier gave up else. */
__noinline int rescue_among(struct sp_dsq *dsq, u32 first, u32 last)
{
	if (!dsq)
		return 0;
	bpf_rcu_read_lock();
	rescue_in(dsq, first, last);
	bpf_rcu_read_unlock();
	return 0;
}

static __always_inline void rescue(struct sp_dsq *dsq)
{
	rescue_among(dsq, 0, SP_CPUS_MAX - 1);
}

/* A mode may want the next beat sooner than usual; 0: it does not. */
static u64 sooner_ns;

/*
 * What a mode looks after with every beat; no decision depends on it. The lock that
 * the timer holds forbids find_dsq, so lengths are asked for the kernel's way.
 */
static void tick(void);

static __always_inline u32 count_online(void)
{
	const struct cpumask *mask = scx_bpf_get_online_cpumask();
	u32 cpus = bpf_cpumask_weight(mask);

	scx_bpf_put_cpumask(mask);
	return cpus;
}

static u64 enqueued_before; /* at the last beat */

static int on_timer(void *map, u32 *key, struct timer_slot *slot)
{
	u64 idle = idle_cpus;
	u64 enqueued, next;

	if (status.exit.kind)
		return 0; /* the queues are gone */
	online = count_online();
	status.running = idle < online ? online - idle : 0;
	/* Verifiers up to 6.17 take this for sleepable, as is what started it. */
	bpf_rcu_read_lock();
	tick();
	bpf_rcu_read_unlock();
	enqueued = status.counters[SP_COUNT_ENQUEUED];
	next = status.waiting || enqueued != enqueued_before ? TIMER_NS : TIMER_IDLE_NS;
	if (sooner_ns && sooner_ns < next)
		next = sooner_ns;
	bpf_timer_start(&slot->timer, next, 0);
	enqueued_before = enqueued;
	return 0;
}

static __always_inline s32 start_timer(void)
{
	struct timer_slot *slot;
	u32 zero = 0;
	s32 error;

	slot = bpf_map_lookup_elem(&timers, &zero);
	if (!slot)
		return -22; /* EINVAL */
	error = bpf_timer_init(&slot->timer, &timers, 1 /* CLOCK_MONOTONIC */);
	if (error)
		return error;
	bpf_timer_set_callback(&slot->timer, on_timer);
	return bpf_timer_start(&slot->timer, TIMER_NS, 0);
}

#endif
