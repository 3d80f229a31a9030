/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The C twin of a pair of somebody's own, in the place of policy.h. Twin of what is
 * here: PolicyPair.swift and Policy.swift. The pair's own header has to define, with
 * the pair's name before each,
 *
 *	NAME_start	a task is seen for the first time: all zero but its generation
 *	NAME_enqueue	a task begins to wait: sp_queue(), sp_preempt(), sp_hold() or sp_direct()
 *	NAME_running	a task was picked: sp_run()
 *	NAME_dispatch	a CPU wants a task: sp_serve() or sp_go_on(), or all of it by
 *			sp_default_dispatch()
 *
 * and, if its declaration names the event, and not else,
 *
 *	NAME_stopping	a task stops running: no answer
 *	NAME_tick	the kernel's tick while a task runs: sp_give_way(), or nothing
 *	NAME_changed	a task has another weight, or other CPUs: no answer
 *	NAME_cpus	a CPU came or went: no answer, and no task
 *
 * A pair with queues of its own says by the task's `queue` in which one it waits, and
 * by sp_then() behind sp_serve() from which others a CPU takes.
 */
#ifndef SCHED_PROTO_POLICY_PAIR_H
#define SCHED_PROTO_POLICY_PAIR_H

#include "policy_base.h"

/* The task waits in its queue; the smaller key goes first, ties by arrival. */
static sp_inline void sp_queue(const struct sp_event *event, const struct sp_task *task,
			       sp_u64 key, struct sp_decision *decision)
{
	decision->action = SP_ACTION_QUEUE;
	decision->queue = task->queue;
	decision->key = key;
}

/*
 * The same, and a task of the regular queue that runs on the task's CPU gives way: where the description says
 * preempt-on-wakeup, which it does not by default.
 */
static sp_inline void sp_preempt(const struct sp_event *event,
				 const struct sp_task *task, sp_u64 key,
				 struct sp_decision *decision)
{
	decision->action = SP_ACTION_PREEMPT;
	decision->queue = task->queue;
	decision->key = key;
	decision->cpu = event->cpu;
}

/*
 * The same, but not before @ns have passed: until then nobody serves it. At most
 * SP_HOLD_MAX_NS, and for a pair that declares `alone: asked`.
 */
static sp_inline void sp_hold(const struct sp_event *event, const struct sp_task *task,
			      sp_u64 key, sp_u64 ns, struct sp_decision *decision)
{
	decision->action = SP_ACTION_HOLD;
	decision->queue = task->queue;
	decision->key = key;
	decision->slice_ns = ns;
}

/* The task runs on the idle CPU that was claimed for it. */
static sp_inline void sp_direct(const struct sp_event *event,
				const struct sp_task *task, sp_u64 key,
				struct sp_decision *decision)
{
	decision->action = SP_ACTION_DIRECT;
	decision->queue = task->queue;
	decision->key = key;
	decision->cpu = event->idle_cpu;
}

/* The picked task runs for @slice_ns, more than 0. */
static sp_inline void sp_run(const struct sp_event *event, const struct sp_task *task,
			     sp_u64 slice_ns, struct sp_decision *decision)
{
	decision->action = SP_ACTION_RUN;
	decision->queue = task->queue;
	decision->slice_ns = slice_ns;
}

/* The task that runs gives way: its slice is over. Answers a TICK. */
static sp_inline void sp_give_way(const struct sp_event *event,
				  struct sp_decision *decision)
{
	decision->action = SP_ACTION_GIVE_WAY;
}

/* The asking CPU looks into @queue first. */
static sp_inline void sp_serve(const struct sp_event *event, sp_u32 queue,
			       struct sp_decision *decision)
{
	decision->action = SP_ACTION_SERVE;
	decision->queue = queue;
}

/* The CPU's task, which is of @queue, goes on. Answers a DISPATCH with sp_has_prev(). */
static sp_inline void sp_go_on(const struct sp_event *event, sp_u32 queue,
			       struct sp_decision *decision)
{
	decision->action = SP_ACTION_CONTINUE;
	decision->queue = queue;
}

/* DISPATCH: whether the CPU's task could go on; @task is its state. */
static sp_inline int sp_has_prev(const struct sp_task *task,
				 const struct sp_event *event)
{
	return (event->flags & SP_EVENT_PREV) && event->generation != 0 &&
	       task->generation == event->generation;
}

/* Where a CPU is (SP_PLACE_...): its own number, its core's, last cache's and node's. */
static sp_inline sp_u32 sp_cpu_of(sp_u64 place)
{
	return place & 0xffff;
}

static sp_inline sp_u32 sp_core_of(sp_u64 place)
{
	return place >> SP_PLACE_CORE_SHIFT & 0xffff;
}

static sp_inline sp_u32 sp_llc_of(sp_u64 place)
{
	return place >> SP_PLACE_LLC_SHIFT & 0xffff;
}

static sp_inline sp_u32 sp_node_of(sp_u64 place)
{
	return place >> SP_PLACE_NODE_SHIFT & 0xffff;
}

/* Of the event's CPU, whose number is event->cpu, and not in here. */
static sp_inline sp_u64 sp_here(const struct sp_event *event)
{
	return event->first[1];
}

/* Of the CPU that woke the task: an ENQUEUE with SP_EVENT_WAKEUP. */
static sp_inline sp_u64 sp_waker(const struct sp_event *event)
{
	return event->since[1];
}

/* Of the CPU on which the task ran last: an ENQUEUE. */
static sp_inline sp_u64 sp_last(const struct sp_event *event)
{
	return event->key;
}

/* Whether the event's CPU is one of those that a parameter of the type cpus says. */
static sp_inline int sp_is_on(const struct sp_event *event, sp_u32 cpus)
{
	sp_u32 first = cpus & SP_CPUS_MASK;
	sp_u32 last = cpus >> SP_CPUS_LAST_SHIFT & SP_CPUS_MASK;

	return !(cpus & SP_CPUS_PART) && (sp_u32)event->cpu >= first &&
	       (sp_u32)event->cpu <= last;
}

/* On how many CPUs the task may run: a CHANGED. */
static sp_inline sp_u64 sp_allowed(const struct sp_event *event)
{
	return event->key;
}

/* How many queues of its own the pair has here: numbers 0 to that, less one. */
static sp_inline sp_u32 sp_queues(const struct sp_event *event)
{
	return event->first[1] & 0xffff;
}

/* Of a SERVE: and then from this queue; at most SP_SERVE_MORE times. */
static sp_inline void sp_then(sp_u32 queue, struct sp_decision *decision)
{
	decision->slice_ns = decision->slice_ns << 16 | decision->key >> 48;
	decision->key = decision->key << 16 | (sp_min(queue, 0xfffe) + 1);
}

/* The number of the near queue, of a pair with queues of its own. */
static sp_inline sp_u32 sp_near(const struct sp_event *event,
				const struct sp_task *task)
{
	switch (SP_PAIR_QUEUES >> SP_QUEUES_EACH_SHIFT) {
	case SP_EACH_CPU:
		return event->cpu;
	case SP_EACH_LLC:
		return sp_llc_of(sp_here(event));
	case SP_EACH_NODE:
		return sp_node_of(sp_here(event));
	default:
		return task->queue;
	}
}

/*
 * The near queue, then the others. A task that could go on does so if its key is smaller
 * than that of the first near one; and, where queues belong to CPUs, if nobody waits near.
 */
static sp_inline void sp_near_dispatch(const struct sp_event *event,
				       const struct sp_task *task,
				       struct sp_decision *decision)
{
	int goes_on = 0;

	if (sp_has_prev(task, event)) {
		if (event->flags & SP_EVENT_FIRST)
			goes_on = sp_before(event->key, event->first[0]);
		else
			goes_on = !event->waiting[1] ||
				  SP_PAIR_QUEUES >> SP_QUEUES_EACH_SHIFT !=
					  SP_EACH_NONE;
	}
	if (goes_on)
		sp_go_on(event, task->queue, decision);
	else if (sp_waiting(event))
		sp_serve(event, sp_near(event, task), decision);
}

/*
 * The priority queue before the regular one, the smaller key within each; with queues of
 * the pair's own, the near one before the others.
 */
static sp_inline void sp_default_dispatch(const struct sp_event *event,
					  const struct sp_task *task,
					  struct sp_decision *decision)
{
	int prev = sp_has_prev(task, event);
	int priority_prev = prev && task->queue != SP_QUEUE_REGULAR;
	int regular = sp_waits(event, SP_QUEUE_REGULAR);
	int priority = sp_waits(event, SP_QUEUE_PRIORITY);

	if (SP_PAIR_QUEUES) {
		sp_near_dispatch(event, task, decision);
	} else if (priority || priority_prev) {
		if (priority_prev &&
		    (!priority ||
		     sp_before(event->key, event->first[SP_QUEUE_PRIORITY])))
			sp_go_on(event, SP_QUEUE_PRIORITY, decision);
		else
			sp_serve(event, SP_QUEUE_PRIORITY, decision);
	} else if (prev && (!regular ||
			    sp_before(event->key, event->first[SP_QUEUE_REGULAR]))) {
		sp_go_on(event, SP_QUEUE_REGULAR, decision);
	} else if (regular) {
		sp_serve(event, SP_QUEUE_REGULAR, decision);
	}
}

/* What is declared as rows: functions, which need what stands above. */
#define SP_PAIR_FUNCTIONS
#include SP_PAIR_STATE

#include SP_PAIR_HEADER

/* The state of a policy before its first event. */
static sp_inline void sp_policy_start(const struct sp_policy *policy,
				      struct sp_global *global)
{
	*global = (struct sp_global){};
	SP_PAIR_FIRST(global);
}

/* As the function of that name in policy.h. */
static sp_inline int sp_admit(const struct sp_policy *policy, struct sp_global *global,
			      struct sp_task *task, const struct sp_event *event)
{
	if (event->generation == 0)
		return 0;
	if (task->generation == event->generation)
		return 1;
	if (task->generation != 0 && (sp_s32)(event->generation - task->generation) < 0)
		return 0;
	*task = (struct sp_task){};
	task->generation = event->generation;
	SP_PAIR(start)(policy, global, task, event);
	return 1;
}

/* Whether @task is the very task that the event is about. */
static sp_inline int sp_speaks(const struct sp_task *task, const struct sp_event *event)
{
	return event->generation != 0 && task->generation == event->generation;
}

/* Decides one event. @task is the state kept for the event's pid. */
static sp_inline void sp_decide(const struct sp_policy *policy,
				struct sp_global *global, struct sp_task *task,
				const struct sp_event *event,
				struct sp_decision *decision)
{
	decision->key = 0;
	decision->slice_ns = 0;
	decision->action = SP_ACTION_NONE;
	decision->queue = SP_QUEUE_REGULAR;
	decision->cpu = -1;
	decision->pid = event->pid;
	switch (event->kind) {
	case SP_EVENT_ENQUEUE:
		if (sp_admit(policy, global, task, event))
			SP_PAIR(enqueue)(policy, global, task, event, decision);
		else
			decision->action = SP_ACTION_STALE;
		break;
	case SP_EVENT_RUNNING:
		if (sp_speaks(task, event))
			SP_PAIR(running)(policy, global, task, event, decision);
		else
			decision->action = SP_ACTION_STALE;
		break;
	case SP_EVENT_DISPATCH:
		SP_PAIR(dispatch)(policy, global, task, event, decision);
		break;
	case SP_EVENT_EXIT:
		if (sp_speaks(task, event))
			*task = (struct sp_task){};
		else
			decision->action = SP_ACTION_STALE;
		break;
#if SP_PAIR_WANTS & SP_WANTS_STOPPING_BIT
	case SP_EVENT_STOPPING:
		if (sp_speaks(task, event))
			SP_PAIR(stopping)(policy, global, task, event);
		else
			decision->action = SP_ACTION_STALE;
		break;
#endif
#if SP_PAIR_WANTS & SP_WANTS_TICK_BIT
	case SP_EVENT_TICK:
		if (sp_speaks(task, event))
			SP_PAIR(tick)(policy, global, task, event, decision);
		else
			decision->action = SP_ACTION_STALE;
		break;
#endif
#if SP_PAIR_WANTS & SP_WANTS_CHANGED_BIT
	case SP_EVENT_CHANGED:
		if (sp_speaks(task, event))
			SP_PAIR(changed)(policy, global, task, event);
		else
			decision->action = SP_ACTION_STALE;
		break;
#endif
#if SP_PAIR_WANTS & SP_WANTS_CPUS_BIT
	case SP_EVENT_CPUS:
		SP_PAIR(cpus)(policy, global, event);
		break;
#endif
	default:
		decision->action = SP_ACTION_INVALID;
	}
}

/* It is written for one caller at a time. */
#define SP_LOCKED_STATE

#endif
