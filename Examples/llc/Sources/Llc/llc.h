/* SPDX-License-Identifier: GPL-2.0-only */
/* Twin of Llc.swift, function by function. */

static sp_inline void llc_start(const struct sp_policy *policy, struct sp_global *state,
				struct sp_task *task, const struct sp_event *event)
{
	task->vtime = state->vtime;
}

/* The cache in which a task's data is. */
static sp_inline sp_u32 llc_home(const struct sp_event *event)
{
	if (event->idle_cpu >= 0)
		return sp_llc_of(sp_here(event));
	if ((event->flags & SP_EVENT_WAKEUP) && (event->flags & SP_EVENT_SYNC))
		return sp_llc_of(sp_waker(event));
	return sp_llc_of(sp_last(event));
}

static sp_inline void llc_enqueue(const struct sp_policy *policy,
				  struct sp_global *state, struct sp_task *task,
				  const struct sp_event *event,
				  struct sp_decision *decision)
{
	sp_u64 earliest = state->vtime - policy->params.credit_ns;

	task->vtime += event->used_ns * SP_WEIGHT_NORMAL / sp_weight(event);
	if (sp_before(task->vtime, earliest))
		task->vtime = earliest;
	task->queue = llc_home(event);
	if (event->idle_cpu >= 0)
		sp_direct(event, task, task->vtime, decision);
	else
		sp_queue(event, task, task->vtime, decision);
}

static sp_inline void llc_running(const struct sp_policy *policy,
				  struct sp_global *state, const struct sp_task *task,
				  const struct sp_event *event,
				  struct sp_decision *decision)
{
	if (sp_before(state->vtime, task->vtime))
		state->vtime = task->vtime;
	sp_run(event, task, policy->params.quantum_ns, decision);
}

static sp_inline void llc_dispatch(const struct sp_policy *policy,
				   struct sp_global *state, const struct sp_task *task,
				   const struct sp_event *event,
				   struct sp_decision *decision)
{
	if (sp_has_prev(task, event) && !(event->flags & SP_EVENT_FIRST) &&
	    event->waiting[1] >= policy->params.steal_from)
		sp_serve(event, sp_llc_of(sp_here(event)), decision);
	else
		sp_default_dispatch(event, task, decision);
}
