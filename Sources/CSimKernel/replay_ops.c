// SPDX-License-Identifier: GPL-2.0-only
/*
 * A scheduler that does what the log says: each callback that the model makes has to be the next
 * line of its CPU.
 */
#include "replay.h"

#define WAKE_FLAGS (SCX_WAKE_SYNC | SCX_WAKE_FORK | SCX_WAKE_TTWU)
#define ENQUEUE_FLAGS \
	(SCX_ENQ_WAKEUP | SCX_ENQ_HEAD | SCX_ENQ_PREEMPT | SCX_ENQ_REENQ | SCX_ENQ_LAST)

/* The next line begins this callback. */
static const struct record *begins(enum log_op op, const struct task_struct *t)
{
	const struct record *r = replay_take();

	if (r->kind != LOG_BEGIN + op || (t && r->pid != t->pid))
		replay_refuse(
			r, "the model calls ops.%s of pid %d",
			replay_word(&(struct record){ .kind = (u8)(LOG_END + op) }) + 1,
			t ? t->pid : 0);
	replay_player()->ops++;
	return r;
}

/* What it calls, and its end. */
static const struct record *goes_on(enum log_op op)
{
	const struct record *r;

	while ((r = replay_take())->kind != LOG_END + op) {
		if (!is_call(r))
			replay_refuse(r, "the model is in the middle of a callback");
		if (!r->done)
			replay_call(r);
	}
	replay_player()->ops--;
	sim_replayed.callbacks++;
	return r;
}

/*
 * The model's slice of a task beside the kernel's; a clock may be read a moment later.
 */
static void check_slice_left(const struct record *r, struct task *p)
{
	s64 off;

	if (p->guessed)
		p->t.scx.slice = r->c;
	p->guessed = false;
	off = (s64)(p->t.scx.slice - r->c);

	sim_replayed.slices++;
	if (off < 0)
		off = -off;
	if ((u64)off > sim_replayed.slice_off_max_ns)
		sim_replayed.slice_off_max_ns = (u64)off;
	if (off)
		replay_refuse(r, "the model's slice is %llx", p->t.scx.slice);
}

/* Up to 6.18 a scheduler writes it directly; later there is a call for it. */
static void slice_is(struct task_struct *t, const struct record *end)
{
	if (replay_log.kernel == SIM_LINUX_6_18)
		t->scx.slice = end->c;
}

static s32 log_select_cpu(struct task_struct *t, s32 prev_cpu, u64 flags)
{
	const struct record *r = begins(LOG_OP_SELECT_CPU, t);

	if (r->at != prev_cpu)
		replay_refuse(r, "in the model it was on CPU %d", prev_cpu);
	if ((r->a & WAKE_FLAGS) != (flags & WAKE_FLAGS))
		replay_refuse(r, "the model's flags are %llx", flags);
	return (s32)goes_on(LOG_OP_SELECT_CPU)->a;
}

static void log_enqueue(struct task_struct *t, u64 flags)
{
	const struct record *r = begins(LOG_OP_ENQUEUE, t);

	if ((replay_flags(r->a) & ENQUEUE_FLAGS) != (flags & ENQUEUE_FLAGS))
		replay_refuse(r, "the model's flags are %llx", flags);
	goes_on(LOG_OP_ENQUEUE);
}

static void log_dispatch(s32 cpu, struct task_struct *prev)
{
	const struct record *r = begins(LOG_OP_DISPATCH, prev);

	if (!prev && r->pid)
		replay_refuse(r, "the model has no task there that could go on");
	if (prev)
		check_slice_left(r, task_of(prev));
	r = goes_on(LOG_OP_DISPATCH);
	if (prev)
		slice_is(prev, r);
	(void)cpu;
}

static void log_running(struct task_struct *t)
{
	const struct record *r = begins(LOG_OP_RUNNING, t);

	check_slice_left(r, task_of(t));
	/* Where a task was fetched from another CPU, the clock has gone on. */
	task_of(t)->exec_start = replay_clock(task_of(t)->cpu);
	slice_is(t, goes_on(LOG_OP_RUNNING));
}

static void log_update_idle(s32 cpu, bool idle)
{
	const struct record *r = begins(LOG_OP_UPDATE_IDLE, NULL);

	if (r->at != cpu || !r->a != !idle)
		replay_refuse(r, "the model's CPU %d %s", cpu,
			      idle ? "goes idle" : "wakes");
	goes_on(LOG_OP_UPDATE_IDLE);
}

static void log_cpu_release(s32 cpu, struct scx_cpu_release_args *args)
{
	(void)cpu, (void)args;
	begins(LOG_OP_CPU_RELEASE, NULL);
	goes_on(LOG_OP_CPU_RELEASE);
}

static void log_set_cpumask(struct task_struct *t, const struct cpumask *mask)
{
	(void)mask;
	begins(LOG_OP_SET_CPUMASK, t);
	goes_on(LOG_OP_SET_CPUMASK);
}

static void log_disable(struct task_struct *t)
{
	begins(LOG_OP_DISABLE, t);
	goes_on(LOG_OP_DISABLE);
}

static void log_exit_task(struct task_struct *t, struct scx_exit_task_args *args)
{
	(void)args;
	begins(LOG_OP_EXIT_TASK, t);
	goes_on(LOG_OP_EXIT_TASK);
}

static struct sched_ext_ops replay_ops;

static bool had(enum log_op op)
{
	return replay_log.ops >> op & 1;
}

/* Those callbacks that the scheduler had, and the flags that it has today. */
void replay_ops_are(const struct sched_ext_ops *real)
{
	replay_ops = (struct sched_ext_ops){
		.select_cpu = log_select_cpu,
		.enqueue = log_enqueue,
		.dispatch = log_dispatch,
		.running = log_running,
		.update_idle = log_update_idle,
		.cpu_release = replay_log.kernel == SIM_LINUX_7_3 ? NULL :
								    log_cpu_release,
		.set_cpumask = had(LOG_OP_SET_CPUMASK) ? log_set_cpumask : NULL,
		.disable = had(LOG_OP_DISABLE) ? log_disable : NULL,
		.exit_task = had(LOG_OP_EXIT_TASK) ? log_exit_task : NULL,
		.flags = real->flags,
	};
	sim.ops = &replay_ops;
}
