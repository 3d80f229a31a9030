/* SPDX-License-Identifier: GPL-2.0-only */
/* What a conformance lane answers to one event, and how a batch is handed over. */
#ifndef SCHED_PROTO_PROBE_H
#define SCHED_PROTO_PROBE_H

#include "abi.h"

/* The decision and the whole state after it: the task's and the rest. */
struct sp_outcome {
	struct sp_decision decision;
	struct sp_task task;
	struct sp_global global;
};
SP_ASSERT(sizeof(struct sp_outcome) == 120);

/* What the bytecode lane is asked for in one call; the events wait in a map. */
struct sp_probe_call {
	sp_u32 start; /* not 0: begin with the state before the first event */
	sp_u32 count; /* events to decide, at most SP_PROBE_BATCH */
	sp_u32 period; /* not 0: begin again after each so many events */
};
SP_ASSERT(sizeof(struct sp_probe_call) == 12);

/* Events of a trace name tasks by pid 0...SP_PROBE_TASKS-1. */
#define SP_PROBE_TASKS (1u << 17)

/* Events that one call decides at most. */
#define SP_PROBE_BATCH (1u << 16)

#endif
