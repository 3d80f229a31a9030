// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF mode: the policy of policy.h decides inside the kernel. Two queues, both
 * ordered by the policy's key; the process that attached this only watches.
 *
 * The policy's state beside its tasks is shared by all CPUs and written without
 * a lock: an update of vtime_now, of the threshold or of an average may be lost
 * to one made at the same moment, which moves a key by one charge at most.
 */
#include "common.bpf.h"
#include "policy.h"

#define DSQ_REGULAR 16
#define DSQ_PRIORITY 17

/* Not static: clang would narrow the addresses, which it sees as flags. */
struct sp_dsq regular = { .id = DSQ_REGULAR };
struct sp_dsq priority = { .id = DSQ_PRIORITY };
static struct sp_global global;

static __always_inline bool has_classes(void)
{
	return described()->classes != SP_CLASSES_NONE;
}

static __always_inline void fill_waiting(struct sp_event *event)
{
	event->waiting[SP_QUEUE_REGULAR] = nr_queued(&regular);
	event->waiting[SP_QUEUE_PRIORITY] = has_classes() ? nr_queued(&priority) : 0;
}

/* Carries out what the policy decided for a task that begins to wait. */
static __always_inline void place(struct task_struct *p,
				  const struct sp_decision *decision, u64 enq_flags)
{
	u64 slice = described()->slice_max_ns;
	u64 dsq;

	switch (decision->action) {
	case SP_ACTION_QUEUE:
	case SP_ACTION_PREEMPT:
		count(SP_COUNT_ENQUEUED);
		dsq = decision->queue == SP_QUEUE_PRIORITY ? DSQ_PRIORITY : DSQ_REGULAR;
		/* Ties go by arrival, and these keys are all the same. */
		if (described()->order == SP_ORDER_FIFO)
			sp_dsq_insert(p, dsq, slice, enq_flags);
		else
			sp_dsq_insert_vtime(p, dsq, slice, decision->key, enq_flags);
		break;
	case SP_ACTION_DIRECT:
		count(SP_COUNT_ENQUEUED);
		count(SP_COUNT_DIRECT);
		sp_dsq_insert(p, SCX_DSQ_LOCAL, slice, enq_flags);
		break;
	default:
		count(SP_COUNT_LOCAL);
		sp_dsq_insert(p, SCX_DSQ_LOCAL, slice, enq_flags);
	}
}

SEC("struct_ops/sp_select_cpu")
s32 BPF_PROG(sp_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct sp_task_ctx *tctx = task_ctx(p);
	bool idle = false;
	s32 cpu;

	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
	if (tctx) {
		tctx->idle = idle;
		tctx->sync = wake_flags & SCX_WAKE_SYNC;
	}
	return cpu;
}

SEC("struct_ops/sp_enqueue")
void BPF_PROG(sp_enqueue_task, struct task_struct *p, u64 enq_flags)
{
	struct sp_task_ctx *tctx = task_ctx(p);
	struct sp_decision decision;
	struct sp_event event;
	s32 idle_cpu;
	u64 now;

	if (!tctx || is_vital(p)) {
		insert_locally(p, tctx, enq_flags);
		return;
	}
	now = sp_now();
	if (enq_flags & SCX_ENQ_WAKEUP)
		tctx->woken_at = now;
	tctx->since = now;
	fill_enqueue(&event, p, tctx, enq_flags, now);
	fill_waiting(&event);
	/* Only its own CPU can take it directly: p's queue is the locked one. */
	idle_cpu = tctx->idle ? event.cpu : claim_idle_cpu(p);
	tctx->idle = false;
	if (idle_cpu == event.cpu)
		event.idle_cpu = idle_cpu;
	sp_decide(described(), &global, &tctx->task, &event, &decision);
	place(p, &decision, enq_flags);
	kick_for(p, idle_cpu);
	if (decision.action == SP_ACTION_PREEMPT && idle_cpu < 0)
		preempt(decision.cpu);
}

/* Takes a task from the queue that the policy chose, else from the other one. */
static __always_inline bool serve(u32 queue)
{
	if (!has_classes())
		return take_from(&regular);
	if (queue == SP_QUEUE_PRIORITY)
		return take_from(&priority) || take_from(&regular);
	return take_from(&regular) || take_from(&priority);
}

/* No callback tells of a task that was preempted for nobody. */
static __always_inline void goes_on(s32 cpu, struct task_struct *prev)
{
	struct sp_task_ctx *tctx;

	if (!described()->preempt || (prev->flags & PF_KTHREAD))
		return;
	tctx = task_ctx(prev);
	if (tctx)
		note_class(cpu, tctx->task.queue);
}

SEC("struct_ops/sp_dispatch")
void BPF_PROG(sp_dispatch_cpu, s32 cpu, struct task_struct *prev)
{
	struct sp_decision decision;
	struct sp_event event = {};

	event.kind = SP_EVENT_DISPATCH;
	event.now = sp_now();
	event.cpu = cpu;
	event.idle_cpu = -1;
	event.cpus = nr_online();
	fill_waiting(&event);
	sp_decide(described(), &global, &(struct sp_task){}, &event, &decision);
	if (decision.action == SP_ACTION_SERVE && serve(decision.queue)) {
		count(SP_COUNT_DISPATCHED);
		return;
	}
	/* Nobody else: the kernel lets prev go on, for a slice of ours. */
	if (prev && (prev->scx.flags & SCX_TASK_QUEUED)) {
		sp_set_slice(prev, described()->slice_max_ns);
		goes_on(cpu, prev);
	}
}

SEC("struct_ops/sp_running")
void BPF_PROG(sp_running_task, struct task_struct *p)
{
	struct sp_task_ctx *tctx = task_ctx(p);
	struct sp_decision decision;
	struct sp_event event;
	u64 now;

	if (!tctx)
		return;
	now = sp_now();
	count_wakeup(tctx, now);
	fill_event(&event, SP_EVENT_RUNNING, p, tctx, now);
	fill_waiting(&event);
	sp_decide(described(), &global, &tctx->task, &event, &decision);
	/* Stale: the task runs before it ever waited, as at attachment. */
	if (decision.action == SP_ACTION_RUN)
		sp_set_slice(p, decision.slice_ns);
	note_class(event.cpu,
		   p->flags & PF_KTHREAD ? SP_QUEUE_PRIORITY : decision.queue);
}

SEC("struct_ops/sp_update_idle")
void BPF_PROG(sp_update_idle, s32 cpu, bool idle)
{
	mark_idle(cpu, idle);
	if (idle && ((has_classes() && has_task_for(&priority, cpu)) ||
		     has_task_for(&regular, cpu)))
		scx_bpf_kick_cpu(cpu, 0);
}

SEC("struct_ops/sp_cpu_release")
void BPF_PROG(sp_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	/* A real-time task took the CPU: what waits there may go elsewhere. */
	if (bpf_ksym_exists(scx_bpf_reenqueue_local))
		scx_bpf_reenqueue_local();
}

SEC("struct_ops/sp_cpu_online")
void BPF_PROG(sp_cpu_online, s32 cpu)
{
	mark_online(cpu, true);
}

SEC("struct_ops/sp_cpu_offline")
void BPF_PROG(sp_cpu_offline, s32 cpu)
{
	mark_online(cpu, false);
	count_by(SP_COUNT_GIVEN_UP, give_up_cpu(&regular, cpu));
	count_by(SP_COUNT_GIVEN_UP, give_up_cpu(&priority, cpu));
}

SEC("struct_ops.s/sp_init_task")
s32 BPF_PROG(sp_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	return new_task(p);
}

static void tick(void)
{
	status.waiting = scx_bpf_dsq_nr_queued(DSQ_REGULAR);
	if (has_classes()) {
		status.waiting += scx_bpf_dsq_nr_queued(DSQ_PRIORITY);
		rescue(&priority);
	}
	rescue(&regular);
}

SEC("struct_ops.s/sp_init")
s32 BPF_PROG(sp_init)
{
	s32 error;

	sp_policy_start(described(), &global);
	error = scx_bpf_create_dsq(DSQ_REGULAR, -1);
	if (error)
		return error;
	error = scx_bpf_create_dsq(DSQ_PRIORITY, -1);
	if (error)
		return error;
	return start_timer();
}

SEC("struct_ops/sp_exit")
void BPF_PROG(sp_exit_scheduler, struct scx_exit_info *info)
{
	record_exit(info);
}

SEC(".struct_ops.link")
struct sched_ext_ops scheduler = {
	.select_cpu = (void *)sp_select_cpu,
	.enqueue = (void *)sp_enqueue_task,
	.dispatch = (void *)sp_dispatch_cpu,
	.running = (void *)sp_running_task,
	.update_idle = (void *)sp_update_idle,
	.cpu_release = (void *)sp_cpu_release,
	.cpu_online = (void *)sp_cpu_online,
	.cpu_offline = (void *)sp_cpu_offline,
	.init_task = (void *)sp_init_task,
	.init = (void *)sp_init,
	.exit = (void *)sp_exit_scheduler,
	.flags = SP_OPS_KEEP_BUILTIN_IDLE,
	.timeout_ms = 10000,
	.exit_dump_len = SP_EXIT_DUMP,
	.name = "sched_proto_bpf",
};
