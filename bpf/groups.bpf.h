/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Limits of control groups that somebody sets while we are attached. The kernel
 * leaves them to us, and nothing of ours honours them: so it is told that they were
 * set, for the process that watches to say so. A kernel without one of these
 * callbacks gets a table without it: see Scheduler.swift.
 */
#ifndef SCHED_PROTO_GROUPS_BPF_H
#define SCHED_PROTO_GROUPS_BPF_H

#include "common.bpf.h"

u64 group_limits_set = 0;

SEC("struct_ops/sp_cgroup_set_weight")
void BPF_PROG(sp_cgroup_set_weight, struct cgroup *cgrp, u32 weight)
{
	__sync_fetch_and_add(&group_limits_set, 1);
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
