/* SPDX-License-Identifier: GPL-2.0-only */
/* Twin of Bandwidth.swift, function by function. */

static sp_inline void bandwidth_start(const struct sp_policy *policy,
				      struct sp_global *state, struct sp_task *task,
				      const struct sp_event *event)
{
}

static sp_inline int bandwidth_is_limited(const struct sp_policy *policy,
					  const struct sp_event *event)
{
	return sp_weight(event) < policy->params.below;
}

/* What is left of CPU time when the next period begins: what was used beyond the quota. */
static sp_inline sp_u64 bandwidth_carried(const struct sp_policy *policy, sp_u64 used)
{
	return used > policy->params.quota_ns ? used - policy->params.quota_ns : 0;
}

static sp_inline void bandwidth_stopping(const struct sp_policy *policy,
					 struct sp_global *state, struct sp_task *task,
					 const struct sp_event *event)
{
	task->used += event->used_ns;
}

static sp_inline void bandwidth_tick(const struct sp_policy *policy,
				     struct sp_global *state, struct sp_task *task,
				     const struct sp_event *event,
				     struct sp_decision *decision)
{
	if (bandwidth_is_limited(policy, event) &&
	    task->used + event->used_ns >= policy->params.quota_ns)
		sp_give_way(event, decision);
}

static sp_inline void bandwidth_changed(const struct sp_policy *policy,
					struct sp_global *state, struct sp_task *task,
					const struct sp_event *event)
{
	if (!bandwidth_is_limited(policy, event))
		task->used = 0;
}

static sp_inline void bandwidth_enqueue(const struct sp_policy *policy,
					struct sp_global *state, struct sp_task *task,
					const struct sp_event *event,
					struct sp_decision *decision)
{
	sp_u64 period = policy->params.period_ns;
	sp_u64 into = event->now - task->began;

	if (into >= period) {
		task->used = bandwidth_carried(policy, task->used);
		task->began = into < 2 * period ? task->began + period : event->now;
	}
	if (!bandwidth_is_limited(policy, event)) {
		task->used = 0;
	} else if (task->used >= policy->params.quota_ns) {
		sp_hold(event, task, 0, task->began + period - event->now, decision);
		return;
	}
	if (event->idle_cpu >= 0)
		sp_direct(event, task, 0, decision);
	else
		sp_queue(event, task, 0, decision);
}

static sp_inline void bandwidth_running(const struct sp_policy *policy,
					struct sp_global *state,
					const struct sp_task *task,
					const struct sp_event *event,
					struct sp_decision *decision)
{
	sp_run(event, task, policy->params.slice_ns, decision);
}

static sp_inline void bandwidth_dispatch(const struct sp_policy *policy,
					 struct sp_global *state,
					 const struct sp_task *task,
					 const struct sp_event *event,
					 struct sp_decision *decision)
{
	sp_default_dispatch(event, task, decision);
}
