/* SPDX-License-Identifier: GPL-2.0-only */
/* Our queues: how long they are, and who is first in them. */
#ifndef SCHED_PROTO_QUEUES_BPF_H
#define SCHED_PROTO_QUEUES_BPF_H

#include "tasks.bpf.h"

/* One of our queues, and where the kernel keeps it; 0 until somebody waited there. */
struct sp_dsq {
	u64 id;
	u64 address;
};

/*
 * Remembers where the kernel keeps the queue, from a task that stands in it.
 * Global, so verified once: following a pointer out of a task costs the verifier
 * a search through all names of the kernel's types, at each visit.
 */
__noinline int find_dsq(struct sp_dsq *dsq)
{
	struct bpf_iter_scx_dsq it;
	struct scx_dispatch_q *queue;
	struct task_struct *p;

	if (!dsq)
		return 0;
	bpf_iter_scx_dsq_new(&it, dsq->id, 0);
	p = bpf_iter_scx_dsq_next(&it);
	if (p) {
		queue = p->scx.dsq;
		/* Unless another CPU took it meanwhile, and it stands elsewhere. */
		if (queue && queue->id == dsq->id)
			dsq->address = (u64)queue;
	}
	bpf_iter_scx_dsq_destroy(&it);
	return 0;
}

/*
 * Tasks in a queue. The kernel's own function looks the queue up in a hash table
 * each time, which costs more than a decision: so the number is read where it is.
 */
static __always_inline u32 nr_queued(struct sp_dsq *dsq)
{
	struct scx_dispatch_q *queue;
	s32 count;

	if (dsq->address) {
		queue = bpf_rdonly_cast((void *)dsq->address,
					bpf_core_type_id_kernel(struct scx_dispatch_q));
		return queue->nr;
	}
	count = scx_bpf_dsq_nr_queued(dsq->id);
	if (count <= 0)
		return 0;
	find_dsq(dsq);
	return count;
}

/* Takes the first task that may run here out of the queue, to run next. */
static __always_inline bool take_from(struct sp_dsq *dsq)
{
	return nr_queued(dsq) && sp_dsq_move_to_local(dsq->id);
}

/*
 * Gives up what waits in @dsq for a CPU that goes off-line. The kernel asks us no
 * more for tasks for it, and would wait for ever for those that may run nowhere
 * else. From the CPU's own queue it pushes each to another, whatever its affinity.
 * Those that come later the kernel puts there itself. Returns how many.
 */
static __always_inline u32 give_up_cpu(const struct sp_dsq *dsq, s32 cpu)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	u32 given_up = 0;

	bpf_iter_scx_dsq_new(&it, dsq->id, 0);
	while ((p = bpf_iter_scx_dsq_next(&it)))
		if (scx_bpf_task_cpu(p) == cpu &&
		    sp_dsq_move(&it, p, SCX_DSQ_LOCAL_ON | (u32)cpu, 0))
			given_up++;
	bpf_iter_scx_dsq_destroy(&it);
	return given_up;
}

/*
 * How many tasks of a queue are looked at for one CPU. Those that look are global
 * functions, which the verifier goes through once, and not at each call.
 */
#define LOOK_MAX 32

enum {
	TASK_FOUND = 1,
	TASK_PERHAPS = 2
};

/* Who is first in a queue, for one CPU. */
struct sp_first {
	u64 key;
	u64 since;
};

/*
 * Finds the first task in @dsq that may run on @cpu. If the queue is longer than what
 * is looked at, and none of those may, somebody may all the same: then the key is the
 * last one's that was seen, which is the least that it can be.
 */
__noinline int find_first(struct sp_dsq *dsq, s32 cpu, struct sp_first *first)
{
	struct bpf_iter_scx_dsq it;
	struct sp_task_ctx *tctx;
	struct task_struct *p;
	bool found = false;
	int left = LOOK_MAX;

	if (!dsq || !first || !nr_queued(dsq))
		return 0;
	bpf_iter_scx_dsq_new(&it, dsq->id, 0);
	while (!found && left-- > 0 && (p = bpf_iter_scx_dsq_next(&it))) {
		tctx = task_ctx(p);
		first->key = p->scx.dsq_vtime;
		first->since = tctx ? tctx->since : 0;
		found = may_run(p, cpu);
	}
	bpf_iter_scx_dsq_destroy(&it);
	return found || (left < 0 && nr_queued(dsq) > LOOK_MAX);
}

#ifdef SP_USER_MODE
/* Whether one of so many may, looked at from one end. */
static __always_inline bool finds_task_for(struct sp_dsq *dsq, s32 cpu, u64 flags)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool found = false;
	int left = LOOK_MAX / 2;

	bpf_iter_scx_dsq_new(&it, dsq->id, flags);
	while (!found && left-- > 0 && (p = bpf_iter_scx_dsq_next(&it)))
		found = may_run(p, cpu);
	bpf_iter_scx_dsq_destroy(&it);
	return found;
}

/*
 * Whether somebody in @dsq may run on @cpu. Of many the oldest and the newest ones are
 * looked at: TASK_PERHAPS if none of these may. 0 if nobody does.
 */
__noinline int has_task_for(struct sp_dsq *dsq, s32 cpu)
{
	u32 queued = dsq ? nr_queued(dsq) : 0;

	if (!queued)
		return 0;
	if (finds_task_for(dsq, cpu, 0))
		return TASK_FOUND;
	if (queued <= LOOK_MAX / 2)
		return 0;
	if (finds_task_for(dsq, cpu, SCX_DSQ_ITER_REV))
		return TASK_FOUND;
	return queued > LOOK_MAX ? TASK_PERHAPS : 0;
}
#else
/* Whether somebody in @dsq may run on @cpu, as far as is looked. */
__noinline int has_task_for(struct sp_dsq *dsq, s32 cpu)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool found = false;
	int left = LOOK_MAX;

	if (!dsq || !nr_queued(dsq))
		return 0;
	bpf_iter_scx_dsq_new(&it, dsq->id, 0);
	while (!found && left-- > 0 && (p = bpf_iter_scx_dsq_next(&it)))
		found = may_run(p, cpu);
	bpf_iter_scx_dsq_destroy(&it);
	return found || (left < 0 && nr_queued(dsq) > LOOK_MAX);
}
#endif

#endif
