/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's types as far as we look into them. Field offsets are relocated
 * against the running kernel when a program is loaded, so only names matter.
 */
#ifndef SCHED_PROTO_KERNEL_H
#define SCHED_PROTO_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

struct bpf_iter_num;
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define SP_HAVE_TYPES
#include "ops.h"

typedef __s32 s32;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct cpumask {
};

struct sched_entity {
	u64 sum_exec_runtime;
};

struct scx_dispatch_q {
	u32 nr;
	u64 id;
};

struct sched_ext_entity {
	struct scx_dispatch_q *dsq;
	u64 slice;
	u64 dsq_vtime;
	u32 flags;
	u32 weight;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t uid;
};

struct task_struct {
#ifdef SP_WANTS
	unsigned int __state;
#endif
	unsigned int flags;
	int prio;
	int static_prio;
	unsigned int policy;
	int pid;
	int tgid;
	int nr_cpus_allowed;
	unsigned short migration_disabled;
	const struct cpumask *cpus_ptr;
	unsigned long nvcsw;
	char comm[16];
	struct cred *real_cred; /* const: clang minds in BPF_CORE_READ */
	struct css_set *cgroups;
	struct sched_entity se;
	struct sched_ext_entity scx;
};

struct kernfs_node {
	u64 id;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct scx_cgroup_init_args {
	u32 weight;
};

struct scx_init_task_args {
	bool fork;
	struct cgroup *cgroup;
};

struct scx_exit_task_args {
	bool cancelled;
};

enum scx_exit_kind {
	SCX_EXIT_NONE,
};

struct scx_exit_info {
	enum scx_exit_kind kind;
	s64 exit_code;
	const char *reason;
	char *msg;
	char *dump;
};

#pragma clang attribute pop

#define SCHED_EXT 7
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

/* The flag that 7.3 has at another place: see ENQ_HEAD. */
enum scx_enq_flags {
	SCX_ENQ_HEAD = 1 << 4
};

/* The others of that enum, and of its like, are fixed since 6.12. */
#define SCX_ENQ_WAKEUP (1ULL << 0)
#define SCX_ENQ_REENQ (1ULL << 40)
#define SCX_ENQ_LAST (1ULL << 41)
#define SCX_WAKE_SYNC (1ULL << 4)
#define SCX_DSQ_ITER_REV (1ULL << 16)
#define SCX_KICK_IDLE (1ULL << 0)
#define SCX_KICK_PREEMPT (1ULL << 1)
#define SCX_DSQ_GLOBAL ((1ULL << 63) | 1)
#define SCX_DSQ_LOCAL ((1ULL << 63) | 2)
#define SCX_DSQ_LOCAL_ON (3ULL << 62)
#define SCX_TASK_QUEUED (1u << 0)

/* Open-coded iterators live on the program's stack. */
struct bpf_iter_num {
	u64 opaque[1];
} __attribute__((aligned(8)));

struct bpf_iter_scx_dsq {
	u64 opaque[6];
} __attribute__((aligned(8)));

#endif
