/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a waking task looks for an idle CPU, in the order that a pair declares. Programs
 * for such pairs are compiled with SP_WAKEUPS; others have nothing of it.
 */
#ifndef SCHED_PROTO_WAKEUPS_BPF_H
#define SCHED_PROTO_WAKEUPS_BPF_H

#include "idle.bpf.h"

#ifdef SP_WAKEUPS

/*
 * Of each CPU the next one in the same last cache, and in the same node; after the last
 * one comes the first. Set before the program is loaded (WakeupRings.swift).
 */
const volatile sp_u16 next_in_llc[SP_CPUS_MAX];
const volatile sp_u16 next_in_node[SP_CPUS_MAX];

/*
 * What sp_task_ctx.claimed says of a task that looked by its list, and found nobody: at a
 * wake-up, and at a synchronous one.
 */
#define CLAIMED_NOWHERE (-2)
#define CLAIMED_NOWHERE_SYNC (-3)

/* The places where a task looks, the next one in the lowest bits; 0: the kernel's choice. */
static __always_inline u32 look_list(bool sync)
{
	return sync ? described()->promote_sync : described()->promote_waiting_max;
}

/* Only where p may run: the kernel would end us for a CPU that there cannot be. */
static __always_inline bool claim_for(struct task_struct *p, u32 cpu)
{
	return bpf_cpumask_test_cpu(cpu, p->cpus_ptr) && suits(p, cpu) &&
	       scx_bpf_test_and_clear_cpu_idle(cpu);
}

/* Those that look are global, so verified once. The nearest by number, @from first. */
__noinline s32 claim_in_llc(struct task_struct *p __arg_trusted, s32 from)
{
	u32 cpu = from, i;

	bpf_for(i, 0, SP_CPUS_MAX) {
		if (claim_for(p, cpu))
			return cpu;
		cpu = next_in_llc[cpu & (SP_CPUS_MAX - 1)];
		if (cpu == (u32)from)
			break;
	}
	return -1;
}

__noinline s32 claim_in_node(struct task_struct *p __arg_trusted, s32 from)
{
	u32 cpu = from, i;

	bpf_for(i, 0, SP_CPUS_MAX) {
		if (claim_for(p, cpu))
			return cpu;
		cpu = next_in_node[cpu & (SP_CPUS_MAX - 1)];
		if (cpu == (u32)from)
			break;
	}
	return -1;
}

/* A CPU whose siblings idle as well, in the last cache of @from. */
__noinline s32 claim_whole_core(struct task_struct *p __arg_trusted, s32 from)
{
	const struct cpumask *whole = scx_bpf_get_idle_smtmask();
	u32 cpu = from, i;
	s32 found = -1;

	bpf_for(i, 0, SP_CPUS_MAX) {
		if (bpf_cpumask_test_cpu(cpu, whole) && claim_for(p, cpu)) {
			found = cpu;
			break;
		}
		cpu = next_in_llc[cpu & (SP_CPUS_MAX - 1)];
		if (cpu == (u32)from)
			break;
	}
	scx_bpf_put_idle_cpumask(whole);
	return found;
}

#ifdef SP_SETS
/* In a set of CPUs, of which p's queue may have some only; itself first. */
__noinline s32 claim_in_place(struct task_struct *p __arg_trusted, u32 set,
			      s32 previous)
{
	u32 index = (set - 1) & (SP_SETS_MAX - 1);
	u32 first = set_first[index], last = set_last[index];
	u32 cpu;

	if (in_set(set, previous) && claim_for(p, previous))
		return previous;
	bpf_for(cpu, first, last + 1)
		if (claim_for(p, cpu))
			return cpu;
	return -1;
}
#endif

/* An idle CPU in one place, claimed, or -1. */
static __always_inline s32 claim_at(struct task_struct *p, u32 place, s32 previous,
				    s32 waker)
{
	switch (place) {
	case SP_LOOK_PREVIOUS:
		return claim_for(p, previous) ? previous : -1;
	case SP_LOOK_WAKER:
		return claim_for(p, waker) ? waker : -1;
	case SP_LOOK_CORE:
		return claim_whole_core(p, previous);
	case SP_LOOK_LLC:
		return claim_in_llc(p, previous);
	case SP_LOOK_WAKER_LLC:
		return claim_in_llc(p, waker);
	case SP_LOOK_NODE:
		return claim_in_node(p, previous);
	case SP_LOOK_ANY:
		return pick_idle_cpu(p);
	}
#ifdef SP_SETS
	if (place >= SP_LOOK_SET)
		return claim_in_place(p, place - SP_LOOK_SET + 1, previous);
#endif
	return -1;
}

/* An idle CPU in the first place of the list that has one, claimed, or -1. */
static __always_inline s32 claim_by_list(struct task_struct *p, u32 list, s32 previous)
{
	s32 waker = bpf_get_smp_processor_id();
	s32 cpu = -1;

	for (u32 i = 0; i < SP_LOOKS_MAX && list && cpu < 0; i++) {
		cpu = claim_at(p, list & SP_LOOK_MASK, previous, waker);
		list >>= SP_LOOK_BITS;
	}
	return cpu;
}

/* By itself: inlined, clang takes the bounds of @cpu from another copy than it uses. */
__noinline int note_claimed(s32 cpu)
{
	mark_claimed(cpu);
	return 0;
}

/* Whether one of the places has the task's previous CPU in it, idle as it may be. */
static __always_inline bool looks_at_previous(u32 list)
{
	for (u32 i = 0; i < SP_LOOKS_MAX; i++) {
		switch (list & SP_LOOK_MASK) {
		case SP_LOOK_PREVIOUS:
		case SP_LOOK_LLC:
		case SP_LOOK_NODE:
		case SP_LOOK_ANY:
			return true;
		}
		list >>= SP_LOOK_BITS;
	}
	return false;
}

#endif
#endif
