// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mode's daemon: one thread, whose passes are the real ones. They run on a stack
 * of their own, so that the thread can lose its CPU in the middle of one.
 */
#include "model.h"
#include "coroutine.h"

#define RECORD_BYTES (sizeof(struct sp_notice) + 8)
/* Computed for so long, it can be interrupted. */
#define STEP_NS 2000

static struct coroutine passes;
static bool exists, ending, yielded, has_begun;
static u64 consumed; /* position in the ring of events at the last step */
static u64 owed; /* CPU time of what was done since */
static u64 fault_at;

void daemon_reset(void)
{
	exists = false;
	fault_at = sim.machine.faults.daemon_at_ns;
}

void sim_add_daemon(void (*body)(void *context), void *context)
{
	struct task *p = new_task(SIM_GROUPS - 1, 0, sim.everywhere, 0);

	p->daemon = true;
	sim.daemon = p;
	exists = true;
	ending = false;
	has_begun = false;
	consumed = 0;
	coroutine_begin(&passes, body, context);
	/* Up to its first yield it is not scheduled by us yet. */
	coroutine_resume(&passes);
	owed = 0;
	fork_task(p);
}

sp_u32 sim_daemon_pid(void)
{
	return (sp_u32)sim.daemon->t.pid;
}

/* Before a pass: the switch to the thread, and its way out of the kernel. */
u64 daemon_burst(void)
{
	return sim.machine.costs.pass_ns + chance(sim.machine.costs.pass_ns);
}

static void count_work(void)
{
	u64 position = *(u64 *)sim_events_consumer();

	owed += (1 + (position - consumed) / RECORD_BYTES) *
		sim.machine.costs.pass_event_ns;
	consumed = position;
}

void sim_daemon_counted(const struct sim_daemon_figures *figures)
{
	sim.report.daemon = *figures;
	if (!figures->shown)
		flaw(SIM_FLAW_COUNTERS,
		     "the daemon shows other figures than it counted");
}

void sim_daemon_computes(void)
{
	if (ending)
		return;
	count_work();
	if (owed < STEP_NS && chance(4))
		return;
	yielded = false;
	coroutine_pause(&passes);
}

bool sim_daemon_yields(void)
{
	yielded = true;
	if (!ending && has_begun) {
		picks_end();
		check_published();
	}
	has_begun = true;
	if (!ending)
		coroutine_pause(&passes);
	picks_begin();
	return !ending;
}

/* Its CPU time so far is used: on with it, until it computes or yields again. */
enum leave daemon_goes_on(void)
{
	struct task *p = sim.daemon;
	bool fault;

	coroutine_resume(&passes);
	if (yielded) {
		p->burst = daemon_burst();
		return YIELDS;
	}
	p->burst = owed + 1;
	owed = 0;
	fault = sim.machine.faults.daemon && sim.now >= fault_at;
	if (!fault)
		return GOES_ON;
	sim.report.faults++;
	note('!', p->cpu, (u32)p->t.pid);
	fault_at = sim.machine.faults.daemon_every_ns ?
			   sim.now + sim.machine.faults.daemon_every_ns :
			   ~0ULL;
	if (sim.machine.faults.daemon == SIM_DAEMON_SPINS) {
		p->burst = sim.machine.faults.daemon_ns;
		return GOES_ON;
	}
	post(sim.now + sim.machine.faults.daemon_ns, EVENT_WAKE, p->cpu, p, p->life);
	return SLEEPS;
}

void daemon_end(void)
{
	ending = true;
	if (exists)
		coroutine_resume(&passes);
	exists = false;
}
