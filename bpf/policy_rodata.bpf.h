/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The description that a BPF program was loaded with. It is read-only data that
 * is written before the load and frozen by it, so the verifier knows every field
 * and drops the rules that this policy does not use.
 */
#ifndef SCHED_PROTO_POLICY_RODATA_H
#define SCHED_PROTO_POLICY_RODATA_H

#include <bpf/bpf_helpers.h>

#include "abi.h"

const volatile struct sp_policy sp_described SEC(".rodata");

/*
 * The policy that the program was loaded with. The volatile goes here, and with
 * it clang's knowledge that the data are all zero in the object file: the
 * barrier keeps it from putting those zeroes in place of the reads.
 */
static __always_inline const struct sp_policy *sp_loaded_policy(void)
{
	const struct sp_policy *policy = (const struct sp_policy *)&sp_described;

	barrier_var(policy);
	return policy;
}

#endif
