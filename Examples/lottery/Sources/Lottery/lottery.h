/* SPDX-License-Identifier: GPL-2.0-only */
/* Twin of Lottery.swift, function by function. */

static sp_inline sp_u64 lottery_next(sp_u64 chance)
{
	sp_u64 next = chance;

	next ^= next << 13;
	next ^= next >> 7;
	return next ^ (next << 17);
}

/* The place of the highest bit. */
static sp_inline sp_u64 lottery_top(sp_u64 number)
{
	sp_u64 left = number, top = 0;

	if (left >> 32) {
		left >>= 32;
		top = 32;
	}
	if (left >> 16) {
		left >>= 16;
		top += 16;
	}
	if (left >> 8) {
		left >>= 8;
		top += 8;
	}
	if (left >> 4) {
		left >>= 4;
		top += 4;
	}
	if (left >> 2) {
		left >>= 2;
		top += 2;
	}
	/* At most 1 now; said once more, since the proof does not find it. */
	return top + ((left >> 1) & 1);
}

/* The logarithm of 2^64 / chance in 65536ths, to base two. */
static sp_inline sp_u64 lottery_logarithm(sp_u64 chance)
{
	sp_u64 top = lottery_top(chance);
	sp_u64 rest = ((chance << (63 - top)) << 1) >> 48;
	sp_u64 bow = (((rest * (65536 - rest)) >> 16) * 22525) >> 16;

	return ((64 - top) << 16) - rest - bow;
}

static sp_inline void lottery_start(const struct sp_policy *policy,
				    struct sp_global *state, struct sp_task *task,
				    const struct sp_event *event)
{
}

static sp_inline void lottery_enqueue(const struct sp_policy *policy,
				      struct sp_global *state, struct sp_task *task,
				      const struct sp_event *event,
				      struct sp_decision *decision)
{
	sp_u64 quantum_ns = policy->params.quantum_ns;
	sp_u64 used = sp_min(sp_max(event->used_ns, quantum_ns / 16), quantum_ns);
	sp_u64 price = used * SP_WEIGHT_NORMAL / sp_weight(event);

	state->chance = lottery_next(state->chance);
	task->lot = state->drawn + ((lottery_logarithm(state->chance) * price) >> 16);
	if (event->idle_cpu >= 0)
		sp_direct(event, task, task->lot, decision);
	else
		sp_queue(event, task, task->lot, decision);
}

static sp_inline void lottery_running(const struct sp_policy *policy,
				      struct sp_global *state,
				      const struct sp_task *task,
				      const struct sp_event *event,
				      struct sp_decision *decision)
{
	if (sp_before(state->drawn, task->lot))
		state->drawn = task->lot;
	sp_run(event, task, policy->params.quantum_ns, decision);
}

static sp_inline void lottery_dispatch(const struct sp_policy *policy,
				       struct sp_global *state,
				       const struct sp_task *task,
				       const struct sp_event *event,
				       struct sp_decision *decision)
{
	sp_default_dispatch(event, task, decision);
}
