// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sched_ext core of Linux 6.18: what it calls in which order. Names are those of
 * kernel/sched/ext.c and core.c, without their suffix.
 */
#include "model.h"

#define DISPATCH_LOOPS 32

static const struct sim_group *group_of(const struct task *p)
{
	return &sim.groups[p->group];
}

static bool has_bursts(const struct task *p)
{
	return p->daemon || group_of(p)->habit != SIM_LOOP;
}

void update_curr(s32 cpu)
{
	struct task *p = sim.cpu[cpu].curr;
	u64 delta;

	if (!p)
		return;
	delta = sim.now - p->exec_start;
	p->exec_start = sim.now;
	p->t.se.sum_exec_runtime += delta;
	if (p->class == CLASS_EXT && p->t.scx.slice != ~0ULL)
		p->t.scx.slice -= delta < p->t.scx.slice ? delta : p->t.scx.slice;
	p->burst -= delta < p->burst ? delta : p->burst;
}

void begin_burst(struct task *p)
{
	if (has_bursts(p))
		post(sim.now + p->burst, EVENT_BURST, p->cpu, p,
		     sim.cpu[p->cpu].generation);
}

/* ---- a task that begins to wait ---- */

static void put_where_chosen(struct task *p, u64 flags)
{
	struct dsq *dsq = find_dsq_by_id(p->direct, p->cpu);
	u64 direct_flags = p->direct_flags | flags;
	bool prio = p->direct_prio;

	p->direct = 0;
	expect_insertion(p, dsq, direct_flags);
	if (is_local(dsq) && dsq->cpu != p->cpu) {
		if (p->t.migration_disabled || !allowed(p, dsq->cpu))
			flaw(SIM_FLAW_REFUSED,
			     "pid %d inserted at CPU %d, where it may not run",
			     p->t.pid, dsq->cpu);
		if (!sim.cpu[dsq->cpu].online || !allowed(p, dsq->cpu))
			dsq = &sim.global_dsq;
		else
			p->cpu = dsq->cpu;
	}
	if (prio && !is_backends(dsq)) {
		flaw(SIM_FLAW_REFUSED, "a vtime for a queue of the kernel's");
		prio = false;
	}
	dsq_insert(dsq, p, prio, direct_flags);
	if (p->daemon)
		daemon_stands_by(p);
}

/*
 * Of tasks whose migration is disabled the scheduler is asked like of others: kernels
 * before 6.14 always do so, and of later ones sched-proto wants it
 * (SCX_OPS_ENQ_MIGRATION_DISABLED, Sources/KernelLink/Scheduler.swift).
 */
void do_enqueue(struct task *p, u64 flags)
{
	const u64 ops_flags = sim.ops->flags;
	struct task *outer = sim.moment.enqueueing;

	if (!sim.cpu[p->cpu].online || (!p->direct && (p->t.flags & PF_EXITING_BIT) &&
					!(ops_flags & SCX_OPS_ENQ_EXITING))) {
		p->direct = 0;
		p->t.scx.slice = SLICE_DFL;
		dsq_insert(&sim.cpu[p->cpu].local, p, false, flags);
		return;
	}
	cgroup_enqueued(p, flags);
	if (p->daemon)
		note_confined(p);
	if (!p->direct) {
		sim.moment.enqueueing = p;
		sim.moment.enq_flags = flags;
		CALL_OP_AFTER(enqueue_begins(p, flags), enqueue, &p->t, flags);
		enqueue_ends(p, flags);
		sim.moment.enqueueing = outer;
		sim.moment.enq_flags = 0;
	}
	if (p->direct)
		put_where_chosen(p, flags);
	else
		flaw(SIM_FLAW_LOST, "enqueue left pid %d nowhere", p->t.pid);
}

/* Which only programs for pairs that want its events look at. */
static void set_state(struct task *p, unsigned int state)
{
#ifdef SP_WANTS
	p->t.__state = state;
#else
	(void)p;
	(void)state;
#endif
}

/* It becomes runnable: it was woken, or is new. */
void enqueue_task(struct task *p, u64 flags)
{
	struct cpu *rq = &sim.cpu[p->cpu];

	set_state(p, 0);
	p->t.scx.flags |= SCX_TASK_QUEUED;
	begins_to_wait(p);
	do_enqueue(p, flags);
	/* The idle class is below: its CPU looks at once. */
	if (!rq->curr)
		resched(p->cpu);
}

/* It stops running; @runnable as the kernel has it, which calls one that is changed not so. */
void stops(struct task *p, bool runnable)
{
	if (!runnable)
		p->rest = 0;
	CALL_OP_AFTER(sim.moment.about = p, stopping, &p->t, runnable);
	pair_stopped(p);
}

static void tick_told(struct task *p)
{
	const u64 slice = p->t.scx.slice;

	CALL_OP_AFTER(sim.moment.about = p, tick, &p->t);
	pair_ticked(p, slice);
}

/* It sleeps, or exits. */
void dequeue_task(struct task *p, bool sleeps)
{
	(void)sleeps;
	if (p->daemon)
		daemon_leaves();
	set_state(p, 1);
	if (p->on_cpu && p->class == CLASS_EXT)
		stops(p, false);
	p->t.scx.flags &= ~SCX_TASK_QUEUED;
	p->counts = false;
	dsq_remove(p);
}

/* ---- changes of waiting and running tasks ---- */

void change_begins(struct task *p)
{
	if (p->class != CLASS_EXT || !is_queued(p))
		return;
	if (p->on_cpu) {
		update_curr(p->cpu);
		stops(p, false);
	} else if (p->in_backend && !p->daemon) {
		sim.report.taken_by_kernel++;
	}
	dsq_remove(p);
	forget_expected(p);
}

static void starts_running(struct task *p)
{
	const u64 slice = p->t.scx.slice;

	p->exec_start = sim.now;
	cgroup_runs(p);
	sim.moment.starting = p;
	p->ran_at = p->cpu + 1;
	CALL_OP_AFTER(running_begins(p), running, &p->t);
	cgroup_share(p);
	sim.moment.starting = NULL;
	running_ends(p, slice);
	check_slice(p);
}

void change_ends(struct task *p, u64 flags)
{
	if (p->class != CLASS_EXT || !is_queued(p))
		return;
	if (p->on_cpu)
		starts_running(p);
	else
		do_enqueue(p, flags);
}

/* ---- which task is next ---- */

static bool consume_global(s32 cpu)
{
	struct task *p;

	if (!sim.replaying)
		return consume(&sim.global_dsq, cpu);
	p = replay_takes(&sim.global_dsq, cpu);
	if (p)
		take(p, cpu);
	return p;
}

static bool dispatch_loop(s32 cpu, struct task *prev, bool queued, bool *keep)
{
	struct cpu *rq = &sim.cpu[cpu];
	u32 loops = DISPATCH_LOOPS;
	u32 before;
	bool came;

	do {
		before = rq->local.q.nr;
		sim.moment.has_moved = false;
		sim.moment.in_dispatch = true;
		sim.moment.has_served = sim.moment.served_prev = false;
		sim.moment.dispatching = prev && prev->class == CLASS_EXT ? prev : NULL;
		CALL_OP_AFTER(dispatch_begins(cpu), dispatch, cpu,
			      sim.moment.dispatching ? &prev->t : NULL);
		/* Who came may be gone already. */
		came = rq->local.q.nr != before || sim.moment.has_moved;
		if (sim.machine.mode == SIM_MODE_BPF)
			check_dispatched(cpu, sim.moment.dispatching, came);
		else
			check_turn(cpu, sim.moment.dispatching, came);
		sim.moment.dispatching = NULL;
		sim.moment.in_dispatch = false;
		/* It may have left the class meanwhile. */
		queued = queued && prev->class == CLASS_EXT && is_queued(prev);
		if (queued && prev->t.scx.slice) {
			prev->rest = 0;
			*keep = true;
			return true;
		}
		if (rq->local.q.nr || consume_global(cpu))
			return true;
		/* Who was fetched, and is gone already: another may be found. */
	} while (sim.moment.has_moved && --loops);
	return false;
}

/* What ext.c calls balance: fills the CPU's own queue, or keeps @prev. */
static void balance(s32 cpu, struct task *prev, bool *keep)
{
	struct cpu *rq = &sim.cpu[cpu];
	bool queued = prev && prev->class == CLASS_EXT && is_queued(prev);

	*keep = false;
	rq->in_balance = true;
	rq->released = false;
	if (queued && prev->t.scx.slice)
		*keep = true;
	else if (!rq->local.q.nr && !consume_global(cpu) &&
		 !(rq->online && dispatch_loop(cpu, prev, queued, keep)))
		*keep = queued && prev->class == CLASS_EXT && is_queued(prev) &&
			!(sim.ops->flags & SP_OPS_ENQ_LAST);
	rq->in_balance = false;
}

static struct task *pick_next(s32 cpu, struct task *prev)
{
	struct cpu *rq = &sim.cpu[cpu];
	bool rt_goes_on = prev && prev->class == CLASS_RT && is_queued(prev);
	struct task *next;
	bool keep;

	if (rt_goes_on)
		return prev;
	/* Up to 6.18 a real-time task that was woken is found after ext.c was asked. */
	if (!rq->rt_head || !(sim.machine.kernel == SIM_LINUX_7_3 ||
			      (prev && prev->class == CLASS_RT))) {
		if (sim.replaying)
			replay_asks(cpu, prev);
		balance(cpu, prev, &keep);
		if (prev && prev->class == CLASS_RT && is_queued(prev))
			return prev;
		if (!rq->rt_head) {
			next = keep ? prev : rq->local.head;
			if (sim.replaying && !keep)
				next = replay_picks(next);
			if (next && !next->t.scx.slice)
				next->t.scx.slice = SLICE_DFL;
			return next;
		}
	}
	next = rq->rt_head;
	rq->rt_head = next->rt_next;
	if (!rq->rt_head)
		rq->rt_tail = NULL;
	return next;
}

/* ---- switching ---- */

static void put_prev(s32 cpu, struct task *prev, struct task *next)
{
	struct cpu *rq = &sim.cpu[cpu];

	if (!prev) {
		set_idle(cpu, false, true);
		return;
	}
	/* The clock has gone on where a task was fetched from another CPU. */
	update_curr(cpu);
	prev->on_cpu = false;
	if (prev->class != CLASS_EXT)
		return;
	if (is_queued(prev)) {
		stops(prev, true);
		begins_to_wait(prev);
		if (prev->t.scx.slice)
			dsq_insert(&rq->local, prev, false, SCX_ENQ_HEAD);
		else
			do_enqueue(prev, next ? 0 : SCX_ENQ_LAST);
	}
	if (next && next->class == CLASS_RT && sim.ops->cpu_release && !rq->released) {
		rq->released = true;
		rq->put_off = false;
		CALL_OP(cpu_release, cpu, NULL);
	}
}

static void set_next(s32 cpu, struct task *next)
{
	struct cpu *rq = &sim.cpu[cpu];

	if (!next) {
		set_idle(cpu, true, true);
		return;
	}
	/* Of another class it was woken elsewhere. */
	set_state(next, 0);
	if (next->on_cpu || next->cpu != cpu)
		flaw(SIM_FLAW_LOST, "CPU %d runs pid %d, which is at CPU %d%s", cpu,
		     next->t.pid, next->cpu, next->on_cpu ? " and runs" : "");
	if (!allowed(next, cpu) && rq->online && !next->moving)
		flaw(SIM_FLAW_MODEL, "CPU %d runs pid %d, which may not", cpu,
		     next->t.pid);
	dsq_remove(next);
	next->on_cpu = true;
	next->exec_start = sim.now;
	if (next->class == CLASS_EXT) {
		starts_running(next);
		ends_waiting(next, true);
	}
}

/*
 * @p, which stands nowhere, waits at another CPU from now on, whose lock is taken. That of
 * its own may be held if that is off-line: nobody who is on-line waits for it.
 */
void enqueue_elsewhere(struct task *p)
{
	s32 to = fallback_cpu(p);

	lock_cpu(to);
	while (!sim.cpu[to].online && !sim.replaying) {
		unlock_cpu(to);
		to = fallback_cpu(p);
		lock_cpu(to);
	}
	p->cpu = to;
	do_enqueue(p, 0);
	if (!sim.cpu[to].curr)
		resched(to);
	unlock_cpu(to);
}

/* Puts what waits at a CPU that is off-line elsewhere, as balance_push does. */
static void push_away(s32 cpu)
{
	struct cpu *rq = &sim.cpu[cpu];
	struct task *p;

	while ((p = rq->local.head)) {
		dsq_remove(p);
		enqueue_elsewhere(p);
	}
}

static void begin_ticks(s32 cpu)
{
	struct cpu *rq = &sim.cpu[cpu];

	if (rq->ticking)
		return;
	rq->ticking = true;
	post((sim.now / TICK_NS + 1) * TICK_NS, EVENT_TICK, cpu, NULL, 0);
}

static void switch_to(s32 cpu, struct task *prev, struct task *next)
{
	struct cpu *rq = &sim.cpu[cpu];

	sim.report.switches++;
	rq->generation++;
	put_prev(cpu, prev, next);
	set_next(cpu, next);
	if (sim.replaying)
		next = replay_switched(cpu, next);
	rq->curr = next;
	if (prev)
		section_is_left(prev);
	note('s', cpu, next ? (u32)next->t.pid : 0);
	if (!next)
		return;
	if (!next->burst)
		new_burst(next);
	begin_burst(next);
	begin_ticks(cpu);
}

static void schedule_locked(s32 cpu, enum leave then)
{
	struct cpu *rq = &sim.cpu[cpu];
	struct task *prev = rq->curr, *next;

	sim.moment.here = cpu;
	rq->need_resched = false;
	if (prev) {
		update_curr(cpu);
		prev->zombie |= then == EXITS;
		if (then == SLEEPS || then == EXITS)
			dequeue_task(prev, true);
		else if (then == YIELDS && prev->class == CLASS_EXT)
			prev->t.scx.slice = 0;
	}
	if (!rq->online)
		push_away(cpu);
	next = pick_next(cpu, prev);
	/* Also of a kick that came while this CPU was looking. */
	rq->need_resched = false;
	if (next != prev) {
		if (prev && then == SLEEPS)
			prev->t.nvcsw++;
		switch_to(cpu, prev, next);
	} else if (!prev) {
		/* From idle to idle: the mask alone is set anew. */
		set_idle(cpu, true, false);
	} else {
		note('k', cpu, (u32)prev->t.pid);
		if (then == YIELDS)
			begin_burst(prev);
	}
}

void schedule(s32 cpu, enum leave then)
{
	struct task *prev = sim.cpu[cpu].curr;

	lock_cpu(cpu);
	schedule_locked(cpu, then);
	unlock_cpu(cpu);
	if (prev && then == EXITS)
		exit_task(prev);
}

void tick(s32 cpu)
{
	struct cpu *rq = &sim.cpu[cpu];

	if (!rq->curr) {
		rq->ticking = false;
		return;
	}
	sim.moment.here = cpu;
	lock_cpu(cpu);
	update_curr(cpu);
	if (rq->curr && rq->curr->class == CLASS_EXT) {
		tick_told(rq->curr);
		if (!rq->curr->t.scx.slice)
			resched(cpu);
	}
	unlock_cpu(cpu);
	post(sim.now + TICK_NS, EVENT_TICK, cpu, NULL, 0);
}
