/* SPDX-License-Identifier: GPL-2.0-only */
/* Slice: how long a picked task may run. Twin: DescribedPolicy+Slice.swift. */
#ifndef SCHED_PROTO_POLICY_SLICE_H
#define SCHED_PROTO_POLICY_SLICE_H

#include "../../../bpf/policy_base.h"

/* Slice rules that this file knows, one bit each. */
#define SP_SLICES_IN_C \
	(1u << SP_SLICE_FIXED | 1u << SP_SLICE_SHARED | 1u << SP_SLICE_AVERAGED | \
	 1u << SP_SLICE_WEIGHTED)

/* max / (waiting + 1), not below min. */
static sp_inline sp_u64 sp_slice_share(const struct sp_policy *policy, sp_u64 waiting)
{
	return sp_max(policy->slice_max_ns / (waiting + 1), policy->slice_min_ns);
}

/* max x weight / 100, within min...max. */
static sp_inline sp_u64 sp_slice_weighted(const struct sp_policy *policy, sp_u32 weight)
{
	sp_u64 slice = policy->slice_max_ns * weight / SP_WEIGHT_NORMAL;

	return sp_max(sp_min(slice, policy->slice_max_ns), policy->slice_min_ns);
}

/* What the rule gives. */
static sp_inline sp_u64 sp_slice_rule(const struct sp_policy *policy,
				      struct sp_global *global,
				      const struct sp_event *event)
{
	switch (policy->slice) {
	case SP_SLICE_SHARED:
		return sp_slice_share(policy, sp_waiting(event));
	case SP_SLICE_AVERAGED:
		global->average_waiting =
			(global->average_waiting + sp_waiting(event)) / 2;
		return sp_slice_share(policy, global->average_waiting);
	case SP_SLICE_WEIGHTED:
		return sp_slice_weighted(policy, sp_weight(event));
	default:
		return policy->slice_max_ns;
	}
}

/*
 * The slice of a task that was just picked: so long at most that one turn of all that
 * wait, even if for one CPU, takes no longer than wait_max_ns.
 */
static sp_inline sp_u64 sp_slice_ns(const struct sp_policy *policy,
				    struct sp_global *global,
				    const struct sp_event *event)
{
	sp_u64 turn = policy->wait_max_ns / (sp_waiting(event) + 1);

	return sp_min(sp_slice_rule(policy, global, event),
		      sp_max(turn, SP_SLICE_FLOOR_NS));
}

#endif
