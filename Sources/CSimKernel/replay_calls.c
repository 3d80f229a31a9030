// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls that a scheduler makes of the kernel: they have to find what the kernel
 * found.
 */
#include "replay.h"

#define ITERATORS 64

/* An iterator of the kernel's is where it stands in that kernel's memory. */
static struct {
	u64 address;
	struct bpf_iter_scx_dsq it;
	u32 since, made_at; /* the line of its CPU before its own, and its own */
	bool used;
} iterators[ITERATORS];

/* CPUs of which is not known yet whether they count as idle. */
static u64 unknown_idle;

void replay_ops_reset(void)
{
	for (u32 i = 0; i < ITERATORS; i++)
		iterators[i].used = false;
	unknown_idle = ~0ULL;
}

void replay_knows_idle(s32 cpu)
{
	unknown_idle &= ~(1ULL << cpu);
}

static struct bpf_iter_scx_dsq *iterator_at(const struct record *r, bool is_new)
{
	u32 free = ITERATORS;

	for (u32 i = 0; i < ITERATORS; i++) {
		if (iterators[i].used && iterators[i].address == r->c && is_new) {
			bpf_iter_scx_dsq_destroy(&iterators[i].it);
			iterators[i].used = false;
		}
		if (iterators[i].used && iterators[i].address == r->c)
			return &iterators[i].it;
		if (!iterators[i].used)
			free = i;
	}
	if (!is_new)
		return NULL; /* it was made before the log begins */
	if (free == ITERATORS) {
		replay_refuse(r, "more than %d iterators", ITERATORS);
		return NULL;
	}
	iterators[free].used = true;
	iterators[free].address = r->c;
	iterators[free].since = replay_player()->last;
	iterators[free].made_at = replay_at;
	return &iterators[free].it;
}

/* Two CPUs inserted one each at the same time: the other came first. */
static bool puts_behind(struct task *p, s32 pid)
{
	struct task *other = pid ? replay_task(pid) : NULL;

	if (!other || p->t.scx.dsq != other->t.scx.dsq ||
	    !replay_may_come_after(p, other->came_at) || p->node.key != other->node.key)
		return false;
	dsq_put_behind(p, other);
	return true;
}

/*
 * It may have come into the queue after the iterator was made, which passes it over
 * then.
 */
static bool is_newer_than(const struct task *p, const struct bpf_iter_scx_dsq *it)
{
	for (u32 i = 0; i < ITERATORS; i++)
		if (it == &iterators[i].it)
			return p->came_at >= iterators[i].since ||
			       replay_may_come_after(p, iterators[i].made_at);
	return false;
}

static void play_iterator(const struct record *r)
{
	struct bpf_iter_scx_dsq *it = iterator_at(r, r->kind == LOG_F_ITER);
	struct task_struct *t;

	if (!it)
		return;
	if (r->kind == LOG_F_ITER) {
		bpf_iter_scx_dsq_new(it, r->a, r->b);
	} else if (r->kind == LOG_F_MOVE_SLICE) {
		scx_bpf_dsq_move_set_slice(it, r->a);
	} else if (r->kind == LOG_F_ITER_END) {
		bpf_iter_scx_dsq_destroy(it);
		for (u32 i = 0; i < ITERATORS; i++)
			if (it == &iterators[i].it)
				iterators[i].used = false;
	} else {
		/* Who waited before the log begins is not in the model's queue. */
		if (r->pid && !replay_was_seen(r->pid)) {
			sim_replayed.learned++;
			return;
		}
		/* Another CPU took it between this call and its line. */
		if (r->pid &&
		    (replay_task(r->pid)->left_at >= replay_player()->last ||
		     (!has_task(it, replay_task(r->pid)) &&
		      replay_may_leave_after(replay_task(r->pid), replay_at)))) {
			sim_replayed.races++;
			return;
		}
		if (r->pid && replay_completes(r->pid))
			sim_replayed.races++;
		t = bpf_iter_scx_dsq_next(it);
		while (t && t->pid != r->pid &&
		       (replay_settle(task_of(t)) || replay_is_between(task_of(t)) ||
			puts_behind(task_of(t), r->pid) ||
			is_newer_than(task_of(t), it))) {
			sim_replayed.races++;
			t = bpf_iter_scx_dsq_next(it);
		}
		sim_replayed.looks++;
		if ((t ? t->pid : 0) != r->pid)
			replay_refuse(r, "the next one in the queue is pid %d",
				      t ? t->pid : 0);
	}
}

/* It waits in @dsq since before the log began. */
static void learn(struct task *p, u64 id)
{
	struct dsq *dsq = find_dsq_by_id(id, p->cpu);

	sim_replayed.learned++;
	p->t.scx.flags |= SCX_TASK_QUEUED;
	if (p->t.scx.dsq)
		return;
	begins_to_wait(p);
	replay_player()->moving = p;
	dsq_insert(dsq, p, false, 0);
}

/* Whom the call takes, as the lines tell that stand around it; 0: they do not. */
static s32 taken_by(const struct record *r)
{
	const struct player *me = replay_player();
	const struct task *next;

	if (me->taken)
		return me->taken;
	if (me->inserted)
		return me->inserted->pid;
	next = replay_task(replay_runs_next(r->cpu));
	return next->t.pid && next->class == CLASS_EXT ? next->t.pid : 0;
}

static void play_to_local(const struct record *r)
{
	const s32 next = taken_by(r);
	struct dsq *dsq = find_dsq_by_id(r->a, r->cpu);
	struct task *first;
	bool moved;

	sim_replayed.moves++;
	if (next && replay_completes(next))
		sim_replayed.races++;
	first = first_for(dsq, r->cpu);
	while (first && (!r->b || (next && first->t.pid != next))) {
		if (replay_settle(first))
			first = first_for(dsq, r->cpu);
		else if (puts_behind(first, next))
			first = first_for(dsq, r->cpu);
		else if (replay_is_between(first))
			first = next_for(first, r->cpu);
		else
			break;
		sim_replayed.races++;
	}
	if (first && first != first_for(dsq, r->cpu)) {
		take(first, r->cpu);
		return;
	}
	if (!first && !r->b)
		return;
	moved = scx_bpf_dsq_move_to_local(r->a);
	if (!moved && r->b && next && !replay_was_seen(next)) {
		learn(replay_task(next), r->a);
		moved = scx_bpf_dsq_move_to_local(r->a);
	}
	if (moved != r->b)
		replay_refuse(r, "the model finds pid %d in queue %llx for CPU %d",
			      first ? first->t.pid : 0, r->a, sim.moment.here);
}

static void play_move(const struct record *r)
{
	struct bpf_iter_scx_dsq *it = iterator_at(r, false);
	struct task *p = replay_task(r->pid);
	bool moved;

	if (!it)
		return;
	sim_replayed.moves++;
	if (!r->b && (is_newer_than(p, it) || replay_is_between(p))) {
		sim_replayed.races++;
		return;
	}
	moved = scx_bpf_dsq_move(it, &p->t, r->a, 0);
	if (moved != r->b)
		replay_refuse(r, "the model %s it", moved ? "moves" : "does not move");
}

static bool counts_as_idle(s32 cpu)
{
	return cpu >= 0 && mask_has(&sim.idle_mask, (u32)cpu);
}

/* CPUs that are told of for the first time are as they are told. */
static void learn_idle(u64 cpus, s32 found)
{
	for (u32 cpu = 0; cpu < sim.cpus; cpu++) {
		if (!(unknown_idle & cpus & 1ULL << cpu) ||
		    (found >= 0 && (s32)cpu != found))
			continue;
		mask_set(&sim.idle_mask, cpu, found >= 0);
		replay_knows_idle((s32)cpu);
	}
}

/* It became idle, or stopped to be, at the same time: either answer is right. */
static bool changes_idle(s32 cpu)
{
	if (!replay_changes_idle(cpu))
		return false;
	sim_replayed.races++;
	return true;
}

/*
 * Which one of those that are idle is found, depends on where the kernel looked last.
 */
static void found_idle(const struct record *r, u64 cpus, s32 found)
{
	sim_replayed.claims++;
	learn_idle(cpus, found);
	if (found >= 0) {
		if (!(cpus >> found & 1) ||
		    (!counts_as_idle(found) && !changes_idle(found)))
			replay_refuse(r, "CPU %d is not idle, or not allowed", found);
		if (!scx_bpf_test_and_clear_cpu_idle(found))
			replay_claims_before(found);
		return;
	}
	for (u32 cpu = 0; cpu < sim.cpus; cpu++)
		if ((cpus >> cpu & 1) && counts_as_idle((s32)cpu) &&
		    !changes_idle((s32)cpu))
			replay_refuse(r, "CPU %u is idle", cpu);
}

static void play_claim(const struct record *r)
{
	sim_replayed.claims++;
	learn_idle(1ULL << r->at, r->a ? r->at : -1);
	if (counts_as_idle(r->at) != r->a && !changes_idle(r->at))
		replay_refuse(r, "CPU %d %s", r->at, r->a ? "is not idle" : "is idle");
	if (r->a && !scx_bpf_test_and_clear_cpu_idle(r->at))
		replay_claims_before(r->at);
}

/* The kernel's own choice: for a synchronous wake-up that may be the waker's CPU. */
static void play_select(const struct record *r)
{
	struct task *p = replay_task(r->pid);
	const u64 cpus = p->affinity->mask.bits[0];
	struct sim_mask before;
	bool idle;
	s32 cpu;

	learn_idle(cpus, r->c ? r->at : -1);
	before = sim.idle_mask;
	cpu = scx_bpf_select_cpu_dfl(&p->t, (s32)r->a, r->b, &idle);
	sim_replayed.claims++;
	if (cpu == r->at && idle == r->c)
		return;
	sim.idle_mask = before;
	if (!r->c) { /* nobody was */
		found_idle(r, cpus, -1);
		return;
	}
	/* Its own CPU goes first. */
	if (idle && r->at != cpu && (cpu == (s32)r->a || r->at == (s32)r->a) &&
	    !changes_idle((s32)r->a))
		replay_refuse(r, "the model chooses CPU %d", cpu);
	found_idle(r, cpus, r->at);
}

void replay_call(const struct record *r)
{
	struct task *p = r->pid ? replay_task(r->pid) : NULL;

	sim_replayed.calls++;
	switch (r->kind) {
	case LOG_F_INSERT:
		scx_bpf_dsq_insert(&p->t, r->a, r->b, replay_flags(r->c));
		break;
	case LOG_F_INSERT_VTIME:
		scx_bpf_dsq_insert_vtime(&p->t, r->a, r->b, r->c, 0);
		break;
	case LOG_F_TO_LOCAL:
		play_to_local(r);
		break;
	case LOG_F_MOVE:
		play_move(r);
		break;
	case LOG_F_KICK:
		scx_bpf_kick_cpu(r->at, r->a);
		break;
	case LOG_F_CLAIM:
		play_claim(r);
		break;
	case LOG_F_PICK_IDLE:
		found_idle(r, r->a, r->at);
		break;
	case LOG_F_SELECT:
		play_select(r);
		break;
	case LOG_F_REENQUEUE:
		scx_bpf_reenqueue_local();
		break;
	case LOG_F_REENQUEUE_LATER: /* its lines come when it is done */
		break;
	case LOG_F_SLICE:
		p->t.scx.slice = r->a;
		break;
	default:
		play_iterator(r);
	}
}
