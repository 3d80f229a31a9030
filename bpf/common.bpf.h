/* SPDX-License-Identifier: GPL-2.0-only */
/* What both modes do alike: counters, tasks, idle CPUs, the way an event is filled. */
#ifndef SCHED_PROTO_COMMON_BPF_H
#define SCHED_PROTO_COMMON_BPF_H

#include "compat.h"
#include "link.h"
#include "description.bpf.h"

char _license[] SEC("license") = "GPL";

/* Set before the program is loaded: CPUs on-line then. */
const volatile u32 nr_cpus = 1;

struct sp_status status = {};
char exit_dump[SP_EXIT_DUMP] = {};

/* CPUs about to idle or idle, set before the kernel's own mask is. */
static u64 idle_bits[SP_CPUS_MAX / 64];
static u64 idle_cpus; /* how many of them */
static u64 seen_bits[SP_CPUS_MAX / 64]; /* CPUs that were idle once, or stopped to be */
static u32 seen_cpus;
static u64 offline_bits[SP_CPUS_MAX / 64];
static u64 idle_since[SP_CPUS_MAX];
/* Whether what runs on a CPU may be preempted: a task of the regular class. */
static bool gives_way[SP_CPUS_MAX];
static u32 generations;
static u32 online; /* CPUs on-line at the timer's last beat; 0 before the first */

/* What we remember of a task. */
struct sp_task_ctx {
	struct sp_task task; /* the policy's, in BPF mode */
	u64 used; /* sum_exec_runtime at its last ENQUEUE */
	u64 woken_at; /* 0 unless it was woken and did not run since */
	u64 since; /* when it began to wait */
	u32 generation;
	u32 wait; /* number of that wait; 0: it does not wait */
	u32 queue; /* user mode: its class, by its last answer */
	bool sync; /* select_cpu saw a synchronous wake-up */
	bool idle; /* select_cpu claimed an idle CPU for it */
	bool known; /* the daemon was told of it */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct sp_task_ctx);
} tasks SEC(".maps");

static __always_inline void count_by(enum sp_counter counter, u64 by)
{
	__sync_fetch_and_add(&status.counters[counter], by);
}

static __always_inline void count(enum sp_counter counter)
{
	count_by(counter, 1);
}

static __always_inline struct sp_task_ctx *task_ctx(struct task_struct *p)
{
	return bpf_task_storage_get(&tasks, p, NULL, 0);
}

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

/* The highest bit set in @value; 0 for 0. */
static __always_inline u32 highest_bit(u64 value)
{
	u32 bit = 0;

	for (u32 shift = 32; shift; shift >>= 1) {
		if (value >> shift) {
			value >>= shift;
			bit += shift;
		}
	}
	return bit;
}

/* The histogram's bucket: the power of two at or below @ns. */
static __always_inline u32 bucket_of(u64 ns)
{
	u32 bucket = highest_bit(ns);

	return bucket < SP_HISTOGRAM_BUCKETS ? bucket : SP_HISTOGRAM_BUCKETS - 1;
}

/* Racy by a few ns of another CPU's: the maximum may miss a near tie. */
static __always_inline void count_wakeup(struct sp_task_ctx *tctx, u64 now)
{
	u64 waited = now - tctx->woken_at;
	u32 bucket;

	if (!tctx->woken_at)
		return;
	tctx->woken_at = 0;
	if ((s64)waited < 0)
		waited = 0;
	bucket = bucket_of(waited);
	if (bucket < SP_HISTOGRAM_BUCKETS)
		__sync_fetch_and_add(&status.wakeup_ns[bucket], 1);
	if (waited > status.wakeup_max_ns)
		status.wakeup_max_ns = waited;
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

/*
 * Whether p may run on its own CPU alone. Migration is always disabled while a BPF
 * program runs: once, for the task that it runs in.
 */
static __always_inline bool is_pinned(const struct task_struct *p)
{
	return p->nr_cpus_allowed == 1 || p->migration_disabled > 1 ||
	       (p->migration_disabled && p != bpf_get_current_task_btf());
}

/*
 * A CPU that is about to idle says so in its own bit first, and then looks
 * whether somebody waits; whoever queues a task looks at the bits too. What
 * still slips between the two (a task is queued a moment after its enqueue
 * looked) waits for the next event on that CPU, or for the timer, which counts it.
 */
static __always_inline void mark_idle(s32 cpu, bool idle)
{
	u32 word = (u32)cpu / 64;
	u64 bit = 1ULL << (cpu & 63);

	if (word >= SP_CPUS_MAX / 64)
		return;
	idle_since[(u32)cpu & (SP_CPUS_MAX - 1)] = sp_now();
	gives_way[(u32)cpu & (SP_CPUS_MAX - 1)] = false;
	if (!(seen_bits[word] & bit) &&
	    !(__sync_fetch_and_or(&seen_bits[word], bit) & bit))
		__sync_fetch_and_add(&seen_cpus, 1);
	/* One that goes off-line idles last of all. */
	if (offline_bits[word] & bit)
		idle = false;
	if (idle && !(__sync_fetch_and_or(&idle_bits[word], bit) & bit))
		__sync_fetch_and_add(&idle_cpus, 1);
	else if (!idle && (__sync_fetch_and_and(&idle_bits[word], ~bit) & bit))
		__sync_fetch_and_sub(&idle_cpus, 1);
}

/* CPUs that go off-line or come back. */
static __always_inline void mark_online(s32 cpu, bool online)
{
	u32 word = (u32)cpu / 64;
	u64 bit = 1ULL << (cpu & 63);

	if (word >= SP_CPUS_MAX / 64)
		return;
	if (online)
		__sync_fetch_and_and(&offline_bits[word], ~bit);
	else
		__sync_fetch_and_or(&offline_bits[word], bit);
	mark_idle(cpu, false);
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
		    scx_bpf_dsq_move(&it, p, SCX_DSQ_LOCAL_ON | (u32)cpu, 0))
			given_up++;
	bpf_iter_scx_dsq_destroy(&it);
	return given_up;
}

/* CPUs on-line, as of 50 ms ago at most. */
static __always_inline u32 nr_online(void)
{
	return online ? online : nr_cpus;
}

/* Whether no CPU is idle for certain: all were heard of since attachment. */
static __always_inline bool nobody_idle(void)
{
	return !idle_cpus && seen_cpus >= nr_cpus;
}

/* It does not wait, so what select_cpu noted is of no use, and its time is nobody's. */
static __always_inline void insert_locally(struct task_struct *p,
					   struct sp_task_ctx *tctx, u64 enq_flags)
{
	count(tctx ? SP_COUNT_LOCAL : SP_COUNT_NO_STATE);
	if (tctx) {
		tctx->idle = false;
		tctx->sync = false;
		tctx->used = p->se.sum_exec_runtime;
	}
	sp_dsq_insert(p, SCX_DSQ_LOCAL, described()->slice_max_ns, enq_flags);
}

/* A CPU on its way to idle that p may use, or -1. Looks at 64 CPUs at most. */
__noinline s32 about_to_idle(struct task_struct *p __arg_trusted)
{
	u64 bits = idle_bits[((u32)scx_bpf_task_cpu(p) / 64) & (SP_CPUS_MAX / 64 - 1)];
	s32 cpu = (scx_bpf_task_cpu(p) & ~63) + highest_bit(bits);

	if (!bits || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		return -1;
	return cpu;
}

/* One that is idle, claimed, or -1. */
__noinline s32 pick_idle_cpu(struct task_struct *p __arg_trusted)
{
	return scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
}

static __always_inline s32 claim_idle_cpu_inline(struct task_struct *p)
{
	s32 cpu = scx_bpf_task_cpu(p);

	if (scx_bpf_test_and_clear_cpu_idle(cpu))
		return cpu;
	if (is_pinned(p))
		return -1;
	return scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
}

__noinline s32 claim_any_idle_cpu(struct task_struct *p __arg_trusted)
{
	return claim_idle_cpu_inline(p);
}

/* The same for the timer: verified alone, it does not know of the timer's own lock. */
__noinline s32 claim_from_timer(struct task_struct *p __arg_trusted)
{
	s32 cpu;

	bpf_rcu_read_lock();
	cpu = claim_idle_cpu_inline(p);
	bpf_rcu_read_unlock();
	return cpu;
}

/*
 * An idle CPU for a task that was not led through select_cpu, claimed; or -1.
 * A pinned task asks for its own CPU only.
 */
static __always_inline s32 claim_idle_cpu(struct task_struct *p)
{
	return nobody_idle() ? -1 : claim_any_idle_cpu(p);
}

/*
 * Wakes a CPU for a task that was just queued: the idle one that was claimed for
 * it, else one that is about to idle and may have looked too early.
 */
static __always_inline void kick_for(struct task_struct *p, s32 claimed)
{
	s32 cpu = claimed;

	if (cpu < 0 && idle_cpus)
		cpu = about_to_idle(p);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, cpu == claimed ? SCX_KICK_IDLE : 0);
}

/* Wakes one idle CPU near @here, for more of what waits. */
static __always_inline void wake_another(s32 here)
{
	u64 bits = idle_bits[((u32)here / 64) & (SP_CPUS_MAX / 64 - 1)];

	if (bits)
		scx_bpf_kick_cpu((here & ~63) + highest_bit(bits), SCX_KICK_IDLE);
}

/* Notes what runs on a CPU from now on. */
static __always_inline void note_class(s32 cpu, u32 queue)
{
	if (described()->preempt && (u32)cpu < SP_CPUS_MAX)
		gives_way[(u32)cpu & (SP_CPUS_MAX - 1)] = queue == SP_QUEUE_REGULAR;
}

/* Takes the CPU from the task of the regular class that runs there, if one does. */
static __always_inline void preempt(s32 cpu)
{
	bool *regular = &gives_way[(u32)cpu & (SP_CPUS_MAX - 1)];

	if ((u32)cpu >= SP_CPUS_MAX || !*regular)
		return;
	*regular = false; /* once is enough */
	count(SP_COUNT_PREEMPTED);
	scx_bpf_kick_cpu(cpu, SCX_KICK_PREEMPT);
}

/* Whether p may run on this CPU. */
__noinline bool may_run(struct task_struct *p __arg_trusted, s32 cpu)
{
	return bpf_cpumask_test_cpu(cpu, p->cpus_ptr) &&
	       (!p->migration_disabled || scx_bpf_task_cpu(p) == cpu);
}

/* Whether one of the first tasks in @dsq may run on @cpu. */
static __always_inline bool has_task_for(struct sp_dsq *dsq, s32 cpu)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool found = false;
	int left = 16;

	if (!nr_queued(dsq))
		return false;
	bpf_iter_scx_dsq_new(&it, dsq->id, 0);
	while (!found && left-- > 0 && (p = bpf_iter_scx_dsq_next(&it)))
		found = may_run(p, cpu);
	bpf_iter_scx_dsq_destroy(&it);
	return found;
}

struct timer_slot {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct timer_slot);
} timers SEC(".maps");

#define TIMER_NS (50 * 1000 * 1000ULL)
/* A task that waited this long, beside a CPU idle for as long, was forgotten. */
#define FORGOTTEN_NS (10 * 1000 * 1000ULL)

/* Kicks idle CPUs for tasks that wait in @dsq beside them, and counts it. */
static __always_inline void rescue(struct sp_dsq *dsq)
{
	struct bpf_iter_scx_dsq it;
	struct sp_task_ctx *tctx;
	struct task_struct *p;
	u64 now = sp_now();
	int left = 16;
	s32 cpu;

	if (scx_bpf_dsq_nr_queued(dsq->id) <= 0)
		return;
	bpf_iter_scx_dsq_new(&it, dsq->id, 0);
	while (left-- > 0 && (p = bpf_iter_scx_dsq_next(&it))) {
		tctx = task_ctx(p);
		if (!tctx || (s64)(now - tctx->since) < (s64)FORGOTTEN_NS)
			continue;
		cpu = nobody_idle() ? -1 : claim_from_timer(p);
		if (cpu < 0)
			break;
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
		if ((s64)(now - idle_since[cpu & (SP_CPUS_MAX - 1)]) >
		    (s64)FORGOTTEN_NS)
			count(SP_COUNT_RESCUED);
	}
	bpf_iter_scx_dsq_destroy(&it);
}

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

static int on_timer(void *map, u32 *key, struct timer_slot *slot)
{
	u64 idle = idle_cpus;

	if (status.exit.kind)
		return 0; /* the queues are gone */
	online = count_online();
	status.running = idle < online ? online - idle : 0;
	/* Verifiers up to 6.17 take this for sleepable, as is what started it. */
	bpf_rcu_read_lock();
	tick();
	bpf_rcu_read_unlock();
	bpf_timer_start(&slot->timer, TIMER_NS, 0);
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

/* Fills what every event of a task has in common. */
static __always_inline void fill_event(struct sp_event *event, u32 kind,
				       struct task_struct *p,
				       const struct sp_task_ctx *tctx, u64 now)
{
	event->seq = 0;
	event->now = now;
	event->used_ns = 0;
	event->switches = 0;
	event->kind = kind;
	event->flags = 0;
	event->pid = p->pid;
	event->generation = tctx->generation;
	event->cpu = scx_bpf_task_cpu(p);
	event->idle_cpu = -1;
	event->weight = p->scx.weight;
	event->cpus = nr_online();
	event->waiting[SP_QUEUE_REGULAR] = 0;
	event->waiting[SP_QUEUE_PRIORITY] = 0;
}

/* Fills the event of a task that begins to wait, and charges what it used. */
static __always_inline void fill_enqueue(struct sp_event *event, struct task_struct *p,
					 struct sp_task_ctx *tctx, u64 enq_flags,
					 u64 now)
{
	u64 used = p->se.sum_exec_runtime;

	fill_event(event, SP_EVENT_ENQUEUE, p, tctx, now);
	event->used_ns = used - tctx->used;
	event->switches = p->nvcsw;
	if (enq_flags & SCX_ENQ_WAKEUP)
		event->flags |= SP_EVENT_WAKEUP;
	if (tctx->sync)
		event->flags |= SP_EVENT_SYNC;
	if (p->flags & PF_KTHREAD)
		event->flags |= SP_EVENT_KTHREAD;
	tctx->used = used;
	tctx->sync = false;
}

static __always_inline s32 new_task(struct task_struct *p)
{
	struct sp_task_ctx *tctx;

	tctx = bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!tctx)
		return -12; /* ENOMEM */
	__builtin_memset(&tctx->task, 0, sizeof(tctx->task));
	tctx->used = p->se.sum_exec_runtime;
	tctx->woken_at = 0;
	tctx->generation = __sync_fetch_and_add(&generations, 1) + 1;
	if (!tctx->generation) /* 0 is nobody's */
		tctx->generation = __sync_fetch_and_add(&generations, 1) + 1;
	tctx->wait = 0;
	tctx->queue = SP_QUEUE_REGULAR;
	tctx->sync = false;
	tctx->idle = false;
	tctx->known = false;
	return 0;
}

/* Keeps the kernel's reason, for the process that watches. */
static __always_inline void record_exit(struct scx_exit_info *info)
{
	bpf_probe_read_kernel_str(status.exit.reason, sizeof(status.exit.reason),
				  info->reason);
	bpf_probe_read_kernel_str(status.exit.text, sizeof(status.exit.text),
				  info->msg);
	bpf_probe_read_kernel_str(exit_dump, sizeof(exit_dump), info->dump);
	status.exit.code = info->exit_code;
	/* Last, and ordered: who sees the kind sees the texts. */
	__sync_lock_test_and_set(&status.exit.kind, info->kind);
}

#endif
