// SPDX-License-Identifier: GPL-2.0-only
/* What comes from outside: a wake-up, a tick, a change; or a CPU looks who is next. */
#include "replay.h"

static bool is_change(const struct record *r)
{
	return r->kind == LOG_CPUS || r->kind == LOG_WEIGHT || r->kind == LOG_JOINS ||
	       r->kind == LOG_LEAVES;
}

/* What a task that was taken from its place, to be put back, is taken for. */
static const struct record *what_changes(const struct record *r)
{
	const struct record *end = replay_log.records + replay_log.count,
			    *weight = NULL;

	if (is_change(r))
		return r;
	for (const struct record *it = r + 1; it < end; it++) {
		if (it->cpu != r->cpu)
			continue;
		if (it->kind == LOG_WEIGHT && it->pid == r->pid)
			weight = it; /* a change of class has it as well */
		else if (is_change(it) && it->pid == r->pid)
			return it;
		if (it->kind == LOG_ENQUEUE && it->pid == r->pid)
			break;
		if (it->kind == LOG_SWITCH || it->kind == LOG_ASK ||
		    it->kind == LOG_SELECT)
			break;
	}
	return weight;
}

/*
 * What it did in its other class is not told: whether it waits there, its next line
 * says.
 */
static void joins(const struct record *r, struct task *p)
{
	const struct record *next = replay_next_of(p);

	if (!p->on_cpu) {
		p->t.scx.flags &= ~SCX_TASK_QUEUED;
		while (next && is_begin(next))
			next = replay_next_of_after(p, next);
		if (next && next->kind == LOG_ENQUEUE && next->cpu == r->cpu &&
		    (next->a & ENQUEUE_RESTORE)) {
			p->t.scx.flags |= SCX_TASK_QUEUED;
			p->cpu = next->at;
		}
	}
	p->class = CLASS_RT;
	set_class(p, CLASS_EXT);
}

/* @is_switching: of a task that leaves its CPU, and may not migrate for now. */
void replay_change(const struct record *r, bool is_switching)
{
	const struct record *what = what_changes(r);
	struct task *p = replay_task(r->pid);

	if (!what) {
		/*
		 * Of its group: it is put back as it was, and its CPU looks who is
		 * next.
		 */
		set_weight(p, p->t.scx.weight);
		if (p->on_cpu)
			resched(p->cpu);
		return;
	}
	switch (what->kind) {
	case LOG_CPUS:
		set_affinity(p, replay_affinity(what->a));
		if (p->held_back && !is_switching)
			p->t.migration_disabled--;
		p->held_back = p->held_back && is_switching;
		break;
	case LOG_WEIGHT:
		set_weight(p, (u32)what->a);
		break;
	case LOG_JOINS:
		joins(what, p);
		break;
	default:
		set_class(p, CLASS_RT);
		break;
	}
}

/* To another CPU, by that one's stopper. */
static void move(const struct record *r)
{
	struct task *p = replay_task(r->pid);

	p->moving = false;
	change_begins(p);
	p->cpu = replay_cpu_for(p);
	change_ends(p, 0);
	if (!sim.cpu[p->cpu].curr)
		resched(p->cpu);
}

/* The task that this CPU switches to, if it does before it looks again; or NULL. */
const struct record *replay_switch_ahead(const struct record *r)
{
	const struct record *end = replay_log.records + replay_log.count;
	bool asked = r->kind != LOG_DEQUEUE, has_asked = r->kind == LOG_ASK;
	bool fetched = false;

	if (r->kind == LOG_SWITCH)
		return r;
	for (const struct record *it = r + 1; it < end; it++) {
		if (it->cpu != r->cpu)
			continue;
		/*
		 * Where classes above ours are asked first, that one is of the next look, but
		 * where it woke up while this CPU fetched a task.
		 */
		if (it->kind == LOG_SWITCH && it->class == CLASS_RT && has_asked &&
		    !fetched && replay_log.kernel == SIM_LINUX_7_3)
			return NULL;
		fetched |= (it->kind == LOG_F_TO_LOCAL || it->kind == LOG_F_MOVE) &&
			   it->b;
		if (it->kind == LOG_SWITCH)
			return it;
		if (it->kind == LOG_TICK || it->kind == LOG_SELECT ||
		    it->kind == LOG_KICKS || (it->kind == LOG_ASK && asked))
			return NULL;
		asked |= it->kind == LOG_ASK;
		has_asked |= it->kind == LOG_ASK;
	}
	return NULL;
}

/* A task that leaves its CPU while it may not migrate: the end of the switch tells so. */
static bool may_not_migrate(const struct record *r, const struct record *end,
			    const struct task *prev)
{
	for (; r < end; r++)
		if (r->cpu == end->cpu && r->kind == LOG_DEQUEUE &&
		    (r->a & DEQUEUE_SAVE) && r->pid == prev->t.pid)
			return true;
	return false;
}

static bool asks_next(const struct record *r)
{
	const struct record *next = replay_next(r->cpu);

	return next && next->kind == LOG_ASK;
}

/* A CPU looks who is next. Which task of a class above is there, the log has to say. */
static void look(const struct record *r)
{
	const struct record *ahead = replay_switch_ahead(r);
	struct cpu *rq = &sim.cpu[r->cpu];
	struct task *prev = rq->curr, *rt;
	enum leave then = GOES_ON;

	if (r->kind == LOG_DEQUEUE) {
		if (!prev || prev->t.pid != r->pid)
			replay_refuse(r, "in the model CPU %u runs pid %d", r->cpu,
				      prev ? prev->t.pid : 0);
		then = SLEEPS;
	} else if (prev && prev->class == CLASS_RT) {
		then = ahead ? SLEEPS : GOES_ON;
	} else if (prev && replay.yielded[r->cpu] == prev->t.pid) {
		then = YIELDS;
	}
	replay.yielded[r->cpu] = 0;
	if (ahead && prev && prev->class == CLASS_EXT &&
	    may_not_migrate(r, ahead, prev))
		replay_holds_back(prev);
	if (ahead && ahead->class == CLASS_RT) {
		rt = &replay.stand_ins[r->cpu];
		*rt = (struct task){ .t.pid = ahead->pid,
				     .class = CLASS_RT,
				     .cpu = r->cpu };
		rt->t.scx.flags = SCX_TASK_QUEUED;
		rt->affinity = sim.everywhere;
		/*
		 * Where our class is asked first, it is there already, for all that is
		 * known.
		 */
		if ((replay_log.kernel != SIM_LINUX_6_18 ||
		     (prev && prev->class == CLASS_RT)) &&
		    (r->kind == LOG_ASK || (r->kind == LOG_DEQUEUE && asks_next(r))))
			replay.late_rt[r->cpu] = rt;
		else
			rq->rt_head = rq->rt_tail = rt;
	} else if (ahead && ahead->pid && !replay.seen[ahead->pid]) {
		/* It waited here before the log began. */
		rt = replay_task(ahead->pid);
		rt->cpu = r->cpu;
	}
	/* For a task of a class above, for one, of which the log does not tell. */
	if (then == GOES_ON && !(prev && prev->class == CLASS_RT) &&
	    !rq->need_resched && !(ahead && ahead->class == CLASS_RT)) {
		sim_replayed.unasked++;
		/* With several, another CPU's doing may stand a line later. */
		if (sim.cpus == 1)
			replay_refuse(r,
				      "the model knows no reason to look who is next");
	}
	if (r->kind != LOG_DEQUEUE)
		replay.playing->pending = r;
	schedule(r->cpu, then);
	replay_knows_idle(r->cpu);
}

/* The first line of a CPU that tells what runs there. */
void replay_learns_current(const struct record *r)
{
	struct cpu *rq = &sim.cpu[r->cpu];
	struct task *p;

	if (replay.known[r->cpu])
		return;
	replay.known[r->cpu] = true;
	rq->curr = NULL;
	if (!r->pid)
		return;
	sim_replayed.learned++;
	rq->curr = p = replay_task(r->pid);
	p->cpu = r->cpu;
	p->on_cpu = true;
	p->exec_start = sim.now;
	p->t.scx.flags |= SCX_TASK_QUEUED;
	if (r->kind == LOG_TICK || r->kind == LOG_ASK)
		p->t.scx.slice = r->a;
	mask_set(&sim.idle_mask, r->cpu, false);
	replay_knows_idle(r->cpu);
}

static void play_tick(const struct record *r)
{
	struct task *curr = sim.cpu[r->cpu].curr;

	if (!curr || curr->t.pid != r->pid)
		replay_refuse(r, "in the model CPU %u runs pid %d", r->cpu,
			      curr ? curr->t.pid : 0);
	tick(r->cpu);
	sim_replayed.ticks++;
	if (curr->guessed)
		curr->t.scx.slice = r->a;
	curr->guessed = false;
	if (curr->t.scx.slice != r->a)
		replay_refuse(r, "the model's slice is %llx, not %llx",
			      curr->t.scx.slice, r->a);
}

/*
 * What waits in a CPU's own queue is let go, a moment after the scheduler asked for
 * it.
 */
static void reenqueue(const struct record *r)
{
	replay.playing->pending = r;
	sim.moment.here = replay_task(r->pid)->cpu;
	scx_bpf_reenqueue_local();
}

void replay_begin(const struct record *r)
{
	struct task *p = r->pid ? replay_task(r->pid) : NULL;

	switch (r->kind) {
	case LOG_SELECT:
		/* Or the stopper came when it slept already, and chose where it wakes up. */
		if (!replay.seen[r->pid] || p->moving)
			p->cpu = r->at;
		p->moving = false;
		if (r->a & SCX_WAKE_FORK)
			fork_task(p);
		else
			wake(p, r->a & SCX_WAKE_SYNC);
		break;
	case LOG_ENQUEUE: /* of one that has no choice */
		p->cpu = r->at;
		if (r->a & ENQUEUE_INITIAL)
			fork_task(p);
		else if (r->a & ENQUEUE_WAKEUP)
			wake(p, 0);
		else
			replay_refuse(r, "the model knows no reason for it");
		break;
	case LOG_DEQUEUE:
		if (r->a & DEQUEUE_SLEEP)
			look(r);
		else if (r->a & DEQUEUE_SAVE)
			replay_change(r, false);
		else
			move(r);
		break;
	case LOG_ASK:
	case LOG_SWITCH:
		look(r);
		break;
	case LOG_TICK:
		play_tick(r);
		break;
	case LOG_CPUS:
	case LOG_WEIGHT:
	case LOG_JOINS:
	case LOG_LEAVES:
		replay_change(r, false);
		break;
	case LOG_YIELD: /* its slice is gone at once; it lets others run a moment later */
		replay.yielded[r->cpu] = r->pid;
		update_curr(r->cpu);
		p->t.scx.slice = 0;
		break;
	case LOG_DEAD:
		replay.by_pid[r->pid] = NULL;
		replay.seen[r->pid] = false;
		release_task(p);
		break;
	case LOG_KICKS:
		irq_work(r->cpu);
		break;
	case LOG_BEGIN + LOG_OP_ENQUEUE:
		if (r->a & SCX_ENQ_REENQ) {
			reenqueue(r);
			break;
		}
		/* Or a CPU looks who is next, and our class is not asked. */
		/* fall through */
	case LOG_INSERT:
	case LOG_BEGIN + LOG_OP_UPDATE_IDLE:
		if (replay_log.kernel == SIM_LINUX_6_18 || !replay_switch_ahead(r))
			replay_refuse(r, "the model calls nothing here");
		sim.now = replay.clocks[r->cpu] = replay_switch_ahead(r)->b;
		look(r);
		break;
	default:
		/* The scheduler's timer calls the kernel outside of all callbacks. */
		if (!is_call(r))
			replay_refuse(r, "the model calls nothing here");
		replay_call(r);
	}
}
