// SPDX-License-Identifier: GPL-2.0-only
/* Tasks: how they come, live, change and go. */
#include "model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 256
#define AFFINITY_HASH 4096 /* a power of two */
#define EXIT_NS 20000 /* CPU time between the decision to exit and the last switch */
#define RELEASE_NS \
	(3 * MS) /* until the kernel frees what RCU keeps; of every fourth task */

/* kernel/sched/core.c: sched_prio_to_weight, from nice -20 on. */
static const u32 nice_to_weight[40] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
	9548,  7620,  6100,  4904,  3906,  3121,  2501,	 1991,	1586,  1277,
	1024,  820,   655,   526,   423,   335,	  272,	 215,	172,   137,
	110,   87,    70,    56,    45,	   36,	  29,	 23,	18,    15,
};

static struct task **chunks;
static u32 nchunks, ntasks; /* tasks ever made, of chunks */
static s32 free_list = -1;
static struct task **by_pid; /* SIM_PID_MAX + 1 */
static struct task **living; /* no order */
static u32 nliving, living_room;
static u32 last_pid;
static u32 freed_pid; /* the last one, until the next fork; 0: none */
static struct affinity *affinities[AFFINITY_HASH];

static struct task *task_at(u32 index)
{
	return &chunks[index / CHUNK][index % CHUNK];
}

struct task *task_by_pid(u32 pid)
{
	return pid && pid <= SIM_PID_MAX ? by_pid[pid] : NULL;
}

void tasks_reset(void)
{
	struct affinity *affinity, *next;

	if (!by_pid)
		by_pid = calloc(SIM_PID_MAX + 1, sizeof(*by_pid));
	if (!by_pid)
		abort();
	for (u32 i = 0; i < ntasks; i++) {
		if (task_at(i)->t.pid > 0)
			by_pid[task_at(i)->t.pid] = NULL;
		task_at(i)->lock = (struct lock){};
	}
	ntasks = 0;
	free_list = -1;
	nliving = 0;
	for (u32 i = 0; i < AFFINITY_HASH; i++) {
		for (affinity = affinities[i]; affinity; affinity = next) {
			next = affinity->same_hash;
			free(affinity);
		}
		affinities[i] = NULL;
	}
	sim.partial = NULL;
	sim.everywhere = affinity_of(&sim.online_mask);
	/* Pids are scattered over all that there are. */
	last_pid = (u32)chance(SIM_PID_MAX);
	freed_pid = 0;
}

u32 live_tasks(void)
{
	return nliving;
}

struct task *live_task(u32 index)
{
	return living[index];
}

/* ---- affinities ---- */

static u32 hash_of(const struct sim_mask *mask)
{
	u64 hash = 0;

	for (u32 i = 0; i < SIM_CPUS / 64; i++)
		hash = (hash ^ mask->bits[i]) * 0x9e3779b97f4a7c15ULL;
	return (u32)(hash >> 40) & (AFFINITY_HASH - 1);
}

struct affinity *affinity_of(const struct sim_mask *mask)
{
	struct affinity **place = &affinities[hash_of(mask)], *affinity;

	for (affinity = *place; affinity; affinity = affinity->same_hash)
		if (!memcmp(&affinity->mask, mask, sizeof(*mask)))
			return affinity;
	affinity = calloc(1, sizeof(*affinity));
	if (!affinity)
		abort();
	affinity->mask = *mask;
	affinity->only = -1;
	for (u32 cpu = 0; cpu < sim.cpus; cpu++) {
		if (!mask_has(mask, cpu))
			continue;
		affinity->only = affinity->count++ ? -1 : (s32)cpu;
	}
	affinity->all = affinity->count == sim.cpus;
	if (affinity->only >= 0 && !affinity->all)
		sim.cpu[affinity->only].pinned = affinity;
	affinity->same_hash = *place;
	*place = affinity;
	if (affinity->count > 1 && !affinity->all) {
		affinity->next_partial = sim.partial;
		sim.partial = affinity;
	}
	return affinity;
}

void use_affinity(struct task *p, struct affinity *affinity)
{
	p->affinity = affinity;
	p->t.cpus_ptr = (const struct cpumask *)&affinity->mask;
	p->t.nr_cpus_allowed = (int)affinity->count;
}

/* A CPU on-line that the task may use, at random; if there is none, it may use all. */
s32 fallback_cpu(struct task *p)
{
	u32 start = (u32)chance(sim.cpus);

	if (sim.replaying)
		return replay_cpu_for(p);
	for (u32 i = 0; i < sim.cpus; i++) {
		u32 cpu = start + i < sim.cpus ? start + i : start + i - sim.cpus;

		if (allowed(p, (s32)cpu) && sim.cpu[cpu].online)
			return (s32)cpu;
	}
	leaves_place(p);
	use_affinity(p, sim.everywhere);
	is_placed(p);
	if (p->class == CLASS_EXT && p->alive)
		CALL_OP_AFTER(sim.moment.about = p, set_cpumask, &p->t, p->t.cpus_ptr);
	return fallback_cpu(p);
}

/* ---- birth ---- */

/* Every other one is had again at once, as in a kernel with few of them. */
static u32 free_pid(void)
{
	const u32 freed = freed_pid;

	freed_pid = 0;
	if (freed > 1 && freed % 2 && !by_pid[freed] && !sim.replaying)
		return freed;
	do {
		last_pid = last_pid % SIM_PID_MAX + 1;
	} while (by_pid[last_pid] || last_pid == 1);
	return last_pid;
}

static struct task *free_task(void)
{
	struct task *p;
	struct lock lock;
	u32 life, index;

	if (free_list >= 0) {
		p = task_at((u32)free_list);
		free_list = p->next_free;
	} else {
		if (ntasks == nchunks * CHUNK) {
			chunks = realloc(chunks, sizeof(*chunks) * (nchunks + 1));
			chunks[nchunks++] = calloc(CHUNK, sizeof(struct task));
		}
		p = task_at(ntasks);
		p->index = ntasks++;
	}
	life = p->life;
	index = p->index;
	/* Somebody may wait for it still, to see that the task is another one. */
	lock = p->lock;
	memset(p, 0, sizeof(*p));
	p->lock = lock;
	p->life = life + 1;
	p->index = index;
	return p;
}

static void weigh(struct task *p, s32 nice)
{
	u32 weight = (nice_to_weight[nice + 20] * 100 + 512) / 1024;

	p->nice = nice;
	p->t.static_prio = 120 + nice;
	p->t.scx.weight = weight < 1 ? 1 : weight > 10000 ? 10000 : weight;
}

struct task *new_task(u32 group, s32 nice, struct affinity *affinity, u32 flags)
{
	struct task *p = free_task();

	p->group = group;
	p->class = CLASS_EXT;
	p->told.claimed = -1;
	p->t.pid = p->t.tgid = (int)free_pid();
	p->t.flags = flags;
	if (sim.groups[group].comm[0])
		memcpy(p->t.comm, sim.groups[group].comm, sizeof(p->t.comm));
	else
		snprintf(p->t.comm, sizeof(p->t.comm), "group-%u", group);
	weigh(p, nice);
	use_affinity(p, affinity);
	by_pid[p->t.pid] = p;
	if (nliving == living_room) {
		living_room = living_room * 2 + 256;
		living = realloc(living, sizeof(*living) * living_room);
		if (!living)
			abort();
	}
	p->next_free = (s32)nliving;
	living[nliving++] = p;
	p->cpu = fallback_cpu(p);
	return p;
}

static u64 some(u64 least, u64 spread)
{
	return least + (spread ? chance_exponential(spread) : 0);
}

void new_burst(struct task *p)
{
	const struct sim_group *group = &sim.groups[p->group];

	if (p->daemon)
		p->burst = daemon_burst();
	else if (p->t.flags & PF_EXITING_BIT)
		p->burst = EXIT_NS;
	else
		p->burst = some(group->run_ns, group->run_spread_ns);
	if (!p->burst)
		p->burst = 1;
}

/* ---- where a task wakes up ---- */

static void select_cpu(struct task *p, u64 flags)
{
	s32 cpu = p->cpu;

	if (p->t.nr_cpus_allowed > 1 && !p->t.migration_disabled &&
	    sim.ops->select_cpu) {
		struct task *curr = sim.cpu[sim.moment.here].curr;

		sim.report.callbacks++;
		sim.moment.enqueueing = p;
		if (curr)
			curr->t.migration_disabled++;
		moment_begins();
		pair_wakes_up();
		cpu = sim.ops->select_cpu(&p->t, p->cpu, flags);
		if (p->daemon && (cpu != p->cpu || sim.moment.claimed >= 0))
			flaw(SIM_FLAW_KICK, "the daemon takes an idle CPU from others");
		pair_woken(p, flags, cpu);
		looks_for_idle(p, flags);
		if (curr)
			curr->t.migration_disabled--;
		sim.moment.enqueueing = NULL;
		if (cpu < 0 || (u32)cpu >= sim.cpus) {
			flaw(SIM_FLAW_REFUSED, "select_cpu chose CPU %d", cpu);
			cpu = p->cpu;
		}
	}
	p->cpu = cpu;
	if (!allowed(p, cpu) || !sim.cpu[cpu].online)
		p->cpu = fallback_cpu(p);
}

/* A CPU without a real-time task, its own first. Such wake-ups are rare: O(CPUs). */
static void select_rt_cpu(struct task *p)
{
	struct cpu *rq = &sim.cpu[p->cpu];

	if (!allowed(p, p->cpu) || !rq->online)
		p->cpu = fallback_cpu(p);
	rq = &sim.cpu[p->cpu];
	if (!rq->rt_head && !(rq->curr && rq->curr->class == CLASS_RT))
		return;
	for (u32 cpu = 0; cpu < sim.cpus; cpu++) {
		rq = &sim.cpu[cpu];
		if (rq->online && allowed(p, (s32)cpu) && !rq->rt_head &&
		    !(rq->curr && rq->curr->class == CLASS_RT)) {
			p->cpu = (s32)cpu;
			return;
		}
	}
}

void enqueue_rt(struct task *p)
{
	struct cpu *rq;

	if (sim.replaying) {
		p->t.scx.flags |= SCX_TASK_QUEUED;
		return; /* the log says where it runs */
	}
	select_rt_cpu(p);
	rq = &sim.cpu[p->cpu];
	p->t.scx.flags |= SCX_TASK_QUEUED;
	p->rt_next = NULL;
	*(rq->rt_tail ? &rq->rt_tail->rt_next : &rq->rt_head) = p;
	rq->rt_tail = p;
	if (!(rq->curr && rq->curr->class == CLASS_RT))
		resched(p->cpu);
}

/* Out of the queue of its CPU. */
void take_from_rt(struct task *p)
{
	struct cpu *rq = &sim.cpu[p->cpu];
	struct task *before = NULL, *other = rq->rt_head;

	while (other && other != p) {
		before = other;
		other = other->rt_next;
	}
	if (!other)
		return;
	*(before ? &before->rt_next : &rq->rt_head) = p->rt_next;
	if (rq->rt_tail == p)
		rq->rt_tail = before;
	p->rt_next = NULL;
}

static void wake_locked(struct task *p, u64 flags)
{
	s32 cpu;

	wait_off_cpu(p);
	if (!p->alive || p->zombie || p->on_cpu || is_queued(p))
		return;
	sim.report.wakeups++;
	note('w', p->cpu, (u32)p->t.pid);
	if (p->class == CLASS_RT) {
		enqueue_rt(p);
		return;
	}
	select_cpu(p, flags | SCX_WAKE_TTWU);
	cpu = p->cpu;
	lock_cpu(cpu);
	enqueue_task(p, SCX_ENQ_WAKEUP);
	unlock_cpu(cpu);
}

void wake(struct task *p, u64 flags)
{
	const u32 life = p->life;

	lock_task(p);
	if (p->life == life)
		wake_locked(p, flags);
	unlock_task(p);
}

void fork_task(struct task *p)
{
	struct scx_init_task_args args = { .fork = true };
	s32 cpu;

	lock_task(p);
	cgroup_of_birth(p);
	args.cgroup = cgroup_seen(p);
	note('f', p->cpu, (u32)p->t.pid);
	sim.report.callbacks++;
	if (sim.ops->init_task && sim.ops->init_task(&p->t, &args))
		flaw(SIM_FLAW_REFUSED, "init_task refused pid %d", p->t.pid);
	life_begins(p);
	p->alive = true;
	p->bursts = sim.groups[p->group].bursts;
	new_burst(p);
	if (sim.groups[p->group].realtime && !p->daemon) {
		p->class = CLASS_RT;
		CALL_OP_AFTER(sim.moment.about = p, disable, &p->t);
		enqueue_rt(p);
		unlock_task(p);
		return;
	}
	CALL_OP_AFTER(sim.moment.about = p, set_weight, &p->t, p->t.scx.weight);
	select_cpu(p, SCX_WAKE_FORK);
	cpu = p->cpu;
	lock_cpu(cpu);
	enqueue_task(p, 0);
	unlock_cpu(cpu);
	unlock_task(p);
}

/* One more task of a group; the machine has it from now on. */
void group_forks(u32 group)
{
	const struct sim_group *g = &sim.groups[group];
	struct affinity *affinity = sim.everywhere;
	struct sim_mask mask;
	u64 any = 0;
	struct task *p;

	for (u32 i = 0; i < SIM_CPUS / 64; i++) {
		mask.bits[i] = g->cpus.bits[i] & sim.everywhere->mask.bits[i];
		any |= mask.bits[i];
	}
	if (any)
		affinity = affinity_of(&mask);
	p = new_task(group, g->nice, affinity, g->kthread ? PF_KTHREAD : 0);
	p->group_next = sim.group_first[group];
	if (p->group_next)
		p->group_next->group_prev = p;
	sim.group_first[group] = p;
	fork_task(p);
}

/* ---- the end of a burst ---- */

static void sleep_for_a_while(struct task *p)
{
	const struct sim_group *group = &sim.groups[p->group];

	post(sim.now + some(group->sleep_ns, group->sleep_spread_ns), EVENT_WAKE,
	     p->cpu, p, p->life);
	schedule(p->cpu, SLEEPS);
}

static void wake_next(struct task *p)
{
	struct task *next = p->group_next ? p->group_next : sim.group_first[p->group];

	if (next != p)
		wake(next, SCX_WAKE_SYNC);
	else
		post(sim.now + 1000, EVENT_WAKE, p->cpu, p, p->life);
	schedule(p->cpu, SLEEPS);
}

static void wake_all(struct task *p)
{
	if (p->group)
		for (struct task *other = sim.group_first[p->group - 1]; other;
		     other = other->group_next)
			wake(other, 0);
	sleep_for_a_while(p);
}

static void live_on(struct task *p)
{
	if (p->t.flags & PF_EXITING_BIT) {
		section_ends(p);
		schedule(p->cpu, EXITS);
	} else if (p->bursts > 1) {
		p->bursts--;
		sleep_for_a_while(p);
	} else {
		p->t.flags |= PF_EXITING_BIT;
		new_burst(p);
		begin_burst(p);
	}
}

void burst_over(struct task *p)
{
	enum leave leave;

	sim.moment.here = p->cpu;
	if (p->daemon) {
		leave = daemon_goes_on();
		if (leave == GOES_ON)
			begin_burst(p);
		else
			schedule(p->cpu, leave);
		return;
	}
	switch (sim.groups[p->group].habit) {
	case SIM_SLEEPER:
		sleep_for_a_while(p);
		break;
	case SIM_PIPE:
		wake_next(p);
		break;
	case SIM_YIELDER:
		new_burst(p);
		schedule(p->cpu, YIELDS);
		break;
	case SIM_STORM:
		wake_all(p);
		break;
	case SIM_BRIEF:
		live_on(p);
		break;
	}
}

/* ---- death ---- */

static void account(const struct task *p)
{
	struct sim_group_report *report = &sim.group_reports[p->group];
	u64 ns = p->t.se.sum_exec_runtime;

	if (p->daemon)
		return;
	report->cpu_ns += ns;
	if (ns < report->least_ns)
		report->least_ns = ns;
	if (ns > report->most_ns)
		report->most_ns = ns;
}

static void forget(struct task *p)
{
	struct task *last = living[--nliving];

	if (p->waits)
		flaw(SIM_FLAW_MODEL, "pid %d is gone, and waits", p->t.pid);
	living[p->next_free] = last;
	last->next_free = p->next_free;
	if (p->group_next)
		p->group_next->group_prev = p->group_prev;
	if (p->group_prev)
		p->group_prev->group_next = p->group_next;
	else if (sim.group_first[p->group] == p)
		sim.group_first[p->group] = p->group_next;
	p->alive = false;
	p->life++;
	p->next_free = free_list;
	free_list = (s32)p->index;
}

/*
 * The pid is free first, and the backend hears of it when nobody has it any more: some time
 * later in the kernel, by RCU. Here for some of them, so that others have the pid by then.
 */
void release_task(struct task *p)
{
	static struct scx_exit_task_args args;
	const bool dies = !p->dead;

	if (by_pid[p->t.pid] == p) {
		by_pid[p->t.pid] = NULL;
		freed_pid = (u32)p->t.pid;
	}
	p->dead = true;
	if (p->references)
		return;
	if (dies && (p->index + (u32)p->t.pid) % 4 == 0 && !sim.replaying) {
		post(sim.now + RELEASE_NS, EVENT_RELEASE, p->cpu, p, p->life);
		return;
	}
	note('x', p->cpu, (u32)p->t.pid);
	cgroup_left(p);
	if (p->class == CLASS_EXT)
		CALL_OP_AFTER(sim.moment.about = p, disable, &p->t);
	sim.moment.exiting = p;
	CALL_OP(exit_task, &p->t, &args);
	if (sim.machine.mode == SIM_MODE_USER && p->told.known && !sim.moment.exit_told)
		flaw(SIM_FLAW_INPUT, "nobody is told that pid %u is gone", p->told.pid);
	sim.moment.exiting = NULL;
	account(p);
	p->t.pid = 0;
	forget(p);
}

void exit_task(struct task *p)
{
	const struct sim_group *group = &sim.groups[p->group];

	p->zombie = true;
	if (group->habit == SIM_BRIEF)
		post(sim.now + some(group->sleep_ns, group->sleep_spread_ns),
		     EVENT_FORK, p->cpu, NULL, p->group);
	release_task(p);
}

/* ---- changes from outside ---- */

/*
 * A task that waits where it may not run is moved; one that runs there, by the
 * stopper.
 */
void move_if_it_must(struct task *p)
{
	s32 from = lock_cpu_of(p), to;

	if (p->on_cpu || !is_queued(p) ||
	    (allowed(p, p->cpu) && sim.cpu[p->cpu].online)) {
		unlock_cpu(from);
		return;
	}
	if (p->class == CLASS_RT) {
		take_from_rt(p);
		enqueue_rt(p);
		unlock_cpu(from);
		return;
	}
	change_begins(p);
	to = fallback_cpu(p);
	p->cpu = to;
	unlock_cpu(from);
	lock_cpu(to);
	change_ends(p, 0);
	if (!sim.cpu[p->cpu].curr)
		resched(p->cpu);
	unlock_cpu(to);
}

void set_affinity(struct task *p, struct affinity *affinity)
{
	s32 cpu = lock_task_and_cpu(p);

	if (cpu < 0)
		return;
	note('a', p->cpu, (u32)p->t.pid);
	change_begins(p);
	leaves_place(p);
	use_affinity(p, affinity);
	is_placed(p);
	if (p->class == CLASS_EXT)
		CALL_OP_AFTER(sim.moment.about = p, set_cpumask, &p->t, p->t.cpus_ptr);
	change_ends(p, 0);
	unlock_cpu(cpu);
	if (p->on_cpu && !allowed(p, p->cpu)) {
		p->moving = true;
		post(sim.now, EVENT_STOP, p->cpu, p, p->life);
	} else {
		move_if_it_must(p);
	}
	unlock_task(p);
}

/* Another pid than the next free one. */
void rename_task(struct task *p, s32 pid)
{
	by_pid[p->t.pid] = NULL;
	p->t.pid = p->t.tgid = pid;
	by_pid[pid] = p;
}

static void put_weight(struct task *p, s32 nice, u32 weight)
{
	s32 cpu = lock_task_and_cpu(p);

	if (cpu < 0)
		return;
	note('n', p->cpu, (u32)p->t.pid);
	change_begins(p);
	weigh(p, nice);
	if (weight)
		p->t.scx.weight = weight;
	if (p->class == CLASS_EXT)
		CALL_OP_AFTER(sim.moment.about = p, set_weight, &p->t, p->t.scx.weight);
	pair_changed(p);
	change_ends(p, 0);
	unlock_cpu(cpu);
	unlock_task(p);
}

void set_nice(struct task *p, s32 nice)
{
	put_weight(p, nice, 0);
}

/* Of a group as well, which the table of nice values does not have. */
void set_weight(struct task *p, u32 weight)
{
	put_weight(p, p->nice, weight);
}

static void leave_class(struct task *p)
{
	p->class = CLASS_RT;
	p->counts = p->heard = false;
	if (is_queued(p) && !p->on_cpu) {
		ends_waiting(p, false);
		enqueue_rt(p);
	}
	CALL_OP_AFTER(sim.moment.about = p, disable, &p->t);
	p->runs_told = false;
	/* Another class lets it run now; who it met before is over. */
	p->met_nobody = false;
	p->told.due = p->told.before = false;
	p->told.wait = 0;
	ends_run(p);
}

static void join_class(struct task *p)
{
	p->class = CLASS_EXT;
	if (sim.machine.kernel == SIM_LINUX_7_3)
		p->t.scx.slice = 0;
	/* Both may have changed while another class had the task. */
	CALL_OP_AFTER(sim.moment.about = p, set_weight, &p->t, p->t.scx.weight);
	CALL_OP_AFTER(sim.moment.about = p, set_cpumask, &p->t, p->t.cpus_ptr);
	if (is_queued(p) && !p->on_cpu) {
		take_from_rt(p);
		begins_to_wait(p);
	}
	/* Since it comes from a higher priority. */
	change_ends(p, SCX_ENQ_HEAD);
}

void set_class(struct task *p, u32 class)
{
	s32 cpu = lock_task_and_cpu(p);

	if (cpu < 0)
		return;
	if (p->class != class && !p->daemon && !p->zombie) {
		note('c', p->cpu, (u32)p->t.pid);
		change_begins(p);
		if (class == CLASS_RT)
			leave_class(p);
		else
			join_class(p);
	}
	unlock_cpu(cpu);
	if (class == CLASS_EXT)
		move_if_it_must(p);
	unlock_task(p);
}

/*
 * A thread calls exec that is not its process's first: it takes the first one's pid,
 * which is gone then under the pid that the thread had.
 */
void exec_task(struct task *p, struct task *leader)
{
	int pid = p->t.pid;

	note('e', p->cpu, (u32)pid);
	p->t.pid = leader->t.pid;
	leader->t.pid = pid;
	by_pid[p->t.pid] = p;
	by_pid[pid] = NULL;
	leader->zombie = true;
	release_task(leader);
}

void tasks_end(void)
{
	for (u32 i = 0; i < nliving; i++)
		account(living[i]);
}
