/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How CPUs share what a policy remembers beside its tasks. The described policy has
 * single numbers, written without a lock: one that is lost to another CPU's of the
 * same moment moves a key by one charge. A whole policy of somebody's own decides one
 * event after the other, in both modes, and so does a twin of it.
 */
#ifndef SCHED_PROTO_LOCKED_STATE_BPF_H
#define SCHED_PROTO_LOCKED_STATE_BPF_H

#include "policy_twin.h"

#ifdef SP_LOCKED_STATE

/* In a section of its own: the kernel wants it in a map whose values have a type. */
struct bpf_spin_lock state_lock SEC(".data.state_lock") __hidden
	__attribute__((aligned(8)));

/* Who hosts the backend on another machine sees each decision here. */
#ifndef SP_DECIDE
#define SP_DECIDE sp_decide
#endif

#define sp_decide(policy, global, task, event, decision) \
	do { \
		bpf_spin_lock(&state_lock); \
		SP_DECIDE((policy), (global), (task), (event), (decision)); \
		bpf_spin_unlock(&state_lock); \
	} while (0)

#endif

#endif
