// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is checked all the time: waits, CPUs that idle beside those who wait, and
 * counters. Each costs O(1), but for tasks that may use some CPUs and not others,
 * whose affinities are looked through.
 */
#include "model.h"

#define BUCKET_STEPS 8

void check_reset(void)
{
	sim.waiting = (struct ages){};
	sim.idle_oldest = sim.idle_newest = -1;
	for (u32 cpu = 0; cpu < SIM_CPUS; cpu++)
		sim.cpu[cpu].idle_counted = false;
	expect_reset();
	picks_reset();
}

/* ---- who waits, by age ---- */

#define LINK(list, p, by) \
	do { \
		(p)->by.older = (list)->newest; \
		(p)->by.newer = NULL; \
		if ((list)->newest) \
			(list)->newest->by.newer = (p); \
		else \
			(list)->oldest = (p); \
		(list)->newest = (p); \
	} while (0)

#define UNLINK(list, p, by) \
	do { \
		if ((p)->by.older) \
			(p)->by.older->by.newer = (p)->by.newer; \
		else \
			(list)->oldest = (p)->by.newer; \
		if ((p)->by.newer) \
			(p)->by.newer->by.older = (p)->by.older; \
		else \
			(list)->newest = (p)->by.older; \
	} while (0)

/* The CPU that idles for longest of those in @affinity; -1 if none does. */
static s32 oldest_idle(const struct affinity *affinity)
{
	s32 cpu = sim.idle_oldest;

	if (affinity->only >= 0)
		return sim.cpu[affinity->only].idle_counted ? affinity->only : -1;
	while (cpu >= 0 && !affinity->all && !mask_has(&affinity->mask, (u32)cpu))
		cpu = sim.cpu[cpu].idle_newer;
	return cpu;
}

/*
 * Whether it stands in the own queue of a CPU that runs another one, out of reach of all
 * others. That it got there is checked elsewhere. It may be for long: where the CPU idled
 * until a real-time task took it, Linux 6.18 calls no cpu_release, and where it calls that,
 * the task that it takes the CPU from comes back into the same queue.
 */
bool is_held_up(const struct task *p)
{
	const struct cpu *rq = &sim.cpu[p->cpu];

	return p->t.scx.dsq == &rq->local.q && (rq->rt_head || rq->curr);
}

static void waits_beside(const struct task *p, s32 cpu)
{
	u64 since = sim.cpu[cpu].idle_since, ns;
	const u64 limit = sim.machine.limits.beside_idle_ns;

	if (since < p->placed_at)
		since = p->placed_at;
	if (since < p->held_up_until)
		since = p->held_up_until;
	ns = sim.now - since;
	if (ns > sim.report.beside_idle_max_ns)
		sim.report.beside_idle_max_ns = ns;
	if (limit && ns > limit)
		flaw(SIM_FLAW_BESIDE_IDLE,
		     "pid %d waits beside CPU %d, which idles, for %.3f ms", p->t.pid,
		     cpu, (double)ns / 1e6);
}

/* The one that waits for longest, and could run there. */
static void beside_idle(const struct affinity *affinity, s32 cpu)
{
	const struct task *p = affinity->waiting.oldest;
	bool doubtful = true;

	for (; p && doubtful; p = p->by_place.newer) {
		doubtful = p->held_up_until > p->placed_at || is_held_up(p);
		if (!is_held_up(p))
			waits_beside(p, cpu);
	}
}

static void check_affinity(const struct affinity *affinity)
{
	s32 cpu;

	if (!affinity->waiting.oldest)
		return;
	cpu = oldest_idle(affinity);
	if (cpu >= 0)
		beside_idle(affinity, cpu);
}

void is_placed(struct task *p)
{
	if (!p->waits)
		return;
	p->placed_at = sim.now;
	LINK(&p->affinity->waiting, p, by_place);
}

/* Its affinity is about to change. */
void leaves_place(struct task *p)
{
	if (!p->waits)
		return;
	check_affinity(p->affinity);
	UNLINK(&p->affinity->waiting, p, by_place);
}

void begins_to_wait(struct task *p)
{
	if (p->daemon)
		return;
	if (p->waits) {
		/* Twice in the list, it would be followed by itself for ever. */
		flaw(SIM_FLAW_MODEL, "pid %d waits twice", p->t.pid);
		return;
	}
	if (p->class != CLASS_EXT)
		flaw(SIM_FLAW_MODEL, "pid %d waits, of another class", p->t.pid);
	p->waits = true;
	p->runnable_at = sim.now;
	LINK(&sim.waiting, p, by_wait);
	is_placed(p);
}

static u32 bucket_of_wait(u64 ns)
{
	u32 bits = ns ? 63 - (u32)__builtin_clzll(ns) : 0;
	u32 part = bits >= 3 ? (u32)(ns >> (bits - 3)) & 7 : 0;
	u32 bucket = bits * BUCKET_STEPS + part;

	return bucket < SIM_WAIT_BUCKETS ? bucket : SIM_WAIT_BUCKETS - 1;
}

static void count_wait(const struct task *p, u64 ns)
{
	struct sim_group_report *report = &sim.group_reports[p->group];

	report->waits++;
	report->waited_ns += ns;
	sim.wait_buckets[p->group][bucket_of_wait(ns)]++;
	if (ns > report->wait_max_ns)
		report->wait_max_ns = ns;
	if (ns > sim.report.wait_max_ns)
		sim.report.wait_max_ns = ns;
}

static void check_wait(const struct task *p)
{
	u64 ns = sim.now - p->runnable_at;

	if (sim.machine.limits.wait_ns && ns > sim.machine.limits.wait_ns)
		flaw(SIM_FLAW_WAIT, "pid %d (nice %d) has waited for %.3f ms", p->t.pid,
		     p->nice, (double)ns / 1e6);
}

void ends_waiting(struct task *p, bool ran)
{
	if (!p->waits)
		return;
	leaves_place(p);
	UNLINK(&sim.waiting, p, by_wait);
	p->waits = false;
	check_wait(p);
	if (ran)
		count_wait(p, sim.now - p->runnable_at);
}

/* ---- CPUs that idle, by age ---- */

static void idle_ends(s32 cpu)
{
	struct cpu *rq = &sim.cpu[cpu];
	const struct affinity *affinity;

	beside_idle(sim.everywhere, cpu);
	if (rq->pinned)
		beside_idle(rq->pinned, cpu);
	for (affinity = sim.partial; affinity; affinity = affinity->next_partial)
		if (mask_has(&affinity->mask, (u32)cpu))
			beside_idle(affinity, cpu);
	*(rq->idle_older >= 0 ? &sim.cpu[rq->idle_older].idle_newer :
				&sim.idle_oldest) = rq->idle_newer;
	*(rq->idle_newer >= 0 ? &sim.cpu[rq->idle_newer].idle_older :
				&sim.idle_newest) = rq->idle_older;
	sim.report.idle_ns += sim.now - rq->idle_since;
	rq->idle_counted = false;
}

void cpu_idles(s32 cpu, bool idle)
{
	struct cpu *rq = &sim.cpu[cpu];

	if (rq->idle_counted)
		idle_ends(cpu);
	if (!idle || !rq->online)
		return;
	rq->idle_since = sim.now;
	rq->idle_older = sim.idle_newest;
	rq->idle_newer = -1;
	*(sim.idle_newest >= 0 ? &sim.cpu[sim.idle_newest].idle_newer :
				 &sim.idle_oldest) = cpu;
	sim.idle_newest = cpu;
	rq->idle_counted = true;
}

/* ---- what cannot be seen at an event ---- */

static void check_counters(void)
{
	const sp_u64 *c = sim.backend->status->counters;
	u64 waited = c[SP_COUNT_ENQUEUED] - c[SP_COUNT_DIRECT] +
		     is_mistake(SIM_MISTAKE_COUNT);
	u64 taken = c[SP_COUNT_DISPATCHED] + c[SP_COUNT_SOLE] + c[SP_COUNT_FALLBACK] +
		    c[SP_COUNT_LOST] + c[SP_COUNT_GIVEN_UP];

	sim.report.still_waiting = sim.backend_waiting;
	/* In the middle of a callback one may be counted, and not there yet. */
	if (activities_in_flight())
		return;
	if (waited != taken + sim.report.taken_by_kernel + sim.backend_waiting)
		flaw(SIM_FLAW_COUNTERS,
		     "%llu waited; %llu taken, %llu by the kernel, %u still wait",
		     waited, taken, sim.report.taken_by_kernel, sim.backend_waiting);
	check_counts();
}

/* What is not counted where nothing goes wrong. */
static void check_calm(void)
{
	static const u32 unusual[] = {
		SP_COUNT_FALLBACK,   SP_COUNT_OVERDUE,	  SP_COUNT_RING_FULL,
		SP_COUNT_NOTES_LOST, SP_COUNT_STALE,	  SP_COUNT_EARLY,
		SP_COUNT_LOST,	     SP_COUNT_RESCUED,	  SP_COUNT_GIVEN_UP,
		SP_COUNT_WRONG_CPU,  SP_COUNT_MASKS_FULL, SP_COUNT_OUT_OF_CLASS,
	};
	const sp_u64 *c = sim.backend->status->counters;

	for (u32 i = 0; i < sizeof(unusual) / sizeof(*unusual); i++)
		if (c[unusual[i]])
			flaw(SIM_FLAW_COUNTERS, "counter %u is %llu on a calm machine",
			     unusual[i], c[unusual[i]]);
}

void sweep(void)
{
	struct affinity *affinity;

	if (sim.waiting.oldest)
		check_wait(sim.waiting.oldest);
	check_affinity(sim.everywhere);
	for (affinity = sim.partial; affinity; affinity = affinity->next_partial)
		check_affinity(affinity);
	for (s32 cpu = sim.idle_oldest; cpu >= 0; cpu = sim.cpu[cpu].idle_newer)
		if (sim.cpu[cpu].pinned)
			check_affinity(sim.cpu[cpu].pinned);
	check_counters();
	if (sim.machine.limits.calm)
		check_calm();
	if (sim.machine.limits.calm && sim.machine.mode == SIM_MODE_USER)
		check_daemon_waits();
}

void check_end(void)
{
	struct task *p;

	sweep();
	if (sim.machine.mode == SIM_MODE_USER && !activities_in_flight())
		check_figures();
	/* Those that still wait have waited as well. */
	for (p = sim.waiting.oldest; p; p = p->by_wait.newer)
		count_wait(p, sim.now - p->runnable_at);
	for (u32 i = 0; i < live_tasks(); i++) {
		p = live_task(i);
		if (p->class != CLASS_EXT || !p->alive)
			continue;
		if (is_queued(p) != (p->on_cpu || p->t.scx.dsq))
			flaw(SIM_FLAW_LOST, "pid %d is runnable and stands nowhere",
			     p->t.pid);
		if (p->on_cpu && sim.cpu[p->cpu].curr != p)
			flaw(SIM_FLAW_LOST, "pid %d runs and does not", p->t.pid);
	}
}
