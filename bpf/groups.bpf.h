/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control groups: how they come, change and go, and which task is in which. What they
 * weigh is honoured (weights.bpf.h). Other limits of the CPU, which the kernel leaves to us
 * too, are not: that they were set is told to the process that watches, which says so.
 *
 * A kernel without one of these callbacks gets a table without it: see Scheduler.swift.
 * Groups without the CPU controller are unknown to all of them: their tasks are the next
 * ancestor's that has it.
 */
#ifndef SCHED_PROTO_GROUPS_BPF_H
#define SCHED_PROTO_GROUPS_BPF_H

#include "common.bpf.h"

/*
 * Names of groups by the kernel's numbers, read when a task is born or moved. Not kept in
 * the kernel's storage for groups, which may answer that it is busy.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * SP_GROUPS_MAX);
	__type(key, u64);
	__type(value, u32);
} group_names SEC(".maps");

u64 group_limits_set = 0;
static u32 last_place; /* of the group that was made last */

static __always_inline u32 name_of_id(u64 id)
{
	u32 *name = bpf_map_lookup_elem(&group_names, &id);

	return name ? *name : 0;
}

static __always_inline u32 name_of(struct cgroup *cgrp)
{
	return cgrp ? name_of_id(cgrp->kn->id) : 0;
}

/* The group that a new task is in. */
static __always_inline u32 group_at_birth(struct scx_init_task_args *args)
{
	if (!has_groups() || !bpf_core_field_exists(args->cgroup))
		return 0;
	return name_of(args->cgroup);
}

static __always_inline u32 in_range(u32 weight)
{
	if (weight < SP_WEIGHT_MIN)
		return SP_WEIGHT_MIN;
	return weight < SP_WEIGHT_MAX ? weight : SP_WEIGHT_MAX;
}

/*
 * A place for a group; its name, or 0 if there is none. The kernel makes and removes one
 * group at a time. One that was given up just now is taken last, so that who still has its
 * old name in hand does not meet another group.
 */
static __always_inline u32 take_place(u64 id, u32 parent, u32 level, u32 weight)
{
	struct sp_cpu_group *group;
	u32 place;
	int i;

	bpf_for(i, 1, SP_GROUPS_MAX) {
		place = last_place + i;
		barrier_var(place);
		place &= SP_GROUPS_MAX - 1;
		group = &groups[place];
		if (!place || group->id)
			continue;
		last_place = place;
		group->tasks = 0;
		group->groups = 0;
		group->counted = 0;
		group->parent = parent;
		group->level = level;
		group->weight = in_range(weight);
		group->name = (group->name & ~(SP_GROUPS_MAX - 1)) | place;
		group->id = id;
		return group->name;
	}
	return 0;
}

SEC("struct_ops/sp_cgroup_init")
s32 BPF_PROG(sp_cgroup_init, struct cgroup *cgrp, struct scx_cgroup_init_args *args)
{
	u64 id = cgrp->kn->id;
	u32 parent, name = 0;

	if (!group_weights || !cgrp->level)
		return 0; /* the root */
	groups_seen = 1;
	parent = name_of(cgrp->self.parent->cgroup);
	if (cgrp->level <= SP_GROUP_LEVELS)
		name = take_place(id, parent, cgrp->level, args->weight);
	if (!name) {
		count(SP_COUNT_GROUPS_LEFT_OUT);
		name = parent;
	}
	/* Full: its tasks are the root's. An error would keep the group from being made. */
	if (bpf_map_update_elem(&group_names, &id, &name, BPF_ANY))
		count(SP_COUNT_GROUPS_LEFT_OUT);
	return 0;
}

/* Nobody is in it any more but tasks that exit. */
SEC("struct_ops/sp_cgroup_exit")
void BPF_PROG(sp_cgroup_exit, struct cgroup *cgrp)
{
	u64 id = cgrp->kn->id;
	u32 name = name_of_id(id);
	struct sp_cpu_group *group = name ? group_of(name) : NULL;

	bpf_map_delete_elem(&group_names, &id);
	if (!group || group->id != id)
		return; /* its parent's, or the root */
	group->weight = 0;
	settle(name);
	group->name += SP_GROUPS_MAX;
	group->id = 0;
}

/* It may run or wait: the kernel lets it begin anew behind this. */
SEC("struct_ops/sp_cgroup_move")
void BPF_PROG(sp_cgroup_move, struct task_struct *p, struct cgroup *from,
	      struct cgroup *to)
{
	struct sp_task_ctx *tctx = task_ctx(p);

	if (!tctx)
		return;
	count_no_more(&tctx->counted);
	tctx->group = name_of(to);
}

SEC("struct_ops/sp_cgroup_set_weight")
void BPF_PROG(sp_cgroup_set_weight, struct cgroup *cgrp, u32 weight)
{
	u64 id = cgrp->kn->id;
	u32 name = name_of_id(id);
	struct sp_cpu_group *group = name ? group_of(name) : NULL;

	__sync_fetch_and_add(&group_limits_set, 1);
	if (!group || group->id != id)
		return;
	group->weight = in_range(weight);
	settle(name);
}

SEC("struct_ops/sp_cgroup_set_bandwidth")
void BPF_PROG(sp_cgroup_set_bandwidth, struct cgroup *cgrp, u64 period_us, u64 quota_us,
	      u64 burst_us)
{
	__sync_fetch_and_add(&group_limits_set, 1);
}

SEC("struct_ops/sp_cgroup_set_idle")
void BPF_PROG(sp_cgroup_set_idle, struct cgroup *cgrp, bool idle)
{
	__sync_fetch_and_add(&group_limits_set, 1);
}

#endif
