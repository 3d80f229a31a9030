/* SPDX-License-Identifier: GPL-2.0-only */
/* Classes: which queue a task waits in. Twin: DescribedPolicy+Classes.swift. */
#ifndef SCHED_PROTO_POLICY_CLASSES_H
#define SCHED_PROTO_POLICY_CLASSES_H

#include "../../../bpf/policy_base.h"

/* Class rules that this file knows, one bit each. */
#define SP_CLASSES_IN_C (1u << SP_CLASSES_NONE | 1u << SP_CLASSES_VOLUNTARY_SWITCHES)

/* More switches than this between two measurements count as this many. */
#define SP_SWITCHES_MAX (1ULL << 20)

/* Whether anything in this policy looks at rates. */
static sp_inline int sp_measures_rate(const struct sp_policy *policy)
{
	return policy->classes == SP_CLASSES_VOLUNTARY_SWITCHES ||
	       (policy->order == SP_ORDER_DEADLINE &&
		policy->burst == SP_BURST_BY_SWITCHES);
}

/* The highest threshold. */
static sp_inline sp_u64 sp_threshold_max(const struct sp_policy *policy)
{
	return policy->rate_max * SP_RATE_SCALE;
}

/*
 * Measures the task's rate once at least rate_window_ns have passed, and lets
 * the threshold follow it. Returns whether it did.
 */
static sp_inline int sp_measure_rate(const struct sp_policy *policy,
				     struct sp_global *global, struct sp_task *task,
				     const struct sp_event *event)
{
	sp_u64 elapsed = event->now - task->rate_since;
	sp_u64 switches = event->switches - task->rate_switches;
	sp_u64 rate;

	if (sp_before(elapsed, policy->rate_window_ns) || elapsed == 0)
		return 0;
	rate = sp_min(switches, SP_SWITCHES_MAX) * (SP_RATE_SCALE * SP_NSEC_PER_SEC) /
	       elapsed;
	task->rate = sp_min(sp_average(task->rate, rate), 8 * sp_threshold_max(policy));
	task->rate_switches = event->switches;
	task->rate_since = event->now;
	global->threshold = sp_max(sp_min(sp_average(global->threshold, task->rate),
					  sp_threshold_max(policy)),
				   SP_RATE_SCALE);
	return 1;
}

/* A synchronous wake-up promotes, unless too many wait up there already. */
static sp_inline int sp_promotes(const struct sp_policy *policy,
				 const struct sp_event *event)
{
	sp_u64 most = (sp_u64)policy->promote_waiting_max * event->cpus;

	return policy->promote_sync && (event->flags & SP_EVENT_SYNC) &&
	       event->waiting[SP_QUEUE_PRIORITY] <= most;
}

/*
 * Whether a woken task takes the CPU of one that is not in the priority queue's
 * class. A waker that is about to sleep gives its own away without being asked.
 */
static sp_inline int sp_preempts(const struct sp_policy *policy,
				 const struct sp_task *task,
				 const struct sp_event *event)
{
	return policy->preempt && task->queue == SP_QUEUE_PRIORITY &&
	       (event->flags & SP_EVENT_WAKEUP) && !(event->flags & SP_EVENT_SYNC);
}

/*
 * Whether the regular queue goes before the priority queue: its first task has waited
 * for longer than the limit, and for longer than the first of the priority queue. So
 * under a load that keeps both from ever being empty they are served by age.
 */
static sp_inline int sp_starves(const struct sp_policy *policy,
				const struct sp_event *event)
{
	sp_u64 limit = policy->wait_max_ns;

	if (policy->starvation_ns)
		limit = sp_min(policy->starvation_ns, limit);
	if (!(event->flags & SP_EVENT_FIRST) ||
	    !sp_before(limit, event->now - event->since[SP_QUEUE_REGULAR]))
		return 0;
	return !(event->flags & SP_EVENT_FIRST_PRIORITY) ||
	       sp_before(event->since[SP_QUEUE_REGULAR],
			 event->since[SP_QUEUE_PRIORITY]);
}

/* Puts a task that begins to wait into its class. */
static sp_inline void sp_classify(const struct sp_policy *policy,
				  struct sp_global *global, struct sp_task *task,
				  const struct sp_event *event)
{
	int measured;

	if (!sp_measures_rate(policy))
		return;
	measured = sp_measure_rate(policy, global, task, event);
	if (policy->classes != SP_CLASSES_VOLUNTARY_SWITCHES)
		return;
	if (measured)
		task->queue = task->rate >= global->threshold ? SP_QUEUE_PRIORITY :
								SP_QUEUE_REGULAR;
	if (sp_promotes(policy, event))
		task->queue = SP_QUEUE_PRIORITY;
}

#endif
