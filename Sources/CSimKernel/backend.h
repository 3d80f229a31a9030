/* SPDX-License-Identifier: GPL-2.0-only */
/* A backend as it stands in this program: its table, its constants, its memory. */
#ifndef SIM_BACKEND_H
#define SIM_BACKEND_H

#include <stddef.h>
#include "compat.h"
#include "link.h"

#define SIM_NO_GROUP (~0ull)

/* What else is set before a program is loaded: a constant that only some programs have. */
struct sim_constant {
	const char *name;
	const volatile void *at;
	size_t size;
};

struct sim_backend {
	const char *name;
	const struct sched_ext_ops *ops;
	struct sp_status *status;
	/* What libbpf sets before a program is loaded. */
	const volatile struct sp_policy *description;
	const volatile u32 *nr_cpus;
	const volatile bool *ask_always; /* NULL: it has none */
	const volatile bool *group_weights;
	/* The kernel's number of the group whose share is told as 1; 0: the root's, SIM_NO_GROUP: it is gone. */
	u64 (*reference)(void);
	void *events, *answers; /* maps; NULL: it has none */
	const u32 *early; /* answers laid aside; NULL: it has none */
	const struct sim_constant *constants; /* the last one has no name */
	/* Sections that hold all of its variables. */
	char *bss, *bss_end, *data, *data_end;
};

extern const struct sim_backend sim_bpf_mode, sim_user_mode;

/* The hook on sp_decide: what the policy was asked, and what it said. */
void sim_decided(const struct sp_event *event, const struct sp_decision *decision,
		 const struct sp_task *task, const struct sp_global *global);

#endif
