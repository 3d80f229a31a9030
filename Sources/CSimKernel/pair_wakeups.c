// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a waking task of a pair looks for an idle CPU: its list, read once more. Not where
 * callbacks overlap or CPUs come and go: then CPUs idle, or stop to, in the middle of it.
 */
#include "model.h"

#ifdef SP_WAKEUPS

static struct sim_mask idle_before;

static u32 list_of(bool sync)
{
	const struct sp_policy *policy = &sim.machine.policy;

	return sync ? policy->promote_sync : policy->promote_waiting_max;
}

/* Where queues have CPUs: of one whose last queue is known, and that may run on all of them always. */
static bool is_checked(const struct task *p)
{
	if (sim.machine.overlap || sim.machine.faults.hotplug_ns || p->daemon)
		return false;
	if (!pair_constant("set_of_queue"))
		return true;
	return sim.machine.mode == SIM_MODE_BPF && !sim.machine.faults.affinity_ns &&
	       !sim.machine.faults.section_ns && p->affinity->all && p->wait.action &&
	       p->told.pid == (u32)p->t.pid;
}

/* Whether all threads of the core of @cpu idled. */
static bool is_whole(u32 cpu)
{
	const u32 threads = sim.machine.threads ? sim.machine.threads : 1;
	const u32 first = cpu / threads * threads;

	for (u32 i = first; i < first + threads && i < sim.cpus; i++)
		if (sim.cpu[i].online && !mask_has(&idle_before, i))
			return false;
	return true;
}

static bool could_take(const struct task *p, u32 cpu)
{
	return mask_has(&idle_before, cpu) && mask_has(&p->affinity->mask, cpu) &&
	       pair_suits(p, (s32)cpu);
}

/* The first of those that are near to @from by @next, itself before the others. */
static s32 first_near(const struct task *p, u32 from, const char *ring, bool whole)
{
	const volatile sp_u16 *next = pair_constant(ring);
	u32 cpu = from;

	do {
		if (could_take(p, cpu) && (!whole || is_whole(cpu)))
			return (s32)cpu;
		cpu = next[cpu];
	} while (cpu != from);
	return -1;
}

static s32 first_in_set(const struct task *p, u32 set, u32 previous)
{
	const volatile sp_u16 *first = pair_constant("set_first"),
			      *last = pair_constant("set_last");

	if (!first)
		return -1;
	if (previous >= first[set] && previous <= last[set] && could_take(p, previous))
		return (s32)previous;
	for (u32 cpu = first[set]; cpu <= last[set]; cpu++)
		if (could_take(p, cpu))
			return (s32)cpu;
	return -1;
}

static bool may_take_any(const struct task *p)
{
	for (u32 cpu = 0; cpu < sim.cpus; cpu++)
		if (could_take(p, cpu))
			return true;
	return false;
}

/* Whether @chosen is who the place has for it; -1: nobody. */
static bool is_of_place(const struct task *p, u32 place, u32 previous, s32 chosen)
{
	const u32 waker = (u32)sim.moment.here;

	switch (place) {
	case SP_LOOK_PREVIOUS:
		return chosen == (could_take(p, previous) ? (s32)previous : -1);
	case SP_LOOK_WAKER:
		return chosen == (could_take(p, waker) ? (s32)waker : -1);
	case SP_LOOK_CORE:
		return chosen == first_near(p, previous, "next_in_llc", true);
	case SP_LOOK_LLC:
		return chosen == first_near(p, previous, "next_in_llc", false);
	case SP_LOOK_WAKER_LLC:
		return chosen == first_near(p, waker, "next_in_llc", false);
	case SP_LOOK_NODE:
		return chosen == first_near(p, previous, "next_in_node", false);
	case SP_LOOK_ANY: /* which one is the kernel's choice */
		return chosen < 0 ? !may_take_any(p) : could_take(p, (u32)chosen);
	}
	return chosen == first_in_set(p, place - SP_LOOK_SET, previous);
}

void pair_wakes_up(void)
{
	idle_before = sim.idle_mask;
}

/* Whether the list has the CPU where it ran last, whatever that is besides: no core, nor a set. */
static bool has_previous(u32 list)
{
	for (; list; list >>= SP_LOOK_BITS)
		switch (list & SP_LOOK_MASK) {
		case SP_LOOK_PREVIOUS:
		case SP_LOOK_LLC:
		case SP_LOOK_NODE:
		case SP_LOOK_ANY:
			return true;
		}
	return false;
}

/* ops.select_cpu said @cpu, and claimed sim.moment.claimed. */
void pair_woken(struct task *p, u64 flags, s32 cpu)
{
	const s32 chosen = sim.moment.claimed;
	u32 list = list_of(flags & SCX_WAKE_SYNC);

	p->avoids_own = list && chosen < 0 && !has_previous(list);
	if (!list || !is_checked(p))
		return;
	sim.report.effects++;
	for (; list; list >>= SP_LOOK_BITS) {
		const u32 place = list & SP_LOOK_MASK;

		if (is_of_place(p, place, (u32)p->cpu, -1))
			continue;
		if (!is_of_place(p, place, (u32)p->cpu, chosen))
			PAIR_FLAW(SIM_FLAW_KICK,
				  "pid %d looked at place %u, and found CPU %d",
				  p->t.pid, place, chosen);
		break;
	}
	if (!list && chosen >= 0)
		PAIR_FLAW(SIM_FLAW_KICK, "pid %d found CPU %d in no place of its list",
			  p->t.pid, chosen);
	if (cpu != (chosen >= 0 ? chosen : p->cpu))
		PAIR_FLAW(SIM_FLAW_KICK,
			  "pid %d looked from CPU %d, and goes to CPU %d", p->t.pid,
			  p->cpu, cpu);
}

#else

void pair_wakes_up(void)
{
}

void pair_woken(struct task *p, u64 flags, s32 cpu)
{
	(void)p;
	(void)flags;
	(void)cpu;
}

#endif
