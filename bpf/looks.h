/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a backend looks up before it asks the policy: a part of the mechanism, which
 * the proof of the policy's step says nothing of.
 */
#ifndef SCHED_PROTO_LOOKS_H
#define SCHED_PROTO_LOOKS_H

#include "policy_base.h"

/*
 * Whether a backend looks up who is first in each queue, for a DISPATCH: where that
 * can make a difference. @prev: the CPU's task could go on.
 */
static sp_inline int sp_looks(const struct sp_policy *policy, int prev, sp_u32 regular,
			      sp_u32 priority)
{
	if (policy->classes == SP_CLASSES_NONE)
		return prev;
	return prev || (regular && priority);
}

#endif
