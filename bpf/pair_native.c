// SPDX-License-Identifier: GPL-2.0-only
/*
 * The C twin of a pair of somebody's own, compiled for this machine: a library that
 * build-bpf makes, and that travels in the author's program.
 */
#include "policy_twin.h"
#include "probe.h"

void sp_pair_start(const struct sp_policy *policy, struct sp_global *global)
{
	sp_policy_start(policy, global);
}

void sp_pair_decide(const struct sp_policy *policy, struct sp_global *global,
		    struct sp_task *tasks, const struct sp_event *events,
		    struct sp_outcome *outcomes, sp_u32 count)
{
	for (sp_u32 i = 0; i < count; i++) {
		struct sp_task *task = &tasks[events[i].pid & (SP_PROBE_TASKS - 1)];

		sp_decide(policy, global, task, &events[i], &outcomes[i].decision);
		outcomes[i].task = *task;
		outcomes[i].global = *global;
	}
}
