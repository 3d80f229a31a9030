// SPDX-License-Identifier: GPL-2.0-only
/* CPUs that go off-line and come back, and tasks that have to leave theirs. */
#include "model.h"

static struct task stopper = {
	.class = CLASS_RT,
	.t = { .comm = "migration",
	       .pid = SIM_PID_MAX + 1 } /* not the idle task's, 0 */
};

/* Of the CPU's stopper, which every class gives way to. */
static void migrate_running(struct task *p)
{
	s32 cpu = p->cpu, here = sim.moment.here;
	struct cpu *rq = &sim.cpu[cpu];

	sim.moment.here = cpu;
	update_curr(cpu);
	rq->generation++;
	p->on_cpu = false;
	if (p->class == CLASS_EXT) {
		stops(p, true);
		begins_to_wait(p);
		if (p->t.scx.slice && rq->online)
			dsq_insert(&rq->local, p, false, SCX_ENQ_HEAD);
		else
			do_enqueue(p, 0);
		if (sim.ops->cpu_release && !rq->released) {
			rq->released = true;
			rq->put_off = false;
			CALL_OP(cpu_release, cpu, NULL);
		}
	}
	rq->curr = &stopper;
	stopper.exec_start = sim.now;
	stopper.cpu = cpu;
	if (p->class == CLASS_EXT) {
		/* cpu_release may have let it go already. */
		if (p->cpu == cpu) {
			change_begins(p);
			/* Two stoppers, of CPUs on-line, may be after each other's. */
			if (rq->online)
				unlock_cpu(cpu);
			enqueue_elsewhere(p);
			if (rq->online)
				lock_cpu(cpu);
		}
	} else {
		p->t.scx.flags &= ~SCX_TASK_QUEUED;
		p->cpu = fallback_cpu(p);
		enqueue_rt(p);
	}
	schedule(cpu, SLEEPS);
	sim.moment.here = here;
}

/* The stopper's turn: a task of its CPU may not run there any more. */
void stop(s32 cpu, struct task *p, u32 life)
{
	if (p->life != life)
		return;
	lock_task(p);
	lock_cpu(cpu);
	if (p->life == life && sim.cpu[cpu].curr == p && !allowed(p, cpu))
		migrate_running(p);
	if (p->life == life)
		p->moving = false;
	unlock_cpu(cpu);
	if (p->life == life)
		move_if_it_must(p);
	unlock_task(p);
}

/* Nobody asks any more for those who wait for this CPU. */
static void check_given_up(s32 cpu)
{
	const struct task *p;

	/* With queues of a pair's own others come for those that were there. */
	if (!is_undisturbed() || !knows_policy())
		return;
	for (u32 i = 0; i < live_tasks(); i++) {
		p = live_task(i);
		if (p->in_backend && p->cpu == cpu)
			flaw(SIM_FLAW_LOST,
			     "CPU %d is off-line, and pid %d waits for it", cpu,
			     p->t.pid);
	}
}

/* The backend takes it for a busy one until it hears of it, and for none to preempt. */
static void nothing_known(struct cpu *rq)
{
	rq->says_idle = rq->gives_way = rq->may_give_way = rq->put_off = false;
	rq->said_at = sim.now;
}

/* Who is told of such CPUs hears at once how many there are; else the timer looks. */
static void count_is_told(void)
{
	if (!WANTS(SP_WANTS_CPUS_BIT))
		return;
	sim.online_before = sim.online_told;
	sim.online_told = sim.online;
}

void cpu_goes(s32 cpu)
{
	struct cpu *rq = &sim.cpu[cpu];
	struct task *p;

	if (!rq->online || sim.online == 1)
		return;
	note('-', cpu, 0);
	sim.moment.here = cpu;
	lock_settled_cpu(cpu);
	rq->online = false;
	nothing_known(rq);
	sim.online--;
	mask_set(&sim.online_mask, (u32)cpu, false);
	cpu_idles(cpu, false);
	CALL_OP(cpu_offline, cpu);
	count_is_told();
	check_given_up(cpu);
	while ((p = rq->rt_head)) {
		take_from_rt(p);
		enqueue_rt(p);
	}
	if (rq->curr)
		migrate_running(rq->curr);
	else
		schedule(cpu, GOES_ON);
	unlock_cpu(cpu);
}

void cpu_comes(s32 cpu)
{
	struct cpu *rq = &sim.cpu[cpu];

	if (rq->online)
		return;
	note('+', cpu, 0);
	sim.moment.here = cpu;
	lock_cpu(cpu);
	rq->online = true;
	nothing_known(rq);
	sim.online++;
	mask_set(&sim.online_mask, (u32)cpu, true);
	CALL_OP(cpu_online, cpu);
	count_is_told();
	/* A thread of the kernel's own ran there until now. */
	if (!rq->curr)
		set_idle(cpu, true, true);
	resched(cpu);
	unlock_cpu(cpu);
}
