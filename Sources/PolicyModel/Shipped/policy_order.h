/* SPDX-License-Identifier: GPL-2.0-only */
/* Order: what a waiting task's key is. Twin: DescribedPolicy+Order.swift. */
#ifndef SCHED_PROTO_POLICY_ORDER_H
#define SCHED_PROTO_POLICY_ORDER_H

#include "../../../bpf/policy_base.h"

/* Order rules that this file knows, one bit each. */
#define SP_ORDERS_IN_C \
	(1u << SP_ORDER_FIFO | 1u << SP_ORDER_VRUNTIME | 1u << SP_ORDER_DEADLINE)

/* The same for what a burst adds to a deadline. */
#define SP_BURSTS_IN_C (1u << SP_BURST_PLAIN | 1u << SP_BURST_BY_SWITCHES)

/* used x 100 / weight: scx_simple's charge. The product wraps. */
static sp_inline sp_u64 sp_vtime_charge(sp_u64 used_ns, sp_u32 weight)
{
	return used_ns * SP_WEIGHT_NORMAL / weight;
}

/* Charges the CPU time that a task used since it last began to wait. */
static sp_inline void sp_charge(struct sp_task *task, const struct sp_event *event)
{
	task->vtime += sp_vtime_charge(event->used_ns, sp_weight(event));
	if (event->flags & SP_EVENT_WAKEUP)
		task->burst_ns = 0;
	else
		task->burst_ns += event->used_ns;
}

/*
 * A task that slept keeps at most sleep_credit_ns of vtime it did not use; one that had
 * a CPU to itself owes SP_DEBT_SLICES_MAX slices at most: else it would wait until all
 * others have used as much.
 */
static sp_inline void sp_limit_vtime(const struct sp_policy *policy,
				     const struct sp_global *global,
				     struct sp_task *task, const struct sp_event *event)
{
	sp_u64 debt = sp_vtime_charge(policy->slice_max_ns * SP_DEBT_SLICES_MAX,
				      sp_weight(event));
	sp_u64 oldest = global->vtime_now - policy->sleep_credit_ns;
	sp_u64 newest = global->vtime_now + debt;

	if (sp_before(task->vtime, oldest))
		task->vtime = oldest;
	else if (sp_before(newest, task->vtime))
		task->vtime = newest;
}

/*
 * The bound on waits. vtime is no measure of real time: beside a heavy task it stands
 * still. So all keys of a round of wait_max_ns are before all of the next one, whatever
 * the vtimes are: who waits when a round begins is overtaken by nobody any more.
 */
static sp_inline void sp_advance_round(const struct sp_policy *policy,
				       struct sp_global *global,
				       const struct sp_event *event)
{
	if (!sp_before(policy->wait_max_ns, event->now - global->round_since))
		return;
	global->round +=
		policy->slice_max_ns * SP_KEY_SPREAD_SLICES + policy->sleep_credit_ns;
	global->round_since = event->now;
}

/* What a task's present burst adds to its deadline. */
static sp_inline sp_u64 sp_burst_share(const struct sp_policy *policy,
				       const struct sp_task *task)
{
	sp_u64 burst =
		sp_min(task->burst_ns, policy->slice_max_ns * SP_BURST_SLICES_MAX);

	if (policy->burst == SP_BURST_BY_SWITCHES)
		return burst / (1 + task->rate / SP_RATE_SCALE);
	return burst;
}

/*
 * The key of a task that begins to wait; smaller goes first. By arrival, all keys are
 * the same, and no wait is longer than one turn of all that wait.
 */
static sp_inline sp_u64 sp_order_key(const struct sp_policy *policy,
				     const struct sp_global *global,
				     struct sp_task *task, const struct sp_event *event)
{
	if (policy->order == SP_ORDER_FIFO)
		return 0;
	sp_limit_vtime(policy, global, task, event);
	if (policy->order == SP_ORDER_DEADLINE)
		return global->round + task->vtime + sp_burst_share(policy, task);
	return global->round + task->vtime;
}

/* The clock of vtime follows the furthest task that ran. */
static sp_inline void sp_advance_vtime(struct sp_global *global,
				       const struct sp_task *task)
{
	if (sp_before(global->vtime_now, task->vtime))
		global->vtime_now = task->vtime;
}

#endif
