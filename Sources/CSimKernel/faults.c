// SPDX-License-Identifier: GPL-2.0-only
/* What is done to tasks and CPUs from outside, at any moment. */
#include "model.h"

enum {
	FAULT_AFFINITY,
	FAULT_WEIGHT,
	FAULT_CLASS,
	FAULT_EXEC,
	FAULT_HOTPLUG,
	FAULT_CGROUP,
	FAULT_DAEMON,
	FAULT_SECTION,
	FAULTS
};

#define CLASS_BACK_NS (2 * MS)

static u64 mean_of(u32 which)
{
	const struct sim_faults *f = &sim.machine.faults;

	switch (which) {
	case FAULT_AFFINITY:
		return f->affinity_ns;
	case FAULT_WEIGHT:
		return f->weight_ns;
	case FAULT_CLASS:
		return f->class_ns;
	case FAULT_EXEC:
		return f->exec_ns;
	case FAULT_CGROUP:
		return f->cgroup_ns;
	case FAULT_DAEMON:
		return f->daemon_affinity_ns;
	case FAULT_SECTION:
		return f->section_ns;
	default:
		return f->hotplug_ns;
	}
}

static void again(u32 which)
{
	/* On any CPU: it is the one that comes or goes, and in whose task's context it happens. */
	const s32 cpu = (s32)chance(sim.cpus);

	post(sim.now + 1 + chance_exponential(mean_of(which)), EVENT_FAULT, cpu, NULL,
	     which);
}

void faults_start(void)
{
	for (u32 which = 0; which < FAULTS; which++)
		if (mean_of(which))
			again(which);
}

static struct task *some_task(void)
{
	struct task *p = live_tasks() ? live_task((u32)chance(live_tasks())) : NULL;

	return p && p->alive && !p->zombie && !p->daemon ? p : NULL;
}

static void change_affinity(struct task *p)
{
	struct sim_mask mask = {};

	switch (chance(sim.machine.seed % 8 == 5 && sim.cpus > 8 ? 4 : 3)) {
	case 0:
		set_affinity(p, sim.everywhere);
		return;
	case 1: /* one CPU, which has to be on-line */
		mask_set(&mask, (u32)chance(sim.cpus), true);
		break;
	case 3: /* any, of some machines: more than there is room for in a table */
		for (u32 cpu = 0; cpu < sim.cpus; cpu++)
			if (chance(2))
				mask_set(&mask, cpu, true);
		break;
	default: /* one half, so that there are not too many different ones */
		for (u32 cpu = (u32)chance(2); cpu < sim.cpus; cpu += 2)
			mask_set(&mask, cpu, true);
	}
	for (u32 i = 0; i < SIM_CPUS / 64; i++) {
		if (mask.bits[i] & sim.online_mask.bits[i]) {
			set_affinity(p, affinity_of(&mask));
			return;
		}
	}
}

static void change_class(struct task *p)
{
	if (sim.groups[p->group].realtime)
		return;
	set_class(p, CLASS_RT);
	post(sim.now + chance_exponential(CLASS_BACK_NS), EVENT_FAULT, 0, p,
	     FAULTS | p->life << 8);
}

static void change_pid(struct task *p)
{
	struct task *leader = some_task();

	/* A thread that calls exec runs, and its CPU does nothing else. */
	if (!p->on_cpu || (sim.cpu[p->cpu].activity && p->cpu != sim.moment.here))
		return;
	/* A leader that its CPU has not yet left is gone when it has. */
	if (!leader || leader == p || p->section || leader->section ||
	    is_queued(leader) || leader->on_cpu ||
	    sim.cpu[leader->cpu].curr == leader || leader->lock.depth ||
	    p->lock.depth || leader->class != CLASS_EXT || p->class != CLASS_EXT)
		return;
	post(sim.now + MS, EVENT_FORK, 0, NULL, leader->group);
	exec_task(p, leader);
}

static void change_cpus(s32 cpu)
{
	/* The kernel waits for those that may not leave it. */
	if (sim.cpu[cpu].online && sim.cpu[cpu].sections)
		return;
	if (sim.cpu[cpu].online)
		cpu_goes(cpu);
	else
		cpu_comes(cpu);
}

/* Out of the real-time class, into which a fault put it. */
void class_back(struct task *p, u32 life)
{
	if ((p->life & 0xffffff) == life && p->alive && !p->zombie)
		set_class(p, CLASS_EXT);
}

void fault_happens(u32 which)
{
	struct task *p = some_task();

	again(which);
	sim.report.faults++;
	if (which == FAULT_HOTPLUG) {
		change_cpus(sim.moment.here);
		return;
	}
	if (which == FAULT_DAEMON) {
		if (sim.daemon)
			change_affinity(sim.daemon);
		return;
	}
	if (!p)
		return;
	switch (which) {
	case FAULT_AFFINITY:
		if (!p->section)
			change_affinity(p);
		break;
	case FAULT_WEIGHT:
		set_nice(p, (s32)chance(40) - 20);
		break;
	case FAULT_CLASS:
		change_class(p);
		break;
	case FAULT_EXEC:
		change_pid(p);
		break;
	case FAULT_CGROUP:
		cgroup_fault(p);
		break;
	case FAULT_SECTION:
		section_begins(p);
		break;
	}
}
