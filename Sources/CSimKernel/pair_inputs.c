// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF mode of a pair of which not all of the mechanism is modelled: what its events tell. Of
 * queues of its own and of places; and of the events that only such a pair is told of.
 */
#include "model.h"
#include "inputs.h"
#include <string.h>

/* What the backend was told before it was loaded; NULL: it has no such constant. */
const volatile void *pair_constant(const char *name)
{
	const struct sim_constant *constant = sim.backend->constants;

	while (constant->name && strcmp(constant->name, name))
		constant++;
	return constant->at;
}

/* How many queues of its own the pair has here; 0: none. */
u32 pair_queues(void)
{
	const volatile u32 *count = pair_constant("own_count");

	return count ? *count : 0;
}

/* ---- queues and places ---- */

#ifdef SP_OWN_QUEUES

static u64 place_of(s32 cpu)
{
	const volatile u64 *places = pair_constant("cpu_places");

	return places[(u32)cpu & (SP_CPUS_MAX - 1)];
}

/* The queue that is near to @cpu, or to a task whose queue is @queue. */
static u32 near_queue(s32 cpu, u32 queue)
{
	const volatile bool *by_task = pair_constant("own_by_task");
	const volatile sp_u16 *near = pair_constant("own_near");

	if (*by_task)
		return queue < pair_queues() ? queue : 0;
	return near[(u32)cpu & (SP_CPUS_MAX - 1)];
}

static void check_waiting(const struct sp_event *event, u32 near)
{
	u32 here = 0, others = 0, waiting;

	for (u32 queue = 0; queue < pair_queues(); queue++) {
		waiting = find_dsq_by_id(DSQ_OWN + queue, 0)->q.nr;
		*(queue == near ? &here : &others) += waiting;
	}
	if (event->waiting[0] != here || event->waiting[1] != others)
		PAIR_FLAW(
			SIM_FLAW_INPUT,
			"event %u of CPU %d: %u wait near and %u elsewhere, not %u and %u",
			event->kind, event->cpu, here, others, event->waiting[0],
			event->waiting[1]);
}

/* Who is first near, for a CPU whose task could go on: of a longer queue a part is looked at. */
static void check_first(const struct sp_event *event, u32 near)
{
	const struct dsq *dsq = find_dsq_by_id(DSQ_OWN + near, 0);
	const struct task *first = first_for(dsq, event->cpu);

	/* Nor is it known here which of those with sets of CPUs may come to this one. */
	if (dsq->q.nr > LOOK_MAX || pair_constant("set_of_queue"))
		return;
	if (!(event->flags & SP_EVENT_LOOKED) ||
	    !(event->flags & SP_EVENT_FIRST) != !first ||
	    event->first[0] != (first ? first->t.scx.dsq_vtime : 0))
		PAIR_FLAW(SIM_FLAW_INPUT,
			  "CPU %d is told of key %llu, and the first is %s", event->cpu,
			  event->first[0], first ? "another" : "nobody");
}

static void check_waker(const struct sp_event *event, struct task *p)
{
	const s32 waker = p->woken_by ? p->woken_by - 1 : sim.moment.here;

	p->woken_by = 0;
	if (event->since[1] != (event->flags & SP_EVENT_WAKEUP ? place_of(waker) : 0))
		PAIR_FLAW(SIM_FLAW_INPUT,
			  "pid %u was woken by CPU %d, and %llx is told", event->pid,
			  waker, event->since[1]);
}

void pair_places(const struct sp_event *event, const struct sp_task *state,
		 struct task *p)
{
	const bool enqueue = event->kind == SP_EVENT_ENQUEUE;
	const bool prev = event->kind == SP_EVENT_DISPATCH &&
			  (event->flags & SP_EVENT_PREV);
	/* Of one that is seen for the first time nothing is known, nor its queue. */
	const bool has_task = p && (event->kind != SP_EVENT_DISPATCH || prev) &&
			      event->generation == p->told.generation;
	const u32 near = near_queue(event->cpu, has_task ? state->queue : 0);
	const u64 here = (place_of(event->cpu) & ~0xffffULL) | pair_queues();

	if (!is_pairs())
		return;
	sim.report.effects++;
	if (event->first[1] != here)
		PAIR_FLAW(SIM_FLAW_INPUT, "event %u: CPU %d is at %llx, not %llx",
			  event->kind, event->cpu, here, event->first[1]);
	if (enqueue && event->key != place_of(p->ran_at ? p->ran_at - 1 : event->cpu))
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %u ran last at CPU %d, not at %llx",
			  event->pid, p->ran_at - 1, event->key);
	if (enqueue)
		check_waker(event, p);
	if (prev && event->key != p->wait.key)
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %u could go on at %llu, not at %llu",
			  event->pid, p->wait.key, event->key);
	if (!is_undisturbed())
		return;
	check_waiting(event, near);
	if (prev)
		check_first(event, near);
}

#else

void pair_places(const struct sp_event *event, const struct sp_task *state,
		 struct task *p)
{
	(void)event;
	(void)state;
	(void)p;
}

#endif

/* ---- events that a pair wants ---- */

/* A RUNNING was told. */
void pair_runs(struct task *p)
{
	/* What could not be told when it stopped is kept. */
	if (!p->runs_told || !WANTS(SP_WANTS_STOPPING_BIT))
		p->ran_told = p->t.se.sum_exec_runtime;
	p->runs_told = true;
}

#ifdef SP_INPUTS

/* What the words of an ENQUEUE have to say of who @p is, as far as the model has it. */
static void check_inputs(const struct task *p, const struct sp_event *event)
{
	const struct {
		u32 input;
		u64 value;
	} numbers[] = {
		{ SP_INPUT_TGID, (u32)p->t.tgid },
		{ SP_INPUT_NICE, (u32)p->nice },
		{ SP_INPUT_ALLOWED, (u32)p->t.nr_cpus_allowed },
	};
	const u64 words[] = { event->first[0], event->since[0], event->switches,
			      event->since[1] };
	char comm[16] = { 0 };
	u32 at;

	memcpy(comm, p->t.comm, strnlen(p->t.comm, sizeof(comm) - 1));
	if (((SP_INPUTS)&SP_INPUT_COMM) && memcmp(words, comm, sizeof(comm)))
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %d is called '%s', and not so told",
			  p->t.pid, comm);
	for (u32 i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		at = sp_input_at(SP_INPUTS, numbers[i].input);
		if (((SP_INPUTS)&numbers[i].input) &&
		    (u32)(words[at / 64] >> (at & 63)) != numbers[i].value)
			PAIR_FLAW(SIM_FLAW_INPUT, "pid %d: input %u is %d, not %d",
				  p->t.pid, numbers[i].input, (s32)numbers[i].value,
				  (s32)(words[at / 64] >> (at & 63)));
	}
}

#else

static void check_inputs(const struct task *p, const struct sp_event *event)
{
	(void)p;
	(void)event;
}

#endif

/* An ENQUEUE is told. */
void pair_waits(struct task *p, const struct sp_event *event)
{
	if (is_pairs())
		check_inputs(p, event);
	/* Else its STOPPING has been told by the kernel's own callback. */
	if (!p->told.before)
		return;
	if (is_pairs() && WANTS(SP_WANTS_STOPPING_BIT) && p->runs_told && !p->stop_told)
		PAIR_FLAW(SIM_FLAW_INPUT,
			  "pid %d waits, and nobody is told that it stops", p->t.pid);
	p->runs_told = p->stop_told = false;
}

/* Somebody gave it another weight: of one that is known that is told, where no groups count. */
void pair_changed(const struct task *p)
{
	if (is_pairs() && WANTS(SP_WANTS_CHANGED_BIT) && !sim.machine.cgroups &&
	    p->class == CLASS_EXT && p->told.generation &&
	    p->told.pid == (u32)p->t.pid && p->told_weight != p->t.scx.weight)
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %d weighs %u, and %u is told", p->t.pid,
			  p->t.scx.weight, p->told_weight);
}

static void check_who(const struct task *p, const struct sp_event *event)
{
	const u64 now = event->now - NOW_ORIGIN;

	if (event->pid != p->told.pid || event->generation != p->told.generation)
		PAIR_FLAW(SIM_FLAW_INPUT, "event %u is of pid %u (%u), not %u (%u)",
			  event->kind, event->pid, event->generation, p->told.pid,
			  p->told.generation);
	if (event->cpu != p->cpu)
		PAIR_FLAW(SIM_FLAW_INPUT, "event %u of pid %u is of CPU %d, not %d",
			  event->kind, event->pid, event->cpu, p->cpu);
	if (now < sim.moment.began || now > sim.now)
		PAIR_FLAW(SIM_FLAW_INPUT, "event %u is of %llu, and not of now, %llu",
			  event->kind, now, sim.now);
}

/* Which of these is told of @p. */
void pair_wanted(struct task *p, const struct sp_event *event,
		 const struct sp_decision *decision)
{
	const u64 ran = p->t.se.sum_exec_runtime - p->ran_told;
	bool sleeps = false;

	sim.report.effects++;
	check_who(p, event);
	if (event->kind == SP_EVENT_CHANGED)
		p->told_weight = event->weight;
	if (event->kind != SP_EVENT_STOPPING && event->kind != SP_EVENT_TICK)
		return;
	if (!p->runs_told)
		PAIR_FLAW(SIM_FLAW_INPUT, "event %u of pid %u, which was not let run",
			  event->kind, event->pid);
	if (event->used_ns != ran)
		PAIR_FLAW(SIM_FLAW_INPUT, "event %u: pid %u ran for %llu ns, not %llu",
			  event->kind, event->pid, ran, event->used_ns);
	p->gives_way = event->kind == SP_EVENT_TICK &&
		       decision->action == SP_ACTION_GIVE_WAY;
	if (event->kind == SP_EVENT_TICK)
		return;
#ifdef SP_WANTS
	sleeps = sim.moment.about == p && p->t.__state;
#endif
	if (!(event->flags & SP_EVENT_SLEEPS) != !sleeps)
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %u stops, and is%s said to sleep",
			  event->pid, sleeps ? " not" : "");
	p->ran_told = p->t.se.sum_exec_runtime;
	p->stop_told = true;
}

/* It has stopped; one that goes on without a wait is told of again when it stops again. */
void pair_stopped(struct task *p)
{
	const bool told = p->stop_told;

	p->stop_told = false;
	p->has_stopped |= sim.moment.note_lost;
	/* User mode: not of one that lets the daemon in, nor where the ring is full. */
	if (knows_policy() || p->daemon || p->rest || sim.moment.note_lost)
		return;
	if (WANTS(SP_WANTS_STOPPING_BIT) && p->runs_told && !told)
		PAIR_FLAW(SIM_FLAW_INPUT, "pid %d stopped, and nobody is told",
			  p->t.pid);
}

/* The tick is over; it had @slice before. */
void pair_ticked(struct task *p, u64 slice)
{
	const bool gives_way = p->gives_way;

	p->gives_way = false;
	if (knows_policy() || !WANTS(SP_WANTS_TICK_BIT))
		return;
	if (!is_pairs()) {
		pair_lets_in(p, slice);
		return;
	}
	sim.counts[SP_COUNT_GAVE_WAY] += gives_way;
	if (p->t.scx.slice != (gives_way ? 0 : slice))
		PAIR_FLAW(SIM_FLAW_SLICE, "pid %d was%s to give way", p->t.pid,
			  gives_way ? "" : " not");
}
