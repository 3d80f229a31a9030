/* SPDX-License-Identifier: GPL-2.0-only */
/* Twin of Stride.swift, function by function. */

/* What CPU time costs a task: the more, the less it weighs. */
static sp_inline sp_u64 stride_cost(sp_u64 used_ns, const struct sp_event *event)
{
	return used_ns * SP_WEIGHT_NORMAL / sp_weight(event);
}

static sp_inline void stride_start(const struct sp_policy *policy,
				   struct sp_global *state, struct sp_task *task,
				   const struct sp_event *event)
{
	task->pass = state->pass + stride_cost(policy->params.quantum_ns, event);
}

static sp_inline void stride_enqueue(const struct sp_policy *policy,
				     struct sp_global *state, struct sp_task *task,
				     const struct sp_event *event,
				     struct sp_decision *decision)
{
	sp_u64 earliest = state->pass - policy->params.credit_ns;

	task->pass += stride_cost(event->used_ns, event);
	if (sp_before(task->pass, earliest))
		task->pass = earliest;
	if (event->idle_cpu >= 0)
		sp_direct(event, task, task->pass, decision);
	else
		sp_queue(event, task, task->pass, decision);
}

static sp_inline void stride_running(const struct sp_policy *policy,
				     struct sp_global *state,
				     const struct sp_task *task,
				     const struct sp_event *event,
				     struct sp_decision *decision)
{
	if (sp_before(state->pass, task->pass))
		state->pass = task->pass;
	sp_run(event, task, policy->params.quantum_ns, decision);
}

static sp_inline void stride_dispatch(const struct sp_policy *policy,
				      struct sp_global *state,
				      const struct sp_task *task,
				      const struct sp_event *event,
				      struct sp_decision *decision)
{
	sp_default_dispatch(event, task, decision);
}
