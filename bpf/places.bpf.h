/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a task comes from: on which CPU it ran last, and which one woke it. Told for a
 * pair with queues of its own alone: such programs are compiled with SP_PLACES.
 */
#ifndef SCHED_PROTO_PLACES_BPF_H
#define SCHED_PROTO_PLACES_BPF_H

#include "tasks.bpf.h"

#ifdef SP_PLACES

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
