// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf/user_mode.bpf.c, unchanged, for this machine. What it defines stays within this
 * file, so that both backends stand in one program, and lies in sections of its own,
 * so that it can be set back.
 */
#include "backend.h"

#pragma clang section bss = "sim_user_bss" data = "sim_user_data" rodata = \
	"sim_user_rodata"
#pragma clang attribute push(__attribute__((internal_linkage)), \
			     apply_to = any(function, variable(is_global)))
/*
 * Pages of its own for the constants, which are made writable: gold puts code beside
 * them.
 */
static const char before[4096] __attribute__((used, aligned(4096))) = { 1 };
#include "user_mode.bpf.c"
static const char behind[4096] __attribute__((used, aligned(4096))) = { 1 };
#pragma clang attribute pop
/* Each section has to exist. */
static int some_data __attribute__((used)) = 1;
#pragma clang section bss = "" data = "" rodata = ""

#define HIDDEN __attribute__((visibility("hidden")))
extern HIDDEN char __start_sim_user_bss[], __stop_sim_user_bss[];
extern HIDDEN char __start_sim_user_data[], __stop_sim_user_data[];

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
#ifdef SP_PLACES
	CONSTANT(queue_of),	CONSTANT(next_near),
#endif
#ifdef SP_SETS
	CONSTANT(set_of_queue), CONSTANT(set_first),	CONSTANT(set_last),
#endif
#ifdef SP_WAKEUPS
	CONSTANT(next_in_llc),	CONSTANT(next_in_node),
#endif
	{ NULL, NULL, 0 },
};

const struct sim_backend sim_user_mode = {
	.name = "user",
	.ops = &scheduler,
	.status = &status,
	.description = &description,
	.nr_cpus = &nr_cpus,
	.group_weights = &group_weights,
	.reference = reference_id,
	.constants = constants,
	.ask_always = &ask_always,
	.events = &events,
	.answers = &answers,
	.early = &early_count,
	.bss = __start_sim_user_bss,
	.bss_end = __stop_sim_user_bss,
	.data = __start_sim_user_data,
	.data_end = __stop_sim_user_data,
};
