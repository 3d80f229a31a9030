// SPDX-License-Identifier: GPL-2.0-only
/* Idle CPUs, interrupts between CPUs, and the calls about both. */
#include "model.h"
#include <stdlib.h>

static u32 pick_next[SIM_CPUS]; /* the kernel's search goes round, for each CPU anew */

void idle_reset(void)
{
	for (u32 cpu = 0; cpu < SIM_CPUS; cpu++)
		pick_next[cpu] = 0;
	sim.idle_mask = (struct sim_mask){};
}

/* The kernel's resched_curr: one is enough until the CPU has looked. */
void resched(s32 cpu)
{
	struct cpu *rq = &sim.cpu[cpu];
	u64 after = sim.machine.costs.irq_ns;

	if (rq->need_resched)
		return;
	rq->need_resched = true;
	if (cpu != sim.moment.here) {
		after = sim.machine.costs.ipi_ns;
		sim.report.reschedules++;
	}
	post(sim.now + after + chance(sim.machine.costs.jitter_ns), EVENT_RESCHED, cpu,
	     NULL, 0);
}

/* The kernel's can_skip_idle_kick. */
static bool is_busy(s32 cpu)
{
	return sim.cpu[cpu].curr && !sim.cpu[cpu].in_balance;
}

/* By another one: the kernel does not wait to see whether a kick is needed. */
static bool is_locked(s32 cpu)
{
	const struct lock *lock = &sim.cpu[cpu].lock;

	return lock->depth && lock->owner != sim.cpu[sim.moment.here].activity;
}

/* A CPU that was put off is told to ask: by the daemon's ops.enqueue, or in ops.dispatch. */
static bool is_daemons_turn_over(void)
{
	return sim.moment.in_dispatch ||
	       (sim.moment.enqueueing && sim.moment.enqueueing->daemon);
}

void scx_bpf_kick_cpu(s32 cpu, u64 flags)
{
	struct cpu *rq = &sim.cpu[sim.moment.here];
	u64 after;

	if (cpu < 0 || (u32)cpu >= sim.cpus) {
		flaw(SIM_FLAW_REFUSED, "a kick for CPU %d, which is not", cpu);
		return;
	}
	if (flags & SCX_KICK_PREEMPT) {
		if (!is_daemons_turn_over())
			sim.counts[SP_COUNT_PREEMPTED]++;
		else if (!is_confined())
			sim.counts[SP_COUNT_CALLED_BACK]++;
		sim.moment.preempts++;
		sim.moment.preempted = cpu;
	} else {
		sim.moment.kicks++;
		sim.moment.kicks_late += !sim.cpu[cpu].said_at ||
					 sim.now - sim.cpu[cpu].said_at > 10 * MS;
		sim.moment.kicked = cpu;
	}
	point();
	if (((flags & SCX_KICK_IDLE) && !is_locked(cpu) && is_busy(cpu)) ||
	    is_mistake(SIM_MISTAKE_KICK))
		return;
	if (rq->nkicks == rq->kicks_room) {
		rq->kicks_room = rq->kicks_room * 2 + 16;
		rq->kicks = realloc(rq->kicks, sizeof(*rq->kicks) * rq->kicks_room);
		if (!rq->kicks)
			abort();
	}
	rq->kicks[rq->nkicks++] = (struct kick){ cpu, (u32)flags };
	if (rq->irq_work)
		return;
	rq->irq_work = true;
	after = sim.machine.costs.irq_ns;
	if (chance_ppm(sim.machine.faults.kick_late_ppm)) {
		sim.report.faults++;
		after += chance(sim.machine.faults.kick_late_ns);
	}
	post(sim.now + after, EVENT_IRQ_WORK, sim.moment.here, NULL, 0);
}

/* The interrupt that a CPU sends itself, to kick others without two locks. */
void irq_work(s32 cpu)
{
	struct cpu *rq = &sim.cpu[cpu], *other;
	struct kick kick;

	sim.report.irq_works++;
	rq->irq_work = false;
	while (rq->nkicks) {
		kick = rq->kicks[--rq->nkicks];

		other = &sim.cpu[kick.cpu];
		lock_cpu(kick.cpu);
		unlock_cpu(kick.cpu);
		if (!other->online && kick.cpu != cpu)
			continue;
		if (kick.flags & SCX_KICK_IDLE) {
			if (!is_busy(kick.cpu))
				resched(kick.cpu);
			continue;
		}
		if (other->curr && other->curr->class == CLASS_RT)
			continue;
		if ((kick.flags & SCX_KICK_PREEMPT) && other->curr)
			other->curr->t.scx.slice = 0;
		resched(kick.cpu);
	}
}

/* One that came a moment ago, when nobody idled, has to be looked for. */
static void check_idles(s32 cpu)
{
	bool waits = sim.machine.mode == SIM_MODE_BPF ? expected_next(0, cpu) != NULL :
							waits_for_idle(cpu);

	if (waits && !(sim.moment.kicks && sim.moment.kicked == cpu))
		flaw(SIM_FLAW_KICK,
		     "CPU %d idles beside one that waits, and does not look", cpu);
}

/* @notify: between a task and the idle one; else it idled before. */
void set_idle(s32 cpu, bool idle, bool notify)
{
	sim.cpu[cpu].gives_way = sim.cpu[cpu].may_give_way = false;
	if (sim.replaying && notify)
		replay_peeks();
	mask_set(&sim.idle_mask, (u32)cpu,
		 sim.replaying ? replay_idle_changes(cpu, idle) : idle);
	if (notify) {
		sim.cpu[cpu].says_idle = idle && sim.cpu[cpu].online;
		sim.cpu[cpu].said_at = sim.now ? sim.now : 1;
		CALL_OP(update_idle, cpu, idle);
		if (idle && sim.cpu[cpu].online && is_undisturbed())
			check_idles(cpu);
		cpu_idles(cpu, idle);
	}
}

bool scx_bpf_test_and_clear_cpu_idle(s32 cpu)
{
	bool was;

	point();
	was = mask_has(&sim.idle_mask, (u32)cpu);
	if (was) {
		mask_set(&sim.idle_mask, (u32)cpu, false);
		sim.moment.claimed = cpu;
	}
	if (was && sim.replaying)
		replay_idle_changes(cpu, false);
	return was;
}

/* The first CPU from @from on that is idle and in @mask, round the end; or -1. */
static s32 idle_in(const struct sim_mask *mask, u32 from)
{
	const u32 words = (sim.cpus + 63) / 64;
	u32 word = from / 64;
	u64 bits = mask->bits[word] & sim.idle_mask.bits[word] & ~0ULL << (from & 63);

	for (u32 i = 0; i <= words; i++) {
		if (bits)
			return (s32)(word * 64 + (u32)__builtin_ctzll(bits));
		word = word + 1 < words ? word + 1 : 0;
		bits = mask->bits[word] & sim.idle_mask.bits[word];
	}
	return -1;
}

s32 scx_bpf_pick_idle_cpu(const struct cpumask *mask, u64 flags)
{
	u32 *next = &pick_next[sim.moment.here];
	s32 cpu;

	point();
	cpu = idle_in((const struct sim_mask *)mask, *next < sim.cpus ? *next : 0);
	(void)flags;
	if (cpu < 0)
		return -16; /* EBUSY */
	*next = (u32)cpu + 1;
	mask_set(&sim.idle_mask, (u32)cpu, false);
	sim.moment.claimed = cpu;
	if (sim.replaying)
		replay_idle_changes(cpu, false);
	return cpu;
}

static bool any_idle(void)
{
	for (u32 word = 0; word < (sim.cpus + 63) / 64; word++)
		if (sim.idle_mask.bits[word])
			return true;
	return false;
}

static s32 select_cpu_dfl(const struct task *p, s32 prev_cpu, u64 wake_flags)
{
	const struct cpu *waker = &sim.cpu[sim.moment.here];
	bool prev = allowed(p, prev_cpu);

	/*
	 * 6.18 has this as well, but looks in the mask of the waker's node, which stays empty
	 * unless a scheduler asks for masks of nodes: no log of it shows it.
	 */
	if ((wake_flags & SCX_WAKE_SYNC) && sim.machine.kernel == SIM_LINUX_7_3) {
		if (prev && scx_bpf_test_and_clear_cpu_idle(prev_cpu))
			return prev_cpu;
		if (!waker->local.q.nr && any_idle() && allowed(p, sim.moment.here) &&
		    !(waker->curr && (waker->curr->t.flags & PF_EXITING_BIT)))
			return sim.moment.here;
	}
	if (prev && scx_bpf_test_and_clear_cpu_idle(prev_cpu))
		return prev_cpu;
	return scx_bpf_pick_idle_cpu(p->t.cpus_ptr, 0);
}

s32 scx_bpf_select_cpu_dfl(struct task_struct *t, s32 prev_cpu, u64 wake_flags,
			   bool *is_idle)
{
	s32 cpu = select_cpu_dfl(task_of(t), prev_cpu, wake_flags);

	*is_idle = cpu >= 0;
	if (cpu < 0)
		return prev_cpu;
	sim.moment.claimed = cpu;
	return cpu;
}

s32 scx_bpf_task_cpu(const struct task_struct *t)
{
	return task_of(t)->cpu;
}

u32 scx_bpf_nr_cpu_ids(void)
{
	return sim.cpus;
}

/* CPUs whose siblings idle as well, as of this call: the kernel keeps it up to date. */
const struct cpumask *scx_bpf_get_idle_smtmask(void)
{
	static struct sim_mask whole;
	const u32 threads = sim.machine.threads ? sim.machine.threads : 1;

	whole = sim.idle_mask;
	for (u32 cpu = 0; threads > 1 && cpu < sim.cpus; cpu++)
		if (sim.cpu[cpu].online && !mask_has(&sim.idle_mask, cpu))
			for (u32 i = 0; i < threads; i++)
				mask_set(&whole, cpu / threads * threads + i, false);
	return (const struct cpumask *)&whole;
}

void scx_bpf_put_idle_cpumask(const struct cpumask *mask)
{
	(void)mask;
}

const struct cpumask *scx_bpf_get_online_cpumask(void)
{
	return (const struct cpumask *)&sim.online_mask;
}

void scx_bpf_put_cpumask(const struct cpumask *mask)
{
	(void)mask;
}

bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *mask)
{
	return mask_has((const struct sim_mask *)mask, cpu);
}

/* The next one behind the last that was asked for, of any mask; the number of CPUs if there is none. */
u32 bpf_cpumask_any_distribute(const struct cpumask *mask)
{
	for (u32 i = 1; i <= sim.cpus; i++) {
		u32 cpu = (sim.distributed + i) % sim.cpus;

		if (mask_has((const struct sim_mask *)mask, cpu)) {
			sim.distributed = cpu;
			return cpu;
		}
	}
	return sim.cpus;
}

u32 bpf_cpumask_weight(const struct cpumask *mask)
{
	u32 weight = 0;

	for (u32 i = 0; i < SIM_CPUS / 64; i++)
		weight += (u32)__builtin_popcountll(
			((const struct sim_mask *)mask)->bits[i]);
	return weight;
}
