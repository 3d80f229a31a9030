/* SPDX-License-Identifier: GPL-2.0-only */
/* User mode: the daemon's answers, carried out. */
#ifndef SCHED_PROTO_ANSWERS_BPF_H
#define SCHED_PROTO_ANSWERS_BPF_H

#include "held.bpf.h"
#include "notices.bpf.h"
#include "wanted.bpf.h"

#define DSQ_HELD 16
#define DSQ_PICKED 17
/* Of each CPU: picked tasks that may run nowhere else. */
#define DSQ_PICKED_ON 0x10000

/* Answers laid aside until their tasks are queued; a power of two. */
#define EARLY_MAX 8
#define DRAIN_MAX 256

/* Not static: clang would narrow the addresses, which it sees as flags. */
struct sp_dsq held = { .id = DSQ_HELD };
struct sp_dsq picked = { .id = DSQ_PICKED };

static bool picked_on[SP_CPUS_MAX]; /* somebody may stand in that CPU's own queue */
static bool any_picked; /* somebody stood in DSQ_PICKED: before, its length is 0 */
/* When a CPU had the daemon pick for it, and nobody was yet; 0: somebody was since. */
static u64 asked_at[SP_CPUS_MAX];
static u32 asked_waits[SP_CPUS_MAX]; /* how many waits there had been */
static u64 drain_busy;
static struct sp_answer early[EARLY_MAX]; /* pid 0: none; under drain_busy */
static u32 early_count;

enum outcome {
	TRY_AGAIN, /* not in its queue yet */
	DONE,
	RUNS_HERE, /* it is the next one of the CPU that asked */
};

/* Wakes a CPU for a task that was picked for @cpu. */
static __always_inline void wake_for_picked(struct task_struct *p, s32 cpu, s32 here)
{
	u64 bits = idle_bits[((u32)cpu / 64) & (SP_CPUS_MAX / 64 - 1)];

	if (cpu == here)
		return; /* it takes it now */
	if (!(bits >> (cpu & 63) & 1)) {
		/* It found something else to do: another one may. */
		cpu = nobody_idle() || is_pinned(p) ? -1 : pick_idle_cpu(p);
		if (cpu < 0)
			return;
	}
	scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

/*
 * Whether a CPU comes for what is picked for it: it asked for it, or is idle. For a pair
 * with queues of its own, that CPU alone has it then; else whoever comes first.
 */
static __always_inline bool waits_for(s32 cpu)
{
#ifdef SP_PLACES
	struct sp_answers *ring = answer_ring();

	if ((u32)cpu >= possible)
		return false;
	return is_marked_idle(cpu) || (ring && ring->asked.cpu == (u32)cpu);
#else
	(void)cpu;
	return false;
#endif
}

/*
 * Moves a waiting task to where its answer lets it go: to @here if that CPU asked, has
 * none yet and may have this one; else to DSQ_PICKED, or to the only CPU that it may
 * run on. The iterator is older than the looks at the task: whatever changed its
 * affinity since has queued it anew, and then the kernel refuses the move.
 */
static __always_inline enum outcome
pick(struct bpf_iter_scx_dsq *it, struct task_struct *p, s32 cpu, s32 here, bool wanted)
{
	u64 to = DSQ_PICKED;
	s32 instead = -1;
	bool mine;

	asked_at[(u32)cpu & (SP_CPUS_MAX - 1)] = 0;
	if (!may_run(p, cpu))
		count(SP_COUNT_WRONG_CPU);
	mine = wanted && may_run(p, here);
#ifdef SP_PLACES
	mine = mine && cpu == here;
#endif
	if (mine) {
		to = SCX_DSQ_LOCAL;
	} else if (is_pinned(p)) {
		cpu = scx_bpf_task_cpu(p);
		to = DSQ_PICKED_ON + (u32)cpu;
	} else if (waits_for(cpu) && may_run(p, cpu)) {
		to = DSQ_PICKED_ON + (u32)cpu;
	}
#ifdef SP_PLACES
	/* That CPU found something else to do: one near it, if one idles. */
	if (to == DSQ_PICKED)
		instead = claim_near(p, cpu, here);
#ifdef SP_SETS
	/* Or another one of its queue; else it waits for that CPU. */
	if (to == DSQ_PICKED && instead < 0 && set_of_task(p)) {
		instead = claim_any_idle_cpu(p);
		if (instead < 0)
			to = DSQ_PICKED_ON + (u32)cpu;
	}
#endif
	if (instead >= 0)
		to = DSQ_PICKED_ON + (u32)instead;
#endif
	if (to == DSQ_PICKED)
		any_picked = true;
	if (!sp_dsq_move(it, p, to, 0))
		return TRY_AGAIN;
	if (mine)
		return RUNS_HERE;
	if (instead >= 0)
		cpu = instead;
	if (to != DSQ_PICKED)
		picked_on[(u32)cpu & (SP_CPUS_MAX - 1)] = true;
	if (instead >= 0) {
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
		return DONE;
	}
#ifdef SP_PLACES
	/* It asked, and comes; or it has something else to do first. */
	if (to != DSQ_PICKED && !is_marked_idle(cpu) && !is_pinned(p))
		return DONE;
#endif
	wake_for_picked(p, cpu, here);
	return DONE;
}

#ifdef SP_ALONE_ASKED

/* It waits for the daemon again, which knows that its time has come. */
static __always_inline bool let_wait(struct bpf_iter_scx_dsq *it, struct task_struct *p,
				     struct sp_task_ctx *tctx)
{
	(void)tctx;
	return sp_dsq_move(it, p, DSQ_HELD, 0);
}

/* The daemon holds a task back. If its time has come already, it waits where it is. */
static __always_inline enum outcome hold_back_answered(struct bpf_iter_scx_dsq *it,
						       struct task_struct *p,
						       struct sp_task_ctx *tctx,
						       const struct sp_answer *answer)
{
	u64 now = sp_now();
	/* Times are that near that the lowest bits say it. */
	s32 left = (s32)(answer->slice_ns - (u32)now);
	u64 until = now + left;

	if (left <= 0)
		return DONE;
	if (!sp_dsq_move_vtime(it, p, DSQ_HELD_BACK, until))
		return TRY_AGAIN;
	count(SP_COUNT_HELD_BACK);
	count_no_more(&tctx->counted);
	note_release(until);
	return DONE;
}

#endif

#ifdef SP_WANTS

/* The slice of a task that runs is over. */
static __always_inline void end_slice(struct task_struct *p)
{
	count(SP_COUNT_GAVE_WAY);
	sp_set_slice(p, 0);
	scx_bpf_kick_cpu(scx_bpf_task_cpu(p), 0);
}

/* The answer to a tick: a task gives way, unless it stopped since. */
static __always_inline void give_way(struct task_struct *p, struct sp_task_ctx *tctx,
				     u32 wait)
{
	if (!tctx || !wait || tctx->run != wait || !(tctx->on_cpu || tctx->aside))
		count(SP_COUNT_STALE);
	else if (tctx->aside)
		tctx->gives_way = true;
	else
		end_slice(p);
}

#endif

/* Carries out one answer. @wanted: the CPU has no task yet. */
static __noinline enum outcome carry_out(struct bpf_iter_scx_dsq *it,
					 const struct sp_answer *answer, s32 here,
					 bool wanted)
{
	struct task_struct *p = bpf_task_from_pid(answer->pid);
	enum outcome outcome = DONE;
	struct sp_task_ctx *tctx;

	if (!p) {
		if (answer->wait)
			count(SP_COUNT_STALE);
		return DONE;
	}
	tctx = task_ctx(p);
	/* Also from a late answer, and from one that tells nothing else. */
	if (tctx)
		tctx->queue = answer->queue;
#ifdef SP_SETS
	if (tctx)
		tctx->set = usable_set(p, answer->queue);
#endif
#ifdef SP_WANTS
	if (answer->cpu == SP_ANSWER_GIVE_WAY) {
		give_way(p, tctx, answer->wait);
		bpf_task_release(p);
		return DONE;
	}
#endif
	if (tctx && answer->wait && tctx->wait == answer->wait && !tctx->is_back) {
#ifdef SP_ALONE_ASKED
		if (answer->cpu == SP_ANSWER_HOLD) {
			outcome = hold_back_answered(it, p, tctx, answer);
			bpf_task_release(p);
			return outcome;
		}
#endif
		sp_dsq_move_set_slice(it, answer->slice_ns);
		outcome = pick(it, p, answer->cpu, here, wanted);
	} else if (answer->wait) {
		count(SP_COUNT_STALE);
	}
	bpf_task_release(p);
	return outcome;
}

/*
 * Lays an answer aside whose task is not in its queue yet: the CPU that enqueues
 * it told the daemon just before, and may be a virtual one that lost its CPU in
 * between. So those behind it need not wait. False if there is no room.
 */
static __always_inline bool lay_aside(const struct sp_answer *answer)
{
	for (u32 i = 0; i < EARLY_MAX; i++) {
		if (early[i].pid)
			continue;
		early[i] = *answer;
		early_count++;
		count(SP_COUNT_EARLY);
		return true;
	}
	return false;
}

/* Tries those again that were laid aside; returns whether @here got one. */
static __always_inline bool retry_early(struct bpf_iter_scx_dsq *it, s32 here,
					bool wanted)
{
	enum outcome outcome;
	struct sp_answer answer;
	bool got = false;
	int i;

	bpf_for(i, 0, EARLY_MAX) {
		answer = early[i & (EARLY_MAX - 1)];
		if (!answer.pid)
			continue;
		outcome = carry_out(it, &answer, here, wanted && !got);
		if (outcome == TRY_AGAIN)
			continue;
		early[i & (EARLY_MAX - 1)].pid = 0;
		early_count--;
		if (outcome == RUNS_HERE)
			got = true;
	}
	return got;
}

/* Carries out the next answer. */
static __always_inline enum outcome carry_out_next(struct bpf_iter_scx_dsq *it,
						   struct sp_answers *ring, s32 here,
						   bool wanted)
{
	struct sp_answer answer = ring->ring[ring->asked.tail & (SP_ANSWERS - 1)];
	enum outcome outcome = carry_out(it, &answer, here, wanted);

	if (outcome == TRY_AGAIN) {
		if (!lay_aside(&answer))
			return TRY_AGAIN;
		outcome = DONE;
	}
	ring->asked.tail++;
	return outcome;
}

static __always_inline bool answers_left(const struct sp_answers *ring)
{
	return ring->asked.tail != ring->daemon.answers_head || early_count;
}

/*
 * Carries out the answers under way; returns whether @here got a task of them.
 * One CPU at a time: another that comes meanwhile goes on without, and is kicked
 * for what becomes of them. Global: verified once, not for each path that leads here.
 */
__noinline int carry_out_all(s32 here)
{
	struct sp_answers *ring = answer_ring();
	struct bpf_iter_scx_dsq it;
	/* Those picked before go first. Until its place is known, all go that way. */
	bool wanted = picked.address && !nr_queued(&picked);
	enum outcome outcome;
	bool got = false;
	u64 head;
	int i;

	if (!ring)
		return 0;
#ifdef SP_WANTS
	/* Who let the daemon in goes on, and stands there. */
	wanted = wanted && !picked_on[(u32)here & (SP_CPUS_MAX - 1)];
#endif
	if (__sync_lock_test_and_set(&drain_busy, 1))
		return 0;
	/* Tasks queued after the iterator was made cannot be moved by it. */
	head = ring->daemon.answers_head;
	bpf_iter_scx_dsq_new(&it, DSQ_HELD, 0);
	if (early_count)
		got = retry_early(&it, here, wanted);
	if (ring->asked.tail != head)
		got |= carry_out_next(&it, ring, here, wanted && !got) == RUNS_HERE;
	/* Mostly there is but one, and a loop costs more than its turn. */
	if (ring->asked.tail != head) {
		bpf_for(i, 0, DRAIN_MAX) {
			if (ring->asked.tail == head)
				break;
			outcome = carry_out_next(&it, ring, here, wanted && !got);
			if (outcome == RUNS_HERE)
				got = true;
			if (outcome == TRY_AGAIN)
				break;
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	__sync_lock_test_and_set(&drain_busy, 0);
	return got;
}

static __always_inline bool drain(const struct sp_answers *ring, s32 here)
{
	return answers_left(ring) && carry_out_all(here);
}

/* Takes what was picked for this CPU, or for any. */
static __always_inline bool take_picked(s32 cpu)
{
	bool *mine = &picked_on[(u32)cpu & (SP_CPUS_MAX - 1)];

	if (*mine) {
		/* First, so that one that is picked meanwhile is not overlooked. */
		*mine = false;
		if (sp_dsq_move_to_local(DSQ_PICKED_ON + (u32)cpu)) {
			*mine = true;
			return true;
		}
	}
	return any_picked && take_from(&picked);
}

#if defined(SP_PLACES) || defined(SP_WANTS)

static u32 late_on; /* a CPU that does not come for what was picked for it, and 1 */
static bool late[SP_CPUS_MAX]; /* it did not at the last beat */

/*
 * With each beat, of a CPU for which somebody was picked: after two beats in which it was
 * busy with something else, who may runs elsewhere.
 */
static __always_inline void find_late_pick(u32 cpu)
{
	bool *was = &late[cpu & (SP_CPUS_MAX - 1)];
	bool is = !is_marked_idle(cpu) &&
		  scx_bpf_dsq_nr_queued(DSQ_PICKED_ON + cpu) > 0;

	if (is && *was)
		late_on = cpu + 1;
	*was = is;
}

#ifdef SP_SETS
/* Whether the first of a queue may run here. Global: verified once. */
__noinline int first_may_run(u64 dsq, s32 here)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool may = false;

	bpf_iter_scx_dsq_new(&it, dsq, 0);
	p = bpf_iter_scx_dsq_next(&it);
	if (p)
		may = may_run(p, here);
	bpf_iter_scx_dsq_destroy(&it);
	return may;
}
#endif

/* Takes what was picked for such a CPU, if it may run here. */
static __always_inline bool take_late_pick(s32 here)
{
	u32 cpu = late_on;

	if (!cpu)
		return false;
#ifdef SP_SETS
	if (!first_may_run(DSQ_PICKED_ON + cpu - 1, here))
		return false;
#endif
	late_on = 0;
	if (!sp_dsq_move_to_local(DSQ_PICKED_ON + cpu - 1))
		return false;
	count(SP_COUNT_DISPATCHED);
	return true;
}

#else

static __always_inline void find_late_pick(u32 cpu)
{
	(void)cpu;
}

static __always_inline bool take_late_pick(s32 here)
{
	(void)here;
	return false;
}

#endif

/*
 * A CPU goes off-line. What is in its own queue could run on it alone: the kernel, which
 * gets it, finds another for it.
 */
static __always_inline void give_up_picked(s32 cpu)
{
	struct sp_dsq own = { .id = DSQ_PICKED_ON + (u32)cpu };

#ifdef SP_ALONE_ASKED
	count_by(SP_COUNT_GIVEN_UP, give_up_cpu(&held_back, cpu));
#endif
	count_by(SP_COUNT_GIVEN_UP, give_up_cpu(&held, cpu));
	count_by(SP_COUNT_GIVEN_UP, give_up_cpu(&picked, cpu));
	count_by(SP_COUNT_GIVEN_UP, give_up_cpu(&own, cpu));
}

/* Makes the queues; returns 0, or a negative errno. */
static __always_inline s32 create_answer_queues(void)
{
	s32 error;
	u32 cpu;

	error = scx_bpf_create_dsq(DSQ_HELD, -1);
	if (!error)
		error = create_held_back();
	if (!error)
		error = scx_bpf_create_dsq(DSQ_PICKED, -1);
	bpf_for(cpu, 0, possible) {
		if (error)
			break;
		error = scx_bpf_create_dsq(DSQ_PICKED_ON + cpu, -1);
	}
	return error;
}

#endif
