// SPDX-License-Identifier: GPL-2.0-only
/* The C policy compiled for this machine, without privileges or a kernel. */
#include "../Sources/PolicyModel/Shipped/policy.h"
#include "policy_native.h"

void sp_native_start(const struct sp_policy *policy, struct sp_global *global)
{
	sp_policy_start(policy, global);
}

void sp_native_decide(const struct sp_policy *policy, struct sp_global *global,
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

sp_u32 sp_native_orders(void)
{
	return SP_ORDERS_IN_C;
}

sp_u32 sp_native_slices(void)
{
	return SP_SLICES_IN_C;
}

sp_u32 sp_native_classes(void)
{
	return SP_CLASSES_IN_C;
}

sp_u32 sp_native_bursts(void)
{
	return SP_BURSTS_IN_C;
}
