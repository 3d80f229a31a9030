/* SPDX-License-Identifier: GPL-2.0-only */
/* Twin of Layers.swift, function by function. */

/* 1: a service's task, 2: a build's, 0: any other. */
static sp_inline sp_u8 layers_layer(const struct sp_policy *policy,
				    const struct sp_event *event)
{
	if (layers_is_database(event) ||
	    layers_uid(event) == policy->params.service_uid)
		return 1;
	return layers_is_compiler(event) || layers_is_linker(event) ||
			       layers_is_builder(event) ?
		       2 :
		       0;
}

static sp_inline void layers_start(const struct sp_policy *policy,
				   struct sp_global *state, struct sp_task *task,
				   const struct sp_event *event)
{
}

static sp_inline void layers_enqueue(const struct sp_policy *policy,
				     struct sp_global *state, struct sp_task *task,
				     const struct sp_event *event,
				     struct sp_decision *decision)
{
	sp_u64 key = event->now;

	task->layer = layers_layer(policy, event);
	if (task->layer == 2)
		key += policy->params.build_wait_ns;
	if (event->idle_cpu >= 0)
		sp_direct(event, task, key, decision);
	else
		sp_queue(event, task, key, decision);
}

static sp_inline void layers_running(const struct sp_policy *policy,
				     struct sp_global *state,
				     const struct sp_task *task,
				     const struct sp_event *event,
				     struct sp_decision *decision)
{
	sp_u64 slice_ns = policy->params.other_slice_ns;

	if (task->layer == 1)
		slice_ns = policy->params.service_slice_ns;
	else if (task->layer == 2)
		slice_ns = policy->params.build_slice_ns;
	sp_run(event, task, slice_ns, decision);
}

static sp_inline void layers_dispatch(const struct sp_policy *policy,
				      struct sp_global *state,
				      const struct sp_task *task,
				      const struct sp_event *event,
				      struct sp_decision *decision)
{
	sp_default_dispatch(event, task, decision);
}
