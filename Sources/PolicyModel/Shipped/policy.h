/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy, in C: a pure function of the description, its own state and an
 * event. Included by the BPF scheduler, by the BPF probe of the conformance
 * tests and by a native library. Twin: DescribedPolicy.swift.
 */
#ifndef SCHED_PROTO_POLICY_H
#define SCHED_PROTO_POLICY_H

#include "../../../bpf/policy_base.h"
#include "policy_classes.h"
#include "policy_order.h"
#include "policy_slice.h"

/* The state of a policy before its first event. */
static sp_inline void sp_policy_start(const struct sp_policy *policy,
				      struct sp_global *global)
{
	global->vtime_now = 0;
	global->threshold = sp_threshold_max(policy);
	global->average_waiting = 0;
	global->round = 0;
	global->round_since = 0;
}

/*
 * Whether the event speaks of the task in @task, which it makes so if the
 * event's generation is a newer one. Generations are compared by their signed
 * difference; 0 is nobody's.
 */
static sp_inline int sp_admit(const struct sp_policy *policy,
			      const struct sp_global *global, struct sp_task *task,
			      const struct sp_event *event)
{
	if (event->generation == 0)
		return 0;
	if (task->generation == event->generation)
		return 1;
	if (task->generation != 0 && (sp_s32)(event->generation - task->generation) < 0)
		return 0;
	/* A slice late: else a stream of new tasks goes before all others for good. */
	task->vtime = global->vtime_now + policy->slice_max_ns;
	task->burst_ns = 0;
	task->rate = 0;
	task->rate_switches = event->switches;
	task->rate_since = event->now;
	task->generation = event->generation;
	task->queue = SP_QUEUE_REGULAR;
	return 1;
}

/* Where a task that begins to wait goes. */
static sp_inline void sp_place(const struct sp_policy *policy,
			       const struct sp_event *event, const struct sp_task *task,
			       struct sp_decision *decision)
{
	decision->queue = task->queue;
	if (event->idle_cpu >= 0 && policy->idle == SP_IDLE_DIRECT) {
		decision->action = SP_ACTION_DIRECT;
		decision->cpu = event->idle_cpu;
	} else if (sp_preempts(policy, task, event)) {
		decision->action = SP_ACTION_PREEMPT;
		decision->cpu = event->cpu;
	} else {
		decision->action = SP_ACTION_QUEUE;
	}
}

static sp_inline void sp_enqueue(const struct sp_policy *policy,
				 struct sp_global *global, struct sp_task *task,
				 const struct sp_event *event,
				 struct sp_decision *decision)
{
	if (!sp_admit(policy, global, task, event)) {
		decision->action = SP_ACTION_STALE;
		return;
	}
	sp_charge(task, event);
	sp_classify(policy, global, task, event);
	sp_advance_round(policy, global, event);
	decision->key = sp_order_key(policy, global, task, event);
	sp_place(policy, event, task, decision);
}

static sp_inline void sp_running(const struct sp_policy *policy,
				 struct sp_global *global, const struct sp_task *task,
				 const struct sp_event *event,
				 struct sp_decision *decision)
{
	if (event->generation == 0 || task->generation != event->generation) {
		decision->action = SP_ACTION_STALE;
		return;
	}
	sp_advance_vtime(global, task);
	decision->action = SP_ACTION_RUN;
	decision->queue = task->queue;
	decision->slice_ns = sp_slice_ns(policy, global, event);
}

/*
 * The task that goes on is of the state @task. Its generation is a newer one than
 * that only in events that no backend sends.
 */
static sp_inline int sp_has_prev(const struct sp_task *task,
				 const struct sp_event *event)
{
	return (event->flags & SP_EVENT_PREV) && event->generation != 0 &&
	       task->generation == event->generation;
}

/*
 * Which queue is served: of those with somebody for this CPU the priority queue, unless
 * the regular one starves; but not if the CPU just served it: so beside a priority queue
 * that has somebody it has every second turn at most. The task that could go on counts
 * as one of its queue, and goes on if that queue is served and its key is before all others'; of equal keys it
 * came last.
 */
static sp_inline void sp_dispatch(const struct sp_policy *policy,
				  const struct sp_task *task,
				  const struct sp_event *event,
				  struct sp_decision *decision)
{
	int prev = sp_has_prev(task, event);
	int regular = sp_waits(event, SP_QUEUE_REGULAR);
	int priority = sp_waits(event, SP_QUEUE_PRIORITY);
	int regular_prev = prev && task->queue == SP_QUEUE_REGULAR;
	int priority_prev = prev && task->queue != SP_QUEUE_REGULAR;
	sp_u32 queue = SP_QUEUE_REGULAR;

	if (!regular && !priority && !prev)
		return;
	if ((priority || priority_prev) &&
	    !(regular && !regular_prev && sp_starves(policy, event)))
		queue = SP_QUEUE_PRIORITY;
	decision->action = SP_ACTION_SERVE;
	decision->queue = queue;
	if (!(queue == SP_QUEUE_REGULAR ? regular_prev : priority_prev))
		return;
	if (queue == SP_QUEUE_REGULAR ? !regular : !priority)
		decision->action = SP_ACTION_CONTINUE;
	else if (sp_before(event->key, event->first[queue]))
		decision->action = SP_ACTION_CONTINUE;
}

static sp_inline void sp_exit(struct sp_task *task, const struct sp_event *event,
			      struct sp_decision *decision)
{
	if (event->generation == 0 || task->generation != event->generation) {
		decision->action = SP_ACTION_STALE;
		return;
	}
	*task = (struct sp_task){};
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
		sp_enqueue(policy, global, task, event, decision);
		break;
	case SP_EVENT_RUNNING:
		sp_running(policy, global, task, event, decision);
		break;
	case SP_EVENT_DISPATCH:
		sp_dispatch(policy, task, event, decision);
		break;
	case SP_EVENT_EXIT:
		sp_exit(task, event, decision);
		break;
	default:
		decision->action = SP_ACTION_INVALID;
	}
}

#endif
