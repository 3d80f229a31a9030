// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF mode: the policy of policy.h, or one in Swift, decides inside the kernel. Two
 * queues, both ordered by the policy's key, or those of a pair's own (own_queues.bpf.h);
 * the process that attached this only watches.
 *
 * The described policy's state beside its tasks is shared by all CPUs and written
 * without a lock: an update of vtime_now, of the threshold or of an average may be lost
 * to one made at the same moment, which moves a key by one charge at most.
 */
#include "common.bpf.h"
#include "taken_cpu.bpf.h"
#include "groups.bpf.h"
#include "inputs.bpf.h"
#include "locked_state.bpf.h"
#include "held.bpf.h"
#include "looks.h"
#include "overlooked.bpf.h"
#include "own_queues.bpf.h"
#include "wanted.bpf.h"

#define DSQ_REGULAR 16
#define DSQ_PRIORITY 17

/*
 * Not static: clang would narrow the addresses, which it sees as flags, and the state
 * to the part of it that a policy uses.
 */
struct sp_dsq regular = { .id = DSQ_REGULAR };
struct sp_dsq priority = { .id = DSQ_PRIORITY };
struct sp_global global;

#ifndef SP_OWN_QUEUES
/* Whether tasks may wait in the priority queue. Of a policy of one's own nothing is known. */
static __always_inline bool has_classes(void)
{
#ifdef SP_LOCKED_STATE
	return true;
#else
	return described()->classes != SP_CLASSES_NONE;
#endif
}
#endif

/* Whether keys differ; else queues are in the order of arrival. */
static __always_inline bool has_keys(void)
{
#ifdef SP_LOCKED_STATE
	return true;
#else
	return described()->order != SP_ORDER_FIFO;
#endif
}

/*
 * CPUs whose next task met no other, and runs for the longest slice. One that is taken
 * away before it runs leaves its mark behind, until its CPU asks again: whoever else
 * comes to that CPU, and has a RUNNING to come, does so by asking.
 */
static bool met_nobody[SP_CPUS_MAX];

/* An event of nobody, but for who waits. */
static __always_inline void begin_event(struct sp_event *event, u32 kind, s32 cpu,
					u64 now)
{
	event->seq = 0;
	event->now = now;
	event->used_ns = 0;
	event->switches = 0;
	event->key = 0;
	event->first[SP_QUEUE_REGULAR] = 0;
	event->first[SP_QUEUE_PRIORITY] = 0;
	event->since[SP_QUEUE_REGULAR] = 0;
	event->since[SP_QUEUE_PRIORITY] = 0;
	event->kind = kind;
	event->flags = 0;
	event->pid = 0;
	event->generation = 0;
	event->cpu = cpu;
	event->idle_cpu = -1;
	event->weight = 0;
	event->cpus = nr_online();
}

/* Fills an event of a task on @cpu, but for what only an ENQUEUE has. */
static __always_inline void fill_event(struct sp_event *event, u32 kind, s32 cpu,
				       const struct sp_task_ctx *tctx, u64 now)
{
	begin_event(event, kind, cpu, now);
	event->pid = tctx->pid;
	event->generation = tctx->generation;
	event->weight = tctx->weight;
#ifdef SP_OWN_QUEUES
	fill_near(event, tctx->task.queue);
#else
	event->waiting[SP_QUEUE_REGULAR] = nr_queued(&regular);
	event->waiting[SP_QUEUE_PRIORITY] = has_classes() ? nr_queued(&priority) : 0;
#endif
}

/* Kernels before 6.13 have no more than 512 bytes of stack, and Swift's step takes 144. */
#ifdef SP_SWIFT_TWIN
#define SP_STEP static __always_inline
#else
#define SP_STEP static __noinline
#endif

/*
 * The policy's step, once in this program, and by itself: so `sched-proto prove` finds
 * it in the object, and what it proves of it is what all callers run.
 */
SP_STEP void decide(struct sp_task *task, const struct sp_event *event,
		    struct sp_decision *decision)
{
	sp_decide(described(), &global, task, event, decision);
}

/* The policy's state before the first event; by itself for the same reason. */
static __noinline void begin(void)
{
	sp_policy_start(described(), &global);
}

/* Lets the policy decide on a task that begins to wait. */
static __always_inline void decide_wait(struct task_struct *p, struct sp_task_ctx *tctx,
					struct sp_event *event, u64 enq_flags,
					struct sp_decision *decision)
{
	event->used_ns = charge_used(p, tctx);
	event->switches = p->nvcsw;
	event->flags = wait_flags(p, tctx, enq_flags);
#ifdef SP_OWN_QUEUES
	fill_origin(event, tctx);
#endif
#ifdef SP_INPUTS
	sp_fill_inputs(event, p);
#endif
	decide(&tctx->task, event, decision);
	tctx->waits = true;
#ifdef SP_SETS
	note_set(p, tctx, decision->queue);
#endif
}

/* Lets the policy decide for how long a task runs that was picked. */
static __always_inline u64 decide_slice(const struct task_struct *p, s32 cpu,
					struct sp_task_ctx *tctx, u64 now)
{
	struct sp_decision decision;
	struct sp_event event;

	fill_event(&event, SP_EVENT_RUNNING, cpu, tctx, now);
	decide(&tctx->task, &event, &decision);
	tctx->waits = false;
	tctx->decided = false;
#ifdef SP_WANTS
	note_picked(p, tctx);
#endif
	if (decision.action == SP_ACTION_RUN && decision.slice_ns)
		return decision.slice_ns;
	count(SP_COUNT_STRANGE);
	return described()->slice_max_ns;
}

#if WANTS(SP_WANTS_STOPPING_BIT)

/* Tells the policy that a task stops which was picked. A frame has room for one event. */
static __noinline void tell_of_stop(struct task_struct *p, struct sp_task_ctx *tctx,
				    u32 flags)
{
	struct sp_decision decision;
	struct sp_event event;

	fill_event(&event, SP_EVENT_STOPPING, scx_bpf_task_cpu(p), tctx, sp_now());
	event.used_ns = ran_since(p, tctx);
	event.flags = flags;
	tctx->told_ran += event.used_ns;
	decide(&tctx->task, &event, &decision);
}

SEC("struct_ops/sp_stopping")
void BPF_PROG(sp_stopping_task, struct task_struct *p, bool runnable)
{
	struct sp_task_ctx *tctx = task_ctx(p);

	/* Else nobody was told that it runs; or that it stops was told before its ENQUEUE. */
	if (tctx && tctx->runs)
		tell_of_stop(p, tctx, stop_flags(p, runnable));
}

#endif

#if WANTS(SP_WANTS_TICK_BIT)

SEC("struct_ops/sp_tick")
void BPF_PROG(sp_tick_task, struct task_struct *p)
{
	struct sp_task_ctx *tctx = task_ctx(p);
	struct sp_decision decision;
	struct sp_event event;

	if (!tctx || !tctx->runs)
		return;
	fill_event(&event, SP_EVENT_TICK, scx_bpf_task_cpu(p), tctx, sp_now());
	event.used_ns = ran_since(p, tctx);
	decide(&tctx->task, &event, &decision);
	if (decision.action == SP_ACTION_GIVE_WAY) {
		/* The kernel looks at it when this returns. */
		sp_set_slice(p, 0);
		count(SP_COUNT_GAVE_WAY);
	} else if (decision.action != SP_ACTION_NONE) {
		count(SP_COUNT_STRANGE);
	}
}

#endif

#if WANTS(SP_WANTS_CHANGED_BIT)

/* Tells the policy of a task that it knows, and that somebody changed. */
static __noinline void tell_of_change(struct task_struct *p, struct sp_task_ctx *tctx)
{
	struct sp_decision decision;
	struct sp_event event;

	fill_event(&event, SP_EVENT_CHANGED, scx_bpf_task_cpu(p), tctx, sp_now());
	event.key = p->nr_cpus_allowed;
	decide(&tctx->task, &event, &decision);
}

static __always_inline bool is_known(const struct task_struct *p,
				     const struct sp_task_ctx *tctx)
{
	return tctx->pid == (u32)p->pid && tctx->task.generation == tctx->generation;
}

SEC("struct_ops/sp_set_weight")
void BPF_PROG(sp_set_weight, struct task_struct *p, u32 weight)
{
	struct sp_task_ctx *tctx = task_ctx(p);

	if (tctx && is_known(p, tctx) && reweigh(p, tctx))
		tell_of_change(p, tctx);
}

SEC("struct_ops/sp_set_cpumask")
void BPF_PROG(sp_set_cpumask, struct task_struct *p, const struct cpumask *mask)
{
	struct sp_task_ctx *tctx = task_ctx(p);

	if (tctx && is_known(p, tctx) && is_other_affinity(p))
		tell_of_change(p, tctx);
}

#endif

#if WANTS(SP_WANTS_CPUS_BIT)

/* Tells the policy of a CPU that came or went. */
static __noinline void tell_of_cpu(s32 cpu, bool is_online)
{
	struct sp_decision decision;
	struct sp_task none = {};
	struct sp_event event;

	begin_event(&event, SP_EVENT_CPUS, cpu, sp_now());
	event.flags = is_online ? SP_EVENT_ONLINE : 0;
	event.cpus = recount_online(cpu, is_online);
#ifdef SP_OWN_QUEUES
	fill_near(&event, 0);
#else
	event.waiting[SP_QUEUE_REGULAR] = nr_queued(&regular);
	event.waiting[SP_QUEUE_PRIORITY] = has_classes() ? nr_queued(&priority) : 0;
#endif
	decide(&none, &event, &decision);
}

#endif

/* Puts a task into its queue. */
static __always_inline void insert(struct task_struct *p, u32 queue, u64 key,
				   u64 enq_flags)
{
	u64 dsq = queue == SP_QUEUE_PRIORITY ? DSQ_PRIORITY : DSQ_REGULAR;
	u64 slice = described()->slice_max_ns;

	count(SP_COUNT_ENQUEUED);
#ifdef SP_OWN_QUEUES
	insert_own(p, queue, key, slice, enq_flags);
	return;
#endif
#ifdef SP_LOCKED_STATE
	if (!nr_queued(queue == SP_QUEUE_PRIORITY ? &priority : &regular))
		note_served(queue == SP_QUEUE_PRIORITY);
#endif
	/* Ties go by arrival, and without keys all are the same. */
	if (has_keys())
		sp_dsq_insert_vtime(p, dsq, slice, key, enq_flags);
	else
		sp_dsq_insert(p, dsq, slice, enq_flags);
}

#ifdef SP_ALONE_ASKED

/* It waits where the policy said when it held the task back. */
static __always_inline bool let_wait(struct bpf_iter_scx_dsq *it, struct task_struct *p,
				     struct sp_task_ctx *tctx)
{
	u32 queue = tctx->queue;
	u64 dsq;

#ifdef SP_OWN_QUEUES
	dsq = DSQ_OWN + own_queue(p, queue);
#else
	dsq = queue == SP_QUEUE_PRIORITY ? DSQ_PRIORITY : DSQ_REGULAR;
	/* The lock of a timer may be held: lengths are asked for the kernel's way. */
	if (scx_bpf_dsq_nr_queued(dsq) <= 0)
		note_served(queue == SP_QUEUE_PRIORITY);
#endif
	if (!sp_dsq_move_vtime(it, p, dsq, tctx->key))
		return false;
	kick_for(p, claim_idle_cpu(p));
	return true;
}

/* Whether the policy holds a task back that begins to wait; if it does so for too long, not. */
static __always_inline bool is_held_back(struct sp_task_ctx *tctx, u64 now,
					 struct sp_decision *decision)
{
	tctx->held_until = 0;
	if (decision->action != SP_ACTION_HOLD)
		return false;
	decision->action = SP_ACTION_QUEUE;
	if (!may_hold(decision->slice_ns)) {
		count(SP_COUNT_STRANGE);
		return false;
	}
	tctx->key = decision->key;
	tctx->held_until = (now + decision->slice_ns) | 1;
	return true;
}

#endif

/*
 * Carries out what the policy decided for a task that begins to wait. Returns whether
 * it went into its CPU's local queue.
 */
static __always_inline bool place(struct task_struct *p, struct sp_task_ctx *tctx,
				  const struct sp_event *event,
				  struct sp_decision *decision, u64 enq_flags)
{
	if (decision->action == SP_ACTION_DIRECT && event->idle_cpu >= 0 &&
	    !suits(p, event->idle_cpu))
		decision->action = SP_ACTION_QUEUE;
	if (decision->action == SP_ACTION_DIRECT && event->idle_cpu >= 0) {
		count(SP_COUNT_ENQUEUED);
		count(SP_COUNT_DIRECT);
		tctx->alone = !ALONE_ASKED;
#ifdef SP_ALONE_ASKED
		tctx->direct = true;
#endif
		sp_dsq_insert(p, SCX_DSQ_LOCAL, described()->slice_max_ns, enq_flags);
		return true;
	}
#ifdef SP_ALONE_ASKED
	if (is_held_back(tctx, event->now, decision)) {
		tctx->queue = decision->queue;
		hold_back(p, tctx, tctx->held_until, enq_flags);
		return false;
	}
#endif
	if (decision->action != SP_ACTION_QUEUE &&
	    decision->action != SP_ACTION_PREEMPT) {
		count(SP_COUNT_STRANGE);
		decision->action = SP_ACTION_QUEUE;
		decision->queue = SP_QUEUE_REGULAR;
	}
	tctx->queue = decision->queue;
	insert(p, decision->queue, decision->key, enq_flags);
	return false;
}

SEC("struct_ops/sp_select_cpu")
s32 BPF_PROG(sp_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	note_waker(p);
	return look_for_idle(p, prev_cpu, wake_flags);
}

/*
 * A CPU took it out of a queue, and could not run it: a task of a higher class came first. Its
 * wait goes on where it stood, so nobody is told; as a new wait it would wait for all others
 * once more, perhaps beyond what the kernel suffers. True if that is so.
 */
static __always_inline bool is_put_back(const struct task_struct *p,
					const struct sp_task_ctx *tctx, u64 enq_flags)
{
#ifdef SP_ALONE_ASKED
	if (tctx->direct)
		return false;
#endif
	return (enq_flags & SCX_ENQ_REENQ) && tctx->waits && !tctx->alone &&
	       tctx->pid == (u32)p->pid;
}

/*
 * By arrival it is the first of all again, also before one that is put back a moment earlier; at
 * a key it goes behind others that have the same.
 */
static __always_inline void put_back(struct task_struct *p, struct sp_task_ctx *tctx,
				     u64 enq_flags)
{
	if (!has_keys())
		enq_flags |= ENQ_HEAD;
	insert(p, tctx->queue, p->scx.dsq_vtime, enq_flags);
	kick_for(p, claim_idle_cpu(p));
}

SEC("struct_ops/sp_enqueue")
void BPF_PROG(sp_enqueue_task, struct task_struct *p, u64 enq_flags)
{
	struct sp_task_ctx *tctx = task_ctx(p);
	struct sp_decision decision;
	struct sp_event event;
#ifdef SP_SETS
	u32 looked_in;
#endif
	s32 claimed;
	bool local;
	u64 now;

	if (tctx && (p->flags & PF_EXITING)) {
		insert_exiting(p, tctx, enq_flags);
		return;
	}
	if (!tctx || !is_told_of(p, enq_flags)) {
		insert_locally(p, tctx, enq_flags);
		return;
	}
	count_wait(p, tctx);
	/* The policy was told of it a moment ago, by sp_dispatch. */
	if (tctx->decided) {
		tctx->decided = false;
#ifdef SP_ALONE_ASKED
		if (tctx->held_until) {
			hold_back(p, tctx, tctx->held_until, enq_flags);
			return;
		}
#endif
		insert(p, tctx->queue, tctx->key, enq_flags);
		kick_for(p, claim_idle_cpu(p));
		return;
	}
	if (is_put_back(p, tctx, enq_flags)) {
		put_back(p, tctx, enq_flags);
		return;
	}
	if (tctx->pid != (u32)p->pid)
		begin_life(tctx, p);
	now = sp_now();
	begin_wait(p, tctx, enq_flags, now);
	fill_event(&event, SP_EVENT_ENQUEUE, scx_bpf_task_cpu(p), tctx, now);
#ifdef SP_SETS
	looked_in = tctx->set;
#endif
	event.idle_cpu = own_idle_cpu(p, tctx, event.cpu, &claimed);
	decide_wait(p, tctx, &event, enq_flags, &decision);
	local = place(p, tctx, &event, &decision, enq_flags);
	wake_for(p, event.cpu, claimed, local, enq_flags);
#ifdef SP_SETS
	/* The look was at the CPUs of another queue: nobody was found, or one of those. */
	if (claimed >= 0 ? !suits(p, claimed) : tctx->set != looked_in)
		kick_for(p, claim_idle_cpu(p));
#endif
	if (decision.action == SP_ACTION_PREEMPT && claimed < 0)
		preempt(decision.cpu);
}

#ifndef SP_OWN_QUEUES
static __always_inline bool take(u32 queue)
{
	bool taken = !has_classes()		? sp_dsq_move_to_local(regular.id) :
		     queue == SP_QUEUE_PRIORITY ? take_from(&priority) :
						  take_from(&regular);
#ifdef SP_LOCKED_STATE
	if (taken)
		note_served(queue);
#endif
	return taken;
}

/* Takes a task from the queue that the policy chose, else from the other one. */
static __always_inline bool serve(u32 queue)
{
	if (!has_classes())
		return take(SP_QUEUE_REGULAR);
	if (queue == SP_QUEUE_PRIORITY)
		return take(SP_QUEUE_PRIORITY) || take(SP_QUEUE_REGULAR);
	return take(SP_QUEUE_REGULAR) || take(SP_QUEUE_PRIORITY);
}

/* Serves a queue that somebody's policy overlooks; whether it had somebody for this CPU. */
static __always_inline bool serve_overlooked(void)
{
#ifdef SP_LOCKED_STATE
	u32 mark = overlooked;
	bool taken;

	if (!mark || !is_owed())
		return false;
	taken = take(mark - 1);
	note_owed(taken);
	return taken;
#else
	return false;
#endif
}

#endif

/* The CPU's task goes on. No callback tells of one that was preempted for nobody. */
static __always_inline void go_on(s32 cpu, struct task_struct *prev, u64 slice)
{
	struct sp_task_ctx *tctx;

	sp_set_slice(prev, slice);
	if (!described()->preempt || (prev->flags & PF_KTHREAD))
		return;
	tctx = task_ctx(prev);
	if (tctx)
		note_class(cpu, tctx->task.queue);
}

#ifndef SP_OWN_QUEUES
/* Looks up who is first for a CPU; false if nobody who waits may run there. */
static __always_inline bool look(s32 cpu, struct sp_event *event)
{
	struct sp_first first;

	event->flags |= SP_EVENT_LOOKED;
	if (find_first(&regular, cpu, &first)) {
		event->flags |= SP_EVENT_FIRST;
		if (has_keys())
			event->first[SP_QUEUE_REGULAR] = first.key;
		event->since[SP_QUEUE_REGULAR] = first.since;
	}
	if (has_classes() && find_first(&priority, cpu, &first)) {
		event->flags |= SP_EVENT_FIRST_PRIORITY;
		if (has_keys())
			event->first[SP_QUEUE_PRIORITY] = first.key;
		event->since[SP_QUEUE_PRIORITY] = first.since;
	}
	return event->flags & (SP_EVENT_FIRST | SP_EVENT_FIRST_PRIORITY);
}

#endif

static __noinline bool tell_wait_of_prev(s32 cpu, struct task_struct *prev,
					 struct sp_task_ctx *tctx, u64 now)
{
	struct sp_decision decision;
	struct sp_event event;

	begin_wait(prev, tctx, 0, now);
	fill_event(&event, SP_EVENT_ENQUEUE, cpu, tctx, now);
	decide_wait(prev, tctx, &event, 0, &decision);
	tctx->decided = true;
	tctx->queue = decision.queue;
#ifdef SP_ALONE_ASKED
	if (is_held_back(tctx, now, &decision))
		return false;
#endif
	/* There is nobody on its CPU whom it could preempt. */
	if (decision.action != SP_ACTION_QUEUE &&
	    decision.action != SP_ACTION_PREEMPT) {
		count(SP_COUNT_STRANGE);
		tctx->queue = SP_QUEUE_REGULAR;
	}
	tctx->key = decision.key;
	return suits(prev, cpu);
}

/*
 * The kernel asks who is next before it queues a task whose slice is over. So the
 * policy is told here that this one begins to wait, and sp_enqueue carries it out
 * if the task has to. Returns whether it may go on: the policy does not hold it back, nor has
 * its queue other CPUs. The events are told one after the other from here: one frame in another
 * would be more than the kernel has room for.
 */
static __always_inline bool tell_of_prev(s32 cpu, struct task_struct *prev,
					 struct sp_task_ctx *tctx, u64 now)
{
	if (tctx->pid != (u32)prev->pid)
		begin_life(tctx, prev);
#if WANTS(SP_WANTS_STOPPING_BIT)
	if (tctx->runs)
		tell_of_stop(prev, tctx, 0);
	tctx->runs = false;
#endif
	return tell_wait_of_prev(cpu, prev, tctx, now);
}

/* A frame has room for one event, and a pair's twins need some of their own. */
#if defined(SP_OWN_QUEUES) || defined(SP_ALONE_ASKED) || defined(SP_PAIR_STATE)
#define SP_APART static __noinline
#else
#define SP_APART static __always_inline
#endif

SP_APART u64 slice_of_prev(struct task_struct *prev, s32 cpu, struct sp_task_ctx *tctx,
			   u64 now)
{
	return decide_slice(prev, cpu, tctx, now);
}

/*
 * Nobody waits for this CPU: its task goes on, unless the policy is asked about it all the
 * same, and holds it back.
 */
static __always_inline void go_on_alone(s32 cpu, struct task_struct *prev,
					struct sp_task_ctx *tctx, u64 now)
{
	u64 slice = described()->slice_max_ns;

	if (ALONE_ASKED && tctx) {
		if (!tell_of_prev(cpu, prev, tctx, now))
			return;
		look_up_share(tctx);
		slice = slice_of_prev(prev, cpu, tctx, now);
	}
	go_on(cpu, prev, slice);
}

#ifdef SP_OWN_QUEUES
#include "own_dispatch.bpf.h"
#else
/* What the policy says to a CPU that asks; a queue to serve, or -1: its task goes on. */
static __noinline s32 ask(s32 cpu, struct sp_event *event, struct sp_task_ctx *tctx)
{
	struct sp_task none = {};
	struct sp_decision decision;

	decide(tctx ? &tctx->task : &none, event, &decision);
	if (decision.action == SP_ACTION_CONTINUE && tctx)
		return -1;
	if (decision.action == SP_ACTION_SERVE)
		return decision.queue;
	count(SP_COUNT_STRANGE);
	return SP_QUEUE_REGULAR;
}

SEC("struct_ops/sp_dispatch")
void BPF_PROG(sp_dispatch_cpu, s32 cpu, struct task_struct *prev)
{
	bool goes = prev && (prev->scx.flags & SCX_TASK_QUEUED);
	struct sp_task_ctx *tctx = NULL;
	struct sp_event event;
	s32 queue;

	met_nobody[(u32)cpu & (SP_CPUS_MAX - 1)] = false;
	release_in_time();
	if (has_groups())
		count_asking(cpu, prev);
	event.waiting[SP_QUEUE_REGULAR] = nr_queued(&regular);
	event.waiting[SP_QUEUE_PRIORITY] = has_classes() ? nr_queued(&priority) : 0;
	/* Nothing to choose: the only one that waits, for a CPU that has no other. */
	if (!goes && sp_waiting(&event) == 1) {
		met_nobody[(u32)cpu & (SP_CPUS_MAX - 1)] = !ALONE_ASKED;
		if (serve(SP_QUEUE_REGULAR))
			count(SP_COUNT_SOLE);
		else
			met_nobody[(u32)cpu & (SP_CPUS_MAX - 1)] = false;
		return;
	}
	begin_event(&event, SP_EVENT_DISPATCH, cpu, sp_now());
	if (goes && is_told_of(prev, 0) && !(prev->flags & PF_EXITING))
		tctx = task_ctx(prev);
	if (!sp_waiting(&event) ||
	    (sp_looks(described(), tctx != NULL, event.waiting[SP_QUEUE_REGULAR],
		      event.waiting[SP_QUEUE_PRIORITY]) &&
	     !look(cpu, &event))) {
		if (goes)
			go_on_alone(cpu, prev, tctx, event.now);
		return;
	}
	if (tctx && !tell_of_prev(cpu, prev, tctx, event.now)) {
		tctx = NULL;
		goes = false;
	}
	if (tctx) {
		event.flags |= SP_EVENT_PREV;
		event.pid = tctx->pid;
		event.generation = tctx->generation;
		event.weight = tctx->weight;
		event.key = tctx->key;
	}
	queue = ask(cpu, &event, tctx);
	if (serve_overlooked() || (queue >= 0 && serve(queue))) {
		count(SP_COUNT_DISPATCHED);
		return;
	}
	/* Or nobody of them may run here after all, or others were faster. */
	if (tctx) {
		count(SP_COUNT_CONTINUED);
		look_up_share(tctx);
		go_on(cpu, prev, slice_of_prev(prev, cpu, tctx, event.now));
	} else if (goes) {
		go_on(cpu, prev, described()->slice_max_ns);
	}
}

#endif

SEC("struct_ops/sp_running")
void BPF_PROG(sp_running_task, struct task_struct *p)
{
	struct sp_task_ctx *tctx = task_ctx(p);
	u32 cpu = scx_bpf_task_cpu(p);
	u64 slice, now;

	if (!tctx)
		return;
	count_run(p, tctx);
	note_place(tctx, cpu);
	now = sp_now();
	count_wakeup(tctx, now);
	/*
	 * Else it goes on after a real-time task, was one, or never waited: the mark is
	 * of somebody who waits still. Or somebody changes it while its CPU, which was asked
	 * about it already, fetches another one: it is to wait, and runs on for a moment.
	 */
	if (tctx->waits && !tctx->decided) {
		slice = decide_slice(p, cpu, tctx, now);
		if (!tctx->alone && !met_nobody[cpu & (SP_CPUS_MAX - 1)])
			sp_set_slice(p, slice);
		met_nobody[cpu & (SP_CPUS_MAX - 1)] = false;
	}
	tctx->alone = false;
	note_class(cpu, p->flags & PF_KTHREAD ? SP_QUEUE_PRIORITY : tctx->task.queue);
}

SEC("struct_ops/sp_update_idle")
void BPF_PROG(sp_update_idle, s32 cpu, bool idle)
{
	mark_idle(cpu, idle);
	if (idle)
		count_nobody_on(cpu);
#ifdef SP_OWN_QUEUES
	if (idle && has_own_for(cpu))
		scx_bpf_kick_cpu(cpu, 0);
#else
	if (idle && ((has_classes() && has_task_for(&priority, cpu)) ||
		     has_task_for(&regular, cpu)))
		scx_bpf_kick_cpu(cpu, 0);
#endif
}

static void cpu_taken(s32 cpu)
{
	met_nobody[(u32)cpu & (SP_CPUS_MAX - 1)] = false;
}

SEC("struct_ops/sp_cpu_online")
void BPF_PROG(sp_cpu_online, s32 cpu)
{
	mark_online(cpu, true);
#if WANTS(SP_WANTS_CPUS_BIT)
	tell_of_cpu(cpu, true);
#endif
}

SEC("struct_ops/sp_cpu_offline")
void BPF_PROG(sp_cpu_offline, s32 cpu)
{
	mark_online(cpu, false);
#if WANTS(SP_WANTS_CPUS_BIT)
	tell_of_cpu(cpu, false);
#endif
#ifdef SP_ALONE_ASKED
	count_by(SP_COUNT_GIVEN_UP, give_up_cpu(&held_back, cpu));
#endif
#ifdef SP_OWN_QUEUES
	give_up_own(cpu);
#else
	count_by(SP_COUNT_GIVEN_UP, give_up_cpu(&regular, cpu));
	count_by(SP_COUNT_GIVEN_UP, give_up_cpu(&priority, cpu));
#endif
}

SEC("struct_ops.s/sp_init_task")
s32 BPF_PROG(sp_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	return new_task(p, group_at_birth(args));
}

/*
 * It leaves for another class, perhaps while it waits: then nobody of ours lets it run, and
 * no RUNNING comes. If it comes back while it runs, the mark of its CPU is another's.
 */
SEC("struct_ops/sp_disable")
void BPF_PROG(sp_disable_task, struct task_struct *p)
{
	struct sp_task_ctx *tctx = task_ctx(p);

	if (!tctx)
		return;
#ifdef SP_WANTS
	forget_run(tctx);
#endif
	tctx->decided = false; /* it comes back to a wait of which nothing was told */
	tctx->waits = false;
	if (has_groups())
		count_gone(p, &tctx->counted);
}

#if defined(SP_LOCKED_STATE) && !defined(SP_OWN_QUEUES)
/* The usual queues: a pair may overlook one of them, or have CPUs' tasks go on for good. */
static __always_inline void look_for_overlooked(void)
{
	struct overlooked_found found = {};
	u64 now = sp_now();

	if (scx_bpf_dsq_nr_queued(DSQ_REGULAR) > 0)
		find_overlooked(&found, SP_QUEUE_REGULAR, now);
	if (has_classes() && scx_bpf_dsq_nr_queued(DSQ_PRIORITY) > 0)
		find_overlooked(&found, SP_QUEUE_PRIORITY, now);
	note_overlooked(&found, DSQ_REGULAR);
}

#endif

static void tick(void)
{
	wake_for_release();
#ifdef SP_OWN_QUEUES
	status.waiting = look_after_own();
#else
	status.waiting = scx_bpf_dsq_nr_queued(DSQ_REGULAR);
	if (has_classes()) {
		status.waiting += scx_bpf_dsq_nr_queued(DSQ_PRIORITY);
		rescue(&priority);
	}
	rescue(&regular);
#ifdef SP_LOCKED_STATE
	look_for_overlooked();
#endif
#endif
}

SEC("struct_ops.s/sp_init")
s32 BPF_PROG(sp_init)
{
	s32 error;

	begin();
	leave_out_offline();
#ifdef SP_OWN_QUEUES
	error = create_own();
	if (error)
		return error;
#else
	error = scx_bpf_create_dsq(DSQ_REGULAR, -1);
	if (error)
		return error;
	error = scx_bpf_create_dsq(DSQ_PRIORITY, -1);
	if (error)
		return error;
#endif
	error = create_held_back();
	if (error)
		return error;
#ifdef SP_SETS
	look_at_sets(-1);
#endif
	return start_timer();
}

SEC("struct_ops/sp_exit")
void BPF_PROG(sp_exit_scheduler, struct scx_exit_info *info)
{
	record_exit(info);
}

SEC(".struct_ops.link")
struct sched_ext_ops scheduler = {
	.select_cpu = (void *)sp_select_cpu,
	.enqueue = (void *)sp_enqueue_task,
	.dispatch = (void *)sp_dispatch_cpu,
	.running = (void *)sp_running_task,
#if WANTS(SP_WANTS_STOPPING_BIT)
	.stopping = (void *)sp_stopping_task,
#endif
#if WANTS(SP_WANTS_TICK_BIT)
	.tick = (void *)sp_tick_task,
#endif
#if WANTS(SP_WANTS_CHANGED_BIT)
	.set_weight = (void *)sp_set_weight,
	.set_cpumask = (void *)sp_set_cpumask,
#endif
	.update_idle = (void *)sp_update_idle,
	.cpu_release = (void *)sp_cpu_release,
	.cpu_online = (void *)sp_cpu_online,
	.cpu_offline = (void *)sp_cpu_offline,
	.init_task = (void *)sp_init_task,
	.disable = (void *)sp_disable_task,
	.init = (void *)sp_init,
	.cgroup_init = (void *)sp_cgroup_init,
	.cgroup_exit = (void *)sp_cgroup_exit,
	.cgroup_move = (void *)sp_cgroup_move,
	.cgroup_set_weight = (void *)sp_cgroup_set_weight,
	.cgroup_set_bandwidth = (void *)sp_cgroup_set_bandwidth,
	.cgroup_set_idle = (void *)sp_cgroup_set_idle,
	.exit = (void *)sp_exit_scheduler,
#ifdef SP_ALONE_ASKED
	/* Else the kernel lets a task go on for which nobody waits. */
	.flags = SP_OPS_KEEP_BUILTIN_IDLE | SP_OPS_ENQ_EXITING | SP_OPS_ENQ_LAST,
#else
	.flags = SP_OPS_KEEP_BUILTIN_IDLE | SP_OPS_ENQ_EXITING,
#endif
	.timeout_ms = 10000,
	.exit_dump_len = SP_EXIT_DUMP,
	.name = "sched_proto_bpf",
};
