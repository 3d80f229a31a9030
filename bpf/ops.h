/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the kernel's table of scheduler callbacks that we fill in. libbpf
 * matches members by name, so a subset in any order will do. Swift reads it too,
 * to set flags, time limit and name before the table is registered.
 */
#ifndef SCHED_PROTO_OPS_H
#define SCHED_PROTO_OPS_H

#include "abi.h"

struct task_struct;
struct cpumask;
struct cgroup;
struct scx_init_task_args;
struct scx_exit_task_args;
struct scx_cgroup_init_args;
struct scx_cpu_release_args;
struct scx_exit_info;

struct sched_ext_ops {
	sp_s32 (*select_cpu)(struct task_struct *p, sp_s32 prev_cpu, sp_u64 wake_flags);
	void (*enqueue)(struct task_struct *p, sp_u64 enq_flags);
	void (*dispatch)(sp_s32 cpu, struct task_struct *prev);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, _Bool runnable);
	void (*tick)(struct task_struct *p);
	void (*update_idle)(sp_s32 cpu, _Bool idle);
	void (*cpu_release)(sp_s32 cpu, struct scx_cpu_release_args *args);
	void (*cpu_online)(sp_s32 cpu);
	void (*cpu_offline)(sp_s32 cpu);
	sp_s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	void (*disable)(struct task_struct *p);
	void (*set_weight)(struct task_struct *p, sp_u32 weight);
	void (*set_cpumask)(struct task_struct *p, const struct cpumask *mask);
	void (*exit_task)(struct task_struct *p, struct scx_exit_task_args *args);
	/* All six only where the kernel has groups for sched_ext; 6.17 and 6.19 added the last two. */
	sp_s32 (*cgroup_init)(struct cgroup *cgrp, struct scx_cgroup_init_args *args);
	void (*cgroup_exit)(struct cgroup *cgrp);
	void (*cgroup_move)(struct task_struct *p, struct cgroup *from,
			    struct cgroup *to);
	void (*cgroup_set_weight)(struct cgroup *cgrp, sp_u32 weight);
	void (*cgroup_set_bandwidth)(struct cgroup *cgrp, sp_u64 period_us,
				     sp_u64 quota_us, sp_u64 burst_us);
	void (*cgroup_set_idle)(struct cgroup *cgrp, _Bool idle);
	sp_s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
	sp_u64 flags;
	sp_u32 timeout_ms;
	sp_u32 exit_dump_len;
	char name[128];
};

/* Flags of the table: the kernel's enum scx_ops_flags. */
#define SP_OPS_KEEP_BUILTIN_IDLE (1ULL << 0)
#define SP_OPS_ENQ_LAST (1ULL << 1)
#define SP_OPS_ENQ_EXITING (1ULL << 2)
#define SP_OPS_SWITCH_PARTIAL (1ULL << 3)
#define SP_OPS_ENQ_MIGRATION_DISABLED (1ULL << 4)

#endif
