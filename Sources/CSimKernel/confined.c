// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mode: a daemon that may not run on every CPU. The others call for it, once in a while: a
 * CPU where it may run is told to let it in.
 */
#include "model.h"

#define GRACE_NS (4 * MS)
#define OVERDUE_NS (20 * MS)

static bool confined; /* as the backend knows since it stood by last */
static u64 called_at, called_since; /* the last call, and the first of those in vain */
static struct sim_mask callers; /* since its last turn */
static struct sim_mask answered; /* before that */

void confined_reset(void)
{
	confined = false;
	called_at = called_since = 0;
	callers = answered = (struct sim_mask){};
}

bool is_confined(void)
{
	return confined;
}

void note_confined(const struct task *p)
{
	confined = (u32)p->t.nr_cpus_allowed < sim.cpus;
}

/* Whether it stands by, and may not run on @cpu. */
bool is_elsewhere(s32 cpu)
{
	const struct task *daemon = sim.daemon;

	return confined && daemon && stands_in(daemon, DSQ_DAEMON) &&
	       !(allowed(daemon, cpu) &&
		 (!daemon->t.migration_disabled || daemon->cpu == cpu));
}

/* It does not come: it is not waited for any more. */
bool calls_are_vain(void)
{
	return called_at && sim.now - called_since >= OVERDUE_NS &&
	       sim.now - called_at < OVERDUE_NS;
}

/* Its turn begins, for one of those that called. */
void calls_end(void)
{
	called_at = 0;
	answered = callers;
	callers = (struct sim_mask){};
}

bool has_called(u32 cpu)
{
	return cpu < sim.cpus && mask_has(&answered, cpu);
}

/* Or a CPU may be in the middle of that, or the daemon's affinity have changed since. */
bool may_have_called(void)
{
	return sim.machine.overlap && sim.machine.faults.daemon_affinity_ns;
}

/* In ops.dispatch of @cpu, where it was to be called for, if @due. */
void check_call(s32 cpu, bool due)
{
	const bool called =
		sim.moment.preempts ||
		(sim.moment.kicks == sim.moment.kicks_due + 1 && !sim.moment.fell_back);
	const u64 since = called_at ? sim.now - called_at : ~0ULL;

	if (!sim.moment.elsewhere && !sim.machine.overlap && sim.moment.preempts)
		flaw(SIM_FLAW_KICK, "CPU %d is told to let go of its task for nobody",
		     sim.moment.preempted);
	/* Who fell back may have called before that. */
	if (sim.moment.elsewhere && sim.moment.fell_back && sim.moment.kicks)
		mask_set(&callers, (u32)cpu, true);
	if (!called) {
		if (due && since >= GRACE_NS && is_undisturbed())
			flaw(SIM_FLAW_KICK, "CPU %d does not call for the daemon", cpu);
		return;
	}
	if (!sim.moment.elsewhere && !sim.machine.overlap)
		return;
	if (since < GRACE_NS && !sim.machine.overlap)
		flaw(SIM_FLAW_KICK, "CPU %d calls for the daemon again", cpu);
	if (sim.moment.preempts && !sim.machine.overlap &&
	    (since < OVERDUE_NS ? !allowed(sim.daemon, sim.moment.preempted) :
				  sim.moment.preempted != sim.daemon->cpu))
		flaw(SIM_FLAW_KICK,
		     "CPU %d is told to let the daemon in, which is at CPU %d",
		     sim.moment.preempted, sim.daemon->cpu);
	if (!sim.moment.preempts)
		sim.moment.kicks_due++;
	if (since >= OVERDUE_NS)
		called_since = sim.now;
	called_at = sim.now;
	mask_set(&callers, (u32)cpu, true);
}
