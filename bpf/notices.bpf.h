/* SPDX-License-Identifier: GPL-2.0-only */
/* User mode: the two rings between the backend and the daemon, and what is told. */
#ifndef SCHED_PROTO_NOTICES_BPF_H
#define SCHED_PROTO_NOTICES_BPF_H

#include "common.bpf.h"
#include "inputs.bpf.h"
#include "places.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SP_EVENT_RING);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sp_answers);
} answers SEC(".maps");

static u32 waits; /* numbers of waits */
static u32 possible = SP_CPUS_MAX; /* CPUs that there can be */

static __always_inline struct sp_answers *answer_ring(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&answers, &zero);
}

static __always_inline bool is_daemon(const struct task_struct *p,
				      const struct sp_answers *ring)
{
	return (u32)p->pid == ring->daemon.tid;
}

/* Puts a notice into the daemon's ring; false if there is no room. */
static __always_inline bool send(const struct sp_notice *notice)
{
	struct sp_notice *slot = bpf_ringbuf_reserve(&events, sizeof(*slot), 0);

	if (!slot)
		return false;
	*slot = *notice;
	bpf_ringbuf_submit(slot, BPF_RB_NO_WAKEUP);
	return true;
}

#ifdef SP_INPUTS
/* The same of a wait, with who the task is if the pair asks. */
static __always_inline bool send_wait(const struct sp_notice *notice,
				      struct task_struct *p)
{
	struct sp_notice_who *slot;

	if (!sp_wanted_inputs())
		return send(notice);
	slot = bpf_ringbuf_reserve(&events, sizeof(*slot), 0);
	if (!slot)
		return false;
	slot->notice = *notice;
	sp_read_who(&slot->who, p);
	bpf_ringbuf_submit(slot, BPF_RB_NO_WAKEUP);
	return true;
}
#else
#define send_wait(notice, p) send(notice)
#endif

static __always_inline u32 next_wait(void)
{
	u32 wait = __sync_fetch_and_add(&waits, 1) + 1;

	/* 0 is no wait. */
	return wait ? wait : __sync_fetch_and_add(&waits, 1) + 1;
}

/*
 * The number of the mask with these bits in the table that the daemon reads; a new one if
 * there is none yet. Whoever finds it writes it: so it is complete before the first
 * notice that names it, whichever CPU made the entry. None is ever given back. Global,
 * for find_dsq's reason.
 */
__noinline u32 intern(struct task_struct *p __arg_trusted)
{
	struct sp_answers *ring = answer_ring();
	u64 hash = 0xcbf29ce484222325ULL;
	struct sp_mask mask = {};
	u64 found;
	int i, word;

	if (!ring || bpf_probe_read_kernel(&mask, sizeof(mask), p->cpus_ptr))
		return SP_AFFINITY_ANY;
	for (word = 0; word < SP_CPUS_MAX / 64; word++) {
		/* The kernel's masks may be shorter than ours. */
		if ((u32)word * 64 >= possible)
			mask.bits[word] = 0;
		hash = (hash ^ mask.bits[word]) * 0x100000001b3ULL;
		hash ^= hash >> 29;
	}
	hash |= 1; /* 0: not in use */
	bpf_for(i, 1, SP_MASKS) {
		u32 slot = i;

		/* Else clang keeps another variable in range than it uses. */
		barrier_var(slot);
		slot &= SP_MASKS - 1;
		found = __sync_val_compare_and_swap(&ring->hashes[slot], 0, hash);
		if (found && found != hash)
			continue;
		ring->masks[slot] = mask;
		return slot;
	}
	count(SP_COUNT_MASKS_FULL);
	return SP_AFFINITY_ANY;
}

/* Where p may run, in a notice's words. */
static __always_inline u32 affinity_of(struct task_struct *p, struct sp_task_ctx *tctx)
{
	if (is_pinned(p))
		return SP_AFFINITY_ONE | (u32)scx_bpf_task_cpu(p);
	if ((u32)p->nr_cpus_allowed >= possible)
		return SP_AFFINITY_ANY;
	if (tctx->mask == SP_MASK_UNKNOWN)
		tctx->mask = intern(p);
	return tctx->mask;
}

/* Fills a notice of @p, but for what only an ENQUEUE has. */
static __always_inline void fill_notice(struct sp_notice *notice, u32 kind,
					struct task_struct *p,
					const struct sp_task_ctx *tctx, u64 now)
{
	notice->now = now;
	notice->used_ns = 0;
	notice->switches = 0;
	notice->kind = kind;
	notice->flags = 0;
	notice->pid = tctx->pid;
	notice->generation = tctx->generation;
	notice->cpu = scx_bpf_task_cpu(p);
	notice->idle_cpu = -1;
	notice->weight = tctx->weight;
	notice->cpus = nr_online();
	notice->wait = tctx->wait;
	notice->affinity = SP_AFFINITY_ANY;
}

/* Where the task comes from, for a pair with queues of its own. */
static __always_inline void tell_places(struct sp_notice *notice,
					struct sp_task_ctx *tctx)
{
#ifdef SP_PLACES
	notice->flags |= waker_of(tctx) << SP_NOTICE_CPU_SHIFT;
	notice->cpus |= last_cpu_of(tctx, notice->cpu) << SP_NOTICE_CPU_SHIFT;
#else
	(void)notice;
	(void)tctx;
#endif
}

/* Tells the daemon that the task it knew is gone. */
static __always_inline void tell_exit(struct task_struct *p, struct sp_task_ctx *tctx)
{
	struct sp_notice notice;

	if (!tctx->known)
		return;
	fill_notice(&notice, SP_EVENT_EXIT, p, tctx, sp_now());
	if (!send(&notice))
		count(SP_COUNT_NOTES_LOST);
}

/*
 * Tells the daemon of a wait; false if there is no room. What the task used is then
 * charged with its next wait.
 */
static __always_inline bool tell(struct task_struct *p, struct sp_task_ctx *tctx,
				 const struct sp_notice *notice)
{
	tctx->known = true;
	if (send_wait(notice, p))
		return true;
	count(SP_COUNT_RING_FULL);
	tctx->used -= notice->used_ns;
	return false;
}

/* Whether the daemon has something to do. */
static __always_inline bool daemon_has_work(const struct sp_answers *ring)
{
	return ring->daemon.waiting || bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
}

#endif
