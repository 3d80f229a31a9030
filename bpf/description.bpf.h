/* SPDX-License-Identifier: GPL-2.0-only */
/* The description, as read-only data: the verifier prunes the rules not used. */
#ifndef SCHED_PROTO_DESCRIPTION_BPF_H
#define SCHED_PROTO_DESCRIPTION_BPF_H

#include "abi.h"

const volatile struct sp_policy description = { .abi = SP_ABI_VERSION };

/*
 * Passed on as a plain pointer, the constant would be folded to its initial
 * value by the compiler, `volatile` or not: so the pointer's origin is hidden.
 */
static __always_inline const struct sp_policy *described(void)
{
	const struct sp_policy *policy = (const struct sp_policy *)&description;

	barrier_var(policy);
	return policy;
}

#endif
