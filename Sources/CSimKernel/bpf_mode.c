// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf/bpf_mode.bpf.c, unchanged, for this machine. What it defines stays within this
 * file, so that both backends stand in one program, and lies in sections of its own,
 * so that it can be set back.
 */
#include "backend.h"
#include "policy_twin.h"

static void decide_seen(const struct sp_policy *policy, struct sp_global *global,
			struct sp_task *task, const struct sp_event *event,
			struct sp_decision *decision)
{
	sp_decide(policy, global, task, event, decision);
	sim_decided(event, decision, task, global);
}

/* A pair decides within a lock of its own, and its hook with it. */
#ifdef SP_LOCKED_STATE
#define SP_DECIDE decide_seen
#else
#define sp_decide decide_seen
#endif

#pragma clang section bss = "sim_bpf_bss" data = "sim_bpf_data" rodata = \
	"sim_bpf_rodata"
#pragma clang attribute push(__attribute__((internal_linkage)), \
			     apply_to = any(function, variable(is_global)))
/* Pages of its own for the constants, which are made writable: gold puts code beside them. */
static const char before[4096] __attribute__((used, aligned(4096))) = { 1 };
#include "bpf_mode.bpf.c"
static const char behind[4096] __attribute__((used, aligned(4096))) = { 1 };
#pragma clang attribute pop
/* Each section has to exist. */
static int some_data __attribute__((used)) = 1;
#pragma clang section bss = "" data = "" rodata = ""

#define HIDDEN __attribute__((visibility("hidden")))
extern HIDDEN char __start_sim_bpf_bss[], __stop_sim_bpf_bss[];
extern HIDDEN char __start_sim_bpf_data[], __stop_sim_bpf_data[];

static u64 reference_id(void)
{
	const struct sp_cpu_group *group = group_of(reference);

	return group ? group->id : SIM_NO_GROUP;
}

#define CONSTANT(name) \
	{ \
#name, &name, sizeof(name) \
	}
static const struct sim_constant constants[] = {
#ifdef SP_OWN_QUEUES
	CONSTANT(own_count),	CONSTANT(own_by_task),	CONSTANT(own_near),
	CONSTANT(own_places),	CONSTANT(cpu_places),
#endif
#ifdef SP_SETS
	CONSTANT(set_of_queue), CONSTANT(set_first),	CONSTANT(set_last),
#endif
#ifdef SP_WAKEUPS
	CONSTANT(next_in_llc),	CONSTANT(next_in_node),
#endif
	{ NULL, NULL, 0 },
};

const struct sim_backend sim_bpf_mode = {
	.name = "bpf",
	.ops = &scheduler,
	.status = &status,
	.description = &description,
	.nr_cpus = &nr_cpus,
	.group_weights = &group_weights,
	.reference = reference_id,
	.constants = constants,
	.bss = __start_sim_bpf_bss,
	.bss_end = __stop_sim_bpf_bss,
	.data = __start_sim_bpf_data,
	.data_end = __stop_sim_bpf_data,
};
