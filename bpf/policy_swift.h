/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Swift policy in the place of policy.h. Its functions come as LLVM bitcode and
 * are inlined, like those of policy.h.
 */
#ifndef SCHED_PROTO_POLICY_SWIFT_H
#define SCHED_PROTO_POLICY_SWIFT_H

#include "policy_base.h"

/* Twin of sp_policy_start(). */
void sp_swift_start(const struct sp_policy *policy, struct sp_global *global);

/* Twin of sp_decide(). */
void sp_swift_decide(const struct sp_policy *policy, struct sp_global *global,
		     struct sp_task *task, const struct sp_event *event,
		     struct sp_decision *decision);

#define sp_policy_start sp_swift_start
#define sp_decide sp_swift_decide

#endif
