// SPDX-License-Identifier: GPL-2.0-only
/* Dispatch queues, and the calls with which a backend fills and empties them. */
#include "model.h"
#include <stdlib.h>
#include <string.h>

#define DSQS 8192 /* a power of two; of them at most half are in use */

static struct dsq *dsqs[DSQS]; /* by id, open addressing */
static u32 ndsqs;

struct iterator {
	struct dsq *dsq;
	struct task *next;
	struct iterator *other; /* of the same queue */
	u64 slice, vtime;
	u32 seq;
	bool has_slice, backwards;
};
_Static_assert(sizeof(struct iterator) <= sizeof(struct bpf_iter_scx_dsq), "no room");

/* Whom it comes to after @p. */
static struct task *behind(const struct iterator *it, const struct task *p)
{
	return it->backwards ? p->prev : p->next;
}

void dsqs_reset(void)
{
	for (u32 i = 0; i < DSQS; i++) {
		free(dsqs[i]);
		dsqs[i] = NULL;
	}
	ndsqs = 0;
	sim.global_dsq = (struct dsq){ .q.id = SCX_DSQ_GLOBAL_ID, .cpu = -1 };
}

static struct dsq **place_of(u64 id)
{
	u32 i = (u32)(id * 0x9e3779b97f4a7c15ULL >> 40) & (DSQS - 1);

	while (dsqs[i] && dsqs[i]->q.id != id)
		i = (i + 1) & (DSQS - 1);
	return &dsqs[i];
}

struct dsq *find_dsq_by_id(u64 id, s32 local_cpu)
{
	struct dsq *dsq;
	u32 cpu;

	if (sim.has_ended)
		flaw(SIM_FLAW_REFUSED, "queue %llx is gone, with the scheduler", id);
	if (id == SCX_DSQ_LOCAL)
		return &sim.cpu[local_cpu].local;
	if ((id & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON) {
		cpu = (u32)id;
		if (cpu < sim.cpus)
			return &sim.cpu[cpu].local;
		flaw(SIM_FLAW_REFUSED, "the local queue of CPU %u, which is not", cpu);
		return &sim.global_dsq;
	}
	if (id == SCX_DSQ_GLOBAL_ID)
		return &sim.global_dsq;
	dsq = *place_of(id);
	/* It was made before the log began. */
	if (!dsq && sim.replaying && !scx_bpf_create_dsq(id, -1))
		dsq = *place_of(id);
	if (!dsq)
		flaw(SIM_FLAW_REFUSED, "there is no DSQ %llu", id);
	return dsq ? dsq : &sim.global_dsq;
}

bool is_local(const struct dsq *dsq)
{
	return dsq->cpu >= 0;
}

/* One that the backend made, and takes from itself. */
bool is_backends(const struct dsq *dsq)
{
	return !(dsq->q.id >> 63);
}

s32 scx_bpf_create_dsq(u64 id, s32 node)
{
	struct dsq **place = place_of(id);

	(void)node;
	if (id >> 63)
		return -22; /* EINVAL */
	if (*place)
		return -17; /* EEXIST */
	if (++ndsqs > DSQS / 2)
		return -12; /* ENOMEM */
	*place = calloc(1, sizeof(struct dsq));
	if (!*place)
		return -12;
	(*place)->q.id = id;
	(*place)->cpu = -1;
	return 0;
}

s32 scx_bpf_dsq_nr_queued(u64 id)
{
	point();
	return (s32)find_dsq_by_id(id, sim.moment.here)->q.nr;
}

/* ---- tasks in and out ---- */

static void link_behind(struct dsq *dsq, struct task *p, struct task *before)
{
	p->prev = before;
	p->next = before ? before->next : dsq->head;
	*(p->prev ? &p->prev->next : &dsq->head) = p;
	*(p->next ? &p->next->prev : &dsq->tail) = p;
}

/* A CPU that has nothing of its own class to do looks at its own queue at once. */
static void local_insertion(struct dsq *dsq, const struct task *p, u64 flags)
{
	struct cpu *rq = &sim.cpu[dsq->cpu];
	struct task *curr = rq->curr;

	if ((flags & SCX_ENQ_PREEMPT) && curr && curr != p &&
	    curr->class == CLASS_EXT) {
		curr->t.scx.slice = 0;
		resched(dsq->cpu);
	}
	if (!curr)
		resched(dsq->cpu);
}

void dsq_insert(struct dsq *dsq, struct task *p, bool prio, u64 flags)
{
	struct node *before;

	if (p->t.scx.dsq || p->on_cpu)
		flaw(SIM_FLAW_LOST, "pid %d inserted while it %s", p->t.pid,
		     p->on_cpu ? "runs" : "stands in another queue");
	if (p->t.scx.dsq)
		return;
	if (sim.replaying)
		replay_inserts(dsq, p, flags);
	if (dsq->q.nr && prio != !!dsq->order.root)
		flaw(SIM_FLAW_REFUSED, "DSQ %llu has tasks by vtime and by arrival",
		     dsq->q.id);
	p->dsq_seq = ++dsq->seq;
	if (prio) {
		p->node.key = p->t.scx.dsq_vtime;
		p->node.seq = (u64)dsq->seq << 16; /* room for dsq_put_behind */
		order_insert(&dsq->order, &p->node);
		before = order_previous(&p->node);
		link_behind(dsq, p,
			    before ? (struct task *)((char *)before -
						     offsetof(struct task, node)) :
				     NULL);
	} else {
		p->node.seq = 0;
		link_behind(dsq, p,
			    flags & (SCX_ENQ_HEAD | SCX_ENQ_PREEMPT) ? NULL :
								       dsq->tail);
	}
	p->t.scx.dsq = &dsq->q;
	p->in_backend = is_backends(dsq);
	sim.backend_waiting += p->in_backend && !p->daemon;
	dsq->q.nr++;
	if (is_local(dsq))
		local_insertion(dsq, p, flags);
}

void dsq_remove(struct task *p)
{
	struct dsq *dsq = (struct dsq *)p->t.scx.dsq;

	if (!dsq)
		return;
	if (sim.replaying)
		p->left_at = replay_leaves_at();
	if (is_held_up(p))
		p->held_up_until = sim.now;
	for (struct iterator *it = dsq->iterators; it; it = it->other)
		if (it->next == p)
			it->next = behind(it, p);
	*(p->prev ? &p->prev->next : &dsq->head) = p->next;
	*(p->next ? &p->next->prev : &dsq->tail) = p->prev;
	p->next = p->prev = NULL;
	if (p->node.seq)
		order_remove(&dsq->order, &p->node);
	p->node.seq = 0;
	p->t.scx.dsq = NULL;
	sim.backend_waiting -= p->in_backend && !p->daemon;
	p->in_backend = false;
	dsq->q.nr--;
}

/* The kernel's task_can_run_on_remote_rq. */
static bool may_move(const struct task *p, s32 cpu)
{
	return !p->t.migration_disabled && allowed(p, cpu) && sim.cpu[cpu].online;
}

static void to_local(struct task *p, s32 cpu, u64 flags, enum taken how)
{
	const bool is_far = p->cpu != cpu && sim.moment.in_dispatch && !sim.replaying;
	bool was_backends = p->in_backend;

	sim.moved++;
	if (was_backends && is_pairs())
		pair_taken(p, cpu, p->t.scx.dsq->id);
	if (was_backends)
		count_taken(p, p->t.scx.dsq->id, how);
	dsq_remove(p);
	p->cpu = cpu;
	if (was_backends)
		expect_taken(p, cpu);
	forget_expected(p);
	if (sim.replaying)
		replay_moves(p, &sim.cpu[cpu].local);
	dsq_insert(&sim.cpu[cpu].local, p, false, flags);
	if (is_far)
		give_up_lock(cpu);
}

/* To the place behind @other, which stands in the same queue, at the same key. */
void dsq_put_behind(struct task *p, struct task *other)
{
	struct dsq *dsq = (struct dsq *)p->t.scx.dsq;

	for (struct iterator *it = dsq->iterators; it; it = it->other)
		if (it->next == p)
			it->next = behind(it, p);
	*(p->prev ? &p->prev->next : &dsq->head) = p->next;
	*(p->next ? &p->next->prev : &dsq->tail) = p->prev;
	if (p->node.seq) {
		order_remove(&dsq->order, &p->node);
		p->node.seq = other->node.seq + 1;
		order_insert(&dsq->order, &p->node);
	}
	link_behind(dsq, p, other);
}

static struct task *from(struct task *p, s32 cpu)
{
	while (p && p->cpu != cpu && !may_move(p, cpu) &&
	       !is_mistake(SIM_MISTAKE_AFFINITY))
		p = p->next;
	return p;
}

/* The first task that may run on @cpu, and the one after it. */
struct task *first_for(const struct dsq *dsq, s32 cpu)
{
	if (is_mistake(SIM_MISTAKE_ORDER) && dsq->tail && may_move(dsq->tail, cpu))
		return dsq->tail;
	return from(dsq->head, cpu);
}

struct task *next_for(const struct task *p, s32 cpu)
{
	return from(p->next, cpu);
}

void take(struct task *p, s32 cpu)
{
	to_local(p, cpu, 0, BY_QUEUE);
}

bool consume(struct dsq *dsq, s32 cpu)
{
	struct task *p = first_for(dsq, cpu);

	if (p)
		take(p, cpu);
	return p;
}

bool scx_bpf_dsq_move_to_local(u64 id)
{
	point();
	if (!sim.moment.in_dispatch)
		flaw(SIM_FLAW_REFUSED, "move_to_local outside of ops.dispatch");
	if (!consume(find_dsq_by_id(id, sim.moment.here), sim.moment.here))
		return false;
	sim.moment.has_moved = true;
	return true;
}

/* Noted here, and carried out when the callback has returned. */
static void choose(struct task *p, u64 id, u64 slice, u64 flags, bool prio)
{
	point();
	if (sim.moment.enqueueing != p) {
		flaw(SIM_FLAW_REFUSED, "pid %d inserted, which is not being enqueued",
		     p->t.pid);
		return;
	}
	if (p->direct)
		flaw(SIM_FLAW_REFUSED, "pid %d inserted twice", p->t.pid);
	if (is_mistake(SIM_MISTAKE_LOSE) && !chance(64))
		return;
	if (is_mistake(SIM_MISTAKE_QUEUE) && !chance(64))
		id = SCX_DSQ_LOCAL, prio = false;
	p->direct = id;
	p->direct_flags = flags;
	p->direct_prio = prio;
	p->t.scx.slice = slice ? slice : p->t.scx.slice ? p->t.scx.slice : 1;
}

void scx_bpf_dsq_insert(struct task_struct *t, u64 id, u64 slice, u64 flags)
{
	choose(task_of(t), id, slice, flags, false);
	if (is_mistake(SIM_MISTAKE_TWICE) && !chance(64))
		choose(task_of(t), id, slice, flags, false);
}

void scx_bpf_dsq_insert_vtime(struct task_struct *t, u64 id, u64 slice, u64 vtime,
			      u64 flags)
{
	if (is_mistake(SIM_MISTAKE_KEY) && !chance(64))
		vtime += 1000;
	choose(task_of(t), id, slice, flags, true);
	t->scx.dsq_vtime = vtime;
}

/* ---- iterators ---- */

int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *opaque, u64 id, u64 flags)
{
	struct iterator *it = (struct iterator *)opaque;
	struct dsq *dsq = find_dsq_by_id(id, sim.moment.here);

	bool backwards = flags & SCX_DSQ_ITER_REV;

	point();
	*it = (struct iterator){
		.dsq = dsq,
		.next = backwards ? dsq->tail : dsq->head,
		.other = dsq->iterators,
		.seq = dsq->seq,
		.backwards = backwards,
	};
	dsq->iterators = it;
	return 0;
}

bool has_task(const struct bpf_iter_scx_dsq *opaque, const struct task *p)
{
	return p->t.scx.dsq == &((const struct iterator *)opaque)->dsq->q;
}

static inline bool is_newer(const struct task *p, const struct iterator *it)
{
	return (s32)(p->dsq_seq - it->seq) > 0;
}

struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *opaque)
{
	struct iterator *it = (struct iterator *)opaque;
	struct task *p;

	point();
	p = it->next;
	while (p && is_newer(p, it))
		p = behind(it, p);
	if (is_mistake(SIM_MISTAKE_ORDER) && p && behind(it, p) && !chance(8))
		p = behind(it, p);
	it->next = p ? behind(it, p) : NULL;
	return p ? &p->t : NULL;
}

void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *opaque)
{
	struct iterator *it = (struct iterator *)opaque;
	struct iterator **link = &it->dsq->iterators;

	while (*link && *link != it)
		link = &(*link)->other;
	if (*link)
		*link = it->other;
}

void scx_bpf_dsq_move_set_slice(struct bpf_iter_scx_dsq *opaque, u64 slice)
{
	struct iterator *it = (struct iterator *)opaque;

	it->slice = slice;
	it->has_slice = true;
}

/* To another queue than a CPU's own. */
static void to_queue(struct task *p, struct dsq *to, bool by_vtime, u64 flags)
{
	bool was_backends = p->in_backend;

	dsq_remove(p);
	if (was_backends && !is_backends(to))
		forget_expected(p);
	if (sim.replaying)
		replay_moves(p, to);
	dsq_insert(to, p, by_vtime, flags);
}

void scx_bpf_dsq_move_set_vtime(struct bpf_iter_scx_dsq *opaque, u64 vtime)
{
	((struct iterator *)opaque)->vtime = vtime;
}

/* Into a queue of the backend's; the kernel has no other by vtime. */
bool scx_bpf_dsq_move_vtime(struct bpf_iter_scx_dsq *opaque, struct task_struct *t,
			    u64 id, u64 flags)
{
	struct iterator *it = (struct iterator *)opaque;
	struct task *p = task_of(t);
	struct dsq *to = find_dsq_by_id(id, sim.moment.here);

	point();
	if (t->scx.dsq != &it->dsq->q || is_newer(p, it))
		return false;
	if (!is_backends(to)) {
		flaw(SIM_FLAW_REFUSED, "pid %d moved by vtime to DSQ %llx", t->pid, id);
		return false;
	}
	t->scx.dsq_vtime = it->vtime;
	if (is_pairs())
		pair_released(p, to);
	to_queue(p, to, true, flags);
	return true;
}

bool scx_bpf_dsq_move(struct bpf_iter_scx_dsq *opaque, struct task_struct *t, u64 id,
		      u64 flags)
{
	struct iterator *it = (struct iterator *)opaque;
	struct task *p = task_of(t);
	struct dsq *to = find_dsq_by_id(id, sim.moment.here);
	enum taken how;
	bool moved;

	point();
	moved = t->scx.dsq == &it->dsq->q && !is_newer(p, it);
	how = it->has_slice ? BY_ANSWER : BY_CHOICE;
	if (moved && it->has_slice) {
		t->scx.slice = it->slice + is_mistake(SIM_MISTAKE_SLICE);
		moves_by_answer();
		check_answer(p);
	}
	it->has_slice = false;
	if (!moved)
		return false;
	if (how == BY_ANSWER)
		picked_for(p, answered_cpu(p), is_local(to));
	if (!is_local(to)) {
		to_queue(p, to, false, flags);
	} else if (p->cpu == to->cpu || may_move(p, to->cpu) ||
		   is_mistake(SIM_MISTAKE_AFFINITY)) {
		to_local(p, to->cpu, flags, how);
	} else {
		/* An error only where affinity, not a CPU off-line, forbids it. */
		if (p->t.migration_disabled || !allowed(p, to->cpu))
			flaw(SIM_FLAW_REFUSED,
			     "pid %d moved to CPU %d, where it may not run", t->pid,
			     to->cpu);
		to_queue(p, &sim.global_dsq, false, 0);
	}
	return true;
}

/* Only from ops.cpu_release, in 6.18. All are out before the first comes back. */
u32 scx_bpf_reenqueue_local(void)
{
	struct task *p = sim.cpu[sim.moment.here].local.head, *next;
	struct task *first = NULL, **end = &first;
	u32 count = 0;

	/* If it stays, it meets the one that takes the CPU. */
	sim.cpu[sim.moment.here].taken_alone = NULL;
	for (; p; p = next) {
		next = p->next;
		if (p->moving)
			continue; /* the stopper is about to take it anyway */
		dsq_remove(p);
		p->rt_next = NULL;
		*end = p;
		end = &p->rt_next;
	}
	for (p = first; p; p = next) {
		next = p->rt_next;
		do_enqueue(p, SCX_ENQ_REENQ);
		count++;
	}
	return count;
}
