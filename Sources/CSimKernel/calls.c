// SPDX-License-Identifier: GPL-2.0-only
/* The model as one table, for programs that load it. */
#include "model.h"

static const struct sim_calls calls = {
	.abi = SP_ABI_VERSION,
	.calls_size = sizeof(struct sim_calls),
	.machine_size = sizeof(struct sim_machine),
	.group_size = sizeof(struct sim_group),
	.report_size = sizeof(struct sim_report),
	.group_report_size = sizeof(struct sim_group_report),
	.figures_size = sizeof(struct sim_daemon_figures),
	.set_constant = sim_set_constant,
	.start = sim_start,
	.add_cgroup = sim_add_cgroup,
	.add_group = sim_add_group,
	.add_daemon = sim_add_daemon,
	.daemon_yields = sim_daemon_yields,
	.daemon_computes = sim_daemon_computes,
	.daemon_decided = sim_daemon_decided,
	.daemon_counted = sim_daemon_counted,
	.daemon_pid = sim_daemon_pid,
	.events_consumer = sim_events_consumer,
	.events_producer = sim_events_producer,
	.events_data = sim_events_data,
	.answers = sim_answers,
	.run = sim_run,
	.end = sim_end,
	.report_of = sim_report_of,
	.waits_of = sim_waits_of,
};

const struct sim_calls *sim_calls(void)
{
	return &calls;
}
