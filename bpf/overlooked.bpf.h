/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BPF mode: queues that a policy of somebody's own lets nobody serve. Whatever it says, all
 * who wait in such a queue when that is found are served, one each second time that
 * somebody asks: else the kernel would end the scheduler for a task that starves.
 */
#ifndef SCHED_PROTO_OVERLOOKED_BPF_H
#define SCHED_PROTO_OVERLOOKED_BPF_H

#include "locked_state.bpf.h"
#include "queues.bpf.h"

#ifdef SP_LOCKED_STATE

/* A queue in which somebody waits, and that nobody served for so long. */
#define OVERLOOKED_NS (1000 * 1000 * 1000ULL)

/* When somebody was taken out of a queue last, or came into an empty one. */
static u64 queue_served[SP_QUEUES_MAX];
static u32 overlooked; /* such a queue, and 1; 0: none */
static u32 owed; /* so many of it, who waited when that was found, are to be served */
static bool is_paused; /* one of them was just served: the policy has this turn */
static bool was_served; /* one of them was, since the last beat */
static u32 looked_until; /* the queue behind the one that was found last */

/* What a beat finds: the first such queue, and the first from looked_until on. */
struct overlooked_found {
	u32 first;
	u32 next;
};

/* Notes that a queue was served, or that somebody comes into it. */
static __always_inline void note_served(u32 queue)
{
	queue_served[queue & (SP_QUEUES_MAX - 1)] = sp_now();
}

/*
 * Whether it is the turn of the queue that is overlooked. Racy, as the policy's own order of
 * several CPUs is: one more or less, or one turn later.
 */
static __always_inline bool is_owed(void)
{
	if (!overlooked)
		return false;
	if (is_paused) {
		is_paused = false;
		return false;
	}
	return true;
}

/* Somebody of that queue was taken, or nobody there may run where somebody asked. */
static __always_inline void note_owed(bool taken)
{
	if (!taken) {
		overlooked = 0;
		return;
	}
	count(SP_COUNT_OVERLOOKED);
	was_served = true;
	if (owed > 1) {
		owed--;
		is_paused = true;
	} else {
		overlooked = 0;
	}
}

/* With each beat, of each queue in which somebody waits. */
static __always_inline void find_overlooked(struct overlooked_found *found, u32 queue,
					    u64 now)
{
	if ((s64)(now - queue_served[queue & (SP_QUEUES_MAX - 1)]) <=
	    (s64)OVERLOOKED_NS)
		return;
	if (!found->first)
		found->first = queue + 1;
	if (!found->next && queue >= looked_until)
		found->next = queue + 1;
}

/* Behind that: one after the other. @id: the DSQ of queue 0, which the others follow. */
static __always_inline void note_overlooked(const struct overlooked_found *found,
					    u64 id)
{
	u32 mark = found->next ? found->next : found->first;
	s32 queued;

	/* Its CPUs do not ask, or have nobody there whom they may run. */
	if (!was_served)
		overlooked = 0;
	was_served = false;
	if (overlooked || !mark)
		return;
	queued = scx_bpf_dsq_nr_queued(id + mark - 1);
	owed = queued > 0 ? queued : 1;
	is_paused = false;
	looked_until = mark;
	overlooked = mark;
}

#endif
#endif
