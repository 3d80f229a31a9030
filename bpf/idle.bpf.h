/* SPDX-License-Identifier: GPL-2.0-only */
/* Idle CPUs: who is, who is about to be, whom to wake; and who may run where. */
#ifndef SCHED_PROTO_IDLE_BPF_H
#define SCHED_PROTO_IDLE_BPF_H

#include "counters.bpf.h"
#include "sets.bpf.h"

/* CPUs about to idle or idle, set before the kernel's own mask is. */
static u64 idle_bits[SP_CPUS_MAX / 64];
static u64 claimed_bits[SP_CPUS_MAX / 64]; /* of these: woken for somebody already */
static u64 idle_cpus; /* how many are idle */
static u64 seen_bits[SP_CPUS_MAX / 64]; /* CPUs that were idle once, or stopped to be */
static u32 seen_cpus;
static u32 to_hear_of; /* so many were on-line when the scheduler was loaded */
static u64 offline_bits[SP_CPUS_MAX / 64];
static u64 idle_since[SP_CPUS_MAX];
/* Whether what runs on a CPU may be preempted: a task of the regular class. */
static bool gives_way[SP_CPUS_MAX];
static u32 online; /* CPUs on-line at the timer's last beat, or told of since; 0 before */

/* CPUs whose own queue is emptied at this moment, by a program of ours. */
static bool empties[SP_CPUS_MAX];

/*
 * Whether p may run on its own CPU alone. Migration is always disabled while a BPF
 * program runs, for the task that it runs in: once, and twice where a program of ours
 * empties its CPU's queue, and the kernel calls another one from there.
 */
static __always_inline bool is_pinned(const struct task_struct *p)
{
	u32 programs = 0;

	if (p->nr_cpus_allowed == 1)
		return true;
	if (p->migration_disabled && p == bpf_get_current_task_btf())
		programs = 1 + empties[bpf_get_smp_processor_id() & (SP_CPUS_MAX - 1)];
	return p->migration_disabled > programs;
}

/*
 * CPUs that are off-line when the scheduler is loaded: when they come, they are none of those
 * that have to be heard of.
 */
static __always_inline void leave_out_offline(void)
{
	const struct cpumask *mask = scx_bpf_get_online_cpumask();
	u32 cpu;

	to_hear_of = bpf_cpumask_weight(mask);
	bpf_for(cpu, 0, SP_CPUS_MAX) {
		u32 word = cpu / 64 & (SP_CPUS_MAX / 64 - 1);

		if (!bpf_cpumask_test_cpu(cpu, mask))
			seen_bits[word] |= 1ULL << (cpu & 63);
	}
	scx_bpf_put_cpumask(mask);
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
	if (claimed_bits[word] & bit)
		__sync_fetch_and_and(&claimed_bits[word], ~bit);
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

/* Whether the kernel told us that it idles. */
static __always_inline bool is_marked_idle(s32 cpu)
{
	return idle_bits[(u32)cpu / 64 & (SP_CPUS_MAX / 64 - 1)] >> (cpu & 63) & 1;
}

/* Whether the kernel told us anything of it. */
static __always_inline bool was_seen(s32 cpu)
{
	return seen_bits[(u32)cpu / 64 & (SP_CPUS_MAX / 64 - 1)] >> (cpu & 63) & 1;
}

/* It is woken for a task already: another need not wake it once more. */
static __always_inline void mark_claimed(s32 cpu)
{
	u32 word = (u32)cpu / 64;

	if (word < SP_CPUS_MAX / 64)
		__sync_fetch_and_or(&claimed_bits[word], 1ULL << (cpu & 63));
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
#ifdef SP_SETS
	look_at_sets(online ? -1 : cpu);
#endif
}

/* CPUs on-line, as of the last beat: up to TIMER_IDLE_NS ago where nobody waits. */
static __always_inline u32 nr_online(void)
{
	return online ? online : nr_cpus;
}

/* Whether no CPU is idle for certain: all were heard of since attachment. */
static __always_inline bool nobody_idle(void)
{
	return !idle_cpus && seen_cpus >= to_hear_of;
}

#ifdef SP_SETS

/*
 * The set of a queue for @p, and 1; 0, so all CPUs, if p may run on none of them, as one
 * that may not leave its CPU beside them. Global: verified once.
 */
__noinline u32 usable_set(struct task_struct *p __arg_trusted, u32 queue)
{
	u32 set = set_of(queue), index = (set - 1) & (SP_SETS_MAX - 1);
	u32 first = set_first[index], last = set_last[index], cpu;

	if (!set)
		return 0;
	/* Of one whose migration is disabled the mask may say all CPUs still. */
	if (is_pinned(p))
		return in_set(set, scx_bpf_task_cpu(p)) ? set : 0;
	if ((u32)p->nr_cpus_allowed >= nr_cpus)
		return set;
	bpf_for(cpu, first, last + 1)
		if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
			return set;
	return 0;
}

/* Whether @cpu is one of those of p's queue. */
static __always_inline bool suits(struct task_struct *p, s32 cpu)
{
	return in_set(set_of_task(p), cpu);
}

/* An idle CPU of a set for p, claimed, or -1. @set: and 1. */
static __always_inline s32 claim_in_set(struct task_struct *p, u32 set)
{
	u32 index = (set - 1) & (SP_SETS_MAX - 1);
	u32 first = set_first[index], last = set_last[index];
	u32 cpu;

	bpf_for(cpu, first, last + 1) {
		/* Those of which nothing was heard yet may idle as well. */
		if (seen_cpus >= to_hear_of && !is_marked_idle(cpu))
			continue;
		if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr) &&
		    scx_bpf_test_and_clear_cpu_idle(cpu))
			return cpu;
	}
	return -1;
}

static __always_inline s32 claim_suitable(struct task_struct *p)
{
	u32 set = set_of_task(p);

	return set ? claim_in_set(p, set) : scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
}

#else

#define suits(p, cpu) true
#define claim_suitable(p) scx_bpf_pick_idle_cpu((p)->cpus_ptr, 0)

#endif

/* A CPU on its way to idle that p may use, or -1. Looks at 64 CPUs at most. */
__noinline s32 about_to_idle(struct task_struct *p __arg_trusted)
{
	u32 word = ((u32)scx_bpf_task_cpu(p) / 64) & (SP_CPUS_MAX / 64 - 1);
	u64 bits = idle_bits[word] & ~claimed_bits[word];
	s32 cpu = (scx_bpf_task_cpu(p) & ~63) + highest_bit(bits);

	if (!bits || !bpf_cpumask_test_cpu(cpu, p->cpus_ptr) || !suits(p, cpu))
		return -1;
	return cpu;
}

/* One that is idle, claimed, or -1. */
__noinline s32 pick_idle_cpu(struct task_struct *p __arg_trusted)
{
	return claim_suitable(p);
}

static __always_inline s32 claim_idle_cpu_inline(struct task_struct *p)
{
	s32 cpu = scx_bpf_task_cpu(p);

	if (suits(p, cpu) && scx_bpf_test_and_clear_cpu_idle(cpu))
		return cpu;
	if (is_pinned(p))
		return -1;
	return claim_suitable(p);
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

/* Whether p may run on this CPU, whatever its queue. */
static __always_inline bool is_allowed(struct task_struct *p, s32 cpu)
{
	return bpf_cpumask_test_cpu(cpu, p->cpus_ptr) &&
	       (!p->migration_disabled || scx_bpf_task_cpu(p) == cpu);
}

/* Whether p may run on this CPU. */
__noinline bool may_run(struct task_struct *p __arg_trusted, s32 cpu)
{
	return is_allowed(p, cpu) && suits(p, cpu);
}

#endif
