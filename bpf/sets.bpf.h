/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs of a pair's own queues: who waits in one of these runs on its CPUs alone. Programs
 * for such pairs are compiled with SP_SETS; others have nothing of it. What no policy
 * decides on goes anywhere: what no daemon answers, and threads that never wait.
 */
#ifndef SCHED_PROTO_SETS_BPF_H
#define SCHED_PROTO_SETS_BPF_H

#include "counters.bpf.h"

#ifdef SP_SETS

/* Set before the program is loaded (QueueLayout+Storing.swift). */
const volatile sp_u8 set_of_queue[SP_SET_QUEUES]; /* of the first queues: a set, and 1 */
const volatile sp_u16
	set_first[SP_SETS_MAX]; /* each set's CPUs, from the first to the last */
const volatile sp_u16 set_last[SP_SETS_MAX];

/* A queue's set, and 1; 0: all CPUs. */
static __always_inline u32 set_of(u32 queue)
{
	return queue < SP_SET_QUEUES ? set_of_queue[queue & (SP_SET_QUEUES - 1)] : 0;
}

static u32 sets_gone; /* a bit of each set of which no CPU is on-line: it has all then */

/* @set: and 1; 0 has all CPUs. */
static __always_inline bool in_set(u32 set, s32 cpu)
{
	u32 index = (set - 1) & (SP_SETS_MAX - 1);

	return !set || ((u32)cpu >= set_first[index] && (u32)cpu <= set_last[index]) ||
	       sets_gone >> index & 1;
}

/* The first and the last CPU of a queue. Global: verified once. */
__noinline u32 first_of(u32 queue)
{
	u32 set = set_of(queue), index = (set - 1) & (SP_SETS_MAX - 1);

	return !set || sets_gone >> index & 1 ? 0 : set_first[index];
}

__noinline u32 last_of(u32 queue)
{
	u32 set = set_of(queue), index = (set - 1) & (SP_SETS_MAX - 1);

	return !set || sets_gone >> index & 1 ? SP_CPUS_MAX - 1 : set_last[index];
}

/* A CPU goes off-line; or, below 0, one came back. */
static __always_inline void look_at_sets(s32 going)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	u32 gone = 0;
	int set, cpu;

	bpf_for(set, 0, SP_SETS_MAX) {
		bool has = false;

		bpf_for(cpu, set_first[set & (SP_SETS_MAX - 1)],
			set_last[set & (SP_SETS_MAX - 1)] + 1)
			if (cpu != going && bpf_cpumask_test_cpu(cpu, online))
				has = true;
		if (!has)
			gone |= 1u << set;
	}
	scx_bpf_put_cpumask(online);
	sets_gone = gone;
}

/*
 * The set of the queue in which a task waits, or waited last, and 1. In user mode as the
 * daemon told it.
 */
static u32 set_of_task(struct task_struct *p);

#endif
#endif
