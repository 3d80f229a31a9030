/* SPDX-License-Identifier: GPL-2.0-only */
/* User mode: when the daemon has its turn, and what is done without it. */
#ifndef SCHED_PROTO_TURNS_BPF_H
#define SCHED_PROTO_TURNS_BPF_H

#include "answers.bpf.h"
#include "put_off.bpf.h"

#define DSQ_DAEMON 18

/* The daemon ran this long without yielding: others stop waiting for it. */
#define OVERDUE_NS (20 * 1000 * 1000ULL)
/* Between its turn and its standing by, the daemon is nowhere: so long at most. */
#define GRACE_NS (4 * 1000 * 1000ULL)
/* A CPU that waits for a running daemon lets its task go on for this long. */
#define RETRY_SLICE_NS (500 * 1000ULL)
#define DAEMON_SLICE_NS (20 * 1000 * 1000ULL)
/* The daemon reads what it was told this often even if nobody needs it. */
#define DAEMON_IDLE_NS (500 * 1000 * 1000ULL)
/* Bytes of notices that the daemon may leave unread while it need not be asked. */
#define SOLE_UNREAD_MAX (256 * (sizeof(struct sp_notice) + 8 /* a record's header */))

/* Set before the program is loaded: ask even where nothing is left to choose. */
const volatile bool ask_always;
/* The same: only tasks of SCHED_EXT are scheduled by us, and so the daemon has to be one. */
const volatile bool switch_partial;

struct sp_dsq standing_by = { .id = DSQ_DAEMON };

/*
 * When a CPU gave way to the daemon, with the CPU in the lowest bits: so no two CPUs
 * write the same. 0: it stands by.
 */
static u64 daemon_since;
static u64 daemon_last; /* when its last pass ended */
static u64 returned_seen; /* how often it had gone back to its class then */
static u64 daemon_passes; /* that it had finished then */
static bool daemon_confined; /* it may not run on every CPU */
/* It sleeps, is stopped, or does not exist. Not static: clang would narrow it. */
u64 daemon_gone = 1;
static u64 called_at; /* when a CPU on which it may not run called for it; 0: none */
static u64 called_since; /* the first of those calls that followed one another in vain */
static s32 called_by;
#ifdef SP_WANTS
static bool ticks_unread; /* the daemon is to have a turn for a tick */
#endif
static u32 alternate; /* whose turn it is with a full ring, or beside an overdue daemon */

/* Whether the daemon has its turn, and not for too long already. */
static __always_inline bool has_turn(u64 now)
{
	u64 since = daemon_since;

	return since && (s64)(now - since) < (s64)OVERDUE_NS;
}

static __always_inline bool is_overdue(u64 now)
{
	return daemon_since && !has_turn(now);
}

/* A CPU where it may not run called for it a moment ago, and it has had no turn since. */
static __always_inline bool is_called_for(u64 now)
{
	return called_at && (s64)(now - called_at) < (s64)OVERDUE_NS;
}

/* So they do for long: a real-time task may hold the CPU where it may run. */
static __always_inline bool calls_in_vain(u64 now)
{
	return is_called_for(now) && (s64)(now - called_since) >= (s64)OVERDUE_NS;
}

/* Whether the daemon is at work on another CPU, and may be waited for. */
static __always_inline bool daemon_is_busy(u64 now)
{
	if (daemon_gone)
		return false;
	if (daemon_since)
		return has_turn(now);
	if (is_called_for(now) && !calls_in_vain(now))
		return true;
	return (s64)(now - daemon_last) < (s64)GRACE_NS;
}

/*
 * The daemon has no turn: a CPU that was put off is to ask for one, if somebody waits. Not
 * where it may run on some CPUs only: the others would end the slice of a task there each time.
 */
static __always_inline void call_next_back(void)
{
	if (put_off_cpus && !daemon_confined && (ALONE_ASKED || nr_queued(&held)))
		call_back();
}

/*
 * The daemon's thread: it stands by until a CPU needs it. One that did not finish its
 * pass, since its slice ended, did not yield: it stays overdue.
 */
static __always_inline void enqueue_daemon(struct task_struct *p,
					   const struct sp_answers *ring, u64 enq_flags)
{
	u64 now = sp_now();
	s32 claimed;

	if (daemon_gone || ring->daemon.passes != daemon_passes) {
		daemon_passes = ring->daemon.passes;
		daemon_last = now;
		daemon_since = 0;
	}
	daemon_gone = 0;
	if (ring->daemon.returned != returned_seen) {
		count_by(SP_COUNT_OUT_OF_CLASS, ring->daemon.returned - returned_seen);
		returned_seen = ring->daemon.returned;
	}
	daemon_confined = (u32)p->nr_cpus_allowed < possible;
	sp_dsq_insert(p, DSQ_DAEMON, DAEMON_SLICE_NS, enq_flags);
	call_next_back();
	if (!daemon_has_work(ring) && !nr_queued(&held))
		return;
	claimed = claim_idle_cpu(p);
	kick_for(p, claimed);
	/* One where it may not run may have gone idle in its turn: it calls. */
	if (daemon_confined && claimed < 0 && nr_queued(&held))
		wake_another(scx_bpf_task_cpu(p));
}

/* Whether the daemon stands by, and may not run here. */
static __noinline bool daemon_is_elsewhere(s32 here)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool is;

	bpf_iter_scx_dsq_new(&it, DSQ_DAEMON, 0);
	p = bpf_iter_scx_dsq_next(&it);
	is = p && !is_allowed(p, here);
	bpf_iter_scx_dsq_destroy(&it);
	return is;
}

/*
 * Whether the daemon that stands by may run here. Else it is called for: a CPU where it
 * may is told to let go of its task, once in a while.
 */
static __always_inline bool daemon_may_run(s32 here, s32 caller, u64 now)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool may = true;
	s32 cpu, idle;

	bpf_iter_scx_dsq_new(&it, DSQ_DAEMON, 0);
	p = bpf_iter_scx_dsq_next(&it);
	if (p && !is_allowed(p, here)) {
		may = false;
		if (!called_at || (s64)(now - called_at) >= (s64)GRACE_NS) {
			cpu = scx_bpf_task_cpu(p);
			/* It did not come: that CPU may have a real-time task. */
			if (is_called_for(now))
				cpu = (s32)bpf_cpumask_any_distribute(p->cpus_ptr);
			else
				called_since = now;
			called_by = caller;
			called_at = now;
			idle = pick_idle_cpu(p);
			if (idle >= 0)
				scx_bpf_kick_cpu(idle, SCX_KICK_IDLE);
			else
				scx_bpf_kick_cpu(cpu, SCX_KICK_PREEMPT);
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return may;
}

/*
 * Lets the daemon run here, if it stands by, and pick for @caller. Its task, if that could
 * go on, is told of before the daemon runs: @prev_pid, or 0. Global: verified once.
 */
__noinline int run_daemon_for(s32 here, s32 caller, u32 prev_pid, u32 prev_generation)
{
	struct sp_answers *ring = answer_ring();
	u64 now = sp_now();
	u64 before, since;

	if (!ring || !nr_queued(&standing_by))
		return 0;
	if (daemon_confined && !daemon_may_run(here, caller, now))
		return 0;
	/* One that lost its CPU in the middle of a pass has its turn still. */
	before = daemon_since;
	since = before ? before : now;
	since = (since & ~(u64)(SP_CPUS_MAX - 1)) | ((u32)here & (SP_CPUS_MAX - 1));
	/* Before it leaves the queue: nobody may find it neither here nor there. */
	if (!before)
		daemon_since = since;
	if (!take_from(&standing_by)) {
		/*
		 * Another CPU was faster, and wrote its own. Or the daemon had its turn
		 * there since the look above, and is about to stand by anew: then
		 * nobody else would take this mark away.
		 */
		if (!before)
			__sync_val_compare_and_swap(&daemon_since, since, 0);
		return 0;
	}
	daemon_since = since;
	called_at = 0;
	asked_at[(u32)caller & (SP_CPUS_MAX - 1)] = now;
	asked_waits[(u32)caller & (SP_CPUS_MAX - 1)] = waits;
#ifdef SP_WANTS
	ticks_unread = false;
#endif
	ring->asked.cpu = caller;
	ring->asked.now = now;
	ring->asked.prev_pid = prev_pid;
	ring->asked.prev_generation = prev_generation;
	ring->asked.turns++;
	count(SP_COUNT_DAEMON_RUNS);
	return 1;
}

static __always_inline bool run_daemon(s32 here, s32 caller,
				       const struct sp_task_ctx *prev)
{
	return run_daemon_for(here, caller, prev ? prev->pid : 0,
			      prev ? prev->generation : 0);
}

/*
 * Whether a CPU's own task is the daemon, and was told to let go of its CPU in the middle of
 * its pass. Global: verified once.
 */
__noinline int is_interrupted(u32 pid, u32 flags)
{
	const struct sp_answers *ring = answer_ring();

	return ring && pid == ring->daemon.tid && (flags & SCX_TASK_QUEUED) &&
	       ring->daemon.passes == daemon_passes && has_turn(sp_now());
}

/* Lets the daemon run here because another CPU called for it; for itself this one asks. */
static __always_inline bool run_called_daemon(s32 here)
{
	return called_at && called_by != here && run_daemon(here, called_by, NULL);
}

/*
 * Whether the daemon should have a turn though nobody waits: it has something to read, lost
 * its CPU in the middle of a pass, or the kernel would take it, which stands in a queue, for a
 * task that starves.
 */
static __always_inline bool daemon_is_due(u64 unread, u64 now)
{
	u64 since = daemon_since;
	u64 limit = unread || since ? DAEMON_IDLE_NS : watchdog_ns / 4;

	return (s64)(now - (since ? since : daemon_last)) > (s64)limit;
}

/* Whether the daemon should read its ring before it is full, whoever is picked. */
static __always_inline bool daemon_should_read(u64 unread)
{
	return !daemon_since && unread > SP_EVENT_RING / 2;
}

/* Whether a CPU is not to wait for the daemon: it is gone, does not yield, or does not come. */
static __always_inline bool does_not_answer(s32 here, u64 now)
{
	return daemon_gone || is_overdue(now) ||
	       (calls_in_vain(now) && daemon_is_elsewhere(here));
}

/*
 * Whether to ask the daemon for somebody for a CPU. Where more wait than are looked at,
 * and none of these may run there, it has looked at all of them a moment ago, perhaps, and
 * found nobody: those that came since are the newest ones. Else a CPU on which nobody may
 * run would ask again and again, and others would wait for the daemon meanwhile.
 */
static __always_inline bool is_held_for(s32 cpu)
{
	u32 index = (u32)cpu & (SP_CPUS_MAX - 1);
	int found = has_task_for(&held, cpu);
	u64 now;

	if (found != TASK_PERHAPS || !asked_at[index])
		return found;
	now = sp_now();
	/* A daemon that does not answer is not waited for: somebody is taken without it. */
	return does_not_answer(cpu, now) || waits - asked_waits[index] > LOOK_MAX / 2 ||
	       (s64)(now - asked_at[index]) > (s64)FORGOTTEN_NS;
}

/* Takes the first to come, whatever the policy. */
static __always_inline bool fall_back(enum sp_counter why, u64 now)
{
	if (!take_from(&held))
		return false;
	count(why);
	if (is_overdue(now) || calls_in_vain(now))
		count(SP_COUNT_OVERDUE);
	return true;
}

/*
 * With a full ring, tasks are picked without the daemon, and DSQ_PICKED may never
 * be empty. Where the daemon cannot answer, those that it was told of before go
 * every other time: nobody else serves them.
 */
static __always_inline bool take_held_in_turn(s32 here)
{
	u64 now;

	if (!daemon_gone && !daemon_since && !called_at)
		return false;
	now = sp_now();
	if (!does_not_answer(here, now))
		return false;
	return nr_queued(&held) && (++alternate & 1) &&
	       fall_back(SP_COUNT_FALLBACK, now);
}

/* The daemon's own picture of who is idle. */
static __always_inline void tell_idle(struct sp_answers *ring, s32 cpu)
{
	u32 word = (u32)cpu / 64;
	u64 bit = 1ULL << (cpu & 63);

	if (word >= SP_CPUS_MAX / 64)
		return;
	if (idle_bits[word] & bit)
		__sync_fetch_and_or(&ring->asked.idle[word], bit);
	else
		__sync_fetch_and_and(&ring->asked.idle[word], ~bit);
}

#ifdef SP_SETS
/* Of which sets of CPUs none is on-line. */
static __always_inline void tell_sets_gone(void)
{
	struct sp_answers *ring = answer_ring();

	if (ring)
		ring->asked.sets_gone = sets_gone;
}
#endif

/*
 * A CPU leaves it to the daemon, which is at work, to kick it. One that has idled since
 * before attachment goes on idling, and the kernel tells nobody: it says so itself. If the
 * daemon had its turn and stands by again, it may not have seen that: the CPU asks anew.
 */
static __noinline void tell_still_idle(struct sp_answers *ring, s32 here, bool had_turn)
{
	here &= SP_CPUS_MAX - 1; /* for the verifier */
	if (bpf_get_current_task_btf()->pid || is_marked_idle(here))
		return;
	mark_idle(here, true);
	tell_idle(ring, here);
	if (had_turn && nr_queued(&standing_by))
		scx_bpf_kick_cpu(here, 0);
}

/*
 * Nobody is picked for a CPU's own task where the daemon may not run: the daemon is told of it
 * as of one that waits, and called for by the CPU, which idles then. Else the other one would be
 * picked each time, whatever the policy.
 */
static __always_inline bool joins_those_who_wait(s32 here, struct sp_task_ctx *prev,
						 u64 now)
{
	if (!prev || !daemon_confined || calls_in_vain(now) ||
	    !daemon_is_elsewhere(here))
		return false;
	prev->joins = true;
	return true;
}

/*
 * A CPU whose task goes on is put off. If the daemon's turn ended since the CPU looked, nobody
 * would call it back: so it looks once more. Whether it runs the daemon. The daemon stands by
 * a moment after it called somebody back: who is put off in between waits for the next turn's
 * end, or its own tick.
 */
static __always_inline bool asks_late(s32 here, const struct sp_task_ctx *prev,
				      bool unknown)
{
	put_off(here);
	if (unknown || !run_daemon(here, here, prev))
		return false;
	forget_put_off(here);
	return true;
}

/*
 * A CPU found nothing picked, and somebody waits who may run here. Returns the slice
 * for which its present task may go on, 0 if another was found.
 */
static __always_inline u64 ask_daemon(struct sp_answers *ring, s32 here,
				      struct sp_task_ctx *prev, bool goes)
{
	u64 now = sp_now();
	bool had_turn = daemon_since != 0;
	/* Gone in the middle of a pass, it may know what it did not publish. */
	bool unknown = !had_turn && !daemon_gone && !answers_left(ring) &&
		       !daemon_has_work(ring) && !ring->daemon.held_back;

	if (!unknown &&
	    (joins_those_who_wait(here, prev, now) || run_daemon(here, here, prev)))
		return 0;
	/* It kicks idle CPUs when it has answered, and calls others back. */
	if (daemon_is_busy(now)) {
		if (goes && asks_late(here, prev, unknown))
			return 0;
		count(SP_COUNT_RETRIED);
		tell_still_idle(ring, here, had_turn);
		return RETRY_SLICE_NS;
	}
	if (!fall_back(unknown ? SP_COUNT_LOST : SP_COUNT_FALLBACK, now))
		return described()->slice_max_ns;
	/* Others may have gone idle because the daemon seemed to be at work. */
	if (idle_cpus && nr_queued(&held))
		wake_another(here);
	return 0;
}

#ifdef SP_ALONE_ASKED
/*
 * Nobody waits for this CPU. The policy is asked about its task all the same, and may hold
 * it back. Returns the slice for which it goes on meanwhile, 0 if the daemon has its turn.
 */
static __always_inline u64 ask_alone(struct sp_answers *ring, s32 here,
				     struct task_struct *prev)
{
	struct sp_task_ctx *tctx;

	if (daemon_gone || !is_told_of(prev, 0) || (prev->flags & PF_EXITING) ||
	    (u32)prev->tgid == ring->daemon.tgid)
		return described()->slice_max_ns;
	tctx = task_ctx(prev);
	if (!tctx)
		return described()->slice_max_ns;
	if (joins_those_who_wait(here, tctx, sp_now()) || run_daemon(here, here, tctx))
		return 0;
	if (!daemon_is_busy(sp_now()))
		return described()->slice_max_ns;
	if (asks_late(here, tctx, false))
		return 0;
	count(SP_COUNT_RETRIED);
	return RETRY_SLICE_NS;
}
#endif

/*
 * Whether nothing is left to choose where @p is the only one that waits. For a pair with
 * queues of its own there is, if it ran near other CPUs: one of these may idle.
 */
static __always_inline bool takes_unasked(struct task_struct *p,
					  const struct sp_task_ctx *tctx, s32 here)
{
#ifdef SP_PLACES
	return is_near(last_cpu_of(tctx, scx_bpf_task_cpu(p)), here);
#else
	return true;
#endif
}

/*
 * Where one task waits and the CPU has no other, there is nothing to choose: it is
 * taken, and the daemon, which stands by, told. If a second one comes at the same
 * moment, the first to come is taken all the same. False if the daemon is to be asked.
 */
static __always_inline bool take_sole(const struct sp_answers *ring, s32 here,
				      u64 unread)
{
	struct bpf_iter_scx_dsq it;
	struct sp_task_ctx *tctx;
	struct sp_notice notice;
	struct task_struct *p;
	bool taken = false;
	u64 now;

	if (ask_always || unread > SOLE_UNREAD_MAX || nr_queued(&held) != 1 ||
	    !nr_queued(&standing_by) || answers_left(ring))
		return false;
	/* It has its turn that often, and is not seen to be gone otherwise. */
	now = sp_now();
	if ((s64)(now - daemon_last) > (s64)DAEMON_IDLE_NS)
		return false;
	bpf_iter_scx_dsq_new(&it, DSQ_HELD, 0);
	p = bpf_iter_scx_dsq_next(&it);
	tctx = p ? task_ctx(p) : NULL;
	if (tctx && may_run(p, here) && takes_unasked(p, tctx, here)) {
		fill_notice(&notice, SP_NOTICE_TAKEN, p, tctx, now);
		notice.cpu = here;
		taken = sp_dsq_move(&it, p, SCX_DSQ_LOCAL, 0);
	}
	bpf_iter_scx_dsq_destroy(&it);
	if (!taken)
		return false;
	count(SP_COUNT_SOLE);
	if (!send(&notice)) /* its answer will be stale */
		count(SP_COUNT_NOTES_LOST);
	return true;
}

#endif
