/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy in Swift in the place of policy.h. Its functions come as LLVM bitcode and
 * are inlined, like those of policy.h.
 */
#ifndef SCHED_PROTO_POLICY_SWIFT_H
#define SCHED_PROTO_POLICY_SWIFT_H

#include "policy_base.h"

#ifndef SP_OWN_POLICY

/* The policy that a description says, or the Swift twin of a pair of somebody's own. */
void sp_swift_start(const struct sp_policy *policy, struct sp_global *global);
void sp_swift_decide(const struct sp_policy *policy, struct sp_global *global,
		     struct sp_task *task, const struct sp_event *event,
		     struct sp_decision *decision);

static sp_inline void sp_policy_start(const struct sp_policy *policy,
				      struct sp_global *global)
{
	sp_swift_start(policy, global);
}

static sp_inline void sp_decide(const struct sp_policy *policy,
				struct sp_global *global, struct sp_task *task,
				const struct sp_event *event,
				struct sp_decision *decision)
{
	sp_swift_decide(policy, global, task, event, decision);
}

/* Pairs are written for one caller at a time. */
#ifdef SP_SWIFT_PAIR
#define SP_LOCKED_STATE
#endif

#else

/* Bytes that a whole policy of somebody's own may remember beside its tasks. */
#define SP_OWN_STATE 4096

/* What it remembers. Not static: clang would narrow it to the part that is used. */
sp_u64 own_state[SP_OWN_STATE / sizeof(sp_u64)];

void sp_own_start(void *state);
void sp_own_decide(void *state, struct sp_task *task, const struct sp_event *event,
		   struct sp_decision *decision);
void sp_own_global(void *state, struct sp_global *global);

static sp_inline void sp_policy_start(const struct sp_policy *policy,
				      struct sp_global *global)
{
	sp_own_start(own_state);
}

static sp_inline void sp_decide(const struct sp_policy *policy,
				struct sp_global *global, struct sp_task *task,
				const struct sp_event *event,
				struct sp_decision *decision)
{
	sp_own_decide(own_state, task, event, decision);
}

/* What the comparison looks at. */
#define sp_observe(global) sp_own_global(own_state, (global))

/* Such a policy is written for one caller at a time. */
#define SP_LOCKED_STATE

#endif

#endif
