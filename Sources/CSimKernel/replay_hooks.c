// SPDX-License-Identifier: GPL-2.0-only
/* What the model is about to do: it has to be what the next line of its CPU says. */
#include "replay.h"

/*
 * Into the queue of its CPU it comes now, behind those that came while it was on its
 * way.
 */
static void come_last(struct task *p)
{
	struct dsq *local = &sim.cpu[p->cpu].local;

	if (p->t.scx.dsq == &local->q && local->tail != p)
		dsq_put_behind(p, local->tail);
}

static bool tells_of_move(const struct record *r, const struct task *p)
{
	if (r->a == SCX_DSQ_LOCAL)
		return r->at == p->cpu;
	return p->t.scx.dsq && p->t.scx.dsq->id == r->a;
}

/*
 * A task comes or goes by the kernel's own functions, in the middle of what the model
 * does.
 */
static bool is_passed(struct player *me, const struct record *r)
{
	struct task *p = r->pid ? replay.by_pid[r->pid] : NULL;

	switch (r->kind) {
	case LOG_ENQUEUE:
		if (!me->ops && p && p->cpu != r->at && p->class == CLASS_EXT &&
		    !me->moved)
			replay_refuse(r, "in the model it is at CPU %d", p->cpu);
		return true;
	case LOG_WEIGHT:
		if (p)
			p->t.scx.weight = (u32)r->a;
		return true;
	case LOG_CPUS:
	case LOG_LEAVES:
	case LOG_JOINS:
		return true; /* looked up beforehand */
	case LOG_DEQUEUE:
		/*
		 * Taken from another CPU by a call that has not returned: it is gone
		 * from there.
		 */
		if (me->ops) {
			me->taken = r->pid;
			replay_makes_early(me);
			me->taken = 0;
		}
		return me->ops || me->moved || !(r->a & DEQUEUE_SAVE);
	case LOG_F_REENQUEUE_LATER:
		return !me->ops;
	case LOG_INSERT:
		if (me->inserts)
			return false;
		/*
		 * A move to another CPU, in a call that has not returned; or after it.
		 */
		if (p && p == me->moved && tells_of_move(r, p)) {
			me->moved = NULL;
			come_last(p);
			return true;
		}
		/* One that runs and is put back goes through the queue of its CPU. */
		if (p && p->on_cpu && r->at == p->cpu)
			return true;
		if (me->ops)
			me->inserted = r;
		return me->ops;
	default:
		return false;
	}
}

static const struct record *next_line(struct player *me)
{
	me->moment = sim.moment;
	coroutine_pause(&me->routine);
	sim.moment = me->moment;
	return me->record;
}

/* The next line of this CPU that is not one of the kernel's own doings. */
const struct record *replay_take(void)
{
	struct player *me = replay.playing;
	const struct record *r = me->pending;

	me->pending = NULL;
	while (!r || is_passed(me, r))
		r = next_line(me);
	return r;
}

/* What the model does next is done when the next line comes, not at once. */
void replay_peeks(void)
{
	if (!replay.playing->pending)
		replay.playing->pending = next_line(replay.playing);
}

/* The line by which a task is out of its queue. */
u32 replay_leaves_at(void)
{
	return replay.as_of ? replay.as_of : replay_at;
}

u64 replay_clock(s32 cpu)
{
	return replay.clocks[cpu];
}

void replay_inserts(const struct dsq *dsq, const struct task *p, u64 flags)
{
	const u64 which = SCX_ENQ_HEAD | SCX_ENQ_PREEMPT;
	const struct record *r;

	if (replay.playing->moving == p) {
		replay.playing->moving = NULL;
		return;
	}
	replay.playing->inserts = true;
	r = replay_take();
	replay.playing->inserts = false;
	if (r->kind != LOG_INSERT || r->pid != p->t.pid || r->a != dsq->q.id ||
	    (is_local(dsq) && r->at != dsq->cpu))
		replay_refuse(r, "the model puts pid %d into queue %llx, CPU %d",
			      p->t.pid, dsq->q.id, dsq->cpu);
	if ((replay_flags(r->b) & which) != (flags & which))
		replay_refuse(r, "the model's flags are %llx", flags);
	sim_replayed.insertions++;
	((struct task *)p)->came_at = replay_at;
}

/* A call moved it: if the kernel told of that already, it was this one, and there. */
void replay_moves(struct task *p, const struct dsq *to)
{
	const struct record *r = replay.playing->inserted;

	replay.playing->moving = replay.playing->moved = p;
	replay.playing->inserted = NULL;
	if (!r)
		return;
	if (r->pid != p->t.pid || r->a != to->q.id ||
	    (is_local(to) && r->at != to->cpu))
		replay_refuse(r, "the model moves pid %d to queue %llx, CPU %d",
			      p->t.pid, to->q.id, to->cpu);
	sim_replayed.insertions++;
}

void replay_asks(s32 cpu, const struct task *prev)
{
	const struct record *r = replay_take();

	if (replay.late_rt[cpu])
		sim.cpu[cpu].rt_head = sim.cpu[cpu].rt_tail = replay.late_rt[cpu];
	replay.late_rt[cpu] = NULL;
	if (r->kind != LOG_ASK || r->at != cpu || r->pid != (prev ? prev->t.pid : 0))
		replay_refuse(r, "the model's CPU %d looks who is next, after pid %d",
			      cpu, prev ? prev->t.pid : 0);
}

/* It was told that it may not migrate, until its affinity changes anew. */
void replay_holds_back(struct task *p)
{
	if (!p->held_back)
		p->t.migration_disabled++;
	p->held_back = true;
}

/* Who runs now. */
struct task *replay_switched(s32 cpu, struct task *next)
{
	const struct record *r = replay_take();

	/*
	 * One that may not leave its CPU for now: its affinity is noted as that one's.
	 */
	while (r->kind == LOG_DEQUEUE && (r->a & DEQUEUE_SAVE)) {
		replay_holds_back(replay_task(r->pid));
		replay_change(r, true);
		r = replay_take();
	}
	if (r->kind != LOG_SWITCH || r->pid != (next ? next->t.pid : 0))
		replay_refuse(r, "the model's CPU %d switches to pid %d", cpu,
			      next ? next->t.pid : 0);
	replay_knows_idle(cpu);
	sim_replayed.switches++;
	if (next != &replay.stand_ins[cpu])
		return next;
	next = replay_task(r->pid);
	if (next->waits)
		replay_refuse(r, "in the model it waits, and is of our class");
	next->class = CLASS_RT;
	next->cpu = cpu;
	next->on_cpu = true;
	next->exec_start = sim.now;
	next->t.scx.flags |= SCX_TASK_QUEUED;
	return next;
}

/*
 * Nobody, where the one that waits here had not quite come: this CPU idles on, by the
 * log.
 */
struct task *replay_picks(struct task *next)
{
	if (!next || replay_switch_ahead(&replay_log.records[replay.playing->begin]) ||
	    sim.cpu[sim.moment.here].curr || !replay_is_between(next))
		return next;
	sim_replayed.races++;
	return NULL;
}

/* To which CPU the kernel moves it: of its next line. */
s32 replay_cpu_for(const struct task *p)
{
	for (u32 i = replay_at + 1; i < replay_log.count; i++) {
		const struct record *r = &replay_log.records[i];

		if (r->kind == LOG_ENQUEUE && r->pid == p->t.pid)
			return r->at;
	}
	return 0;
}
