/* SPDX-License-Identifier: GPL-2.0-only */
/* What is remembered of a task, and the events that are made of it. */
#ifndef SCHED_PROTO_TASKS_BPF_H
#define SCHED_PROTO_TASKS_BPF_H

#include "counters.bpf.h"
#include "idle.bpf.h"
#include "wakeups.bpf.h"
#include "weights.bpf.h"

#define SP_MASK_UNKNOWN 0xffffffffu

/* What we remember of a task. */
struct sp_task_ctx {
	struct sp_task task; /* the policy's, in BPF mode */
	u64 used; /* sum_exec_runtime at its last ENQUEUE */
	u64 woken_at; /* 0 unless it was woken and did not run since */
	u64 since; /* when it began to wait */
	u64 key; /* BPF mode: what its ENQUEUE was answered, if `decided` */
	u32 pid; /* as the policy was told; an exec by another thread changes it */
	u32 generation;
	u32 wait; /* user mode: number of its wait; 0: it does not wait */
	u32 queue; /* user mode: its class, by its last answer; BPF mode: where it waits */
	u32 mask; /* user mode: index of its affinity, or SP_MASK_UNKNOWN */
	u32 weight; /* as told when it began to wait */
	u32 group; /* weights.bpf.h: its control group */
	u32 ratio; /* the same: its share when it began to run last */
	s32 claimed; /* select_cpu claimed this idle CPU for it; below 0: none */
	struct sp_counted counted; /* the same, while it waits */
	bool sync; /* select_cpu saw a synchronous wake-up */
	bool known; /* user mode: the daemon was told of it */
	bool is_back; /* user mode: it waits to run on, and for no answer */
	bool joins; /* user mode: it lets go of its CPU for nobody, to wait beside others */
	bool decided; /* BPF mode: told of before the kernel queues it */
	bool waits; /* BPF mode: RUNNING is due when it runs */
	bool alone; /* BPF mode: placed on an idle CPU, it runs for the longest slice */
#ifdef SP_ALONE_ASKED
	u64 held_until; /* BPF mode, `decided`: it is held back until then; 0: it is not */
	bool direct; /* BPF mode: placed on an idle CPU */
#endif
#ifdef SP_SETS
	u32 set; /* of CPUs, those of its queue, and 1; 0: all */
#endif
#ifdef SP_WANTS
	u64 told_ran; /* sum_exec_runtime when it was picked last, or told of as stopped since */
	bool runs; /* it was picked: when it stops, that is told */
	/* User mode: */
	bool on_cpu;
	bool aside; /* it let the daemon in between, and waits for that to be over */
	bool gives_way; /* when it runs again after that */
	u32 run; /* number of the wait that ended when it was picked */
	u64 rest; /* what is left of its slice, while the daemon is let in; 0: it is not */
#endif
#ifdef SP_PLACES
	sp_u16 ran_on; /* the CPU on which it ran last, and 1; 0: it never did */
	sp_u16 woken_by; /* the CPU of its present wake-up, and 1; 0: select_cpu was not asked */
#endif
};

#ifdef SP_WANTS
/* It was picked no more: nobody is told that it stops. */
static __always_inline void forget_run(struct sp_task_ctx *tctx)
{
	tctx->runs = false;
	tctx->aside = false;
	tctx->gives_way = false;
	tctx->run = 0;
	tctx->rest = 0;
}
#endif

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct sp_task_ctx);
} tasks SEC(".maps");

static u32 generations;

static __always_inline struct sp_task_ctx *task_ctx(struct task_struct *p)
{
	return bpf_task_storage_get(&tasks, p, NULL, 0);
}

#ifdef SP_SETS
static __always_inline u32 set_of_task(struct task_struct *p)
{
	struct sp_task_ctx *tctx = task_ctx(p);

	/* Migration may have been disabled since. */
	return tctx && !is_pinned(p) ? tctx->set : 0;
}
#endif

static __always_inline u32 next_generation(void)
{
	u32 generation = __sync_fetch_and_add(&generations, 1) + 1;

	/* 0 is nobody's. */
	return generation ? generation : __sync_fetch_and_add(&generations, 1) + 1;
}

/* The task is a new one to the policy. What select_cpu noted is of this wake-up still. */
static __always_inline void begin_life(struct sp_task_ctx *tctx,
				       const struct task_struct *p)
{
	__builtin_memset(&tctx->task, 0, sizeof(tctx->task));
	tctx->used = p->se.sum_exec_runtime;
	tctx->woken_at = 0;
	tctx->pid = p->pid;
	tctx->weight = own_weight(p);
	tctx->generation = next_generation();
	tctx->wait = 0;
	tctx->queue = SP_QUEUE_REGULAR;
	tctx->mask = SP_MASK_UNKNOWN;
	tctx->known = false;
	tctx->decided = false;
	tctx->waits = false;
	tctx->alone = false;
#ifdef SP_WANTS
	forget_run(tctx);
#endif
#ifdef SP_SETS
	/*
	 * Its queue is not known yet, and perhaps it may use none of the CPUs of any that we
	 * would take for it: then nobody would ask the daemon for it.
	 */
	tctx->set = 0;
#endif
}

static __always_inline s32 new_task(struct task_struct *p, u32 group)
{
	struct sp_task_ctx *tctx;

	tctx = bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!tctx)
		return -12; /* ENOMEM */
	tctx->group = group;
	tctx->ratio = SP_RATIO_ONE;
	tctx->claimed = -1;
	begin_life(tctx, p);
	return 0;
}

static __always_inline void count_wakeup(struct sp_task_ctx *tctx, u64 now)
{
	if (tctx->woken_at)
		count_wakeup_ns(now - tctx->woken_at);
	tctx->woken_at = 0;
}

static __always_inline bool starts_with(const char *text, const char *with, u32 length)
{
	for (u32 i = 0; i < length; i++)
		if (text[i] != with[i])
			return false;
	return true;
}

/*
 * Kernel threads that others, and the daemon itself, cannot do without: bound
 * to a CPU, or freeing memory. Asked anew each time, since a kernel thread gets
 * its CPU and its name only after it was made.
 */
static __always_inline bool is_vital(struct task_struct *p)
{
	char comm[16];

	if (!(p->flags & PF_KTHREAD))
		return false;
	if (p->nr_cpus_allowed == 1)
		return true;
	bpf_probe_read_kernel(comm, sizeof(comm), p->comm);
	return starts_with(comm, "kswapd", 6) || starts_with(comm, "kcompactd", 9) ||
	       starts_with(comm, "khugepaged", 10);
}

/* Whether the policy is told when p begins to wait: else it does not wait. */
static __always_inline bool is_told_of(struct task_struct *p, u64 enq_flags)
{
	if ((p->flags & PF_KTHREAD) && (enq_flags & SCX_ENQ_WAKEUP) &&
	    described()->kthreads == SP_KTHREADS_LOCAL)
		return false;
	return !is_vital(p);
}

/*
 * Lets a task run that never waits: next on its CPU, if that is idle or the only one it
 * may use; else next on whichever CPU comes first. In the local queue of a CPU that a
 * real-time task holds, nobody would find it. What select_cpu noted is of no use then,
 * and its time is nobody's.
 */
static __always_inline void let_run(struct task_struct *p, struct sp_task_ctx *tctx,
				    u64 enq_flags)
{
	u64 slice = described()->slice_max_ns;
	s32 here = scx_bpf_task_cpu(p);
	s32 cpu = -1;

	if (tctx) {
		if (tctx->claimed == here)
			cpu = here;
		tctx->claimed = -1;
		tctx->sync = false;
		tctx->used = p->se.sum_exec_runtime;
		tctx->decided = false;
		tctx->waits = false;
		tctx->wait = 0; /* an answer to the wait that it was in is stale */
#ifdef SP_WANTS
		forget_run(tctx);
#endif
		count_no_more(&tctx->counted);
	}
	if (cpu < 0 && !is_pinned(p))
		cpu = claim_idle_cpu(p);
	if (cpu == here || is_pinned(p)) {
		sp_dsq_insert(p, SCX_DSQ_LOCAL, slice, enq_flags);
		return;
	}
	sp_dsq_insert(p, SCX_DSQ_GLOBAL, slice, enq_flags);
	kick_for(p, cpu);
}

/* The same, and counts it. */
static __always_inline void insert_locally(struct task_struct *p,
					   struct sp_task_ctx *tctx, u64 enq_flags)
{
	count(tctx ? SP_COUNT_LOCAL : SP_COUNT_NO_STATE);
	let_run(p, tctx, enq_flags);
}

/* A task that exits: the sooner it is gone the better, and its pid may be gone already. */
static __always_inline void insert_exiting(struct task_struct *p,
					   struct sp_task_ctx *tctx, u64 enq_flags)
{
	count(SP_COUNT_EXITING);
	let_run(p, tctx, enq_flags);
}

#ifdef SP_WAKEUPS

/* The same as look_for_idle, by the pair's list, if there is one for this wake-up. */
static __always_inline s32 look_by_list(struct task_struct *p, s32 prev_cpu, bool sync)
{
	s32 cpu = nobody_idle() ? -1 : claim_by_list(p, look_list(sync), prev_cpu);
	struct sp_task_ctx *tctx = task_ctx(p);

	if (tctx) {
		tctx->claimed = cpu;
		if (cpu < 0)
			tctx->claimed = sync ? CLAIMED_NOWHERE_SYNC : CLAIMED_NOWHERE;
		tctx->sync = sync;
	}
	return cpu < 0 ? prev_cpu : cpu;
}

/*
 * The same as own_idle_cpu for a task that looked by its list, and found nobody: its own CPU,
 * if the list has it and it went idle since. Else another one, in no place where the task
 * looked, is claimed and woken: it takes from the queues whose turn it is, so that nobody
 * idles beside the task for long.
 */
static __always_inline s32 idle_cpu_after_list(struct task_struct *p,
					       struct sp_task_ctx *tctx, s32 here,
					       s32 *claimed)
{
	u32 list = look_list(tctx->claimed == CLAIMED_NOWHERE_SYNC);

	tctx->claimed = -1;
	if (looks_at_previous(list) && scx_bpf_test_and_clear_cpu_idle(here)) {
		*claimed = here;
		note_claimed(here);
		return here;
	}
	*claimed = nobody_idle() ? -1 : claim_any_idle_cpu(p);
	if (*claimed >= 0)
		note_claimed(*claimed);
	return -1;
}

#endif

/*
 * The CPU on which a task that wakes up begins to wait: an idle one, if the kernel's own
 * choice finds one, which is claimed then. Where no CPU is idle it would find the task's
 * last one, after a long look. What is noted here is gone with the enqueue that follows.
 */
static __always_inline s32 look_for_idle(struct task_struct *p, s32 prev_cpu,
					 u64 wake_flags)
{
	bool sync = wake_flags & SCX_WAKE_SYNC;
	struct sp_task_ctx *tctx;
	s32 cpu = prev_cpu;
	bool idle = false;

#ifdef SP_WAKEUPS
	if (look_list(sync))
		return look_by_list(p, prev_cpu, sync);
#endif
#ifdef SP_SETS
	if (set_of_task(p)) {
		s32 claimed = nobody_idle() ? -1 : claim_any_idle_cpu(p);

		idle = claimed >= 0;
		cpu = idle ? claimed : prev_cpu;
	} else
#endif
		if (!nobody_idle())
		cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
	if (!idle && !sync)
		return cpu;
	tctx = task_ctx(p);
	if (tctx) {
		tctx->claimed = idle ? cpu : -1;
		tctx->sync = sync;
	}
	return cpu;
}

/* It stands in a queue from now on, and is counted with its group. */
static __always_inline void count_wait(struct task_struct *p, struct sp_task_ctx *tctx)
{
	if (has_groups())
		count_waiting(p, &tctx->counted, tctx->group);
}

/* What is charged for the time that it uses from now on. */
static __always_inline void look_up_share(struct sp_task_ctx *tctx)
{
	if (has_groups())
		tctx->ratio = ratio_in(tctx->group);
}

/* It runs from now on. */
static __always_inline void count_run(struct task_struct *p, struct sp_task_ctx *tctx)
{
	if (!has_groups())
		return;
	count_running(p, &tctx->counted, tctx->group);
	look_up_share(tctx);
}

/* What a wait begins with, whoever decides on it. */
static __always_inline void begin_wait(const struct task_struct *p,
				       struct sp_task_ctx *tctx, u64 enq_flags, u64 now)
{
	u32 weight = p->scx.weight;

	tctx->weight = has_groups() ? weight_told(own_weight(p), tctx->ratio) : weight;
	if (enq_flags & SCX_ENQ_WAKEUP)
		tctx->woken_at = now;
	tctx->since = now;
	/* It was placed on an idle CPU, and taken from there before it ran. */
	tctx->alone = false;
	tctx->is_back = false;
#ifdef SP_ALONE_ASKED
	tctx->direct = false;
#endif
}

/* CPU time that p used since it last began to wait. From now on it counts anew. */
static __always_inline u64 charge_used(struct task_struct *p, struct sp_task_ctx *tctx)
{
	u64 used = p->se.sum_exec_runtime - tctx->used;

	tctx->used += used;
	return used;
}

/* An ENQUEUE's flags. */
static __always_inline u32 wait_flags(const struct task_struct *p,
				      struct sp_task_ctx *tctx, u64 enq_flags)
{
	u32 flags = 0;

	if (enq_flags & SCX_ENQ_WAKEUP)
		flags |= SP_EVENT_WAKEUP;
	if (tctx->sync)
		flags |= SP_EVENT_SYNC;
	if (p->flags & PF_KTHREAD)
		flags |= SP_EVENT_KTHREAD;
	tctx->sync = false;
	return flags;
}

/*
 * The idle CPU on which p may run at once, claimed; @here, its own, or -1. @claimed: any.
 * Where the CPU that select_cpu chose goes off-line, the kernel takes another, busy one.
 */
static __always_inline s32 own_idle_cpu(struct task_struct *p, struct sp_task_ctx *tctx,
					s32 here, s32 *claimed)
{
#ifdef SP_WAKEUPS
	if (tctx->claimed <= CLAIMED_NOWHERE)
		return idle_cpu_after_list(p, tctx, here, claimed);
#endif
	*claimed = tctx->claimed == here ? here : claim_idle_cpu(p);
	tctx->claimed = -1;
	if (*claimed >= 0)
		mark_claimed(*claimed);
	/* Only its own CPU can take it directly: p's queue is the locked one. */
	return *claimed == here ? here : -1;
}

/*
 * Wakes a CPU for a task that was just queued. Its own one, if idle, needs no more than
 * what the kernel does at a wake-up, or when a task comes into its local queue.
 */
static __always_inline void wake_for(struct task_struct *p, s32 here, s32 claimed,
				     bool local, u64 enq_flags)
{
	if (claimed == here && (local || (enq_flags & SCX_ENQ_WAKEUP)))
		return;
	kick_for(p, claimed);
}

#endif
