// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mode: a backend that decides nothing. A task that begins to wait goes to
 * DSQ_HELD, and an event about it to the daemon; the daemon's answer moves it to
 * DSQ_PICKED, from which any CPU takes it, or to the only CPU that it may run on.
 *
 * Since every waiting task stands in a queue of the kernel's, none can be lost
 * with the daemon: whoever finds no answer and no daemon takes from DSQ_HELD,
 * first come, first served. The kernel itself takes a task out of it that exits
 * or changes its affinity or class; the answer to it is then stale.
 *
 * The daemon does not sleep. It yields, and then stands in DSQ_DAEMON until a
 * CPU has nothing picked and somebody waits: then that CPU runs it. No wake-up,
 * no system call but the yield, and no decision before somebody needs one.
 *
 * An idle CPU that the kernel found for a waking task takes it at once where
 * the description says `idle-cpu: direct`: a standing decision. The daemon is
 * told, so that its state is the same as if it had been asked. Likewise a CPU that
 * has no other task takes the only one that waits.
 */
#define SP_USER_MODE
#include "turns.bpf.h"
#include "taken_cpu.bpf.h"
#include "groups.bpf.h"
#include "ticks.bpf.h"

/* The task waits for the daemon's answer, or for the fallback. Whether it went local. */
static __always_inline bool hold(struct task_struct *p, struct sp_task_ctx *tctx,
				 const struct sp_notice *notice, u64 enq_flags)
{
	u64 slice = described()->slice_max_ns;
	bool told = tell(p, tctx, notice);

	/* No answer will come, and no policy hears that it runs. */
	if (!told) {
		tctx->wait = 0;
#ifdef SP_WANTS
		tctx->runs = false;
#endif
	}
	if (!ALONE_ASKED && notice->idle_cpu >= 0 &&
	    described()->idle == SP_IDLE_DIRECT) {
		count(SP_COUNT_DIRECT);
		sp_dsq_insert(p, SCX_DSQ_LOCAL, slice, enq_flags);
		return true;
	}
	if (!told)
		any_picked = true;
	sp_dsq_insert(p, told ? DSQ_HELD : DSQ_PICKED, slice, enq_flags);
	return false;
}

SEC("struct_ops/sp_select_cpu")
s32 BPF_PROG(sp_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct sp_answers *ring = answer_ring();

	if (ring && is_daemon(p, ring))
		return prev_cpu;
	note_waker(p);
	return look_for_idle(p, prev_cpu, wake_flags);
}

/*
 * It was picked, or let run without an answer, and its CPU could not run it: a task of a higher
 * class came first. For the policy it runs, or will when the daemon answers too late; so nobody
 * is told. It is the first of those that were picked, and has the slice that it had.
 */
static __always_inline void put_back(struct task_struct *p, struct sp_task_ctx *tctx,
				     u64 enq_flags)
{
	u64 slice = p->scx.slice, dsq = DSQ_PICKED;
	u32 cpu = scx_bpf_task_cpu(p);
	s32 idle = claim_idle_cpu(p);
	bool here = is_pinned(p);

#ifdef SP_SETS
	/* A CPU outside of its set would take it from the others. */
	if (!here && set_of_task(p)) {
		here = true;
		if (idle >= 0)
			cpu = idle;
	}
#endif
	tctx->is_back = true;
	count_wait(p, tctx);
	count(SP_COUNT_ENQUEUED);
	if (here) {
		dsq = DSQ_PICKED_ON + cpu;
		picked_on[cpu & (SP_CPUS_MAX - 1)] = true;
	} else {
		any_picked = true;
	}
	sp_dsq_insert(p, dsq, slice, enq_flags | ENQ_HEAD);
	kick_for(p, idle);
}

SEC("struct_ops/sp_enqueue")
void BPF_PROG(sp_enqueue_task, struct task_struct *p, u64 enq_flags)
{
	struct sp_answers *ring = answer_ring();
	struct sp_task_ctx *tctx;
	struct sp_notice notice;
	s32 claimed;
	bool local, joins;
	u64 now;

	if (!ring)
		return; /* cannot be: an array always has its first element */
	if (is_daemon(p, ring)) {
		enqueue_daemon(p, ring, enq_flags);
		return;
	}
	tctx = task_ctx(p);
	if (tctx && (p->flags & PF_EXITING)) {
		insert_exiting(p, tctx, enq_flags);
		return;
	}
#ifdef SP_WANTS
	if (tctx && tctx->rest) {
		step_aside(p, tctx, enq_flags);
		return;
	}
#endif
	if (!tctx || !is_told_of(p, enq_flags) || (u32)p->tgid == ring->daemon.tgid) {
		insert_locally(p, tctx, enq_flags);
		return;
	}
	joins = tctx->joins;
	tctx->joins = false;
	if ((enq_flags & SCX_ENQ_LAST) && !joins) {
		/* Nobody else for this CPU, and dispatch did not extend it. */
		count(SP_COUNT_RETRIED);
		sp_dsq_insert(p, SCX_DSQ_LOCAL, RETRY_SLICE_NS, enq_flags);
		/* The CPU may have made up its mind to idle already. */
		scx_bpf_kick_cpu(scx_bpf_task_cpu(p), 0);
		return;
	}
	if ((enq_flags & SCX_ENQ_REENQ) && tctx->wait && tctx->pid == (u32)p->pid) {
		put_back(p, tctx, enq_flags);
		return;
	}
	count_wait(p, tctx);
	if (tctx->pid != (u32)p->pid) {
		tell_exit(p, tctx);
		begin_life(tctx, p);
	}
	now = sp_now();
#ifdef SP_WANTS
	end_run(p, tctx);
#endif
	begin_wait(p, tctx, enq_flags, now);
	tctx->wait = next_wait();
	count(SP_COUNT_ENQUEUED);
	fill_notice(&notice, SP_EVENT_ENQUEUE, p, tctx, now);
	notice.used_ns = charge_used(p, tctx);
	notice.switches = p->nvcsw;
	notice.flags = wait_flags(p, tctx, enq_flags);
	notice.affinity = affinity_of(p, tctx);
	notice.idle_cpu = own_idle_cpu(p, tctx, notice.cpu, &claimed);
	tell_places(&notice, tctx);
	local = hold(p, tctx, &notice, enq_flags);
	wake_for(p, notice.cpu, claimed, local, enq_flags);
	/* The policy would have it preempt, to judge by its last answer: ask now. */
	if (described()->preempt && tctx->queue == SP_QUEUE_PRIORITY && claimed < 0 &&
	    (notice.flags & SP_EVENT_WAKEUP) && !(notice.flags & SP_EVENT_SYNC))
		preempt(notice.cpu);
}

/* No callback tells of a task that was preempted for nobody. */
static __always_inline void goes_on(s32 cpu, struct task_struct *prev)
{
	struct sp_task_ctx *tctx;

	if (!described()->preempt || (prev->flags & PF_KTHREAD))
		return;
	tctx = task_ctx(prev);
	if (tctx)
		note_class(cpu, tctx->queue);
}

/* Whether the daemon is told of a CPU's own task when it begins to wait. */
static __always_inline bool will_wait(struct task_struct *prev)
{
	return is_told_of(prev, 0) && !(prev->flags & PF_EXITING);
}

/* A CPU asks who is next. */
static __always_inline void dispatch(struct sp_answers *ring, s32 cpu,
				     struct task_struct *prev)
{
	u64 slice = described()->slice_max_ns;
	bool goes = prev && (prev->scx.flags & SCX_TASK_QUEUED);
	u64 unread;

	forget_put_off(cpu);
	release_in_time();
	if (has_groups())
		count_asking(cpu, prev);
#ifdef SP_WANTS
	if (goes && let_in(cpu, prev))
		return;
#endif
	if (prev && is_daemon(prev, ring) && !goes) {
		daemon_gone = 1;
		daemon_since = 0;
	}
	unread = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	if (daemon_should_read(unread) && run_daemon(cpu, cpu, NULL))
		return;
	if (take_held_in_turn(cpu) || take_late_pick(cpu))
		return;
	if (drain(ring, cpu) || take_picked(cpu)) {
		count(SP_COUNT_DISPATCHED);
		return;
	}
	if (run_called_daemon(cpu))
		return;
#ifdef SP_WANTS
	if (!goes && ticks_unread && run_daemon(cpu, cpu, NULL))
		return;
#endif
	if (!goes && take_sole(ring, cpu, unread))
		return;
	if (is_held_for(cpu))
		slice = ask_daemon(ring, cpu,
				   goes && will_wait(prev) ? task_ctx(prev) : NULL,
				   goes && !is_daemon(prev, ring));
	else if (daemon_is_due(unread, sp_now()) && run_daemon(cpu, cpu, NULL))
		slice = 0;
#ifdef SP_ALONE_ASKED
	else if (goes)
		slice = ask_alone(ring, cpu, prev);
#endif
	/* Nobody else: prev goes on, unless it is to wait. The daemon stands by instead. */
	if (slice && goes && !is_daemon(prev, ring)) {
		sp_set_slice(prev, slice);
		goes_on(cpu, prev);
	}
}

SEC("struct_ops/sp_dispatch")
void BPF_PROG(sp_dispatch_cpu, s32 cpu, struct task_struct *prev)
{
	struct sp_answers *ring = answer_ring();

	if (!ring)
		return;
	answers_call(cpu);
	/* The interrupt that called this CPU back met the daemon, which goes on. */
	if (prev && is_interrupted(prev->pid, prev->scx.flags)) {
		sp_set_slice(prev, DAEMON_SLICE_NS);
		return;
	}
	dispatch(ring, cpu, prev);
	/* It has something else to do: another one that was put off may need the daemon. */
	if (was_called[(u32)cpu & (SP_CPUS_MAX - 1)] && nr_queued(&standing_by))
		call_next_back();
}

SEC("struct_ops/sp_running")
void BPF_PROG(sp_running_task, struct task_struct *p)
{
	struct sp_answers *ring = answer_ring();
	struct sp_task_ctx *tctx;

	if (!ring)
		return;
	forget_put_off(scx_bpf_task_cpu(p));
	if (is_daemon(p, ring)) {
		count_nobody_on(scx_bpf_task_cpu(p));
		note_class(scx_bpf_task_cpu(p), SP_QUEUE_PRIORITY);
		return;
	}
	tctx = task_ctx(p);
	if (!tctx)
		return;
	count_run(p, tctx);
	note_class(scx_bpf_task_cpu(p),
		   p->flags & PF_KTHREAD ? SP_QUEUE_PRIORITY : tctx->queue);
	note_place(tctx, scx_bpf_task_cpu(p));
#ifdef SP_WANTS
	begin_run(p, tctx);
#endif
	tctx->wait = 0; /* an answer that is still under way is stale */
	count_wakeup(tctx, sp_now());
}

#ifdef SP_WANTS

SEC("struct_ops/sp_stopping")
void BPF_PROG(sp_stopping_task, struct task_struct *p, bool runnable)
{
	struct sp_answers *ring = answer_ring();
	struct sp_task_ctx *tctx;

	if (!ring || is_daemon(p, ring))
		return;
	tctx = task_ctx(p);
	if (!tctx)
		return;
	tctx->on_cpu = false;
	/* Else it lets the daemon in, and goes on. */
	if (!runnable)
		tctx->rest = 0;
	if (!tctx->rest)
		tell_stop(p, tctx, stop_flags(p, runnable));
}

SEC("struct_ops/sp_tick")
void BPF_PROG(sp_tick_task, struct task_struct *p)
{
	struct sp_answers *ring = answer_ring();
	struct sp_task_ctx *tctx;

	if (!ring || is_daemon(p, ring))
		return;
	tctx = task_ctx(p);
	if (!tctx || !tctx->runs || !tell_tick(p, tctx))
		return;
	/* Else it would go on, whatever the answer. */
	if (ALONE_ASKED || somebody_waits_for(scx_bpf_task_cpu(p)))
		call_daemon(p, tctx);
}

#endif

SEC("struct_ops/sp_update_idle")
void BPF_PROG(sp_update_idle, s32 cpu, bool idle)
{
	struct sp_answers *ring = answer_ring();

	mark_idle(cpu, idle);
	if (!ring)
		return;
	tell_idle(ring, cpu);
	if (!idle)
		return;
	count_nobody_on(cpu);
	/* A daemon that lost its CPU in the middle of a pass has its turn, and stands by. */
	if (picked_on[(u32)cpu & (SP_CPUS_MAX - 1)] ||
	    (any_picked && has_task_for(&picked, cpu)) ||
	    ((!has_turn(sp_now()) || nr_queued(&standing_by)) && is_held_for(cpu)))
		scx_bpf_kick_cpu(cpu, 0);
}

static void cpu_taken(s32 cpu)
{
	forget_put_off(cpu);
}

SEC("struct_ops/sp_cpu_online")
void BPF_PROG(sp_cpu_online, s32 cpu)
{
	mark_online(cpu, true);
#ifdef SP_WANTS
	tell_cpu(cpu, true);
#endif
#ifdef SP_SETS
	tell_sets_gone();
#endif
}

SEC("struct_ops/sp_cpu_offline")
void BPF_PROG(sp_cpu_offline, s32 cpu)
{
	struct sp_answers *ring = answer_ring();

	mark_online(cpu, false);
	forget_put_off(cpu);
#ifdef SP_WANTS
	tell_cpu(cpu, false);
#endif
	if (ring)
		tell_idle(ring, cpu);
#ifdef SP_SETS
	tell_sets_gone();
#endif
	give_up_picked(cpu);
	give_up_cpu(&standing_by, cpu); /* the daemon, which does not count */
}

SEC("struct_ops.s/sp_init_task")
s32 BPF_PROG(sp_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	return new_task(p, group_at_birth(args));
}

/* It waits anew if it waited; where it may run is looked up then. */
SEC("struct_ops/sp_set_cpumask")
void BPF_PROG(sp_set_cpumask, struct task_struct *p, const struct cpumask *mask)
{
	struct sp_task_ctx *tctx = task_ctx(p);

	if (tctx)
		tctx->mask = SP_MASK_UNKNOWN;
#ifdef SP_SETS
	if (tctx)
		tctx->set = 0; /* until the daemon tells anew */
#endif
#ifdef SP_WANTS
	if (tctx && is_other_affinity(p))
		tell_change(p, tctx);
#endif
}

#ifdef SP_WANTS

SEC("struct_ops/sp_set_weight")
void BPF_PROG(sp_set_weight, struct task_struct *p, u32 weight)
{
	struct sp_task_ctx *tctx = task_ctx(p);

	if (tctx && reweigh(p, tctx))
		tell_change(p, tctx);
}

#endif

/*
 * It leaves for another class, perhaps while it waits: an answer is stale then. The
 * daemon would be scheduled by us no more, and in a real-time class never give its CPU up: it
 * is told so. From 6.19 on the policy here is the one before: then it finds out itself, since
 * nobody asks it any more.
 */
SEC("struct_ops/sp_disable")
void BPF_PROG(sp_disable_task, struct task_struct *p)
{
	struct sp_answers *ring = answer_ring();
	struct sp_task_ctx *tctx = task_ctx(p);

	if (tctx) {
		tctx->wait = 0;
#ifdef SP_WANTS
		end_run(p, tctx);
		forget_run(tctx);
#endif
		if (has_groups())
			count_gone(p, &tctx->counted);
	}
	if (!ring || !is_daemon(p, ring) || p->policy == SCHED_EXT ||
	    (p->policy == 0 && !switch_partial))
		return;
	daemon_gone = 1;
	daemon_since = 0;
	ring->asked.out_of_class++;
}

SEC("struct_ops/sp_exit_task")
void BPF_PROG(sp_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	struct sp_task_ctx *tctx = task_ctx(p);

	if (tctx)
		tell_exit(p, tctx);
}

/*
 * Kicks idle CPUs for what was picked for them alone, and forgotten. Returns how many
 * tasks wait in queues of that kind.
 */
static __always_inline u64 rescue_picked(void)
{
	u64 waiting = 0;
	s32 cpu;

	bpf_for(cpu, 0, SP_CPUS_MAX) {
		if (!picked_on[cpu & (SP_CPUS_MAX - 1)])
			continue;
		waiting += scx_bpf_dsq_nr_queued(DSQ_PICKED_ON + (u32)cpu);
		find_late_pick(cpu);
		if (is_marked_idle(cpu))
			scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	}
	return waiting;
}

/*
 * Finds what should not be, and counts it, and lets the daemon read its ring when
 * nobody waits.
 */
static void tick(void)
{
	u64 now = sp_now();
	bool at_work;

	wake_for_release();
	status.waiting = scx_bpf_dsq_nr_queued(DSQ_HELD) +
			 scx_bpf_dsq_nr_queued(DSQ_PICKED) + rescue_picked();
	rescue(&picked);
	/* Else the daemon's answers kick them. */
	at_work = has_turn(now) && scx_bpf_dsq_nr_queued(DSQ_DAEMON) <= 0;
	if (!at_work)
		rescue(&held);
	/*
	 * Beats could meet one turn after the other, or a task that waits not long enough
	 * yet: so the next one comes when the turn is over, or the task was forgotten.
	 */
	sooner_ns = 0;
	if (idle_cpus && scx_bpf_dsq_nr_queued(DSQ_HELD) > 0)
		sooner_ns = at_work ? daemon_since + OVERDUE_NS - now + 1 :
				      FORGOTTEN_NS;
	if (daemon_is_due(bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA), now))
		scx_bpf_kick_cpu(bpf_get_smp_processor_id(), SCX_KICK_IDLE);
}

SEC("struct_ops.s/sp_init")
s32 BPF_PROG(sp_init)
{
	u32 cpus = scx_bpf_nr_cpu_ids();
	s32 error;

	possible = cpus < SP_CPUS_MAX ? cpus : SP_CPUS_MAX;
	daemon_last = sp_now();
	leave_out_offline();
#ifdef SP_SETS
	look_at_sets(-1);
	tell_sets_gone();
#endif
	error = create_answer_queues();
	if (!error)
		error = scx_bpf_create_dsq(DSQ_DAEMON, -1);
	if (!error)
		error = start_timer();
	return error;
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
#ifdef SP_WANTS
	.stopping = (void *)sp_stopping_task,
	.tick = (void *)sp_tick_task,
	.set_weight = (void *)sp_set_weight,
#endif
	.update_idle = (void *)sp_update_idle,
	.cpu_release = (void *)sp_cpu_release,
	.cpu_online = (void *)sp_cpu_online,
	.cpu_offline = (void *)sp_cpu_offline,
	.init_task = (void *)sp_init_task,
	.set_cpumask = (void *)sp_set_cpumask,
	.disable = (void *)sp_disable_task,
	.exit_task = (void *)sp_exit_task,
	.init = (void *)sp_init,
	.cgroup_init = (void *)sp_cgroup_init,
	.cgroup_exit = (void *)sp_cgroup_exit,
	.cgroup_move = (void *)sp_cgroup_move,
	.cgroup_set_weight = (void *)sp_cgroup_set_weight,
	.cgroup_set_bandwidth = (void *)sp_cgroup_set_bandwidth,
	.cgroup_set_idle = (void *)sp_cgroup_set_idle,
	.exit = (void *)sp_exit_scheduler,
	.flags = SP_OPS_KEEP_BUILTIN_IDLE | SP_OPS_ENQ_LAST | SP_OPS_ENQ_EXITING,
	.timeout_ms = 10000,
	.exit_dump_len = SP_EXIT_DUMP,
	.name = "sched_proto_user",
};
