// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the backend's counters have to be, by what the model saw it do; and its timer,
 * which looks after what else is shown.
 */
#include "model.h"
#include <string.h>

#define TIMER_NS (50 * MS)
#define TIMER_IDLE_NS (1000 * MS) /* a tenth of the watchdog's limit */
#define FORGOTTEN_NS (10 * MS)

static u64 enqueued_before; /* at the timer's last beat */

void counts_reset(void)
{
	memset(sim.counts, 0, sizeof(sim.counts));
	memset(sim.wakeups_ns, 0, sizeof(sim.wakeups_ns));
	sim.wakeup_max_ns = 0;
	enqueued_before = 0;
}

/* A notice found no room in the ring. */
void notice_lost(void)
{
	const struct task *p = sim.moment.enqueueing;

	sim.moment.note_lost = true;
	/* First that the one whose pid it had is gone, then that it waits. */
	if (p && !(tells_exit(p) && !sim.moment.exit_told)) {
		sim.moment.ring_full = true;
		sim.counts[SP_COUNT_RING_FULL]++;
		return;
	}
	sim.moment.exit_told = true;
	sim.moment.taken_told++;
	sim.counts[SP_COUNT_NOTES_LOST]++;
}

/* A task left a queue of the backend's by one of its calls. */
void count_taken(const struct task *p, u64 dsq, enum taken how)
{
	const bool user = sim.machine.mode == SIM_MODE_USER;
	u64 *c = sim.counts;

	if (p->daemon) {
		if (sim.moment.in_dispatch)
			daemon_takes_turn(p);
		return;
	}
	if (!sim.moment.in_dispatch) {
		c[SP_COUNT_GIVEN_UP]++;
	} else if (!user) {
		c[sim.moment.has_served ? SP_COUNT_DISPATCHED : SP_COUNT_SOLE]++;
	} else if (dsq != DSQ_HELD || how == BY_ANSWER) {
		c[SP_COUNT_DISPATCHED]++;
	} else if (how == BY_CHOICE) {
		c[SP_COUNT_SOLE]++;
		check_sole(p);
		sim.moment.sole++;
		sim.moment.taken = p;
	} else {
		check_fall_back(p);
	}
}

static void check_count(enum sp_counter counter, const char *name)
{
	const u64 is = sim.backend->status->counters[counter];

	if (is != sim.counts[counter])
		flaw(SIM_FLAW_COUNTERS, "%s is %llu, and it were %llu", name, is,
		     sim.counts[counter]);
}

static void check_histogram(void)
{
	const struct sp_status *status = sim.backend->status;
	u64 is = 0, were = 0;

	for (u32 i = 0; i < SP_HISTOGRAM_BUCKETS; i++) {
		is += status->wakeup_ns[i];
		were += sim.wakeups_ns[i];
		/* Callbacks that overlap take time. */
		if (!sim.machine.overlap && status->wakeup_ns[i] != sim.wakeups_ns[i])
			flaw(SIM_FLAW_COUNTERS,
			     "%llu wake-ups took 2^%u ns, and it were %llu",
			     status->wakeup_ns[i], i, sim.wakeups_ns[i]);
	}
	if (is != were ||
	    (!sim.machine.overlap && status->wakeup_max_ns != sim.wakeup_max_ns))
		flaw(SIM_FLAW_COUNTERS,
		     "%llu wake-ups, %llu ns at most, and it were %llu, %llu ns", is,
		     status->wakeup_max_ns, were, sim.wakeup_max_ns);
}

void check_counts(void)
{
	const u64 *c = sim.backend->status->counters;
	const bool user = sim.machine.mode == SIM_MODE_USER;

	check_count(SP_COUNT_ENQUEUED, "enqueued");
	check_count(SP_COUNT_DIRECT, "direct");
	check_count(SP_COUNT_SOLE, "sole");
	check_count(SP_COUNT_LOCAL, "local");
	check_count(SP_COUNT_DISPATCHED, "dispatched");
	check_count(SP_COUNT_RING_FULL, "ring-full");
	check_count(SP_COUNT_NOTES_LOST, "notes-lost");
	check_count(SP_COUNT_NO_STATE, "no-state");
	check_count(SP_COUNT_DAEMON_RUNS, "daemon-runs");
	check_count(SP_COUNT_PREEMPTED, "preempted");
	/* A call for a daemon that may not run there is none. */
	if (!may_have_called())
		check_count(SP_COUNT_CALLED_BACK, "called-back");
	check_count(SP_COUNT_GIVEN_UP, "given-up");
	check_count(SP_COUNT_CONTINUED, "continued");
	/* A pair may answer what has no meaning. */
	if (!sim.machine.policy.pair)
		check_count(SP_COUNT_STRANGE, "strange");
	check_count(SP_COUNT_EXITING, "exiting");
	check_count(SP_COUNT_OUT_OF_CLASS, "out-of-class");
	if (c[SP_COUNT_FALLBACK] + c[SP_COUNT_LOST] !=
	    sim.counts[SP_COUNT_FALLBACK] + sim.counts[SP_COUNT_LOST])
		flaw(SIM_FLAW_COUNTERS, "%llu fell back, and it were %llu",
		     c[SP_COUNT_FALLBACK] + c[SP_COUNT_LOST],
		     sim.counts[SP_COUNT_FALLBACK] + sim.counts[SP_COUNT_LOST]);
	/* The backend may not know yet that the daemon sleeps. */
	if (!sim.machine.overlap && sim.machine.faults.daemon == SIM_DAEMON_FINE) {
		check_count(SP_COUNT_RETRIED, "retried");
		check_count(SP_COUNT_LOST, "lost");
		check_count(SP_COUNT_OVERDUE, "overdue");
	}
	if (sim.has_untold_masks != (c[SP_COUNT_MASKS_FULL] != 0) &&
	    !sim.machine.overlap && !sim.machine.faults.ring_bytes &&
	    !sim.machine.faults.hotplug_ns)
		flaw(SIM_FLAW_COUNTERS, "masks-full is %llu, and some were%s left out",
		     c[SP_COUNT_MASKS_FULL], sim.has_untold_masks ? "" : " not");
	if (user && knows_policy() && !sim.machine.overlap)
		check_count(SP_COUNT_WRONG_CPU, "wrong-cpu");
	if (user)
		check_answers_taken();
	/* A pair decides that, and another CPU may be about to carry it out. */
	if (!sim.machine.overlap && WANTS(SP_WANTS_TICK_BIT)) {
		sim.certain = true;
		check_count(SP_COUNT_GAVE_WAY, "gave-way");
		sim.certain = false;
	}
	check_histogram();
}

/* ---- the timer ---- */

void timer_begins(void)
{
	moment_begins();
	sim.moment.rescued = sim.backend->status->counters[SP_COUNT_RESCUED];
	sim.online_before = sim.online_told;
	sim.online_told = sim.online;
	sim.moment.waiting = sim.backend_waiting;
}

static u64 running(void)
{
	u64 idle = 0;

	for (u32 cpu = 0; cpu < sim.cpus; cpu++)
		idle += sim.cpu[cpu].says_idle;
	return sim.online - idle;
}

/* Whoever stands first in a queue, beside a CPU that he may use, was not forgotten. */
static void check_forgotten(u64 id)
{
	const struct task *p = find_dsq_by_id(id, 0)->head;
	/*
	 * One whose weight was changed waits anew since then; and a callback that was stopped
	 * noted later since when.
	 */
	const u64 late = sim.machine.overlap ? MS : 0;

	if (!p || p->daemon || sim.now - p->placed_at < FORGOTTEN_NS + late ||
	    sim.now + NOW_ORIGIN - p->told.since < FORGOTTEN_NS + late ||
	    sim.moment.kicks)
		return;
	for (u32 cpu = 0; cpu < sim.cpus; cpu++)
		if (mask_has(&sim.idle_mask, cpu) && allowed(p, (s32)cpu) &&
		    sim.cpu[cpu].online)
			flaw(SIM_FLAW_KICK,
			     "pid %d was forgotten beside CPU %u, which idles",
			     p->t.pid, cpu);
}

/* Whether somebody in a queue of BPF mode has waited for so long that the timer looks after him. */
static bool somebody_was_forgotten(u64 id)
{
	for (const struct task *p = find_dsq_by_id(id, 0)->head; p; p = p->next)
		if (sim.now + NOW_ORIGIN - p->told.since >= FORGOTTEN_NS)
			return true;
	return false;
}

/* The same of a CPU that idles beside somebody who was picked for it alone. */
static void check_forgotten_picks(void)
{
	for (u32 cpu = 0; cpu < sim.cpus && !sim.moment.kicks; cpu++) {
		const struct task *p = find_dsq_by_id(DSQ_PICKED_ON + cpu, 0)->head;

		if (p && sim.cpu[cpu].says_idle && mask_has(&sim.idle_mask, cpu) &&
		    sim.now - p->placed_at >
			    FORGOTTEN_NS + (sim.machine.overlap ? MS : 0))
			flaw(SIM_FLAW_KICK,
			     "pid %d was picked for CPU %u, which idles, and forgotten",
			     p->t.pid, cpu);
	}
}

/*
 * Somebody waits in user mode, beside an idle CPU: the timer comes when the daemon's turn is
 * over, or soon. 0: as usual. @other: the same where the backend knows less of the daemon.
 */
static u64 timer_comes_sooner(u64 *other)
{
	const u64 left = turn_left(other);

	if (sim.machine.mode != SIM_MODE_USER || running() == sim.online ||
	    !find_dsq_by_id(DSQ_HELD, 0)->head)
		return *other = 0;
	return left ? left : FORGOTTEN_NS;
}

/* Whether the timer does; @turn: by when a turn began, which a callback that was stopped noted earlier. */
static bool comes_in(u64 ns, bool turn)
{
	const s64 apart = (s64)(sim.moment.timer_ns - ns);
	const s64 most = turn && sim.machine.overlap ? MS : 0;

	return apart >= -most && apart <= most;
}

/*
 * Of a daemon that sleeps in the middle of passes the backend may know another turn than the
 * model, one before or after: then the timer comes when that one would be over.
 */
static bool knows_other_turn(u64 sooner)
{
	return sooner && sim.machine.faults.daemon == SIM_DAEMON_SLEEPS &&
	       sim.moment.timer_ns && sim.moment.timer_ns <= OVERDUE_NS + 1;
}

void timer_ends(void)
{
	const struct sp_status *status = sim.backend->status;
	const u64 enqueued = status->counters[SP_COUNT_ENQUEUED];
	u64 rescued = status->counters[SP_COUNT_RESCUED] - sim.moment.rescued;
	u64 ns = sim.moment.waiting || enqueued != enqueued_before ? TIMER_NS :
								     TIMER_IDLE_NS;
	u64 other;
	const u64 sooner = timer_comes_sooner(&other);

	if (sooner && sooner < ns)
		ns = sooner;
	enqueued_before = enqueued;
	if (!is_undisturbed())
		return;
	sim.report.effects++;
	/* A turn that is over in this very moment is so for one of the two alone. */
	if (sooner && sim.machine.overlap && sooner <= MS)
		other = FORGOTTEN_NS;
	if (!comes_in(ns, sooner != 0) && !(other && comes_in(other, true)) &&
	    !knows_other_turn(sooner))
		flaw(SIM_FLAW_COUNTERS, "the timer comes in %llu ns, not in %llu",
		     sim.moment.timer_ns, ns);
	if (status->waiting != sim.moment.waiting)
		flaw(SIM_FLAW_COUNTERS, "%llu wait, it says, and not %llu",
		     sim.moment.waiting, status->waiting);
	if (!sim.machine.faults.hotplug_ns && status->running != running())
		flaw(SIM_FLAW_COUNTERS, "%llu CPUs run, it says, and not %llu",
		     running(), status->running);
	if (sim.machine.faults.hotplug_ns)
		return;
	if (rescued > sim.moment.kicks_late)
		flaw(SIM_FLAW_COUNTERS, "%llu were rescued, with %u kicks", rescued,
		     sim.moment.kicks_late);
	if (sim.machine.mode == SIM_MODE_BPF && rescued != sim.moment.kicks_late)
		flaw(SIM_FLAW_COUNTERS, "%llu were rescued, and counted %llu",
		     (u64)sim.moment.kicks_late, rescued);
	if (!knows_policy())
		return;
	if (sim.machine.mode == SIM_MODE_BPF && sim.moment.kicks &&
	    !somebody_was_forgotten(16) && !somebody_was_forgotten(17))
		flaw(SIM_FLAW_KICK,
		     "the timer wakes CPU %d, and nobody waited for long",
		     sim.moment.kicked);
	if (sim.machine.mode == SIM_MODE_BPF) {
		check_forgotten(16);
		check_forgotten(17);
	} else {
		check_forgotten(DSQ_PICKED);
		check_forgotten_picks();
	}
}
