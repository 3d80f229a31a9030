// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks that may not migrate for a while, in the middle of what they do: migrate_disable in
 * the kernel. Such a task may be preempted, and sleep. The scheduler hears of it when the task has left
 * its CPU, as of an affinity that is that CPU alone, and once more when it is over; what the kernel
 * calls the number of its CPUs stays. The model goes by that CPU alone from the beginning.
 *
 * Not modelled: its affinity is changed meanwhile, its CPU goes off-line meanwhile, and the order of
 * Linux 6.19 and newer, which tell before the CPU looks who is next.
 */
#include "model.h"

#define SECTION_NS MS
#define AGAIN_NS 50000

/* It may use others than before, of which the scheduler was not told. */
static void use_untold(struct task *p, struct affinity *affinity)
{
	const struct cpumask *told = p->t.cpus_ptr;
	const int count = p->t.nr_cpus_allowed;

	leaves_place(p);
	use_affinity(p, affinity);
	is_placed(p);
	p->t.cpus_ptr = told;
	p->t.nr_cpus_allowed = count;
}

/* Whether the scheduler knows that it may use its CPU alone. */
static bool is_told(const struct task *p)
{
	return p->t.cpus_ptr == (const struct cpumask *)&p->affinity->mask;
}

/* Of a task that runs, and whose CPU does nothing else. */
void section_begins(struct task *p)
{
	struct cpu *rq = &sim.cpu[p->cpu];
	struct sim_mask mask = {};

	if (!p->on_cpu || rq->curr != p || !rq->online || p->section || p->daemon ||
	    p->class != CLASS_EXT || (p->t.flags & PF_EXITING_BIT) || p->moving ||
	    (rq->activity && p->cpu != sim.moment.here) || p->lock.depth ||
	    rq->lock.depth || !allowed(p, p->cpu) || p->t.nr_cpus_allowed == 1)
		return;
	sim.report.sections++;
	mask_set(&mask, (u32)p->cpu, true);
	p->section = p->affinity;
	use_untold(p, affinity_of(&mask));
	p->t.migration_disabled++;
	rq->sections++;
	post(sim.now + 1 + chance_exponential(SECTION_NS), EVENT_SECTION, p->cpu, p,
	     p->life);
}

/* Its CPU runs another task from now on. As in the kernel, the task's own lock is not taken. */
void section_is_left(struct task *p)
{
	if (!p->section || is_told(p))
		return;
	change_begins(p);
	p->t.cpus_ptr = (const struct cpumask *)&p->affinity->mask;
	if (p->class == CLASS_EXT)
		CALL_OP_AFTER(sim.moment.about = p, set_cpumask, &p->t, p->t.cpus_ptr);
	change_ends(p, 0);
}

/* Of a task that runs. */
void section_ends(struct task *p)
{
	if (!p->section)
		return;
	if (is_told(p))
		set_affinity(p, p->section);
	else
		use_untold(p, p->section);
	p->section = NULL;
	p->t.migration_disabled--;
	sim.cpu[p->cpu].sections--;
}

/* Its time is over: it ends as soon as the task runs. */
void section_is_over(struct task *p)
{
	if (!p->section)
		return;
	if (sim.cpu[p->cpu].curr == p && p->on_cpu)
		section_ends(p);
	else
		post(sim.now + AGAIN_NS, EVENT_SECTION, p->cpu, p, p->life);
}
