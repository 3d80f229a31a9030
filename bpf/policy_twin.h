/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy that a BPF program decides by: the C one; or, where the build says so,
 * one in Swift, whose code it links into the program (Sources/build-bpf), or the C twin
 * of a pair of somebody's own.
 */
#ifndef SCHED_PROTO_POLICY_TWIN_H
#define SCHED_PROTO_POLICY_TWIN_H

#ifdef SP_SWIFT_TWIN
#include "policy_swift.h"
#elif defined(SP_PAIR_STATE)
#include "policy_pair.h"
#else
#include "../Sources/PolicyModel/Shipped/policy.h"
#endif

/* Brings *@global, which the comparison looks at, up to date: where it is not the state itself. */
#ifndef sp_observe
#define sp_observe(global) ((void)0)
#endif

#endif
