/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a task comes from: on which CPU it ran last, and which one woke it. Told for a
 * pair with queues of its own alone: such programs are compiled with SP_PLACES.
 */
#ifndef SCHED_PROTO_PLACES_BPF_H
#define SCHED_PROTO_PLACES_BPF_H

#include "tasks.bpf.h"

#ifdef SP_PLACES

#ifndef SP_OWN_QUEUES
/*
 * User mode, set before the program is loaded (QueueLayout+Storing.swift): of each CPU its
 * queue, and the next CPU of that queue; after the last one comes the first. Where no queue
 * belongs to a CPU all have the same one, and no CPU is another's next.
 */
const volatile sp_u16 queue_of[SP_CPUS_MAX];
const volatile sp_u16 next_near[SP_CPUS_MAX];

/* Whether two CPUs have the same queue: what waits near the one waits near the other. */
static __always_inline bool is_near(s32 cpu, s32 other)
{
	return queue_of[(u32)cpu & (SP_CPUS_MAX - 1)] ==
	       queue_of[(u32)other & (SP_CPUS_MAX - 1)];
}

/* An idle CPU near @from, which is none itself, for @p, claimed; or -1. Not @here. */
__noinline s32 claim_near(struct task_struct *p __arg_trusted, s32 from, s32 here)
{
	u32 cpu = from, i;

	bpf_for(i, 0, SP_CPUS_MAX) {
		cpu = next_near[cpu & (SP_CPUS_MAX - 1)];
		if (cpu == (u32)from)
			break;
		if (cpu != (u32)here && bpf_cpumask_test_cpu(cpu, p->cpus_ptr) &&
		    scx_bpf_test_and_clear_cpu_idle(cpu))
			return cpu;
	}
	return -1;
}
#endif

/* Called by select_cpu, which runs on the CPU that wakes @p; its enqueue may not. */
static __always_inline void note_waker(struct task_struct *p)
{
	struct sp_task_ctx *tctx = task_ctx(p);

	if (tctx)
		tctx->woken_by = bpf_get_smp_processor_id() + 1;
}

/* It runs on @cpu from now on. */
static __always_inline void note_place(struct sp_task_ctx *tctx, s32 cpu)
{
	tctx->ran_on = cpu + 1;
}

/* The CPU that woke the task which begins to wait; that of the callback, if none is known. */
static __always_inline u32 waker_of(struct sp_task_ctx *tctx)
{
	u32 woken_by = tctx->woken_by;

	tctx->woken_by = 0;
	return woken_by ? woken_by - 1 : bpf_get_smp_processor_id();
}

/* The CPU on which the task ran last; @here if it never did. */
static __always_inline u32 last_cpu_of(const struct sp_task_ctx *tctx, s32 here)
{
	return tctx->ran_on ? tctx->ran_on - 1 : here;
}

#else

/* Nothing, and no call for their arguments. */
#define note_waker(p) ((void)0)
#define note_place(tctx, cpu) ((void)0)

#endif
#endif
