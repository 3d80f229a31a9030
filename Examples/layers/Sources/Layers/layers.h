/* SPDX-License-Identifier: GPL-2.0-only */
/* Twin of Layers.swift, function by function. */

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
	sp_u32 layer = layers_layers_row(policy, event);
	sp_u64 key = event->now + layers_layers_wait_ns(policy, layer);

	task->layer = layer;
	task->queue = layers_layers_priority(policy, layer);
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
	sp_run(event, task, layers_layers_slice_ns(policy, task->layer), decision);
}

/*
 * Somebody in the regular queue has waited for too long beside those with priority, and for longer
 * than the first of those: where all of them wait for that long, nobody is passed over for ever.
 */
static sp_inline int layers_starves(const struct sp_policy *policy,
				    const struct sp_task *task,
				    const struct sp_event *event)
{
	int beside = sp_waits(event, SP_QUEUE_PRIORITY) ||
		     (sp_has_prev(task, event) && task->queue != SP_QUEUE_REGULAR);

	return beside && (event->flags & SP_EVENT_FIRST) &&
	       sp_before(event->since[0] + policy->params.starvation_ns, event->now) &&
	       !((event->flags & SP_EVENT_FIRST_PRIORITY) &&
		 sp_before(event->since[1], event->since[0]));
}

static sp_inline void layers_dispatch(const struct sp_policy *policy,
				      struct sp_global *state,
				      const struct sp_task *task,
				      const struct sp_event *event,
				      struct sp_decision *decision)
{
	if (layers_starves(policy, task, event))
		sp_serve(event, SP_QUEUE_REGULAR, decision);
	else
		sp_default_dispatch(event, task, decision);
}
