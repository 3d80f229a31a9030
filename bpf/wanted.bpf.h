/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events that a pair is told of since it wants them. Programs for such pairs are compiled
 * with SP_WANTS, the bits SP_WANTS_... : in BPF mode those of the pair, so that others have
 * no callback; in user mode all, and what is not wanted is taken out of the table before it
 * is loaded (Scheduler.swift). Other programs have nothing of it.
 */
#ifndef SCHED_PROTO_WANTED_BPF_H
#define SCHED_PROTO_WANTED_BPF_H

#include "tasks.bpf.h"

#ifndef SP_WANTS
#define WANTS(bits) 0
#else
#define WANTS(bits) ((SP_WANTS) & (bits))

static __always_inline bool wants(u32 bit)
{
	return described()->slice & bit;
}

/* It was picked: RUNNING is told of. What could not be told when it stopped is kept. */
static __always_inline void note_picked(const struct task_struct *p,
					struct sp_task_ctx *tctx)
{
	if (!tctx->runs || !wants(SP_WANTS_STOPPING_BIT))
		tctx->told_ran = p->se.sum_exec_runtime;
	tctx->runs = true;
}

/* CPU time since it was picked last, or told of as stopped since. */
static __always_inline u64 ran_since(const struct task_struct *p,
				     const struct sp_task_ctx *tctx)
{
	return p->se.sum_exec_runtime - tctx->told_ran;
}

/* Whether the task's weight is another one than was told, which is told from now on. */
static __always_inline bool reweigh(const struct task_struct *p,
				    struct sp_task_ctx *tctx)
{
	u32 weight = own_weight(p);

	if (has_groups())
		weight = weight_told(weight, tctx->ratio);
	if (weight == tctx->weight)
		return false;
	tctx->weight = weight;
	return true;
}

/*
 * Whether a call of set_cpumask says something of the task's affinity: else it may not leave
 * its CPU for a moment, or may again.
 */
static __always_inline bool is_other_affinity(const struct task_struct *p)
{
	return p->migration_disabled <= (p == bpf_get_current_task_btf());
}

/* CPUs on-line when this one came, or has gone: those of all events from now on. */
static __always_inline u32 recount_online(s32 cpu, bool is_online)
{
	const struct cpumask *mask = scx_bpf_get_online_cpumask();
	u32 cpus = bpf_cpumask_weight(mask);
	bool is_counted = bpf_cpumask_test_cpu(cpu, mask);

	scx_bpf_put_cpumask(mask);
	cpus += (u32)is_online - (u32)is_counted;
	online = cpus;
	return cpus;
}

/*
 * A STOPPING's flags. The kernel calls a running task not runnable, too, while somebody
 * changes it: that one does not sleep.
 */
static __always_inline u32 stop_flags(const struct task_struct *p, bool runnable)
{
	return !runnable && p->__state ? SP_EVENT_SLEEPS : 0;
}

#endif
#endif
