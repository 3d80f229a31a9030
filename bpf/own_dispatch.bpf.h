/* SPDX-License-Identifier: GPL-2.0-only */
/* BPF mode: who is next, where a pair has queues of its own. A part of bpf_mode.bpf.c. */

enum next {
	NEXT_PREV, /* the CPU's task goes on */
	NEXT_TAKEN, /* somebody was taken out of a queue */
	NEXT_NOBODY, /* nobody who waits may run here, or others were faster */
};

/* Asks the policy who is next, and takes that one. @tctx: of the CPU's task, or NULL. */
static __noinline enum next ask(s32 cpu, struct sp_event *event,
				struct sp_task_ctx *tctx, u32 near)
{
	struct sp_task none = {};
	struct sp_decision decision;
	int taken;

	decide(tctx ? &tctx->task : &none, event, &decision);
	if (decision.action == SP_ACTION_CONTINUE && tctx)
		return NEXT_PREV;
	if (decision.action == SP_ACTION_SERVE) {
		taken = serve_list(cpu, decision.queue, decision.slice_ns, decision.key,
				   near);
	} else {
		count(SP_COUNT_STRANGE);
		taken = serve_any(cpu, near);
	}
	return taken ? NEXT_TAKEN : NEXT_NOBODY;
}

/* Looks up who is first in the queue @near, for a CPU. */
static __noinline void look_near(s32 cpu, struct sp_event *event, u32 near)
{
	struct sp_first first;

	if (!nr_in(near) || !find_first(&own[near & (SP_QUEUES_MAX - 1)], cpu, &first))
		return;
	event->flags |= SP_EVENT_FIRST;
	event->first[0] = first.key;
	event->since[0] = first.since;
}

/* Says of prev, which could go on, and who is first in the queue that is near to it. */
static __always_inline u32 tell_near(s32 cpu, struct sp_task_ctx *tctx,
				     struct sp_event *event)
{
	u32 near;

	near = near_queue(cpu, tctx->task.queue);
	if (own_by_task)
		count_own(event, near);
	event->flags = SP_EVENT_PREV | SP_EVENT_LOOKED;
	event->pid = tctx->pid;
	event->generation = tctx->generation;
	event->weight = tctx->weight;
	event->key = tctx->key;
	look_near(cpu, event, near);
	return near;
}

SEC("struct_ops/sp_dispatch")
void BPF_PROG(sp_dispatch_cpu, s32 cpu, struct task_struct *prev)
{
	bool goes = prev && (prev->scx.flags & SCX_TASK_QUEUED);
	bool *alone = &met_nobody[(u32)cpu & (SP_CPUS_MAX - 1)];
	struct sp_task_ctx *tctx = NULL;
	struct sp_event event = {};
	u32 near = near_queue(cpu, 0);
	enum next next;

	*alone = false;
	release_in_time();
	if (has_groups())
		count_asking(cpu, prev);
	event.cpu = cpu;
	fill_near(&event, 0);
	/* Nothing to choose, as in the other dispatch. */
	if (!goes && sp_waiting(&event) == 1) {
		*alone = !ALONE_ASKED;
		if (serve_any(cpu, near))
			count(SP_COUNT_SOLE);
		else
			*alone = false;
		return;
	}
	if ((ALONE_ASKED || sp_waiting(&event)) && goes && is_told_of(prev, 0) &&
	    !(prev->flags & PF_EXITING))
		tctx = task_ctx(prev);
	if (!sp_waiting(&event)) {
		if (goes)
			go_on_alone(cpu, prev, tctx, sp_now());
		return;
	}
	if (serve_overlooked(cpu))
		return;
	event.kind = SP_EVENT_DISPATCH;
	event.now = sp_now();
	event.idle_cpu = -1;
	event.cpus = nr_online();
	if (tctx && !tell_of_prev(cpu, prev, tctx, event.now)) {
		tctx = NULL;
		goes = false;
	}
	if (tctx)
		near = tell_near(cpu, tctx, &event);
	next = ask(cpu, &event, tctx, near);
	if (next == NEXT_TAKEN) {
		count(SP_COUNT_DISPATCHED);
	} else if (tctx) {
		count(SP_COUNT_CONTINUED);
		look_up_share(tctx);
		go_on(cpu, prev, slice_of_prev(prev, cpu, tctx, event.now));
	} else if (goes) {
		go_on(cpu, prev, described()->slice_max_ns);
	}
}
