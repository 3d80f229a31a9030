// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two CPUs at the same time. A line is written a moment before or after what it tells of: where
 * another CPU's lines stand in between, what it tells may have been before or after those.
 */
#include "replay.h"

/*
 * What a line tells may be done so much later, where the CPU was taken away in
 * between.
 */
#define RECENT_NS (5 * (s64)MS)

struct record *replay_next(u32 cpu)
{
	for (u32 i = replay_at + 1; i < replay_log.count; i++) {
		struct record *r = &replay_log.records[i];

		if (r->cpu == cpu && r->kind != LOG_TASK)
			return r;
	}
	return NULL;
}

/* The call that a CPU is in the middle of is made now, not when its line comes. */
bool replay_makes_early(struct player *of)
{
	struct player *outer = replay.playing;
	struct moment moment = sim.moment;
	struct record *r = NULL;
	u32 i = replay_at;

	while (++i < replay_log.count) {
		r = &replay_log.records[i];
		if (r->cpu == of->cpu &&
		    (is_call(r) || is_begin(r) || r->kind >= LOG_END))
			break;
	}
	if (i == replay_log.count || r->done || !r->b ||
	    (r->kind != LOG_F_TO_LOCAL && r->kind != LOG_F_MOVE))
		return false;
	r->done = true;
	if (of != replay.playing)
		sim.moment = of->moment;
	replay.playing = of;
	replay.as_of = i;
	replay_call(r);
	replay.as_of = 0;
	of->moment = sim.moment;
	replay.playing = outer;
	if (of != replay.playing)
		sim.moment = moment;
	return true;
}

/* The task that this CPU runs next, by the log; 0: none, or not known. */
s32 replay_runs_next(u32 cpu)
{
	for (u32 i = replay_at + 1; i < replay_log.count; i++)
		if (replay_log.records[i].cpu == cpu &&
		    replay_log.records[i].kind == LOG_SWITCH)
			return replay_log.records[i].pid;
	return 0;
}

/* Whether this next line of a CPU in a call tells that the call takes @p. */
static bool takes(const struct record *r, const struct task *p)
{
	switch (r->kind) {
	case LOG_DEQUEUE:
	case LOG_F_MOVE:
	case LOG_INSERT:
		return r->pid == p->t.pid;
	case LOG_F_TO_LOCAL:
		return r->b && replay_runs_next(r->cpu) == p->t.pid;
	default:
		return false;
	}
}

/*
 * A call of another CPU has moved it, as a line tells that came before the call's own.
 */
bool replay_completes(s32 pid)
{
	for (u32 cpu = 0; cpu < sim.cpus; cpu++) {
		struct player *of = &replay.players[cpu][0];

		if (of != replay.playing && of->active && of->inserted &&
		    of->inserted->pid == pid)
			return replay_makes_early(of);
	}
	return false;
}

bool replay_settle(const struct task *p)
{
	const struct scx_dispatch_q *before = p->t.scx.dsq;

	for (u32 cpu = 0; cpu < sim.cpus; cpu++) {
		struct player *of = &replay.players[cpu][0];
		const struct record *r;
		bool early;

		if (of == replay.playing || !of->active || !of->ops)
			continue;
		r = replay_next(cpu);
		if (!r || !takes(r, p))
			continue;
		of->taken = p->t.pid;
		early = replay_makes_early(of);
		of->taken = 0;
		if (early)
			return p->t.scx.dsq != before;
	}
	return false;
}

/*
 * Long ago, a CPU has done what its last line tells, even if it was taken away
 * meanwhile.
 */
static bool is_recent(const struct record *r)
{
	return (s64)(replay_log.records[replay_at].time - r->time) < RECENT_NS;
}

/* The CPU looks who is next. */
static bool looks(const struct player *of)
{
	const struct record *r = &replay_log.records[of->begin];

	return r->kind == LOG_ASK || (r->kind == LOG_DEQUEUE && (r->a & DEQUEUE_SLEEP));
}

/*
 * Another CPU claimed it already, in a line that stands before: what it counts as from
 * now on.
 */
bool replay_idle_changes(s32 cpu, bool idle)
{
	bool was_claimed = replay.claimed_before[cpu];

	replay.idle_changed_at[cpu] = replay_at;
	replay.claimed_before[cpu] = false;
	return idle && !was_claimed;
}

void replay_claims_before(s32 cpu)
{
	for (u32 i = replay_at + 1; i < replay_log.count; i++) {
		const struct record *r = &replay_log.records[i];

		if (r->cpu != cpu)
			continue;
		replay.claimed_before[cpu] =
			r->kind == LOG_BEGIN + LOG_OP_UPDATE_IDLE && r->a;
		if (replay.claimed_before[cpu] || r->kind == LOG_SWITCH ||
		    r->kind == LOG_ASK)
			return;
	}
}

/* Whether @p may have left its queue after a line, though its own stands before. */
bool replay_may_leave_after(const struct task *p, u32 line)
{
	u16 cpu = replay_log.records[p->left_at].cpu;

	for (u32 i = p->left_at + 1; i < line; i++)
		if (replay_log.records[i].cpu == cpu)
			return false;
	return p->left_at < line;
}

bool replay_changes_idle(s32 cpu)
{
	const struct player *of = &replay.players[cpu][0];
	const struct record *next;

	if (replay.idle_changed_at[cpu] >= replay.playing->last)
		return true;
	for (u32 other = 0; other < sim.cpus; other++) {
		const struct record *r = replay_next(other);

		if (r && r->at == cpu && other != replay.playing->cpu &&
		    (r->kind == LOG_F_PICK_IDLE || (r->kind == LOG_F_CLAIM && r->a) ||
		     (r->kind == LOG_F_SELECT && r->c)))
			return true; /* it has claimed it, or is about to */
	}
	/* It is about to say so. */
	next = replay_next((u32)cpu);
	if (next && next->kind == LOG_BEGIN + LOG_OP_UPDATE_IDLE)
		return true;
	if (!of->record || !is_recent(of->record))
		return false;
	return of->record->kind == LOG_END + LOG_OP_DISPATCH ||
	       (of->active && looks(of));
}

/* The line about @p after @r, or NULL. */
const struct record *replay_next_of_after(const struct task *p, const struct record *r)
{
	const struct record *end = replay_log.records + replay_log.count;

	while (++r < end)
		if (r->pid == p->t.pid && r->kind != LOG_TASK &&
		    r->kind != LOG_F_ITER_NEXT && r->kind < LOG_END)
			return r;
	return NULL;
}

const struct record *replay_next_of(const struct task *p)
{
	return replay_next_of_after(p, &replay_log.records[replay_at]);
}

/*
 * Whether @p may have come into its queue after a line, though its own stands before: the CPU
 * that inserted it did nothing else until then.
 */
bool replay_may_come_after(const struct task *p, u32 line)
{
	const struct record *r = &replay_log.records[p->came_at];

	for (u32 i = p->came_at + 1; i < line; i++)
		if (replay_log.records[i].cpu == r->cpu)
			return false;
	return r->kind == LOG_INSERT && p->came_at < line;
}

/*
 * Another CPU took it out of its queue, and waits for the lock of the CPU that it is at;
 * it comes too late, since somebody changes the task before.
 */
static bool is_held(const struct task *p)
{
	const struct record *next = replay_next_of(p), *call;

	if (!next || next->kind != LOG_DEQUEUE || replay.players[next->cpu][0].ops)
		return false;
	for (u32 cpu = 0; cpu < sim.cpus; cpu++) {
		const struct player *of = &replay.players[cpu][0];

		if (of == replay.playing || !of->active || !of->ops)
			continue;
		call = replay_next(cpu);
		if (call && (call->kind == LOG_F_TO_LOCAL || call->kind == LOG_F_MOVE ||
			     call->kind == LOG_DEQUEUE))
			return true;
	}
	return false;
}

bool replay_is_between(const struct task *p)
{
	const struct record *last;

	/* It came after this CPU had begun to look. */
	if (p->came_at >= replay.playing->last || is_held(p))
		return true;
	/*
	 * It has left its CPU a moment ago, where the tracer's program forbade it to
	 * migrate.
	 */
	last = replay.players[p->cpu][0].record;
	if (last && last->kind == LOG_SWITCH && last->a == (u64)p->t.pid &&
	    is_recent(last))
		return true;
	/*
	 * It is about to leave its CPU, where a BPF program has forbidden it to
	 * migrate.
	 */
	if (sim.cpu[p->cpu].curr == p && replay.players[p->cpu][0].active)
		return true;
	for (u32 cpu = 0; cpu < sim.cpus; cpu++) {
		const struct player *of = &replay.players[cpu][0];
		const struct record *next = of != replay.playing ? replay_next(cpu) :
								   NULL;

		if (of != replay.playing && of->active && !of->ops && looks(of) &&
		    replay_runs_next(cpu) == p->t.pid)
			return true;
		/*
		 * Taken out of its queue by another CPU, which waits for the lock of
		 * its own.
		 */
		if (next && next->kind == LOG_DEQUEUE && !next->a &&
		    next->pid == p->t.pid)
			return true;
		if (of != replay.playing && of->record &&
		    of->record->kind == LOG_INSERT && of->record->pid == p->t.pid &&
		    is_recent(of->record))
			return true;
	}
	return false;
}

/*
 * Whom @cpu finds in the kernel's own queue: the first, if nobody is about to take
 * that one.
 */
struct task *replay_takes(const struct dsq *dsq, s32 cpu)
{
	const struct record *r;
	struct task *p;
	s32 pid;

	r = replay_next((u32)cpu);
	if (!first_for(dsq, cpu) && !(r && r->kind == LOG_DEQUEUE && !r->a))
		return NULL;
	replay_peeks();
	r = replay.playing->pending;
	/* It asks the scheduler if it finds nobody there. */
	pid = r->kind == LOG_DEQUEUE		     ? r->pid :
	      r->kind == LOG_BEGIN + LOG_OP_DISPATCH ? 0 :
						       replay_runs_next((u32)cpu);
	for (p = first_for(dsq, cpu); p && p->t.pid != pid; p = next_for(p, cpu)) {
		if (!replay_is_between(p))
			replay_refuse(r, "the model finds pid %d in queue %llx",
				      p->t.pid, dsq->q.id);
		sim_replayed.races++;
	}
	return p;
}
