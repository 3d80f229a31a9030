/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who a task is (inputs.h), for pairs that ask: programs for them are compiled with
 * SP_INPUTS, which says in a pair's BPF mode which ones, and is 0 in user mode, where the
 * description does; others have nothing of it.
 */
#ifndef SCHED_PROTO_INPUTS_BPF_H
#define SCHED_PROTO_INPUTS_BPF_H

#include "inputs.h"
#include "tasks.bpf.h"

#ifdef SP_INPUTS
#include <bpf/bpf_core_read.h>

/* Zeros behind the name: the kernel may leave more of an older one there. */
static __always_inline void sp_read_comm(struct task_struct *p, u64 comm[2])
{
	comm[0] = comm[1] = 0;
	bpf_probe_read_kernel_str(comm, 16, p->comm);
}

static __always_inline u32 sp_read_uid(struct task_struct *p)
{
	return BPF_CORE_READ(p, real_cred, uid.val);
}

static __always_inline u64 sp_read_cgroup(struct task_struct *p)
{
	return BPF_CORE_READ(p, cgroups, dfl_cgrp, kn, id);
}

#if !SP_INPUTS

static __always_inline u32 sp_wanted_inputs(void)
{
	return described()->pair ? described()->burst >> SP_INPUTS_SHIFT : 0;
}

/* Fills in what is wanted, and zeros. */
static __always_inline void sp_read_who(struct sp_who *who, struct task_struct *p)
{
	u32 wanted = sp_wanted_inputs();

	if (wanted & SP_INPUT_COMM)
		sp_read_comm(p, who->comm);
	else
		who->comm[0] = who->comm[1] = 0;
	who->cgroup = wanted & SP_INPUT_CGROUP ? sp_read_cgroup(p) : 0;
	who->tgid = wanted & SP_INPUT_TGID ? p->tgid : 0;
	who->uid = wanted & SP_INPUT_UID ? sp_read_uid(p) : 0;
	who->nice = wanted & SP_INPUT_NICE ? p->static_prio - 120 : 0;
	who->allowed = wanted & SP_INPUT_ALLOWED ? p->nr_cpus_allowed : 0;
}

#else

/* Puts 32 or 64 bits at their place; @at is a constant. */
static __always_inline void sp_put_input(struct sp_event *event, u32 at, u64 value)
{
	value <<= at & 63;
	if (at < 64)
		event->first[0] |= value;
	else if (at < 128)
		event->since[0] |= value;
	else if (at < 192)
		event->switches |= value;
	else
		event->since[1] |= value;
}

/* What an ENQUEUE says of who @p is. By itself: its callers have little stack left. */
static __noinline void sp_fill_inputs(struct sp_event *event, struct task_struct *p)
{
	const u32 wanted = SP_INPUTS;
	u64 comm[2];

	if (sp_input_at(wanted, SP_INPUTS_ALL + 1) > 128)
		event->switches = 0;
	if (sp_input_at(wanted, SP_INPUTS_ALL + 1) > 192)
		event->since[1] = 0;
	if (wanted & SP_INPUT_COMM) {
		sp_read_comm(p, comm);
		event->first[0] = comm[0];
		event->since[0] = comm[1];
	}
	if (wanted & SP_INPUT_CGROUP)
		sp_put_input(event, sp_input_at(wanted, SP_INPUT_CGROUP),
			     sp_read_cgroup(p));
	if (wanted & SP_INPUT_TGID)
		sp_put_input(event, sp_input_at(wanted, SP_INPUT_TGID), (u32)p->tgid);
	if (wanted & SP_INPUT_UID)
		sp_put_input(event, sp_input_at(wanted, SP_INPUT_UID), sp_read_uid(p));
	if (wanted & SP_INPUT_NICE)
		sp_put_input(event, sp_input_at(wanted, SP_INPUT_NICE),
			     (u32)(p->static_prio - 120));
	if (wanted & SP_INPUT_ALLOWED)
		sp_put_input(event, sp_input_at(wanted, SP_INPUT_ALLOWED),
			     (u32)p->nr_cpus_allowed);
}

#endif
#endif
#endif
