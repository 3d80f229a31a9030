// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plays a log line by line: each either begins something on its CPU, or goes on with
 * it.
 */
#include "replay.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A CPU that was told to look who is next, or to kick others, does so within this
 * time.
 */
#define DUE_NS (20 * MS)

/* Looks without a reason that the model knows: more are no accident. */
#define UNASKED_ONE_IN 10

#define WF_EXEC 0x02
#define TAIL 200
struct sim_replayed sim_replayed;
u32 replay_at;

struct replay replay;

struct player *replay_player(void)
{
	return replay.playing;
}

bool replay_was_seen(s32 pid)
{
	return replay.seen[pid];
}

void replay_refuse(const struct record *r, const char *format, ...)
{
	char what[128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	flaw(SIM_FLAW_MODEL, "line %u, CPU %u, '%s' of pid %d: %s", r->line, r->cpu,
	     replay_word(r), r->pid, what);
	sim_replayed.line = r->line;
	while (replay.playing)
		coroutine_pause(&replay.playing->routine);
}

/* ---- tasks ---- */

struct affinity *replay_affinity(u64 bits)
{
	struct sim_mask mask = {};

	mask.bits[0] = sim.cpus < 64 ? bits & ((1ULL << sim.cpus) - 1) : bits;
	return affinity_of(mask.bits[0] ? &mask : &sim.online_mask);
}

static struct task *make_task(s32 pid, u64 cpus, u32 class)
{
	struct task *p = new_task(0, 0, replay_affinity(cpus), 0);

	rename_task(p, pid);
	p->alive = true;
	p->guessed = true;
	p->class = class;
	replay.by_pid[pid] = p;
	return p;
}

struct task *replay_task(s32 pid)
{
	return replay.by_pid[pid] ? replay.by_pid[pid] :
				    make_task(pid, ~0ULL, CLASS_EXT);
}

/* What the kernel says of a task has to be what the model says, but where it is new. */
static void play_task(const struct record *r)
{
	struct task *p = replay.by_pid[r->pid];

	if (!p)
		p = make_task(r->pid, r->a, (u32)r->at);
	if (!replay.seen[r->pid] && !p->waits) {
		use_affinity(p, replay_affinity(r->a));
		p->t.scx.weight = (u32)r->c;
	}
	p->t.flags = (unsigned int)r->b;
	if (p->affinity != replay_affinity(r->a))
		replay_refuse(r, "in the model it may run on %llx",
			      p->affinity->mask.bits[0]);
	if (p->t.scx.weight != r->c)
		replay_refuse(r, "in the model its weight is %u", p->t.scx.weight);
}

/* ---- line by line ---- */

static void body(void *argument)
{
	replay_begin(argument);
	if (replay.playing->inserted)
		replay_refuse(replay.playing->inserted, "the model moves nobody");
}

/* A line that can be in the middle of the end of a task. */
static bool begins_within(const struct player *outer, const struct record *r)
{
	return replay_log.records[outer->begin].kind == LOG_DEAD &&
	       r->kind != LOG_BEGIN + LOG_OP_DISABLE &&
	       r->kind != LOG_BEGIN + LOG_OP_EXIT_TASK &&
	       r->kind != LOG_END + LOG_OP_DISABLE &&
	       r->kind != LOG_END + LOG_OP_EXIT_TASK;
}

static struct player *player_of(const struct record *r)
{
	struct player *outer = &replay.players[r->cpu][0];

	if (replay.players[r->cpu][1].active ||
	    (outer->active && begins_within(outer, r)))
		return &replay.players[r->cpu][1];
	return outer;
}

static void play_line(const struct record *r)
{
	struct player *me = player_of(r);
	u32 last = me->record ? (u32)(me->record - replay_log.records) : 0;

	replay.playing = me;
	me->last = last;
	if (me->active) {
		me->record = r;
		coroutine_resume(&me->routine);
	} else {
		struct coroutine routine = me->routine;

		*me = (struct player){ .routine = routine,
				       .cpu = r->cpu,
				       .begin = replay_at,
				       .last = last,
				       .record = r,
				       .active = true };
		sim.moment = (struct moment){ .here = r->cpu };
		coroutine_begin(&me->routine, body, (void *)r);
		coroutine_resume(&me->routine);
	}
	me->active = !me->routine.is_over;
	replay.playing = NULL;
	/* It came to its end without this line, which begins something else then. */
	if (!me->active && me->pending == r && me->begin != replay_at)
		play_line(r);
}

static void tells_where(const struct record *r)
{
	if (replay.players[r->cpu][0].ops)
		return; /* it is moved by a call, which has not returned */
	if (r->kind == LOG_SELECT || r->kind == LOG_ENQUEUE || r->kind == LOG_DEQUEUE ||
	    r->kind == LOG_ASK || r->kind == LOG_TICK || r->kind == LOG_SWITCH)
		replay.seen[r->pid] = true;
}

/* What a CPU owes has to come in time. */
static void check_dues(const struct record *r)
{
	for (u32 cpu = 0; cpu < sim.cpus; cpu++) {
		const struct cpu *rq = &sim.cpu[cpu];

		if (!rq->need_resched || !replay.known[cpu] ||
		    (rq->curr && rq->curr->class == CLASS_RT))
			replay.told_at[cpu] = r->time;
		if (!rq->irq_work)
			replay.kicks_at[cpu] = r->time;
		if ((s64)(r->time - replay.told_at[cpu]) > (s64)DUE_NS)
			replay_refuse(
				r, "the model's CPU %u had to look who is next before",
				cpu);
		if ((s64)(r->time - replay.kicks_at[cpu]) > (s64)DUE_NS)
			replay_refuse(r, "the model's CPU %u had to kick others before",
				      cpu);
	}
}

static u32 smaller(u32 a, u32 b)
{
	return a < b ? a : b;
}

static void start(void)
{
	struct sim_machine machine = { .mode = replay_log.user ? SIM_MODE_USER :
								 SIM_MODE_BPF,
				       .cpus = replay_log.cpus,
				       .kernel = replay_log.kernel };
	machine_reset(&machine);
	sim.replaying = true;
	replay_ops_are(sim.ops);
	sim.idle_mask = (struct sim_mask){};
	replay_ops_reset();
	memset(replay.players, 0, sizeof(replay.players));
	memset(replay.known, 0, sizeof(replay.known));
	memset(replay.claimed_before, 0, sizeof(replay.claimed_before));
	memset(replay.late_rt, 0, sizeof(replay.late_rt));
	memset(replay.yielded, 0, sizeof(replay.yielded));
	memset(replay.clocks, 0, sizeof(replay.clocks));
	free(replay.by_pid);
	free(replay.seen);
	replay.by_pid = calloc(SIM_PID_MAX + 1, sizeof(*replay.by_pid));
	replay.seen = calloc(SIM_PID_MAX + 1, 1);
	if (!replay.by_pid || !replay.seen)
		abort();
	sim_replayed = (struct sim_replayed){};
}

const struct sim_replayed *sim_replay(const char *text, size_t length)
{
	const char *wrong = replay_read(text, length);
	u32 end;

	sim_replayed = (struct sim_replayed){};
	if (wrong) {
		snprintf(sim_replayed.text, sizeof(sim_replayed.text), "%s", wrong);
		return &sim_replayed;
	}
	/* The last lines are looked ahead at, and what they begin may not end in them. */
	end = replay_log.count - smaller(replay_log.count / 4, TAIL);
	start();
	for (replay_at = 0; replay_at < end && !sim.report.flaw; replay_at++) {
		const struct record *r = &replay_log.records[replay_at];

		sim_replayed.line = r->line;
		if (r->b && r->kind != LOG_INSERT && r->kind >= LOG_ENQUEUE &&
		    r->kind <= LOG_TICK)
			replay.clocks[r->at] = r->b;
		/*
		 * A task that another CPU changes is accounted by its own CPU's clock.
		 */
		sim.now = replay.clocks[r->kind == LOG_DEQUEUE ? r->at : r->cpu];
		if (r->kind == LOG_TASK) {
			play_task(r);
			continue;
		}
		if (r->kind == LOG_ASK || r->kind == LOG_TICK ||
		    (r->kind == LOG_DEQUEUE && (r->a & DEQUEUE_SLEEP)))
			replay_learns_current(r);
		if (r->kind == LOG_SELECT && (r->a & WF_EXEC))
			continue; /* nothing comes of it */
		play_line(r);
		tells_where(r);
		check_dues(r);
	}
	sim_replayed.lines = replay_at;
	if (!sim.report.flaw &&
	    sim_replayed.unasked * UNASKED_ONE_IN > sim_replayed.switches)
		flaw(SIM_FLAW_MODEL,
		     "it knows no reason why a CPU looked who is next %llu times",
		     sim_replayed.unasked);
	if (sim.report.flaw)
		snprintf(sim_replayed.text, sizeof(sim_replayed.text), "%s%s",
			 strncmp(sim.report.text, "line ", 5) ? "the model says: " : "",
			 sim.report.text);
	sim.replaying = false;
	return &sim_replayed;
}
