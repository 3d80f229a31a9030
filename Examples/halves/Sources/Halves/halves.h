/* SPDX-License-Identifier: GPL-2.0-only */
/* Twin of Halves.swift, function by function. */

#define HEAVY_QUEUE 0
#define LIGHT_QUEUE 1

static sp_inline void halves_start(const struct sp_policy *policy,
				   struct sp_global *state, struct sp_task *task,
				   const struct sp_event *event)
{
	task->vtime = state->vtime;
}

static sp_inline void halves_enqueue(const struct sp_policy *policy,
				     struct sp_global *state, struct sp_task *task,
				     const struct sp_event *event,
				     struct sp_decision *decision)
{
	sp_u64 earliest = state->vtime - policy->params.credit_ns;

	task->vtime += event->used_ns * SP_WEIGHT_NORMAL / sp_weight(event);
	if (sp_before(task->vtime, earliest))
		task->vtime = earliest;
	task->queue = sp_weight(event) < policy->params.light ? LIGHT_QUEUE :
								HEAVY_QUEUE;
	if (event->idle_cpu >= 0)
		sp_direct(event, task, task->vtime, decision);
	else
		sp_queue(event, task, task->vtime, decision);
}

static sp_inline void halves_running(const struct sp_policy *policy,
				     struct sp_global *state,
				     const struct sp_task *task,
				     const struct sp_event *event,
				     struct sp_decision *decision)
{
	if (sp_before(state->vtime, task->vtime))
		state->vtime = task->vtime;
	sp_run(event, task, policy->params.quantum_ns, decision);
}

static sp_inline void halves_dispatch(const struct sp_policy *policy,
				      struct sp_global *state,
				      const struct sp_task *task,
				      const struct sp_event *event,
				      struct sp_decision *decision)
{
	sp_u32 served = sp_is_on(event, policy->params.upper) ? LIGHT_QUEUE :
								HEAVY_QUEUE;
	int first = !(event->flags & SP_EVENT_FIRST) ||
		    sp_before(event->key, event->first[0]);

	/* One that only helps out gives way to any of those that are served here. */
	if (sp_has_prev(task, event) && first &&
	    (task->queue == served || !event->waiting[1])) {
		sp_go_on(event, task->queue, decision);
	} else {
		sp_serve(event, served, decision);
		sp_then(HEAVY_QUEUE, decision);
	}
}
