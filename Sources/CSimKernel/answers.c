// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mode: the daemon's answers beside what its policy decided, how the backend carries
 * them out, when the daemon has its turn, and what is done without it.
 */
#include "model.h"
#include <stdlib.h>

static struct {
	struct sp_answer *answers; /* of this pass, in the order of the decisions */
	u32 count, room;
} due;
static u64 published; /* answers that were looked at when they were published */
static u64 come; /* those that were looked at when the backend had taken them */
static u64 waits_come; /* of those, answers to a wait */
static u64 meant; /* of those, answers to a wait that was not over */
static u64 moved; /* tasks that an answer let go */
static u32 last_wait; /* the highest number so far */
static u64 passes, passes_before; /* finished, and when it stood by last */
static u64 turn_at; /* when a CPU gave way to the daemon; 0: it stands by */
static u64 seen_at; /* when it had its last turn, or stood by last */
static u64 stood_at; /* when it stood by last */
/*
 * When the turn began in whose middle it slept first; 0: it made a pass since, or the backend
 * saw that it sleeps.
 */
static u64 slept_at;
static bool was_gone;
static s32 called_last; /* the CPU that was called back last */
static bool is_called; /* and it has not asked yet */
static bool answers_call; /* the CPU that asks is that one */

void answers_reset(void)
{
	due.count = 0;
	published = come = waits_come = meant = moved = 0;
	last_wait = 0;
	called_last = 0;
	is_called = answers_call = false;
	passes = passes_before = turn_at = seen_at = slept_at = stood_at = 0;
	confined_reset();
	was_gone = true;
}

/* ---- the daemon's side ---- */

void expect_answer(u32 pid, u32 wait, u64 slice_ns, u32 queue, s32 cpu)
{
	if (due.count == due.room) {
		due.room = due.room * 2 + 64;
		due.answers = realloc(due.answers, due.room * sizeof(*due.answers));
		if (!due.answers)
			abort();
	}
	due.answers[due.count++] = (struct sp_answer){
		.slice_ns = slice_ns > 0xffffffffULL ? 0xffffffffU : (u32)slice_ns,
		.queue = (sp_u16)queue,
		.cpu = (sp_s16)cpu,
		.pid = pid,
		.wait = wait,
	};
}

/* A pass is over. */
void check_published(void)
{
	const struct sp_answers *ring = sim_answers();
	const struct sp_answer *is, *was;

	passes++;
	if (ring->daemon.answers_head - published != due.count)
		flaw(SIM_FLAW_ORDER, "%llu answers are published, and %u were decided",
		     ring->daemon.answers_head - published, due.count);
	for (u32 i = 0; i < due.count; i++) {
		is = &ring->ring[(published + i) & (SP_ANSWERS - 1)];
		was = &due.answers[i];
		if (is->pid != was->pid || is->wait != was->wait)
			flaw(SIM_FLAW_ORDER,
			     "pid %u, wait %u is answered, and not pid %u, wait %u",
			     is->pid, is->wait, was->pid, was->wait);
		if (is->slice_ns != was->slice_ns)
			flaw(SIM_FLAW_SLICE, "pid %u is to run for %u ns, not %u",
			     is->pid, was->slice_ns, is->slice_ns);
		if (is->queue != was->queue || is->cpu != was->cpu)
			flaw(SIM_FLAW_QUEUE,
			     "pid %u is for CPU %d as of class %u, not %d and %u",
			     is->pid, was->cpu, was->queue, is->cpu, is->queue);
	}
	published += due.count;
	due.count = 0;
	if (ring->daemon.passes != passes)
		flaw(SIM_FLAW_COUNTERS, "%llu passes, and it were %llu",
		     ring->daemon.passes, passes);
	if (ring->daemon.waiting != picks_waiting())
		flaw(SIM_FLAW_COUNTERS, "%llu wait in the daemon, and it were %u",
		     ring->daemon.waiting, picks_waiting());
}

/* A wait began that there was no room to tell of. */
void wait_not_told(void)
{
	last_wait++;
}

u64 passes_made(void)
{
	return passes;
}

/* ---- the backend's side ---- */

bool stands_in(const struct task *p, u64 id)
{
	return p->t.scx.dsq && p->t.scx.dsq->id == id;
}

static bool is_kicked(s32 cpu)
{
	const struct cpu *here = &sim.cpu[sim.moment.here];

	for (u32 i = 0; i < here->nkicks; i++)
		if (here->kicks[i].cpu == cpu)
			return true;
	return false;
}

/*
 * The answer to a tick: if the task still runs as it did then, its slice is over, and its CPU is told to
 * look. One that stands aside for the daemon gives way when it goes on.
 */
static void answered_tick(struct task *p, u32 wait)
{
	if (!wait || p->run_wait != wait || !is_queued(p))
		return;
	if (sim.cpu[p->cpu].curr != p) {
		p->goes_aside = p->is_aside;
		return;
	}
	sim.moment.kicks_due++;
	sim.report.effects++;
	sim.counts[SP_COUNT_GAVE_WAY]++;
	/* Where it is the one whose CPU asks, it may go on for want of another. */
	if (is_undisturbed() &&
	    (!is_kicked(p->cpu) || (p->t.scx.slice && p->cpu != sim.moment.here)))
		PAIR_FLAW(SIM_FLAW_SLICE, "pid %d was to give way", p->t.pid);
}

/* What the backend took from the ring since: the classes that answers tell. */
void answers_come(void)
{
	const struct sp_answers *ring = sim_answers();
	const struct sp_answer *answer;
	struct task *p;

	if (ring->asked.tail > ring->daemon.answers_head)
		flaw(SIM_FLAW_ORDER, "answers are taken that are not there");
	if (*sim.backend->early > sim.backend->status->counters[SP_COUNT_EARLY])
		flaw(SIM_FLAW_COUNTERS,
		     "%u answers are laid aside, and %llu were early",
		     *sim.backend->early,
		     sim.backend->status->counters[SP_COUNT_EARLY]);
	for (; come < ring->asked.tail; come++) {
		answer = &ring->ring[come & (SP_ANSWERS - 1)];
		waits_come += answer->wait != 0;
		p = task_by_pid(answer->pid);
		if (!p)
			continue;
		p->told.queue = answer->queue;
		if (answer->cpu == SP_ANSWER_GIVE_WAY) {
			answered_tick(p, answer->wait);
			continue;
		}
		meant += answer->wait && answer->wait == p->told.wait && !p->told.back;
		if (answer->wait && answer->wait == p->told.wait &&
		    stands_in(p, DSQ_HELD) && !sim.machine.overlap)
			flaw(SIM_FLAW_ORDER, "the answer to pid %d is dropped",
			     p->t.pid);
	}
}

/* An answer is carried out. */
void moves_by_answer(void)
{
	moved++;
}

void check_answers_taken(void)
{
	const u64 *c = sim.backend->status->counters;
	u64 aside;

	answers_come();
	aside = waits_come - moved - c[SP_COUNT_STALE];
	/* Those laid aside are tried again. */
	if (aside != *sim.backend->early || aside > c[SP_COUNT_EARLY])
		flaw(SIM_FLAW_COUNTERS,
		     "%llu answers: %llu carried out, %llu stale, %llu early, %u laid aside",
		     waits_come, moved, c[SP_COUNT_STALE], c[SP_COUNT_EARLY],
		     *sim.backend->early);
	/*
	 * Where no callback is stopped in its middle, those that are early are of tasks
	 * taken by arrival that did not run yet; else they are stale.
	 */
	if (!sim.machine.overlap && c[SP_COUNT_EARLY] != meant - moved)
		flaw(SIM_FLAW_COUNTERS,
		     "%llu answers came early, and %llu of %llu were carried out",
		     c[SP_COUNT_EARLY], moved, meant);
}

/* The number of a wait that is told. */
void check_wait_number(u32 wait)
{
	/* Where callbacks overlap, those that there was no room for have numbers in between. */
	bool doubtful = sim.machine.overlap && sim.counts[SP_COUNT_RING_FULL];
	/* So many may be told of by others while a CPU is stopped before it tells. */
	s32 far = 1024 + 16 * (s32)sim.cpus;

	if (!wait || (s32)(wait - last_wait) > far || (s32)(wait - last_wait) < -far ||
	    (wait == last_wait && !doubtful))
		flaw(SIM_FLAW_INPUT, "wait %u comes after wait %u", wait, last_wait);
	if ((s32)(wait - last_wait) > 0)
		last_wait = wait;
}

/* ---- turns ---- */

static bool may_take_sole(void);
static bool may_run_on(const struct task *p, s32 cpu);

static bool is_overdue(void)
{
	return turn_at && (s64)(sim.now - turn_at) >= (s64)OVERDUE_NS;
}

static u64 left_of(u64 turn)
{
	return turn && (s64)(sim.now - turn) < (s64)OVERDUE_NS ?
		       turn + OVERDUE_NS - sim.now + 1 :
		       0;
}

/*
 * How long the daemon's turn goes on before it is overdue, with the moment after it; 0: it has
 * none, or stands by in the middle of it. @slept: of one that sleeps in the middle of a pass, which the backend may not have seen.
 */
u64 turn_left(u64 *slept)
{
	*slept = left_of(slept_at);
	return sim.daemon && stands_in(sim.daemon, DSQ_DAEMON) ? 0 : left_of(turn_at);
}

/* The same as a backend may see it which looked at the clock before it was stopped. */
static bool may_be_overdue(void)
{
	const u64 ns = sim.machine.overlap ? MS : 0;
	/* Nor may it have seen that the daemon slept in the middle of a pass. */
	const u64 at = slept_at ? slept_at : turn_at;

	return at && (s64)(sim.now + ns - at) >= (s64)OVERDUE_NS;
}

/* The daemon has nothing to read, to decide or to be carried out. */
static bool knows_nobody(void)
{
	const struct sp_answers *ring = sim_answers();

	return *(u64 *)sim_events_consumer() == *(u64 *)sim_events_producer() &&
	       ring->asked.tail == ring->daemon.answers_head && !ring->daemon.waiting;
}

void daemon_takes_turn(const struct task *p)
{
	(void)p;
	/* Also what this CPU has just laid aside. */
	answers_come();
	sim.moment.was_sole = may_take_sole();
	/* As exactly as the backend knows it. */
	turn_at = (((turn_at ? turn_at : sim.now) + NOW_ORIGIN) &
		   ~(u64)(SP_CPUS_MAX - 1)) |
		  (u32)sim.moment.here;
	turn_at -= NOW_ORIGIN;
	seen_at = sim.now;
	calls_end();
	sim.counts[SP_COUNT_DAEMON_RUNS]++;
	sim.moment.turn = true;
	picks_disturbed();
}

/* It sleeps. */
void daemon_leaves(void)
{
	was_gone = true;
	if (!slept_at)
		slept_at = turn_at;
	turn_at = 0;
}

void daemon_stands_by(struct task *p)
{
	if (!stands_in(p, DSQ_DAEMON) || p->t.scx.slice != 20 * MS)
		flaw(SIM_FLAW_QUEUE, "the daemon does not stand by");
	/* Else it lost its CPU in the middle of a pass. */
	if (was_gone || passes != passes_before)
		turn_at = 0;
	if (was_gone || passes != passes_before)
		stood_at = sim.now;
	if (passes != passes_before)
		slept_at = 0;
	passes_before = passes;
	seen_at = sim.now;
	was_gone = false;
}

/* The CPU that was put off and comes next after the last one that was called back, or -1. */
static s32 next_put_off(s32 last)
{
	s32 n = (s32)sim.cpus;

	for (s32 i = 1; i <= n; i++)
		if (sim.cpu[((last - i) % n + n) % n].put_off)
			return ((last - i) % n + n) % n;
	return -1;
}

/*
 * One of those that the daemon put off is told to ask, while somebody waits: @due, when it
 * stands by again, or when the one that was called has asked and has no use for it.
 */
static void check_called(bool due)
{
	const bool waits = ALONE_ASKED || find_dsq_by_id(DSQ_HELD, 0)->q.nr;
	s32 next = due && waits && !is_confined() ? next_put_off(called_last) : -1;
	bool called = sim.moment.preempts != 0;

	if (called) {
		called_last = sim.moment.preempted;
		sim.cpu[called_last].put_off = false;
		is_called = true;
	}
	/* Where callbacks overlap, a CPU is put off in the middle of one. */
	if (sim.machine.overlap)
		return;
	if (called != (next >= 0) || (called && sim.moment.preempted != next))
		flaw(SIM_FLAW_KICK, "CPU %d is called back, not CPU %d",
		     called ? sim.moment.preempted : -1, next);
}

static bool some_says_idle(s32 first)
{
	for (s32 cpu = first; cpu < first + 64 && (u32)cpu < sim.cpus; cpu++)
		if (sim.cpu[cpu].says_idle)
			return true;
	return false;
}

/* The daemon's ops.enqueue returned. */
void check_call_back(void)
{
	check_called(true);
	if (is_confined() && !sim.moment.kicks && is_undisturbed() &&
	    find_dsq_by_id(DSQ_HELD, 0)->q.nr && some_says_idle(sim.daemon->cpu & ~63))
		flaw(SIM_FLAW_KICK,
		     "no idle CPU calls for the daemon, which stands by");
}

/* @p is taken by arrival, past the daemon. */
void check_fall_back(const struct task *p)
{
	const struct task *daemon = sim.daemon;

	sim.moment.fell_back = true;
	if (is_overdue() || calls_are_vain())
		sim.counts[SP_COUNT_OVERDUE]++;
	if (!daemon || !is_queued(daemon) || is_overdue() ||
	    (is_elsewhere(sim.moment.here) && calls_are_vain())) {
		sim.counts[SP_COUNT_FALLBACK]++;
		return;
	}
	sim.counts[SP_COUNT_LOST]++;
	if (is_undisturbed() && !may_be_overdue() && !sim.machine.faults.hotplug_ns &&
	    !(knows_nobody() && stands_in(daemon, DSQ_DAEMON)))
		flaw(SIM_FLAW_ORDER,
		     "pid %d is taken past the daemon, which is at work for %.3f ms",
		     p->t.pid, turn_at ? (double)(sim.now - turn_at) / 1e6 : 0.0);
}

/* @p, which an answer lets go, goes to @cpu, or @here: who has to be woken for it? */
void picked_for(const struct task *p, s32 cpu, bool here)
{
	const bool pinned = p->t.nr_cpus_allowed == 1 || p->section;

	if (here && sim.moment.picked && is_undisturbed())
		flaw(SIM_FLAW_ORDER,
		     "pid %d overtakes %u tasks that were picked before", p->t.pid,
		     sim.moment.picked);
	if (cpu >= 0)
		sim.counts[SP_COUNT_WRONG_CPU] += !may_run_on(p, cpu);
	if (pinned)
		cpu = p->cpu;
	if (cpu < 0)
		sim.moment.fell_back = true; /* it is not known for whom it was */
	if (here || cpu == sim.moment.here || cpu < 0)
		return;
	if (sim.cpu[cpu].says_idle) {
		sim.moment.kicks_due++;
		return;
	}
	for (u32 word = 0; !pinned && word < (sim.cpus + 63) / 64; word++)
		if (sim.idle_mask.bits[word] & p->affinity->mask.bits[word]) {
			sim.moment.kicks_due++;
			return;
		}
}

#define DAEMON_IDLE_NS (500 * MS)
#define UNREAD_MAX (256 * (sizeof(struct sp_notice) + 8))

static u64 unread(void)
{
	return *(u64 *)sim_events_producer() - *(u64 *)sim_events_consumer();
}

/* Whether a CPU that has no task may take the only one that waits: nothing is to choose. */
static bool may_take_sole(void)
{
	const u64 *c = sim.backend->status->counters;
	const struct sp_answers *ring = sim_answers();
	const struct task *daemon = sim.daemon;

	return !sim.machine.ask_always && unread() <= UNREAD_MAX &&
	       find_dsq_by_id(DSQ_HELD, 0)->q.nr == 1 && daemon &&
	       stands_in(daemon, DSQ_DAEMON) &&
	       ring->asked.tail == ring->daemon.answers_head &&
	       waits_come - moved == c[SP_COUNT_STALE] &&
	       sim.now - stood_at <= DAEMON_IDLE_NS;
}

/* It is taken unasked. */
void check_sole(const struct task *p)
{
	const struct task *prev = sim.moment.dispatching;

	answers_come();
	if (prev && is_queued(prev))
		flaw(SIM_FLAW_ORDER, "pid %d is taken unasked before pid %d", p->t.pid,
		     prev->t.pid);
	if (is_undisturbed() && !may_take_sole())
		flaw(SIM_FLAW_ORDER, "pid %d is taken unasked, and is not alone",
		     p->t.pid);
}

/* However little there is to do, it has its turn now and then. */
void check_daemon_waits(void)
{
	const struct task *daemon = sim.daemon;
	const u64 ns = unread() ? 1600 * MS : 3600 * MS;

	if (daemon && stands_in(daemon, DSQ_DAEMON) && sim.now - stood_at > ns)
		flaw(SIM_FLAW_WAIT, "the daemon has stood by for %.3f ms",
		     (double)(sim.now - stood_at) / 1e6);
}

static bool may_run_on(const struct task *p, s32 cpu)
{
	return allowed(p, cpu) && (!p->t.migration_disabled || p->cpu == cpu);
}

/* Whether somebody stands in the queue who may run on @cpu, among the oldest and the newest. */
static bool has_task_for(u64 id, s32 cpu)
{
	const struct dsq *dsq = find_dsq_by_id(id, cpu);
	const struct task *p;
	u32 left = LOOK_MAX / 2;

	for (p = dsq->head; p && left; p = p->next, left--)
		if (may_run_on(p, cpu))
			return true;
	left = LOOK_MAX / 2;
	for (p = dsq->tail; p && left; p = p->prev, left--)
		if (may_run_on(p, cpu))
			return true;
	return false;
}

/* There may be one among the others: the backend asks, or has asked in vain a moment ago. */
static bool may_have_task_for(u64 id, s32 cpu)
{
	return find_dsq_by_id(id, cpu)->q.nr > LOOK_MAX && !has_task_for(id, cpu);
}

/* The same, for a CPU that is about to idle. */
bool waits_for_idle(s32 cpu)
{
	if (has_task_for(DSQ_PICKED_ON + (u32)cpu, cpu) ||
	    has_task_for(DSQ_PICKED, cpu))
		return true;
	/* It may pass for one that is at work, unless it stands by. */
	if (!(sim.daemon && stands_in(sim.daemon, DSQ_DAEMON)) &&
	    (turn_at || sim.now - seen_at <= OVERDUE_NS + 5 * MS))
		return false;
	return has_task_for(DSQ_HELD, cpu);
}

/* Whether a CPU on which the daemon may not run called for it, for @caller: a CPU, or nobody. */
static bool is_call(u32 caller)
{
	if (caller == SP_ASKED_NOBODY)
		return sim.machine.faults.daemon_affinity_ns &&
		       WANTS(SP_WANTS_TICK_BIT);
	return has_called(caller) || may_have_called();
}

static void check_asked(s32 cpu, const struct task *prev)
{
	const struct sp_asked *asked = &((struct sp_answers *)sim_answers())->asked;
	const u64 now = asked->now - NOW_ORIGIN;
	const u64 unread =
		*(u64 *)sim_events_producer() - *(u64 *)sim_events_consumer();
	bool goes = prev && is_queued(prev) && is_told_of(prev, 0);

	/*
	 * A pair's tick: its task lets the daemon in, and nobody is picked for the CPU. A tick that was
	 * stopped may note so when the task has let it in, and runs again: it does once more.
	 */
	if (prev && (prev->tick_told || sim.machine.overlap) &&
	    asked->cpu == SP_ASKED_NOBODY)
		goes = false;
	else if (asked->cpu != (u32)cpu && is_call(asked->cpu))
		goes = false;
	else if (asked->cpu != (u32)cpu)
		flaw(SIM_FLAW_INPUT, "CPU %d asks, and the daemon is told of %u", cpu,
		     asked->cpu);
	if (now < sim.moment.began || now > sim.now)
		flaw(SIM_FLAW_INPUT,
		     "the daemon is asked at %llu, and not now, at %llu", now, sim.now);
	if (asked->turns != sim.counts[SP_COUNT_DAEMON_RUNS] && is_undisturbed())
		flaw(SIM_FLAW_INPUT, "the daemon is told of %llu turns, not %llu",
		     asked->turns, sim.counts[SP_COUNT_DAEMON_RUNS]);
	if (asked->prev_pid || asked->prev_generation) {
		if (!prev || !is_queued(prev) || asked->prev_pid != prev->told.pid ||
		    (prev->told.generation &&
		     asked->prev_generation != prev->told.generation))
			flaw(SIM_FLAW_INPUT,
			     "CPU %d is asked for with pid %u, not its own", cpu,
			     asked->prev_pid);
	} else if (goes && prev->told.pid == (u32)prev->t.pid && is_undisturbed() &&
		   unread <= SP_EVENT_RING / 2 && !has_sets() &&
		   has_task_for(DSQ_HELD, cpu)) {
		flaw(SIM_FLAW_INPUT, "CPU %d asks, and its pid %d is not told of", cpu,
		     prev->t.pid);
	}
}

static u64 retried(void)
{
	return sim.backend->status->counters[SP_COUNT_RETRIED];
}

void dispatch_begins(s32 cpu)
{
	const struct task *prev = sim.moment.dispatching;

	sim.cpu[cpu].put_off = false;
	answers_call = is_called && called_last == cpu;
	if (answers_call)
		is_called = false;
	if (sim.machine.mode == SIM_MODE_USER) {
		sim.moment.tail = ((struct sp_answers *)sim_answers())->asked.tail;
		sim.moment.picked = find_dsq_by_id(DSQ_PICKED, 0)->q.nr;
		sim.moment.retried = retried();
	}
	/* The backend sees that the daemon sleeps. */
	if (prev && prev->daemon && !is_queued(prev))
		slept_at = 0;
	sim.moment.turn = sim.moment.fell_back = sim.moment.was_sole = false;
	sim.moment.elsewhere = is_elsewhere(cpu);
	sim.moment.kicks_due = 0;
	sim.moment.sole = sim.moment.taken_told = 0;
}

/* Whether the daemon is told that @cpu idles. */
static bool is_told_idle(s32 cpu)
{
	const struct sp_answers *ring = sim_answers();

	return ring->asked.idle[cpu / 64] >> (cpu & 63) & 1;
}

/*
 * A CPU that has idled since before attachment goes on idling, of which the kernel tells
 * nobody: the backend may have told the daemon itself.
 */
static void idles_on(s32 cpu)
{
	struct cpu *rq = &sim.cpu[cpu];

	if (rq->curr || rq->says_idle || !rq->online || !is_told_idle(cpu))
		return;
	rq->says_idle = true;
	rq->said_at = sim.now;
}

/* @prev lets go of its CPU for nobody: the daemon, which may not run there, is to choose. */
static void check_joins(struct task *prev, s32 cpu)
{
	prev->joins = true;
	if (!may_have_called() && !is_elsewhere(cpu))
		flaw(SIM_FLAW_SLICE, "pid %d lets go of CPU %d for nobody", prev->t.pid,
		     cpu);
	if (!is_told_of(prev, 0) && !sim.machine.overlap)
		flaw(SIM_FLAW_INPUT, "pid %d lets go of its CPU, and nobody is told",
		     prev->t.pid);
}

/* Nobody came: who is here goes on, and for how long? */
static void check_stays(s32 cpu, struct task *prev)
{
	const bool asks = retried() != sim.moment.retried;
	const bool held =
		may_have_task_for(DSQ_HELD, cpu) ? asks : has_task_for(DSQ_HELD, cpu);
	const bool goes = prev && is_queued(prev) && !prev->daemon;
	const struct task *daemon = sim.daemon;
	/* So long it may pass for one that is at work, or on its way. */
	const bool missed = held && sim.now - seen_at <= OVERDUE_NS + 5 * MS;
	const bool calls = is_elsewhere(cpu), vain = calls && calls_are_vain();
	u64 slice = sim.machine.policy.slice_max_ns;

	/* One that sleeps may pass for one at work. */
	sim.cpu[cpu].put_off = goes && asks;
	/* Where callbacks overlap somebody may preempt it just then. */
	if (goes && !prev->t.scx.slice &&
	    (calls || may_have_called() || !sim.machine.overlap)) {
		check_joins(prev, cpu);
		return;
	}
	if (held && daemon && is_queued(daemon) && !is_overdue() && !vain) {
		sim.counts[SP_COUNT_RETRIED]++;
		if (is_undisturbed() && calls && goes && is_told_of(prev, 0) &&
		    !knows_nobody())
			flaw(SIM_FLAW_ORDER,
			     "pid %d goes on where the daemon cannot come",
			     prev->t.pid);
		slice = RETRY_SLICE_NS;
		/* One that it does not know waits until it is certain that it does not. */
		if (is_undisturbed() && stands_in(daemon, DSQ_DAEMON) && !turn_at &&
		    !calls && !knows_nobody())
			flaw(SIM_FLAW_ORDER,
			     "the daemon stands by, and CPU %d does not ask", cpu);
		/* It is the daemon that will kick it. */
		if (is_undisturbed() && !sim.cpu[cpu].curr && !is_told_idle(cpu))
			flaw(SIM_FLAW_KICK,
			     "CPU %d goes on idling, and the daemon is not told", cpu);
	} else if (held && is_undisturbed() &&
		   find_dsq_by_id(DSQ_HELD, 0)->q.nr <= 32 && !missed) {
		flaw(SIM_FLAW_ORDER,
		     "CPU %d takes nobody past the daemon, which is away", cpu);
	}
	if (!is_undisturbed())
		return;
	if (goes && prev->t.scx.slice != slice &&
	    !(missed && prev->t.scx.slice == RETRY_SLICE_NS))
		flaw(SIM_FLAW_SLICE, "pid %d was to go on for %llu ns, not %llu",
		     prev->t.pid, slice, prev->t.scx.slice);
	if (has_task_for(DSQ_PICKED_ON + (u32)cpu, cpu) ||
	    (has_task_for(DSQ_PICKED, cpu) &&
	     find_dsq_by_id(DSQ_PICKED, 0)->q.nr <= 32))
		flaw(SIM_FLAW_ORDER, "CPU %d takes nobody, and one is picked for it",
		     cpu);
}

/* ops.dispatch returned. */
void check_turn(s32 cpu, struct task *prev, bool came)
{
	const struct sp_answers *ring = sim_answers();
	const bool goes = prev && is_queued(prev) && !prev->daemon;

	sim.report.effects++;
	answers_come();
	if (is_confined())
		check_call(cpu, !came && !goes && !knows_nobody() &&
					is_elsewhere(cpu) &&
					find_dsq_by_id(DSQ_HELD, 0)->q.nr <= 32 &&
					has_task_for(DSQ_HELD, cpu));
	else
		check_called(answers_call && sim.daemon &&
			     stands_in(sim.daemon, DSQ_DAEMON));
	if (sim.moment.turn) {
		check_asked(cpu, prev);
		if (is_undisturbed() && !(prev && is_queued(prev)) &&
		    sim.machine.faults.daemon == SIM_DAEMON_FINE && !is_confined() &&
		    sim.moment.was_sole && has_task_for(DSQ_HELD, cpu))
			flaw(SIM_FLAW_ORDER,
			     "CPU %d asks about the only one that waits", cpu);
	}
	if (is_undisturbed() && !sim.machine.faults.hotplug_ns &&
	    !sim.moment.fell_back && sim.moment.kicks != sim.moment.kicks_due)
		flaw(SIM_FLAW_KICK, "%u CPUs are woken for what is picked, not %u",
		     sim.moment.kicks, sim.moment.kicks_due);
	if (sim.moment.sole != sim.moment.taken_told)
		flaw(SIM_FLAW_INPUT, "CPU %d took %u alone, and told of %u", cpu,
		     sim.moment.sole, sim.moment.taken_told);
	/* Interrupted in the middle of its pass, the daemon goes on before all else. */
	if (!came && prev && prev->daemon && is_queued(prev) &&
	    passes == passes_before && turn_at && !is_overdue()) {
		if (prev->t.scx.slice != 20 * MS)
			flaw(SIM_FLAW_SLICE, "the daemon does not go on with its pass");
		return;
	}
	if (!came) {
		/* No callback goes on for ever. */
		if (is_undisturbed() && ring->asked.tail != ring->daemon.answers_head &&
		    ring->asked.tail - sim.moment.tail < 256)
			flaw(SIM_FLAW_ORDER, "CPU %d leaves answers in the ring", cpu);
		check_stays(cpu, prev);
		idles_on(cpu);
	}
	if (prev && is_queued(prev) && prev->t.scx.slice && !prev->daemon &&
	    sim.machine.policy.preempt && !(prev->t.flags & PF_KTHREAD))
		note_gives_way(cpu, prev->told.queue == SP_QUEUE_REGULAR);
}
