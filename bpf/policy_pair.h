/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The C twin of a pair of somebody's own, in the place of policy.h. Twin of what is
 * here: PolicyPair.swift and Policy.swift. The pair's own header has to define, with
 * the pair's name before each,
 *
 *	NAME_start	a task is seen for the first time: all zero but its generation
 *	NAME_enqueue	a task begins to wait: sp_queue(), sp_preempt() or sp_direct()
 *	NAME_running	a task was picked: sp_run()
 *	NAME_dispatch	a CPU wants a task: sp_serve() or sp_go_on(), or all of it by
 *			sp_default_dispatch()
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

/* The same, and a task of the regular queue that runs on the task's CPU gives way. */
static sp_inline void sp_preempt(const struct sp_event *event,
				 const struct sp_task *task, sp_u64 key,
				 struct sp_decision *decision)
{
	decision->action = SP_ACTION_PREEMPT;
	decision->queue = task->queue;
	decision->key = key;
	decision->cpu = event->cpu;
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

/* The priority queue before the regular one, the smaller key within each. */
static sp_inline void sp_default_dispatch(const struct sp_event *event,
					  const struct sp_task *task,
					  struct sp_decision *decision)
{
	int prev = sp_has_prev(task, event);
	int priority_prev = prev && task->queue != SP_QUEUE_REGULAR;
	int regular = sp_waits(event, SP_QUEUE_REGULAR);
	int priority = sp_waits(event, SP_QUEUE_PRIORITY);

	if (priority || priority_prev) {
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
	default:
		decision->action = SP_ACTION_INVALID;
	}
}

/* It is written for one caller at a time. */
#define SP_LOCKED_STATE

#endif
