// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mode of a pair of which not all of the mechanism is modelled: what the daemon is told
 * that only such a pair is told. Places and who tasks are, with a wait; stops, ticks, changes.
 */
#include "model.h"
#include "inputs.h"
#include <string.h>

#define UPPER(field) ((field) >> SP_NOTICE_CPU_SHIFT)
#define LOWER(field) ((field) & ((1u << SP_NOTICE_CPU_SHIFT) - 1))

#ifdef SP_PLACES

static void check_places(const struct sp_notice *notice, struct task *p)
{
	const s32 waker = p->woken_by ? p->woken_by - 1 : sim.moment.here;
	const s32 last = p->ran_at ? p->ran_at - 1 : p->cpu;

	p->woken_by = 0;
	if ((s32)UPPER(notice->flags) != waker)
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %u was woken by CPU %d, and %u is told",
			  notice->pid, waker, UPPER(notice->flags));
	if ((s32)UPPER(notice->cpus) != last)
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %u ran last at CPU %d, not %u",
			  notice->pid, last, UPPER(notice->cpus));
}

#endif

#ifdef SP_INPUTS

/* As far as the model has it. What is not asked for is read all the same, where anything is. */
static void check_who(const struct sp_notice *notice, const struct task *p)
{
	const struct sp_who *who = &((const struct sp_notice_who *)notice)->who;
	const char *comm = (const char *)who->comm;

	if (!(SP_INPUTS))
		return;
	if (((SP_INPUTS)&SP_INPUT_COMM) && strncmp(p->t.comm, comm, sizeof(who->comm)))
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %d is called '%.16s', not '%.16s'",
			  p->t.pid, p->t.comm, comm);
	if (((SP_INPUTS)&SP_INPUT_TGID) && who->tgid != (u32)p->t.tgid)
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %d is of process %d, not %u", p->t.pid,
			  p->t.tgid, who->tgid);
	if (((SP_INPUTS)&SP_INPUT_NICE) && who->nice != p->nice)
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %d has nice %d, not %d", p->t.pid,
			  p->nice, who->nice);
	if (((SP_INPUTS)&SP_INPUT_ALLOWED) && who->allowed != (u32)p->t.nr_cpus_allowed)
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %d may run on %d CPUs, not %u", p->t.pid,
			  p->t.nr_cpus_allowed, who->allowed);
}

#endif

/* An ENQUEUE is told of @p. Returns the notice as ours have it. */
struct sp_notice pair_wait_notice(const struct sp_notice *notice, struct task *p)
{
	struct sp_notice plain = *notice;

	(void)p;
	if (knows_policy())
		return plain;
#ifdef SP_PLACES
	check_places(notice, p);
	plain.flags = LOWER(notice->flags);
	plain.cpus = LOWER(notice->cpus);
#endif
#ifdef SP_INPUTS
	check_who(notice, p);
#endif
	if (WANTS(SP_WANTS_STOPPING_BIT) && p->runs_told && !p->has_stopped &&
	    p->told.pid == (u32)p->t.pid && !sim.moment.note_lost)
		PAIR_FLAW(SIM_FLAW_INPUT,
			  "pid %u waits, and nobody is told that it stops",
			  notice->pid);
	p->stop_told = false;
	return plain;
}

/* User mode: the tick is over. If the task is to let the daemon in, it goes on for @slice then. */
void pair_lets_in(struct task *p, u64 slice)
{
	p->rest = p->tick_told && !p->t.scx.slice ? slice : 0;
	if (!p->rest && p->t.scx.slice != slice)
		PAIR_FLAW(SIM_FLAW_SLICE,
			  "pid %d had %llu ns before a tick, and has %llu", p->t.pid,
			  slice, p->t.scx.slice);
}

/* Whether it is queued for that: then it is its CPU's next one, for the rest of its slice. */
bool pair_steps_aside(struct task *p)
{
	const u64 rest = p->rest;

	p->rest = 0;
	if (!rest || (p->t.flags & PF_EXITING_BIT))
		return false;
	/* Its CPU may have asked once more before the tick was over. */
	if (p->told.now && sim.machine.overlap)
		return false;
	sim.report.effects++;
	p->is_aside = true;
	if (p->direct != DSQ_PICKED_ON + (u64)p->cpu || p->t.scx.slice != rest)
		PAIR_FLAW(
			SIM_FLAW_QUEUE,
			"pid %d lets the daemon in, and goes to queue %llx for %llu ns, not %llu",
			p->t.pid, p->direct, p->t.scx.slice, rest);
	return true;
}

/* Whom one is about that the kernel's callback @about tells of, or that begins to wait anew. */
static struct task *subject(void)
{
	return sim.moment.about ? sim.moment.about : sim.moment.enqueueing;
}

static void check_subject(const struct sp_notice *notice, const struct task *p)
{
	/* The wait by which its generation was told may have found no room. */
	if (!p || notice->pid != p->told.pid || notice->cpu != p->cpu ||
	    (p->told.generation && notice->generation != p->told.generation))
		PAIR_FLAW(SIM_FLAW_INPUT,
			  "notice %u is of pid %u (%u) on CPU %d, not %u (%u) on %d",
			  notice->kind, notice->pid, notice->generation, notice->cpu,
			  p ? p->told.pid : 0, p ? p->told.generation : 0,
			  p ? p->cpu : -1);
}

static void check_ran(const struct sp_notice *notice, struct task *p)
{
	const u64 ran = p->t.se.sum_exec_runtime - p->ran_told;

	if (!p->runs_told)
		PAIR_FLAW(SIM_FLAW_INPUT, "notice %u of pid %u, which was not picked",
			  notice->kind, notice->pid);
	else if (notice->used_ns != ran)
		PAIR_FLAW(SIM_FLAW_INPUT, "notice %u: pid %u ran for %llu ns, not %llu",
			  notice->kind, notice->pid, ran, notice->used_ns);
}

static void check_stop(const struct sp_notice *notice, struct task *p)
{
	bool sleeps = false;

#ifdef SP_WANTS
	sleeps = sim.moment.about == p && p->t.__state;
#endif
	check_ran(notice, p);
	if (notice->flags != (sleeps ? SP_EVENT_SLEEPS : 0))
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %u stops, and is%s said to sleep",
			  notice->pid, sleeps ? " not" : "");
	p->ran_told = p->t.se.sum_exec_runtime;
	p->stop_told = p->has_stopped = true;
}

/* Whether it is a notice that only such a pair is told: then it is looked at here. */
bool pair_notice(const struct sp_notice *notice)
{
	struct task *p = subject();

	switch (notice->kind) {
	case SP_EVENT_STOPPING:
	case SP_EVENT_TICK:
	case SP_EVENT_CHANGED:
		check_subject(notice, p);
		break;
	case SP_EVENT_CPUS:
		if (notice->cpus != sim.online && !sim.machine.overlap)
			PAIR_FLAW(SIM_FLAW_INPUT,
				  "%u CPUs are on-line, and %u are told", sim.online,
				  notice->cpus);
		if (!(notice->flags & SP_EVENT_ONLINE) != !sim.cpu[notice->cpu].online)
			PAIR_FLAW(SIM_FLAW_INPUT, "CPU %d is told to have %s",
				  notice->cpu,
				  notice->flags & SP_EVENT_ONLINE ? "come" : "gone");
		return true;
	default:
		return false;
	}
	if (!p)
		return true;
	if (notice->kind == SP_EVENT_STOPPING)
		check_stop(notice, p);
	if (notice->kind == SP_EVENT_TICK) {
		check_ran(notice, p);
		/* The answer names the run that it is about. */
		if (notice->wait != p->run_wait)
			PAIR_FLAW(SIM_FLAW_INPUT, "a tick of pid %u in run %u, not %u",
				  notice->pid, notice->wait, p->run_wait);
		p->tick_told = true;
	}
	if (notice->kind == SP_EVENT_CHANGED) {
		p->told_weight = notice->weight;
		if (notice->switches != (u64)p->t.nr_cpus_allowed)
			PAIR_FLAW(SIM_FLAW_INPUT,
				  "pid %u may run on %d CPUs, and %llu are told",
				  notice->pid, p->t.nr_cpus_allowed, notice->switches);
	}
	return true;
}
