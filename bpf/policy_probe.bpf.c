// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytecode lane of the conformance tests: the policy as the verifier admits
 * it, run over a batch of events that user space has put into a map, without a
 * scheduler around it.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SP_HAVE_TYPES
#include "description.bpf.h"
#include "policy_twin.h"
#include "probe.h"

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SP_PROBE_BATCH);
	__type(key, __u32);
	__type(value, struct sp_event);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SP_PROBE_BATCH);
	__type(key, __u32);
	__type(value, struct sp_outcome);
} outcomes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SP_PROBE_TASKS);
	__type(key, __u32);
	__type(value, struct sp_task);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sp_global);
} globals SEC(".maps");

struct batch {
	struct sp_global *global;
	__u32 period;
	__u32 phase;
	__u32 decided;
};

static long decide_one(__u32 index, struct batch *batch)
{
	const struct sp_policy *policy = described();
	struct sp_global *global = batch->global;
	struct sp_event *event = bpf_map_lookup_elem(&events, &index);
	struct sp_outcome *outcome = bpf_map_lookup_elem(&outcomes, &index);
	struct sp_task *task;
	__u32 pid;

	if (!event || !outcome)
		return 1;
	pid = event->pid & (SP_PROBE_TASKS - 1);
	task = bpf_map_lookup_elem(&tasks, &pid);
	if (!task)
		return 1;
	if (batch->period) {
		if (!batch->phase)
			sp_policy_start(policy, global);
		batch->phase = batch->phase + 1 < batch->period ? batch->phase + 1 : 0;
	}
	sp_decide(policy, global, task, event, &outcome->decision);
	sp_observe(global);
	outcome->task = *task;
	outcome->global = *global;
	batch->decided++;
	return 0;
}

/* Returns the number of events decided, which is the call's unless one is lost. */
SEC("syscall")
int decide_batch(struct sp_probe_call *call)
{
	__u32 zero = 0;
	struct batch batch = {
		.global = bpf_map_lookup_elem(&globals, &zero),
		.period = call->period,
	};

	if (!batch.global)
		return -1;
	if (call->start)
		sp_policy_start(described(), batch.global);
	bpf_loop(call->count, decide_one, &batch, 0);
	return batch.decided;
}
