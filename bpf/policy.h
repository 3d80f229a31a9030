/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy, in C: a pure function of the description, its own state and an
 * event. Included by the BPF scheduler, by the BPF probe of the conformance
 * tests and by a native library. Twin: DescribedPolicy.swift.
 */
#ifndef SCHED_PROTO_POLICY_H
#define SCHED_PROTO_POLICY_H

#include "policy_base.h"
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
	global->regular_served = 0;
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

/*
 * A kernel thread that woke up: others may wait for it. One that begins to wait for
 * any other reason, most of all the end of its slice, has no such claim, and would
 * keep the CPU from all others for as long as it has work.
 */
static sp_inline int sp_stays_local(const struct sp_policy *policy,
				    const struct sp_event *event)
{
	return policy->kthreads == SP_KTHREADS_LOCAL &&
	       (event->flags & SP_EVENT_KTHREAD) && (event->flags & SP_EVENT_WAKEUP);
}

/* Where a task that begins to wait goes. */
static sp_inline void sp_place(const struct sp_policy *policy,
			       const struct sp_event *event, const struct sp_task *task,
			       struct sp_decision *decision)
{
	decision->queue = task->queue;
	if (sp_stays_local(policy, event)) {
		decision->action = SP_ACTION_LOCAL;
		decision->cpu = event->cpu;
	} else if (event->idle_cpu >= 0 && policy->idle == SP_IDLE_DIRECT) {
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
	decision->key = sp_order_key(policy, global, task);
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
 * The priority queue goes first, unless the regular one has waited for longer
 * than the starvation limit. A queue in which nobody waits is not starving.
 */
static sp_inline void sp_dispatch(const struct sp_policy *policy,
				  struct sp_global *global,
				  const struct sp_event *event,
				  struct sp_decision *decision)
{
	sp_u32 regular = event->waiting[SP_QUEUE_REGULAR];
	sp_u32 priority = event->waiting[SP_QUEUE_PRIORITY];
	sp_u64 starved = event->now - global->regular_served;

	if (!regular)
		global->regular_served = event->now;
	if (!regular && !priority)
		return;
	decision->action = SP_ACTION_SERVE;
	if (priority && !(regular && policy->starvation_ns &&
			  sp_before(policy->starvation_ns, starved))) {
		decision->queue = SP_QUEUE_PRIORITY;
		return;
	}
	decision->queue = SP_QUEUE_REGULAR;
	global->regular_served = event->now;
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
		sp_dispatch(policy, global, event, decision);
		break;
	case SP_EVENT_EXIT:
		sp_exit(task, event, decision);
		break;
	default:
		decision->action = SP_ACTION_INVALID;
	}
}

#endif
