// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mode: what the daemon was told, asked its policy and answered, beside a plain
 * model of the same. What it knows may be older than the machine: so the model is
 * made of the notices that it has read.
 */
#include "model.h"
#include "policy_twin.h"
#include "looks.h"
#include <stdlib.h>
#include <string.h>

#define BUCKETS 16384 /* a power of two */
#define RECORD_BYTES (sizeof(struct sp_notice) + 8)

/* What the daemon knows of a pid. */
struct known {
	struct expectation wait; /* first */
	struct known *next; /* in its bucket, or unused */
	struct sp_task state; /* the policy's */
	u64 slice_ns;
	u32 generation, weight;
	u32 number; /* of its wait */
	u32 answered; /* that of the wait which was answered last */
	u32 class; /* that the backend was told last */
	s32 cpu, picked_for;
	bool direct;
};

static struct known *buckets[BUCKETS], *unused;
static u64 position; /* in the ring of notices: those before were looked at */
static u64 decided_at; /* the notice on whose wait was decided last */
static struct sp_global twins; /* the policy's, with the states above */
static u64 latest; /* time of a notice that was read */
static u32 cpus; /* of the last one */
static u32 nknown;
static struct sim_daemon_figures figures;

/* A CPU asks: what was answered, until somebody is let run for it. */
static struct {
	struct sp_decision decision;
	struct known *prev;
	s32 cpu;
	bool open;
} pick;

/* A pass, from one yield to the next. */
static struct {
	struct sp_asked asked; /* as it was when the first was picked */
	bool has_asked, disturbed; /* it had another turn in the middle */
	u64 began;
	u32 picked; /* for the CPU that asked and for idle ones */
	u32 more; /* beforehand */
	u32 overflows;
	struct sim_mask cpus; /* for which one was picked */
} pass;

static struct known **bucket_of(u32 pid)
{
	return &buckets[(pid * 2654435761u >> 8) & (BUCKETS - 1)];
}

void picks_reset(void)
{
	for (u32 i = 0; i < BUCKETS; i++) {
		while (buckets[i]) {
			struct known *it = buckets[i];

			buckets[i] = it->next;
			it->next = unused;
			unused = it;
		}
	}
	position = 0;
	decided_at = ~0ULL;
	pick.open = false;
	sp_policy_start(&sim.machine.policy, &twins);
	latest = 0;
	cpus = 1;
	nknown = 0;
	memset(&figures, 0, sizeof(figures));
	memset(&pass, 0, sizeof(pass));
}

static struct known *find(u32 pid)
{
	struct known *it = *bucket_of(pid);

	while (it && it->wait.pid != pid)
		it = it->next;
	return it;
}

static struct known *find_or_add(u32 pid)
{
	struct known *it = find(pid), **bucket = bucket_of(pid);

	if (it)
		return it;
	it = unused;
	if (it)
		unused = it->next;
	else
		it = malloc(sizeof(*it));
	if (!it)
		abort();
	*it = (struct known){ .wait.pid = pid, .next = *bucket };
	*bucket = it;
	nknown++;
	return it;
}

static void forget(struct known *it)
{
	struct known **link = bucket_of(it->wait.pid);

	expect_no_more(&it->wait);
	while (*link != it)
		link = &(*link)->next;
	*link = it->next;
	it->next = unused;
	unused = it;
	if (pick.prev == it)
		pick.prev = NULL;
	nknown--;
}

static const struct sp_notice *notice_at(u64 at)
{
	return (const struct sp_notice *)((const char *)sim_events_data() +
					  (at & (SP_EVENT_RING - 1)) + 8);
}

/* Of a notice that is read. */
static void note_time(const struct sp_notice *notice)
{
	cpus = notice->cpus;
	if ((s64)(notice->now - latest) > 0)
		latest = notice->now;
}

/* There is no place for it: it is let run, and may overtake those that wait. */
static void overflows(const struct sp_notice *notice)
{
	pass.overflows++;
	figures.overflows++;
	expect_answer(notice->pid, notice->wait, sim.machine.policy.slice_max_ns,
		      SP_QUEUE_REGULAR, notice->cpu);
}

static void is_gone(const struct sp_notice *notice, struct known *it)
{
	if (!it)
		return;
	if (it->generation == notice->generation)
		forget(it);
	else
		figures.stale++;
}

/* What the daemon has read and asked no policy about. */
static void catch_up(void)
{
	const u64 read = *(const u64 *)sim_events_consumer();

	for (; position < read; position += RECORD_BYTES) {
		const struct sp_notice *notice = notice_at(position);
		struct known *it = find(notice->pid);

		figures.events++;
		note_time(notice);
		if (notice->kind == SP_EVENT_ENQUEUE && position != decided_at) {
			if (it)
				expect_no_more(&it->wait);
			overflows(notice);
		} else if (notice->kind == SP_EVENT_EXIT) {
			is_gone(notice, it);
		}
	}
}

void picks_catch_up(void)
{
	if (!knows_policy())
		return;
	catch_up();
}

u32 picks_waiting(void)
{
	return expected_length(0) + expected_length(1);
}

static struct affinity *told_affinity(u32 code)
{
	const struct sp_answers *answers = sim_answers();
	struct sim_mask mask = {};

	if (code == SP_AFFINITY_ANY)
		return sim.everywhere;
	if (!(code & SP_AFFINITY_ONE)) {
		for (u32 i = 0; i < SIM_CPUS / 64; i++)
			mask.bits[i] = answers->masks[code % SP_MASKS].bits[i];
		return affinity_of(&mask);
	}
	code &= ~SP_AFFINITY_ONE;
	if (sim.cpu[code].pinned)
		return sim.cpu[code].pinned;
	mask_set(&mask, code, true);
	return affinity_of(&mask);
}

/* Where the task of the notice that is read may run, as the daemon is told. */
const struct affinity *picks_affinity(void)
{
	return told_affinity(notice_at(*(const u64 *)sim_events_consumer())->affinity);
}

/* Where it may run, as it is now. */
static void check_affinity(const struct sp_notice *notice, const struct task *p)
{
	const u64 *c = sim.backend->status->counters;
	const struct affinity *told;

	/* Else it may have changed since the backend looked. */
	if (!is_undisturbed())
		return;
	told = told_affinity(notice->affinity);
	if (told == p->affinity || (p->held_back && told->only == p->cpu))
		return;
	/* Its affinity changed: it is queued where it was, and moved at once. */
	if (p->affinity->only >= 0 && !allowed(p, p->cpu) && told->only == p->cpu)
		return;
	/* There is room for some masks only. */
	if (told == sim.everywhere && !p->affinity->all)
		sim.has_untold_masks = true;
	if (told == sim.everywhere && (p->affinity->all || c[SP_COUNT_MASKS_FULL]))
		return;
	flaw(SIM_FLAW_INPUT, "pid %d may run on %u CPUs, and the daemon is told of %u",
	     p->t.pid, p->affinity->count, told->count);
}

/* The same fields as those of an event. */
static struct sp_event event_of(const struct sp_notice *notice)
{
	return (struct sp_event){
		.now = notice->now,
		.used_ns = notice->used_ns,
		.switches = notice->switches,
		.kind = notice->kind,
		.flags = notice->flags,
		.pid = notice->pid,
		.generation = notice->generation,
		.cpu = notice->cpu,
		.idle_cpu = notice->idle_cpu,
		.weight = notice->weight,
		.cpus = notice->cpus,
	};
}

static void check_enqueue_notice(const struct sp_notice *notice)
{
	struct task *p = sim.moment.enqueueing;
	struct sp_notice plain;
	struct sp_event event;

	if (!p || sim.moment.starting) {
		flaw(SIM_FLAW_INPUT, "a notice of pid %u, which does not begin to wait",
		     notice->pid);
		return;
	}
	plain = pair_wait_notice(notice, p);
	event = event_of(&plain);
	check_told(p, &event);
	check_wait_number(notice->wait);
	check_affinity(notice, p);
	p->told.wait = notice->wait;
	ends_run(p);
	p->told.known = true;
	sim.moment.idle_told = notice->idle_cpu >= 0;
}

/* A task is gone, or has another pid. */
static void check_exit_notice(const struct sp_notice *notice)
{
	const struct task *p = sim.moment.exiting ? sim.moment.exiting :
						    sim.moment.enqueueing;

	sim.moment.exit_told = true;
	if (!p || !p->told.known || notice->pid != p->told.pid ||
	    (p->told.generation && notice->generation != p->told.generation) ||
	    (p == sim.moment.enqueueing && !tells_exit(p)))
		flaw(SIM_FLAW_INPUT, "pid %u is not gone, or nobody told of it",
		     notice->pid);
}

/* A CPU took the only one that waited. */
static void check_taken_notice(const struct sp_notice *notice)
{
	const struct task *p = sim.moment.taken;

	sim.moment.taken_told++;
	if (notice->cpu != sim.moment.here)
		flaw(SIM_FLAW_INPUT, "CPU %d took pid %u, and tells of CPU %d",
		     sim.moment.here, notice->pid, notice->cpu);
	/* A task on its way to another CPU's queue may run before its CPU tells of it. */
	if (!is_undisturbed())
		return;
	if (!p || notice->wait != p->told.wait || notice->pid != p->told.pid ||
	    notice->generation != p->told.generation || p->cpu != notice->cpu ||
	    notice->weight != p->told_weight || !p->t.scx.dsq || p->in_backend)
		flaw(SIM_FLAW_INPUT, "pid %u was not taken, or not in wait %u",
		     notice->pid, notice->wait);
}

/* The backend tells of a task. */
void check_notice(const struct sp_notice *notice)
{
	const u64 now = notice->now - NOW_ORIGIN;

	sim.report.effects++;
	if (now < sim.moment.began || now > sim.now)
		flaw(SIM_FLAW_INPUT, "a notice is of %llu, and not of now, %llu", now,
		     sim.now);
	if (!knows_policy() && pair_notice(notice))
		return;
	if (notice->kind != SP_EVENT_ENQUEUE &&
	    (notice->used_ns || notice->switches || notice->flags ||
	     notice->idle_cpu != -1 || notice->affinity))
		flaw(SIM_FLAW_INPUT, "notice %u has a field that it has not",
		     notice->kind);
	switch (notice->kind) {
	case SP_EVENT_ENQUEUE:
		check_enqueue_notice(notice);
		break;
	case SP_EVENT_EXIT:
		check_exit_notice(notice);
		if (!knows_policy())
			pair_exit_told(notice);
		break;
	case SP_NOTICE_TAKEN:
		check_taken_notice(notice);
		break;
	default:
		flaw(SIM_FLAW_INPUT, "there is no notice of kind %u", notice->kind);
	}
}

/* ---- what the policy is asked ---- */

/* The daemon reads it once, before it picks. */
static const struct sp_asked *told_asked(void)
{
	if (!pass.has_asked)
		pass.asked = ((const struct sp_answers *)sim_answers())->asked;
	pass.has_asked = true;
	return &pass.asked;
}

/* Whether what is picked now is picked beforehand. */
static bool is_more(s32 cpu)
{
	return pass.picked && cpu == (s32)told_asked()->cpu;
}

/* When the CPUs asked for which is picked; not before what led to it. */
static u64 picked_at(void)
{
	u64 now = told_asked()->now;

	return (s64)(now - latest) > 0 ? now : latest;
}

/* An event beside what it has to be, and its answer beside the policy's. */
static void check_asked(const struct sp_event *event, const struct sp_event *wanted,
			const struct sp_decision *decision, struct sp_task *state)
{
	struct sp_decision right = {};

	if (memcmp(event, wanted, sizeof(*event)))
		flaw(SIM_FLAW_INPUT,
		     "event %u of pid %u, CPU %d is not what the daemon was told (%u, %u wait, and not %u, %u)",
		     event->kind, event->pid, event->cpu, wanted->waiting[0],
		     wanted->waiting[1], event->waiting[0], event->waiting[1]);
	sp_decide(&sim.machine.policy, &twins, state, event, &right);
	if (memcmp(&right, decision, sizeof(right)))
		flaw(SIM_FLAW_INPUT,
		     "event %u of pid %u was decided from another state than the policy's",
		     event->kind, event->pid);
}

static void count_waiting(struct sp_event *event, bool more)
{
	event->waiting[0] = expected_length(0);
	event->waiting[1] = expected_length(1);
	/* Those that were picked in this pass and wait still. */
	if (more)
		event->waiting[0] += 1 + pass.more;
}

static void enqueued(const struct sp_event *event, const struct sp_decision *decision)
{
	const u64 at = *(const u64 *)sim_events_consumer();
	const struct sp_notice *notice = notice_at(at);
	struct known *it = find_or_add(event->pid);
	struct sp_event wanted = event_of(notice);

	decided_at = at;
	note_time(notice);
	expect_no_more(&it->wait);
	count_waiting(&wanted, false);
	check_asked(event, &wanted, decision, &it->state);
	if (it->generation != event->generation)
		it->class = SP_QUEUE_REGULAR;
	it->generation = event->generation;
	it->weight = event->weight;
	it->number = notice->wait;
	it->cpu = notice->cpu;
	it->direct = decision->action == SP_ACTION_DIRECT && event->idle_cpu >= 0;
	if (decision->action == SP_ACTION_STALE) {
		figures.stale++;
		expect_answer(notice->pid, notice->wait,
			      sim.machine.policy.slice_max_ns, SP_QUEUE_REGULAR,
			      notice->cpu);
	} else if (!it->direct) {
		expect(&it->wait, told_affinity(notice->affinity), decision->queue,
		       decision->key, notice->now);
	}
}

static void looked(struct sp_event *event)
{
	static const u32 flags[SP_QUEUES] = { SP_EVENT_FIRST, SP_EVENT_FIRST_PRIORITY };
	const struct expectation *first;

	event->flags |= SP_EVENT_LOOKED;
	for (u32 queue = 0; queue < SP_QUEUES; queue++) {
		first = expected_first(queue, event->cpu);
		if (!first)
			continue;
		event->flags |= flags[queue];
		event->first[queue] = first->node.key;
		event->since[queue] = first->since;
	}
}

static bool by_arrival(void)
{
	return sim.machine.policy.order == SP_ORDER_FIFO &&
	       sim.machine.policy.classes == SP_CLASSES_NONE;
}

/* The CPU's own task, of those that wait, if it could go on and one is picked for it. */
static struct known *prev_for_pick(s32 cpu)
{
	const struct sp_asked *asked = told_asked();
	struct known *prev = asked->prev_pid ? find(asked->prev_pid) : NULL;

	if (cpu != (s32)asked->cpu || is_more(cpu))
		return NULL;
	if (!prev || !prev->wait.waits || prev->generation != asked->prev_generation)
		return NULL;
	return prev;
}

/* It may have become busy since it was looked at, but it idled in this pass. */
static void check_picked_for(s32 cpu)
{
	const struct cpu *rq = &sim.cpu[cpu];

	if (cpu == (s32)told_asked()->cpu)
		return;
	if (mask_has(&pass.cpus, (u32)cpu))
		flaw(SIM_FLAW_ORDER, "CPU %d is picked for twice", cpu);
	/* One that goes on idling, and is stopped in the middle of its callback. */
	if (sim.machine.overlap && rq->in_balance && !rq->curr)
		return;
	if (!rq->says_idle && rq->said_at + (sim.machine.overlap ? MS : 0) < pass.began)
		flaw(SIM_FLAW_ORDER, "CPU %d is picked for, and is busy", cpu);
}

static void asked(const struct sp_event *event, const struct sp_decision *decision)
{
	struct known *prev = prev_for_pick(event->cpu);
	struct sp_event wanted = {
		.kind = SP_EVENT_DISPATCH,
		.now = picked_at(),
		.cpu = event->cpu,
		.idle_cpu = -1,
		.cpus = cpus,
	};
	struct sp_task none = {};

	if (event->cpu < 0 || event->cpu >= (s32)sim.cpus) {
		flaw(SIM_FLAW_INPUT, "CPU %d asks, which is not", event->cpu);
		return;
	}
	check_picked_for(event->cpu);
	if (prev) {
		wanted.flags |= SP_EVENT_PREV;
		wanted.pid = prev->wait.pid;
		wanted.generation = prev->generation;
		wanted.weight = prev->weight;
		wanted.key = prev->wait.node.key;
		expect_no_more(&prev->wait);
	}
	count_waiting(&wanted, is_more(event->cpu));
	if (sp_looks(&sim.machine.policy, prev != NULL, expected_length(0),
		     expected_length(1)))
		looked(&wanted);
	check_asked(event, &wanted, decision, prev ? &prev->state : &none);
	if (prev)
		expect_again(&prev->wait);
	pick.decision = *decision;
	pick.prev = prev;
	pick.cpu = event->cpu;
	pick.open = true;
}

/* Who has to be let run for the CPU that asked. */
static struct expectation *next_for_pick(void)
{
	struct expectation *next;

	if (pick.decision.action == SP_ACTION_CONTINUE && pick.prev)
		return &pick.prev->wait;
	if (pick.prev)
		expect_no_more(&pick.prev->wait);
	next = expected_next(
		pick.decision.action == SP_ACTION_SERVE ? pick.decision.queue : 0,
		pick.cpu);
	if (pick.prev)
		expect_again(&pick.prev->wait);
	return next;
}

/*
 * The notice that is read now, if the backend tells by it that it let this one run; or is read
 * next, if it came when the daemon had read all, and goes on with what it knew.
 */
static const struct sp_notice *taken_notice(const struct known *it)
{
	const u64 at = *(const u64 *)sim_events_consumer();
	const struct sp_notice *notice = notice_at(at);

	if (at >= *(const u64 *)sim_events_producer() ||
	    notice->kind != SP_NOTICE_TAKEN || notice->pid != it->wait.pid ||
	    notice->wait != it->number)
		return NULL;
	return notice;
}

/* It is picked for @cpu without a question: nobody else may run there. */
static bool runs_alone(struct known *it, s32 cpu)
{
	struct expectation *other;

	if (it != prev_for_pick(cpu))
		return false;
	expect_no_more(&it->wait);
	other = expected_next(0, cpu);
	expect_again(&it->wait);
	return !other;
}

/* A pick for @cpu is made. */
static void count_pick(s32 cpu, bool more)
{
	figures.picked++;
	if (more)
		pass.more++;
	else
		pass.picked++;
	mask_set(&pass.cpus, (u32)cpu, true);
}

/* The answer, or the class alone if it is another one than the backend knows. */
static void tell(struct known *it, u64 slice_ns, u32 queue, bool answers, s32 cpu)
{
	it->picked_for = cpu;
	if (answers)
		expect_answer(it->wait.pid, it->number, slice_ns, queue, cpu);
	else if (it->class != queue)
		expect_answer(it->wait.pid, 0, slice_ns, queue, -1);
	it->class = queue;
	it->answered = answers ? it->number : it->answered;
	it->slice_ns = slice_ns < 0xffffffffULL ? slice_ns : 0xffffffffULL;
}

static void check_running(struct known *it, const struct sp_event *event,
			  const struct sp_decision *decision, u64 now, s32 cpu,
			  bool more)
{
	struct sp_event wanted = {
		.kind = SP_EVENT_RUNNING,
		.now = now,
		.pid = it->wait.pid,
		.generation = it->generation,
		.weight = it->weight,
		.cpu = cpu,
		.idle_cpu = -1,
		.cpus = cpus,
	};

	expect_no_more(&it->wait);
	count_waiting(&wanted, more);
	check_asked(event, &wanted, decision, &it->state);
}

static void let_run_picked(struct known *it, const struct sp_event *event,
			   const struct sp_decision *decision)
{
	const struct expectation *next = next_for_pick();
	bool more = is_more(pick.cpu);

	if (next != &it->wait && !may_be_overlooked())
		flaw(SIM_FLAW_ORDER, "pid %u is let run for CPU %d before pid %u",
		     event->pid, pick.cpu, next ? next->pid : 0);
	if (pick.prev != it)
		expect_served(it->wait.queue, picked_at());
	figures.continued += pick.prev == it;
	check_running(it, event, decision, picked_at(), pick.cpu, more);
	count_pick(pick.cpu, more);
	tell(it, decision->slice_ns, decision->queue, true, pick.cpu);
}

/* That on which was decided last. */
static const struct sp_notice *latest_notice(void)
{
	return notice_at(decided_at);
}

static void let_run_unasked(struct known *it, const struct sp_event *event,
			    const struct sp_decision *decision)
{
	const struct sp_notice *notice = taken_notice(it);
	s32 cpu;

	if (it->direct) {
		const bool stands = sim.machine.policy.idle == SP_IDLE_DIRECT;

		/* A pair may say so also where the backend does not do it by itself. */
		check_running(it, event, decision, latest_notice()->now, it->cpu,
			      false);
		tell(it, stands ? decision->slice_ns : sim.machine.policy.slice_max_ns,
		     decision->queue, !stands, stands ? -1 : latest_notice()->idle_cpu);
	} else if (it->wait.waits && notice && notice->now == event->now) {
		note_time(notice);
		check_running(it, event, decision, notice->now, notice->cpu, false);
		it->cpu = notice->cpu;
		tell(it, decision->slice_ns, decision->queue, false, -1);
	} else if (it->wait.waits && runs_alone(it, cpu = (s32)told_asked()->cpu)) {
		check_running(it, event, decision, picked_at(), it->cpu, false);
		count_pick(cpu, false);
		tell(it, sim.machine.policy.slice_max_ns, decision->queue, true, cpu);
	} else {
		flaw(SIM_FLAW_ORDER, "pid %u is let run, and does not wait for it",
		     event->pid);
	}
	it->direct = false;
}

static void let_run(const struct sp_event *event, const struct sp_decision *decision)
{
	struct known *it = find(event->pid);

	if (!it) {
		flaw(SIM_FLAW_ORDER, "pid %u is let run, and nobody told of it",
		     event->pid);
		return;
	}
	if (pick.open)
		let_run_picked(it, event, decision);
	else
		let_run_unasked(it, event, decision);
	pick.open = false;
}

void sim_daemon_decided(const struct sp_event *event,
			const struct sp_decision *decision)
{
	sim.report.decisions++;
	sim.report.effects++;
	sim.hash = (sim.hash ^ decision->key ^ decision->slice_ns ^
		    (u64)decision->action << 56) *
		   0x100000001b3ULL;
	if (!knows_policy()) {
		pair_daemon_decided(event, decision);
		return;
	}
	catch_up();
	switch (event->kind) {
	case SP_EVENT_ENQUEUE:
		enqueued(event, decision);
		break;
	case SP_EVENT_DISPATCH:
		asked(event, decision);
		break;
	case SP_EVENT_RUNNING:
		let_run(event, decision);
		break;
	default:
		flaw(SIM_FLAW_INPUT, "the policy is asked about event %u", event->kind);
	}
}

/* A pass begins. */
void picks_begin(void)
{
	memset(&pass, 0, sizeof(pass));
	pass.began = sim.now;
}

/* A CPU gives way to the daemon, in the middle of one it may be. */
void picks_disturbed(void)
{
	pass.disturbed = true;
}

/* Whether somebody who waits should have been picked for @cpu. */
static void check_left(s32 cpu)
{
	const struct expectation *next = expected_next(0, cpu);

	if (next && !mask_has(&pass.cpus, (u32)cpu))
		flaw(SIM_FLAW_ORDER, "pid %u waits, and is not picked for CPU %d",
		     next->pid, cpu);
}

/* A pass is over. */
void picks_end(void)
{
	const bool known = pass.has_asked || !pass.disturbed;
	const s32 cpu = (s32)told_asked()->cpu;
	u32 ahead = by_arrival() && cpus > pass.picked ? cpus - pass.picked : 0;

	if (!knows_policy()) {
		pair_picks_none();
		return;
	}
	catch_up();
	if (pick.open)
		flaw(SIM_FLAW_ORDER, "CPU %d asked, and nobody is picked", pick.cpu);
	pick.open = false;
	if (ahead < pass.overflows)
		ahead = pass.overflows;
	if (pass.more > ahead || (known && pass.more < ahead && expected_next(0, cpu)))
		flaw(SIM_FLAW_ORDER, "%u are picked beforehand, and not %u", pass.more,
		     ahead);
	if (known)
		check_left(cpu);
	/* A CPU that is stopped while it tells that it idles has not told yet. */
	for (s32 idle = sim.machine.overlap ? -1 : sim.idle_oldest; idle >= 0;
	     idle = sim.cpu[idle].idle_newer)
		if (sim.cpu[idle].says_idle && sim.cpu[idle].said_at < pass.began &&
		    (u32)idle / 64 < (cpus + 63) / 64)
			check_left(idle);
}

/* What the daemon itself counted, at its end. */
void check_figures(void)
{
	const struct sim_daemon_figures *is = &sim.report.daemon;

	if (!knows_policy())
		return;
	catch_up();
	if (is->events != figures.events || is->picked != figures.picked ||
	    is->continued != figures.continued || is->overflows != figures.overflows ||
	    is->stale != figures.stale || (is->strange && !sim.machine.policy.pair) ||
	    is->known != nknown || is->waiting != picks_waiting())
		flaw(SIM_FLAW_COUNTERS,
		     "the daemon counts %llu events, %llu picked, %llu on, %llu known, %llu strange, and it were %llu, %llu, %llu, %u",
		     is->events, is->picked, is->continued, is->known, is->strange,
		     figures.events, figures.picked, figures.continued, nknown);
	if (is->passes - passes_made() > 1)
		flaw(SIM_FLAW_COUNTERS, "%llu passes, and it were %llu", is->passes,
		     passes_made());
}

/*
 * As the daemon knows it, one of whose answers is carried out. By the pid that was told: an
 * exec may have changed it since the backend looked the task up.
 */
static const struct known *find_answered(const struct task *p)
{
	return find(p->told.pid);
}

/* For which CPU the answer was that is carried out. */
s32 answered_cpu(const struct task *p)
{
	const struct known *it = find_answered(p);

	return it && it->answered == it->number ? it->picked_for : -1;
}

/* An answer is carried out: that to the present wait, with the slice that was decided? */
void check_answer(const struct task *p)
{
	const struct known *it = find_answered(p);

	if (!knows_policy())
		return;
	sim.report.effects++;
	if (!it || it->answered != it->number)
		return; /* it has another wait since, or no place */
	if (it->answered != p->told.wait)
		flaw(SIM_FLAW_ORDER,
		     "pid %d is let run from wait %u by the answer to %u", p->t.pid,
		     p->told.wait, it->answered);
	if (p->t.scx.slice != it->slice_ns)
		flaw(SIM_FLAW_SLICE, "pid %d was to run for %llu ns, not %llu",
		     p->t.pid, it->slice_ns, p->t.scx.slice);
}
