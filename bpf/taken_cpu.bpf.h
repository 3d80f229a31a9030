/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A CPU that a task of a higher class takes, a real-time one for instance: what
 * waits in the CPU's own queue is queued anew, and may go elsewhere.
 *
 * Up to 6.18 a callback tells of it. 6.19 deprecates that, since it misses some,
 * and lets the queue be emptied from anywhere; so there the switch itself is
 * looked at, and the callback stays out of the table. Which of the two, the
 * process that loads this decides by whether the function exists.
 */
#ifndef SCHED_PROTO_TAKEN_CPU_BPF_H
#define SCHED_PROTO_TAKEN_CPU_BPF_H

#include "common.bpf.h"

/* What else a mode has to do then. */
static void cpu_taken(s32 cpu);

SEC("struct_ops/sp_cpu_release")
void BPF_PROG(sp_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	bool *here = &empties[(u32)cpu & (SP_CPUS_MAX - 1)];

	cpu_taken(cpu);
	*here = true;
	scx_bpf_reenqueue_local();
	*here = false;
}

/* A priority below this is one of the classes above ours. */
#define MAX_RT_PRIO 100

SEC("?tp_btf/sched_switch")
int BPF_PROG(sp_sched_switch, bool preempt, struct task_struct *prev,
	     struct task_struct *next)
{
	/* Those of a scheduler that came after ours are none of our business. */
	if (next->prio < MAX_RT_PRIO && prev->prio >= MAX_RT_PRIO &&
	    !status.exit.kind) {
		cpu_taken(bpf_get_smp_processor_id());
		scx_bpf_reenqueue_local___v2___compat();
	}
	return 0;
}

#endif
