/* SPDX-License-Identifier: GPL-2.0-only */
/* The C policy compiled for this machine: one lane of the conformance tests. */
#ifndef SCHED_PROTO_POLICY_NATIVE_H
#define SCHED_PROTO_POLICY_NATIVE_H

#include "abi.h"
#include "probe.h"

/* Puts *global into the state before the first event. */
void sp_native_start(const struct sp_policy *policy, struct sp_global *global);

/*
 * Decides @count events in order. @tasks has SP_PROBE_TASKS entries, indexed by
 * the low bits of the events' pids.
 */
void sp_native_decide(const struct sp_policy *policy, struct sp_global *global,
		      struct sp_task *tasks, const struct sp_event *events,
		      struct sp_outcome *outcomes, sp_u32 count);

/* Rules that have a C twin, one bit for each value of the enum. */
sp_u32 sp_native_orders(void);
sp_u32 sp_native_slices(void);
sp_u32 sp_native_classes(void);
sp_u32 sp_native_bursts(void);

#endif
