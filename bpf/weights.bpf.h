/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a task weighs, where there are control groups (cpu.weight): its own weight is for
 * its place among what is runnable in its group only, as in the kernel's own scheduler,
 * and the group's is for the group's place in its parent. So on each level it is divided
 * by the sum of all that is runnable there, tasks and groups, and multiplied by what the
 * group weighs. What comes out is the same for all tasks of a group but for their own
 * weights: the group's share.
 *
 * Policies also have bounds in units of weighted time, so the unit must not jump with
 * whoever wakes up for a moment. So one group is the reference, and its share is 1: its
 * tasks weigh what they weigh without groups, whatever its share of the CPU becomes, and
 * the others' shares are told beside it. It stays the same group until nothing is runnable
 * in it, or another one has far more. Where all are in one group, nobody's weight changes.
 *
 * A task's share is looked up when it begins to run, and used when that time is charged.
 * Then those that wait are those that compete. When its slice is over, there wait also
 * those that woke up in it, which go first and sleep again.
 *
 * A task counts from when it begins to wait, as far as the policy is told of it, until
 * its CPU runs another one or idles: no callback of its own tells of its sleep. All sums
 * are made of amounts that are written down beside whom they were added for (with a task
 * that waits, a CPU that runs one, a group that is not empty), and taken away from there:
 * they cannot drift. Until the first group is made, nothing of this is done: who runs or
 * waits at that moment counts from when it runs next. Under a policy that does not go by
 * weight none of it is in the program.
 */
#ifndef SCHED_PROTO_WEIGHTS_BPF_H
#define SCHED_PROTO_WEIGHTS_BPF_H

#include "counters.bpf.h"

/* Groups that there can be, the root one of them; a power of two. Others count as part of
 * their parent, as do those further down. */
#define SP_GROUPS_MAX 4096
#define SP_GROUP_LEVELS 16

/* A share has so many binary digits, and a power of two. */
#define SP_SHARE_DIGITS 37
#define SP_WEIGHT_DIGITS 14
/* Binary digits of a fraction: of a share beside the reference's. */
#define SP_RATIO_BITS 16
#define SP_RATIO_ONE (1u << SP_RATIO_BITS)
#define SP_RATIO_MAX (SP_WEIGHT_MAX << SP_RATIO_BITS)
/* Another group becomes the reference if that many times as much is runnable in it. */
#define SP_REFERENCE_TIMES 4

/*
 * A group is named by its place and how often that was used, so that who names one that
 * is gone is recognised. The root is 0.
 */
struct sp_cpu_group {
	u64 id; /* the kernel's; 0: the place is free, or the root's */
	u64 tasks; /* own weights of its tasks that are runnable */
	u64 groups; /* weights of its groups in which something is */
	u32 name;
	u32 parent;
	u32 level; /* of the root 0 */
	u32 weight;
	u32 counted; /* what of it stands in its parent's sum */
};

/* A weight that stands in a group's sum; 0: none does. */
struct sp_counted {
	u32 group;
	u32 weight;
};

/* Whom a CPU runs, as far as counted. Written by that CPU, under its queue's lock. */
struct sp_runner {
	u64 task; /* its address, to be compared only */
	struct sp_counted counted;
} __attribute__((aligned(64)));

static struct sp_cpu_group groups[SP_GROUPS_MAX];
static struct sp_runner runners[SP_CPUS_MAX];
/* Set before the program is loaded: whether groups' weights count at all. */
const volatile bool group_weights;
/* The name of the group whose share is told as 1. Not static: see below. */
u32 reference = 0;
/* Not 0: there was a group since attachment. Not static: clang would narrow it. */
u32 groups_seen = 0;

/*
 * Whether a group was seen: one look, on each event's path, where there is none. If they do not
 * count the second is a constant, and the verifier takes out what follows.
 */
static __always_inline bool has_groups(void)
{
	return groups_seen && group_weights;
}

/* The group of that name; NULL if it is gone. */
static __always_inline struct sp_cpu_group *group_of(u32 name)
{
	struct sp_cpu_group *group;
	u32 place = name;

	/* Else clang keeps another variable in range than it uses. */
	barrier_var(place);
	group = &groups[place & (SP_GROUPS_MAX - 1)];
	return group->name == name ? group : NULL;
}

/* Whether there is something where there was nothing, or nothing any more. */
static __always_inline bool add_to(u64 *sum, u64 delta)
{
	u64 before = __sync_fetch_and_add(sum, delta);

	return !before || !(before + delta);
}

/* Whether something in it is runnable. */
static __always_inline bool is_active(const struct sp_cpu_group *group)
{
	return *(volatile u64 *)&group->tasks || *(volatile u64 *)&group->groups;
}

/*
 * Lets the parent's sum have what the group weighs now. Whoever changes the group's sums or
 * weight comes here afterwards, and looks once more after a change of its own: so the last
 * one of several leaves it right. After four lost races the next one does.
 */
static __always_inline bool settle_one(struct sp_cpu_group *group,
				       struct sp_cpu_group *parent)
{
	bool turned = false;

	for (int i = 0; i < 4; i++) {
		u32 counted = *(volatile u32 *)&group->counted;
		u32 weight = is_active(group) ? group->weight : 0;

		if (counted == weight)
			break;
		if (__sync_val_compare_and_swap(&group->counted, counted, weight) ==
		    counted)
			turned |= add_to(&parent->groups, (u64)weight - counted);
	}
	return turned;
}

/* The same for its ancestors, as far as that changes them. Global: verified once. */
__noinline int settle(u32 name)
{
	struct sp_cpu_group *group, *parent;
	int level;

	bpf_for(level, 0, SP_GROUP_LEVELS) {
		group = name ? group_of(name) : NULL;
		parent = group ? group_of(group->parent) : NULL;
		if (!parent || !settle_one(group, parent))
			break;
		name = group->parent;
	}
	return 0;
}

static __always_inline void change_tasks(u32 name, u64 delta)
{
	struct sp_cpu_group *group = group_of(name);

	if (group && add_to(&group->tasks, delta) && name)
		settle(name);
}

/* What is counted there is a weight in that group from now on; 0: nothing is. */
__noinline int count_as(struct sp_counted *counted, u32 name, u32 weight)
{
	u32 before;

	if (!counted)
		return 0;
	before = counted->weight;
	if (before && counted->group != name) {
		change_tasks(counted->group, -(u64)before);
		change_tasks(name, weight);
	} else if (before != weight) {
		change_tasks(name, (u64)weight - before);
	}
	counted->group = name;
	counted->weight = weight;
	return 0;
}

static __always_inline void count_no_more(struct sp_counted *counted)
{
	if (counted->weight)
		count_as(counted, counted->group, 0);
}

static __always_inline u32 own_weight(const struct task_struct *p)
{
	u32 weight = p->scx.weight;

	return weight ? weight : SP_WEIGHT_MIN;
}

static __always_inline struct sp_runner *runner_of(s32 cpu)
{
	return &runners[(u32)cpu & (SP_CPUS_MAX - 1)];
}

/* p begins to wait, or goes on waiting: here, in this group, with its present weight. */
__noinline int count_waiting(struct task_struct *p __arg_trusted,
			     struct sp_counted *counted, u32 name)
{
	struct sp_runner *runner = runner_of(scx_bpf_task_cpu(p));

	if (!counted)
		return 0;
	/* It ran until now, and was counted there. */
	if (runner->counted.weight && runner->task == (u64)p) {
		if (counted->weight) {
			count_no_more(&runner->counted);
		} else {
			*counted = runner->counted;
			runner->counted.weight = 0;
		}
	}
	return count_as(counted, name, own_weight(p));
}

/*
 * p runs, and whoever ran there before does not. Kernel threads that did not wait are not
 * counted: nobody decides on them, they come and go.
 */
__noinline int count_running(struct task_struct *p __arg_trusted,
			     struct sp_counted *counted, u32 name)
{
	struct sp_runner *runner = runner_of(scx_bpf_task_cpu(p));

	if (!counted)
		return 0;
	if (counted->weight) {
		count_no_more(&runner->counted);
		runner->counted = *counted;
		counted->weight = 0;
	} else if (p->flags & PF_KTHREAD) {
		count_no_more(&runner->counted);
	} else {
		count_as(&runner->counted, name, own_weight(p));
	}
	runner->task = (u64)p;
	return 0;
}

/* p is not runnable in our class any more. */
__noinline int count_gone(struct task_struct *p __arg_trusted,
			  struct sp_counted *counted)
{
	struct sp_runner *runner = runner_of(scx_bpf_task_cpu(p));

	if (!counted)
		return 0;
	count_no_more(counted);
	if (runner->task == (u64)p)
		count_no_more(&runner->counted);
	return 0;
}

/* The CPU's task sleeps, or another one runs that is not counted. */
static __always_inline void count_nobody_on(s32 cpu)
{
	if (has_groups())
		count_no_more(&runner_of(cpu)->counted);
}

/* A CPU asks who is next: its task may sleep. Asked here once more, for the verifier. */
static __noinline void count_asking(s32 cpu, struct task_struct *prev)
{
	if (!prev || !(prev->scx.flags & SCX_TASK_QUEUED))
		count_no_more(&runner_of(cpu)->counted);
}

/*
 * On its way from a group to the root: what a task's weight is multiplied by so far,
 * @digits times two to the power of @power. A whole number of some fraction would be too
 * coarse a few levels down, where weights are far apart.
 */
struct sp_climb {
	u32 name;
	u32 own; /* what stands in the group's sum for where it comes from */
	u64 digits;
	s32 power;
};

static __always_inline u32 level_of(u32 name)
{
	struct sp_cpu_group *group = name ? group_of(name) : NULL;

	return group ? group->level : 0;
}

/* Times @weight / @sum. */
static __always_inline void take_part(struct sp_climb *at, u64 weight, u64 sum)
{
	const u32 spare = 64 - SP_SHARE_DIGITS - SP_WEIGHT_DIGITS;
	u64 digits = (at->digits * weight << spare) / (sum ? sum : 1);
	u32 bit = highest_bit(digits);

	if (bit >= SP_SHARE_DIGITS)
		digits >>= bit - (SP_SHARE_DIGITS - 1);
	else
		digits <<= (SP_SHARE_DIGITS - 1) - bit;
	at->digits = digits;
	at->power += (s32)bit - (s32)(SP_SHARE_DIGITS - 1 + spare);
}

/*
 * One level up. Sums may be behind by what others change at this moment: nobody is given
 * more than all of a level. Global: verified once, and not in each turn of a loop.
 */
__noinline int climb(struct sp_climb *at)
{
	struct sp_cpu_group *group;
	u64 sum;

	if (!at)
		return 0;
	group = group_of(at->name);
	if (!group) {
		at->name = 0;
		return 0;
	}
	sum = group->tasks + group->groups;
	if (sum < at->own)
		sum = at->own;
	at->own = group->weight;
	take_part(at, at->own, sum);
	at->name = group->parent;
	return 0;
}

/* a / b, SP_RATIO_BITS of it a fraction; the largest one at most. */
static __always_inline u32 ratio_of(const struct sp_climb *a, const struct sp_climb *b)
{
	const u32 spare = 64 - SP_SHARE_DIGITS;
	u64 ratio = (a->digits << spare) / (b->digits ? b->digits : 1);
	s32 power = a->power - b->power + SP_RATIO_BITS - (s32)spare;

	if (power >= (s32)SP_RATIO_BITS)
		return SP_RATIO_MAX;
	if (power < -63)
		return 0;
	ratio = power < 0 ? ratio >> -power : ratio << power;
	return ratio < SP_RATIO_MAX ? ratio : SP_RATIO_MAX;
}

/* A group's share beside another one's. From where they meet on they share what there is. */
static __always_inline u32 share_beside(u32 name, u32 other)
{
	const u64 one = 1ULL << (SP_SHARE_DIGITS - 1);
	struct sp_climb a = { .name = name, .own = 1, .digits = one };
	struct sp_climb b = { .name = other, .own = 1, .digits = one };
	int step;

	bpf_for(step, 0, 2 * SP_GROUP_LEVELS) {
		if (a.name == b.name)
			break;
		if (b.name && level_of(b.name) >= level_of(a.name))
			climb(&b);
		else
			climb(&a);
	}
	return ratio_of(&a, &b);
}

/*
 * What a task of that group is told to weigh, for each 1 that it weighs itself;
 * SP_RATIO_BITS of it a fraction. It is counted already.
 */
__noinline u32 ratio_in(u32 name)
{
	u32 other = *(volatile u32 *)&reference;
	struct sp_cpu_group *group, *from;

	if (name == other)
		return SP_RATIO_ONE;
	group = group_of(name);
	from = group_of(other);
	if (!group || !group->tasks)
		return SP_RATIO_ONE; /* a kernel thread that nobody counts, say */
	if (!from || group->tasks / SP_REFERENCE_TIMES >= from->tasks) {
		reference = name;
		return SP_RATIO_ONE;
	}
	return share_beside(name, other);
}

/* What it is told to weigh. */
static __always_inline u32 weight_told(u32 weight, u32 ratio)
{
	u64 told = ((u64)weight * ratio + SP_RATIO_ONE / 2) >> SP_RATIO_BITS;

	if (told < SP_WEIGHT_MIN)
		return SP_WEIGHT_MIN;
	return told < SP_WEIGHT_MAX ? told : SP_WEIGHT_MAX;
}

#endif
