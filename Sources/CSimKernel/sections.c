// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks that may not migrate for a while, in the middle of what they do: migrate_disable in
 * the kernel. Such a task may be preempted, and sleep. The scheduler hears of it when it has left
 * its CPU, as of an affinity that is that CPU alone, and once more when it is over; what the kernel
 * calls the number of its CPUs stays. The model goes by that CPU alone from the beginning.
 */
#include "model.h"

#define SECTION_NS MS
#define AGAIN_NS 50000

static void use(struct task *p, struct affinity *affinity)
{
	const struct cpumask *told = p->t.cpus_ptr;
	const int count = p->t.nr_cpus_allowed;

	use_affinity(p, affinity);
	p->t.cpus_ptr = told;
	p->t.nr_cpus_allowed = count;
}

/* It runs on this CPU, which does nothing else. */
void section_begins(struct task *p)
{
	struct cpu *rq = &sim.cpu[p->cpu];
	struct sim_mask mask = {};

	if (!p->on_cpu || rq->curr != p || !rq->online || p->section || p->daemon ||
	    p->class != CLASS_EXT || (p->t.flags & PF_EXITING_BIT) || p->moving ||
	    (rq->activity && p->cpu != sim.moment.here) || p->lock.depth ||
	    rq->lock.depth || !allowed(p, p->cpu) || p->t.nr_cpus_allowed == 1)
		return;
	mask_set(&mask, (u32)p->cpu, true);
	p->section = p->affinity;
	leaves_place(p);
	use(p, affinity_of(&mask));
	is_placed(p);
	p->t.migration_disabled++;
	rq->sections++;
	post(sim.now + 1 + chance_exponential(SECTION_NS), EVENT_SECTION, p->cpu, p,
	     p->life);
}

/* The CPU leaves @p, by whose lock it is changed: the rest of the kernel's rules is broken here too. */
void section_switches(struct task *p)
{
	if (!p->section || p->t.cpus_ptr == (const struct cpumask *)&p->affinity->mask)
		return;
	change_begins(p);
	p->t.cpus_ptr = (const struct cpumask *)&p->affinity->mask;
	if (p->class == CLASS_EXT)
		CALL_OP_AFTER(sim.moment.about = p, set_cpumask, &p->t, p->t.cpus_ptr);
	change_ends(p, 0);
}

static void end_section(struct task *p)
{
	const bool told = p->t.cpus_ptr == (const struct cpumask *)&p->affinity->mask;
	struct affinity *affinity = p->section;

	p->section = NULL;
	if (told) {
		set_affinity(p, affinity);
	} else {
		leaves_place(p);
		use_affinity(p, affinity);
		is_placed(p);
	}
	p->t.migration_disabled--;
	sim.cpu[p->cpu].sections--;
}

/* It goes on until it runs. */
void section_goes_on(struct task *p)
{
	if (!p->section)
		return;
	if (sim.cpu[p->cpu].curr == p && p->on_cpu)
		end_section(p);
	else
		post(sim.now + AGAIN_NS, EVENT_SECTION, p->cpu, p, p->life);
}

/* A task that exits, in whose way nothing like that is. */
void section_ends(struct task *p)
{
	if (p->section)
		end_section(p);
}
