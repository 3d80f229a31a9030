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
SP_ASSERT(sizeof(struct sp_outcome) == 112);

/* Events of a trace name tasks by pid 0...SP_PROBE_TASKS-1. */
#define SP_PROBE_TASKS (1u << 17)

/* Events that one call decides at most. */
#define SP_PROBE_BATCH (1u << 16)

#endif
