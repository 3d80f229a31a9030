// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control groups with the CPU controller: how they are made, weigh, and go, and tasks
 * that move between them. What a task has to weigh is computed anew each time, from who
 * is runnable where.
 */
#include "model.h"
#include <string.h>

#define CGROUPS 64
#define LEVELS 16 /* those further down are part of their parent */
#define RATIO_MAX SP_WEIGHT_MAX /* a share beside the reference's */
#define REFERENCE_TIMES 4 /* as much is runnable in one that takes its place */
#define CHECKED_TASKS 200 /* with more of them, only now and then */

struct cpu_cgroup {
	struct cgroup c; /* first: what the backends see */
	struct kernfs_node kn;
	struct cpu_cgroup *parent;
	u32 weight, tasks, children;
	bool exists;
	/* While shares are computed: of its tasks that are runnable, and of its groups. */
	u64 in_tasks, in_groups;
};

static struct cpu_cgroup cgroups[CGROUPS]; /* the first is the root */
static u64 last_id;
static u32 checks;
static bool given; /* groups were made, not by chance */
static bool counting; /* a group was made: from then on the backends count */
static u64 reference_before; /* the backend's, before its callback */

static bool has_cgroups(void)
{
	return given || sim.machine.cgroups || sim.machine.faults.cgroup_ns;
}

void cgroups_reset(void)
{
	memset(cgroups, 0, sizeof(cgroups));
	last_id = 1;
	checks = 0;
	given = counting = false;
	cgroups[0].c.kn = &cgroups[0].kn;
	cgroups[0].c.self.cgroup = &cgroups[0].c;
	cgroups[0].kn.id = last_id;
	cgroups[0].exists = true;
}

static struct cpu_cgroup *some_cgroup(void)
{
	struct cpu_cgroup *found = &cgroups[0];
	u64 seen = 0;

	for (u32 i = 0; i < CGROUPS; i++)
		if (cgroups[i].exists && !chance(++seen))
			found = &cgroups[i];
	return found;
}

static u32 some_weight(void)
{
	static const u32 usual[] = { 100, 300, 1, 10000, 50 };
	u64 which = chance(8);

	return which < 5 ? usual[which] : 1 + (u32)chance(1000);
}

/* Who runs or waits when the first group is made was not counted, and is when it runs next. */
static void begin_to_count(void)
{
	if (counting)
		return;
	counting = true;
	for (u32 i = 0; i < live_tasks(); i++) {
		struct task *p = live_task(i);

		p->counts = p->runs_counted = p->heard = false;
	}
}

static struct cpu_cgroup *make(struct cpu_cgroup *parent, u32 weight)
{
	struct scx_cgroup_init_args args;
	struct cpu_cgroup *it = NULL;

	for (u32 i = 1; i < CGROUPS && !it; i++)
		if (!cgroups[i].exists)
			it = &cgroups[i];
	if (!it)
		return &cgroups[0];
	*it = (struct cpu_cgroup){ .parent = parent, .weight = weight };
	it->kn.id = ++last_id;
	it->c.kn = &it->kn;
	it->c.level = parent->c.level + 1;
	it->c.self.cgroup = &it->c;
	it->c.self.parent = &parent->c.self;
	parent->children++;
	args.weight = it->weight;
	sim.report.callbacks++;
	begin_to_count();
	if (sim.ops->cgroup_init && sim.ops->cgroup_init(&it->c, &args))
		flaw(SIM_FLAW_REFUSED, "cgroup_init refused");
	/* Nobody is in it before the callback has returned. */
	it->exists = true;
	return it;
}

sp_u32 sim_add_cgroup(sp_u32 parent, sp_u32 weight)
{
	given = true;
	return (u32)(make(&cgroups[parent % CGROUPS], weight) - cgroups);
}

/* Those that are there when the scheduler is attached; parents first. */
void cgroups_start(void)
{
	const bool deep = has_cgroups() && !chance(4);
	struct cgroup *root = &cgroups[0].c;
	struct scx_cgroup_init_args args = { .weight = 100 };

	sim.report.callbacks++;
	if (sim.ops->cgroup_init && sim.ops->cgroup_init(root, &args))
		flaw(SIM_FLAW_REFUSED, "cgroup_init refused");
	for (u32 i = 0; i < sim.machine.cgroups && i + 1 < CGROUPS; i++)
		make(deep ? &cgroups[i] : some_cgroup(), some_weight());
}

static void remove_empty(struct cpu_cgroup *it)
{
	if (!it->parent || it->tasks || it->children)
		return;
	it->parent->children--;
	it->exists = false;
	CALL_OP(cgroup_exit, &it->c);
}

static void change_weight(struct cpu_cgroup *it, u32 weight)
{
	if (!it->parent)
		return;
	it->weight = weight;
	CALL_OP(cgroup_set_weight, &it->c, it->weight);
}

static void move(struct task *p, struct cpu_cgroup *to)
{
	struct cpu_cgroup *from = p->cgroup;
	s32 cpu = lock_task_and_cpu(p);

	if (cpu < 0)
		return;
	if (p->alive && !p->zombie && !p->dead && to->exists && p->cgroup == from &&
	    from != to) {
		note('g', p->cpu, (u32)p->t.pid);
		change_begins(p);
		from->tasks--;
		to->tasks++;
		p->cgroup = to;
		CALL_OP(cgroup_move, &p->t, &from->c, &to->c);
		change_ends(p, 0);
	}
	unlock_cpu(cpu);
	unlock_task(p);
}

void cgroup_fault(struct task *p)
{
	lock_cgroups();
	switch (chance(6)) {
	case 0:
		make(some_cgroup(), some_weight());
		break;
	case 1:
		remove_empty(some_cgroup());
		break;
	case 2:
		change_weight(some_cgroup(), some_weight());
		break;
	default:
		if (p->alive && !(p->t.flags & PF_KTHREAD))
			move(p, some_cgroup());
	}
	unlock_cgroups();
}

void cgroup_of_birth(struct task *p)
{
	const u32 number = sim.groups[p->group].cgroup;

	p->cgroup = &cgroups[number < CGROUPS && cgroups[number].exists ? number : 0];
	if (!number && !given && has_cgroups() && !p->daemon &&
	    !(p->t.flags & PF_KTHREAD))
		p->cgroup = some_cgroup();
	p->cgroup->tasks++;
	p->share = 1;
	p->share_known = true;
}

struct cgroup *cgroup_seen(const struct task *p)
{
	return &p->cgroup->c;
}

void cgroup_left(struct task *p)
{
	p->counts = false;
	if (p->cgroup)
		p->cgroup->tasks--;
}

/* ---- who counts ---- */

/* It begins to wait: is the policy told of it? */
void cgroup_enqueued(struct task *p, u64 flags)
{
	/* Let run once more, without a word. */
	if ((flags & SCX_ENQ_LAST) && sim.machine.mode == SIM_MODE_USER && !p->joins)
		return;
	p->heard = !p->daemon && !(p->t.flags & PF_EXITING_BIT) && is_told_of(p, flags);
	p->counts = p->heard;
	p->runs_counted = false;
}

/*
 * Who runs counts, but for kernel threads that did not wait. Who was left on the CPU by a
 * task of another class, and not enqueued, counted as the one that runs there.
 */
void cgroup_runs(struct task *p)
{
	struct cpu *rq = &sim.cpu[p->cpu];
	struct task *before = rq->runner;

	if (before && before != p && before->runs_counted && before->cpu == p->cpu)
		before->counts = before->runs_counted = false;
	rq->runner = p;
	p->counts = !p->daemon && (p->heard || !(p->t.flags & PF_KTHREAD));
	p->heard = false;
	p->runs_counted = p->counts;
	reference_before = sim.backend->reference();
}

/* A CPU asks who is next; its task may go on. */
void cgroup_asks(void)
{
	reference_before = sim.backend->reference();
}

/* ---- what a task weighs ---- */

static struct cpu_cgroup *acting(struct cpu_cgroup *it)
{
	while (it->c.level > LEVELS)
		it = it->parent;
	return it;
}

/* Adds what is runnable below @it to its sum; false: nothing is. */
static bool add_groups(struct cpu_cgroup *it)
{
	for (u32 i = 1; it->children && i < CGROUPS; i++)
		if (cgroups[i].exists && cgroups[i].parent == it &&
		    acting(&cgroups[i]) == &cgroups[i] && add_groups(&cgroups[i]))
			it->in_groups += cgroups[i].weight;
	return it->in_tasks || it->in_groups;
}

static void add_all(void)
{
	for (u32 i = 0; i < CGROUPS; i++)
		cgroups[i].in_tasks = cgroups[i].in_groups = 0;
	for (u32 i = 0; i < live_tasks(); i++) {
		const struct task *other = live_task(i);

		if (other->counts)
			acting(other->cgroup)->in_tasks += other->t.scx.weight;
	}
	add_groups(&cgroups[0]);
}

/* What each 1 of a task's own weight in that group is of the whole machine. */
static double share_of(const struct cpu_cgroup *it)
{
	double share = 1;

	for (; it->parent; it = it->parent)
		share *= (double)it->weight / (double)(it->in_tasks + it->in_groups);
	return share;
}

/* NULL: it is gone. */
static struct cpu_cgroup *with_id(u64 id)
{
	if (!id)
		return &cgroups[0];
	for (u32 i = 1; i < CGROUPS; i++)
		if (cgroups[i].exists && cgroups[i].kn.id == id)
			return &cgroups[i];
	return NULL;
}

/*
 * Whether the backends may be expected to know who is runnable. Where another class has a
 * CPU, nothing tells them of what becomes of its task.
 */
static bool is_known(void)
{
	if (!is_undisturbed() || !sim.cpu[sim.moment.here].online)
		return false;
	for (u32 cpu = 0; cpu < sim.cpus; cpu++)
		if (sim.cpu[cpu].rt_head || sim.cpu[cpu].released ||
		    (sim.cpu[cpu].curr && sim.cpu[cpu].curr->class == CLASS_RT))
			return false;
	return true;
}

/* Who is held back, or lets the daemon in, counts with its group in the backend's own way. */
static bool counts_otherwise(void)
{
	return ALONE_ASKED ||
	       (sim.machine.mode == SIM_MODE_USER && WANTS(SP_WANTS_TICK_BIT));
}

/* Of this moment: the share that is charged for what the task uses from now on. */
void cgroup_share(struct task *p)
{
	struct cpu_cgroup *it, *other;
	const struct cpu_cgroup *now;

	if (!has_cgroups() || p->daemon)
		return;
	if (counts_otherwise()) {
		p->share_known = false;
		return;
	}
	it = acting(p->cgroup);
	other = with_id(reference_before);
	now = with_id(sim.backend->reference());
	p->share_known = is_known() &&
			 (live_tasks() <= CHECKED_TASKS || ++checks % 64 == 0);
	if (!p->share_known)
		return;
	add_all();
	p->share = 1;
	if (it != other && it->in_tasks) {
		if (!other || it->in_tasks / REFERENCE_TIMES >= other->in_tasks)
			other = it;
		else
			p->share = share_of(it) / share_of(other);
	}
	if (p->share > RATIO_MAX)
		p->share = RATIO_MAX;
	sim.report.effects++;
	if (now != other)
		flaw(SIM_FLAW_INPUT, "weights are told beside group %llu, not %llu",
		     now ? now->kn.id : 0, other ? other->kn.id : 0);
}

/* The policy is told that the task begins to wait. */
void check_weight(struct task *p, u32 weight)
{
	const double own = p->t.scx.weight,
		     wanted = has_cgroups() ? own * p->share : own;
	double off = weight - wanted;

	p->told_weight = weight;
	if (!p->share_known)
		return;
	sim.report.effects++;
	if ((wanted < SP_WEIGHT_MIN && weight == SP_WEIGHT_MIN) ||
	    (wanted > SP_WEIGHT_MAX && weight == SP_WEIGHT_MAX))
		return;
	/* The share is told in 65536ths, and the weight in whole numbers. */
	if (p->share == 1 ? off != 0 :
			    off * off > (0.51 + own / 65536 + wanted / 1000) *
						(0.51 + own / 65536 + wanted / 1000))
		flaw(SIM_FLAW_INPUT, "pid %d weighs %.2f, and %u is told", p->t.pid,
		     wanted, weight);
}
