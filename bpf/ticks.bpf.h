/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User mode: ticks, stops and changes, of which the daemon is told (SP_WANTS).
 *
 * It reads of them with its next turn, whatever that is for. For a tick it has one at once
 * where something can come of the answer: somebody waits, or the policy may hold the task
 * back. An idle CPU gives it that turn, or else the task's own CPU: the task lets the daemon
 * in between, and goes on with the rest of its slice. Nobody is picked for that CPU then. If
 * the daemon is at work already, it reads of this tick in the same turn, or is let in with
 * the next one.
 */
#ifndef SCHED_PROTO_TICKS_BPF_H
#define SCHED_PROTO_TICKS_BPF_H

#include "turns.bpf.h"
#include "wanted.bpf.h"

#ifdef SP_WANTS

/* Tells the daemon that a task stops. What does not fit into the ring is used by its next stop. */
static __always_inline void tell_stop(struct task_struct *p, struct sp_task_ctx *tctx,
				      u32 flags)
{
	struct sp_notice notice;

	if (!tctx->runs || !wants(SP_WANTS_STOPPING_BIT))
		return;
	fill_notice(&notice, SP_EVENT_STOPPING, p, tctx, sp_now());
	notice.used_ns = ran_since(p, tctx);
	notice.flags = flags;
	if (send(&notice))
		tctx->told_ran += notice.used_ns;
	else
		count(SP_COUNT_NOTES_LOST);
}

/* The same of a tick; false if there is no room. */
static __always_inline bool tell_tick(struct task_struct *p, struct sp_task_ctx *tctx)
{
	struct sp_notice notice;

	fill_notice(&notice, SP_EVENT_TICK, p, tctx, sp_now());
	notice.used_ns = ran_since(p, tctx);
	notice.wait = tctx->run;
	if (send(&notice))
		return true;
	count(SP_COUNT_NOTES_LOST);
	return false;
}

/* The same of a task that it knows, and that somebody changed. */
static __always_inline void tell_change(struct task_struct *p, struct sp_task_ctx *tctx)
{
	struct sp_notice notice;

	if (!wants(SP_WANTS_CHANGED_BIT) || !tctx->known || tctx->pid != (u32)p->pid)
		return;
	fill_notice(&notice, SP_EVENT_CHANGED, p, tctx, sp_now());
	notice.switches = p->nr_cpus_allowed;
	if (!send(&notice))
		count(SP_COUNT_NOTES_LOST);
}

/*
 * The same of a CPU that came or went. By itself: beside it, clang keeps another variable in
 * range than the one that it uses for mark_online.
 */
static __noinline void tell_cpu(s32 cpu, bool is_online)
{
	struct sp_notice notice = {
		.kind = SP_EVENT_CPUS,
		.now = sp_now(),
		.flags = is_online ? SP_EVENT_ONLINE : 0,
		.cpu = cpu,
		.idle_cpu = -1,
	};

	if (!wants(SP_WANTS_CPUS_BIT))
		return;
	notice.cpus = recount_online(cpu, is_online);
	if (!send(&notice))
		count(SP_COUNT_NOTES_LOST);
}

/* It begins to wait anew, perhaps taken out of where it stood aside: so it stopped there. */
static __always_inline void end_run(struct task_struct *p, struct sp_task_ctx *tctx)
{
	if (tctx->aside)
		tell_stop(p, tctx, 0);
	tctx->aside = false;
	tctx->gives_way = false;
	tctx->run = 0;
}

/* It runs, picked or after it stood aside. */
static __always_inline void begin_run(struct task_struct *p, struct sp_task_ctx *tctx)
{
	if (tctx->wait) {
		note_picked(p, tctx);
		tctx->run = tctx->wait;
	}
	tctx->on_cpu = true;
	tctx->aside = false;
	tctx->rest = 0;
	if (!tctx->gives_way)
		return;
	tctx->gives_way = false;
	end_slice(p);
}

/* Whether a CPU would find another task, picked or not, as far as is looked. */
static __always_inline bool somebody_waits_for(s32 cpu)
{
	return picked_on[(u32)cpu & (SP_CPUS_MAX - 1)] ||
	       (any_picked && has_task_for(&picked, cpu)) || has_task_for(&held, cpu);
}

/* The daemon has its turn for a tick: on an idle CPU, else here. */
static __always_inline void call_daemon(struct task_struct *p, struct sp_task_ctx *tctx)
{
	s32 here = scx_bpf_task_cpu(p);

	if (daemon_gone || tctx->rest || (p->flags & PF_EXITING) ||
	    !nr_queued(&standing_by))
		return;
	ticks_unread = true;
	if (idle_bits[((u32)here / 64) & (SP_CPUS_MAX / 64 - 1)]) {
		wake_another(here);
		return;
	}
	tctx->rest = p->scx.slice;
	if (tctx->rest)
		sp_set_slice(p, 0);
}

/* A CPU asks since its task lets the daemon in. Returns whether that is settled. */
static __always_inline bool let_in(s32 here, struct task_struct *prev)
{
	struct sp_task_ctx *tctx = task_ctx(prev);

	if (!tctx || !tctx->rest)
		return false;
	if (run_daemon(here, SP_ASKED_NOBODY, NULL)) {
		count(SP_COUNT_LET_IN);
		return true;
	}
	/* It has its turn elsewhere. */
	sp_set_slice(prev, tctx->rest);
	tctx->rest = 0;
	return true;
}

/* The task lets the daemon in: it is its CPU's next one, whoever is picked meanwhile. */
static __always_inline void step_aside(struct task_struct *p, struct sp_task_ctx *tctx,
				       u64 enq_flags)
{
	u32 here = scx_bpf_task_cpu(p);
	u64 rest = tctx->rest;

	tctx->rest = 0;
	tctx->aside = true;
	sp_dsq_insert(p, DSQ_PICKED_ON + here, rest, enq_flags);
	picked_on[here & (SP_CPUS_MAX - 1)] = true;
}

#endif
#endif
