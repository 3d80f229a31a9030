/* SPDX-License-Identifier: GPL-2.0-only */
/* BPF mode: queues of a pair's own, so many, or one for each CPU, LLC or node. */
#ifndef SCHED_PROTO_OWN_QUEUES_BPF_H
#define SCHED_PROTO_OWN_QUEUES_BPF_H

#include "overlooked.bpf.h"
#include "places.bpf.h"
#include "timer.bpf.h"

#ifdef SP_OWN_QUEUES

#define DSQ_OWN 0x20000

/* Set before the program is loaded, for this machine (QueueLayout.swift). */
const volatile u32 own_count = 1;
const volatile bool own_by_task; /* no queue belongs to a CPU */
const volatile sp_u16 own_near[SP_CPUS_MAX]; /* each CPU's queue */
const volatile u64 own_places[SP_QUEUES_MAX]; /* where the CPUs of each queue are */
const volatile u64 cpu_places[SP_CPUS_MAX];

/* Not static, as the two others. */
struct sp_dsq own[SP_QUEUES_MAX];
static bool own_used[SP_QUEUES_MAX]; /* somebody waited there once */

static __always_inline u64 place_of(s32 cpu)
{
	return cpu_places[(u32)cpu & (SP_CPUS_MAX - 1)];
}

/* The queue that is near to a CPU or a task, whose queue is @queue. */
static __always_inline u32 near_queue(s32 cpu, u32 queue)
{
	if (own_by_task)
		return queue < own_count ? queue : 0;
	return own_near[(u32)cpu & (SP_CPUS_MAX - 1)];
}

static __always_inline u32 nr_in(u32 queue)
{
	queue &= SP_QUEUES_MAX - 1;
	return own_used[queue] ? nr_queued(&own[queue]) : 0;
}

/* How many wait in the queue @near, and in all others. Global: verified once. */
__noinline int count_own(struct sp_event *event, u32 near)
{
	u32 others = 0, here = 0, waiting, i;

	if (!event)
		return 0;
	bpf_for(i, 0, own_count) {
		waiting = nr_in(i);
		if (i == near)
			here = waiting;
		else
			others += waiting;
	}
	event->waiting[0] = here;
	event->waiting[1] = others;
	return 0;
}

/* What the event of @tctx, or of a CPU alone, says of queues and places. */
static __always_inline void fill_near(struct sp_event *event, u32 queue)
{
	count_own(event, near_queue(event->cpu, queue));
	event->first[1] = (place_of(event->cpu) & ~0xffffULL) | own_count;
}

/* The same of a task that begins to wait: where it comes from. */
static __always_inline void fill_origin(struct sp_event *event,
					struct sp_task_ctx *tctx)
{
	u32 waker = waker_of(tctx);

	event->key = place_of(last_cpu_of(tctx, event->cpu));
	if (event->flags & SP_EVENT_WAKEUP)
		event->since[1] = place_of(waker);
}

#ifdef SP_SETS
/*
 * The first queue whose CPUs @p may use, for one that may use none of its own queue's.
 * Each CPU has one, or the description is refused. Global: verified once.
 */
__noinline u32 open_queue(struct task_struct *p __arg_trusted)
{
	u32 queue;

	bpf_for(queue, 0, SP_SET_QUEUES)
		if (queue >= own_count || !set_of(queue) || usable_set(p, queue))
			break;
	return queue < own_count ? queue : 0;
}

/* Which CPUs are for a task that begins to wait in a queue. */
static __always_inline void note_set(struct task_struct *p, struct sp_task_ctx *tctx,
				     u32 queue)
{
	tctx->set = usable_set(p, queue);
	if (!tctx->set && set_of(queue))
		tctx->set = usable_set(p, open_queue(p));
}

static __always_inline bool queue_allows(u32 queue, s32 cpu)
{
	return in_set(set_of(queue), cpu);
}
#else
#define queue_allows(queue, cpu) true
#endif

/* The queue of this number, into which @p comes; the near one if there is none. */
static __always_inline u32 own_queue(struct task_struct *p, u32 queue)
{
	if (queue >= own_count) {
		count(SP_COUNT_STRANGE);
		queue = near_queue(scx_bpf_task_cpu(p), 0);
	}
#ifdef SP_SETS
	if (set_of(queue) && !usable_set(p, queue)) {
		count(SP_COUNT_WRONG_CPU);
		queue = open_queue(p);
	}
#endif
	queue &= SP_QUEUES_MAX - 1;
	if (!own_used[queue])
		own_used[queue] = true;
	if (!nr_queued(&own[queue]))
		note_served(queue);
	return queue;
}

/* Puts a task into a queue of the pair's. */
static __always_inline void insert_own(struct task_struct *p, u32 queue, u64 key,
				       u64 slice, u64 enq_flags)
{
	queue = own_queue(p, queue);
	sp_dsq_insert_vtime(p, DSQ_OWN + queue, slice, key, enq_flags);
}

/* Takes the first of a queue that may run here. */
static __always_inline bool take_own(u32 queue, s32 cpu)
{
	queue &= SP_QUEUES_MAX - 1;
	if (!queue_allows(queue, cpu))
		return false;
	if (!own_used[queue] || !take_from(&own[queue]))
		return false;
	note_served(queue);
	return true;
}

/* How far a queue's CPUs are: 0 the same last cache, 1 the same node, 2 farther. */
static __always_inline u32 distance_to(s32 cpu, u32 queue)
{
	u64 differ = place_of(cpu) ^ own_places[queue & (SP_QUEUES_MAX - 1)];

	if (differ >> SP_PLACE_NODE_SHIFT)
		return 2;
	return differ >> SP_PLACE_LLC_SHIFT ? 1 : 0;
}

/*
 * Takes from any queue, the nearest first, and from the near one on by number. Where no
 * queue belongs to a CPU none is near. Global: verified once.
 */
__noinline int serve_any(s32 cpu, u32 near)
{
	u32 queue, distance, i;

	bpf_for(distance, own_by_task ? 2 : 0, 3) {
		bpf_for(i, 0, own_count) {
			queue = near + i;
			if (queue >= own_count)
				queue -= own_count;
			if (!own_by_task && distance_to(cpu, queue) != distance)
				continue;
			if (take_own(queue, cpu))
				return 1;
		}
	}
	return 0;
}

/* Takes from the first of a SERVE's queues that has a task for this CPU, else from any. */
__noinline int serve_list(s32 cpu, u32 first, u64 high, u64 low, u32 near)
{
	bool strange = first >= own_count;
	bool taken = !strange && take_own(first, cpu);
	u32 entry, i;

	if (taken)
		return 1;
	bpf_for(i, 0, SP_SERVE_MORE) {
		entry = high >> 48;
		high = high << 16 | low >> 48;
		low <<= 16;
		if (entry > own_count) {
			strange = true;
		} else if (entry && take_own(entry - 1, cpu)) {
			taken = true;
			break;
		}
	}
	if (strange)
		count(SP_COUNT_STRANGE);
	return taken || serve_any(cpu, near);
}

/* Serves a queue that was overlooked; whether it had somebody for this CPU. */
static __always_inline bool serve_overlooked(s32 cpu)
{
	u32 mark = overlooked, queue = (mark - 1) & (SP_QUEUES_MAX - 1);
	bool taken;

	/* Else it is for the next CPU that asks. */
	if (!mark || !queue_allows(queue, cpu) || !is_owed())
		return false;
	taken = take_own(queue, cpu);
	note_owed(taken);
	return taken;
}

/* Whether somebody waits who may run on @cpu, as far as is looked. */
__noinline int has_own_for(s32 cpu)
{
	u32 i;

	bpf_for(i, 0, own_count)
		if (own_used[i & (SP_QUEUES_MAX - 1)] && queue_allows(i, cpu) &&
		    has_task_for(&own[i & (SP_QUEUES_MAX - 1)], cpu))
			return 1;
	return 0;
}

static __always_inline void give_up_own(s32 cpu)
{
	u32 i;

	bpf_for(i, 0, own_count)
		count_by(SP_COUNT_GIVEN_UP,
			 give_up_cpu(&own[i & (SP_QUEUES_MAX - 1)], cpu));
}

/*
 * With each beat: rescues what was forgotten beside idle CPUs, and finds a queue that
 * nobody serves. Returns how many wait.
 */
static __always_inline u64 look_after_own(void)
{
	u64 now = sp_now();
	u64 waiting = 0;
	struct overlooked_found found = {};
	u32 queue, i;
	s32 queued;

	bpf_for(i, 0, own_count) {
		queue = i & (SP_QUEUES_MAX - 1);
		queued = scx_bpf_dsq_nr_queued(DSQ_OWN + queue);
		if (queued <= 0)
			continue;
		waiting += queued;
#ifdef SP_SETS
		rescue_among(&own[queue], first_of(queue), last_of(queue));
#else
		rescue(&own[queue]);
#endif
		find_overlooked(&found, queue, now);
	}
	note_overlooked(&found, DSQ_OWN);
	return waiting;
}

static __always_inline s32 create_own(void)
{
	s32 error = 0;
	u32 i;

	bpf_for(i, 0, own_count) {
		if (error)
			break;
		own[i & (SP_QUEUES_MAX - 1)].id = DSQ_OWN + i;
		error = scx_bpf_create_dsq(DSQ_OWN + i, -1);
	}
	return error;
}

#endif
#endif
