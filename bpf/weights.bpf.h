/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a task weighs, where there are control groups (cpu.weight): its own weight is for
 * its place among what is runnable in its group only, as in the kernel's own scheduler,
 * and the group's is for the group's place in its parent. So on each level it is divided
 * by the sum of all that is runnable there, tasks and groups. At the end all of them are
 * scaled so that their sum is, on average, that of the tasks' own weights: what is told to the policy
 * stays in the middle of its range, and without groups it is the task's own.
 *
 * A task counts from when it begins to wait, as far as the policy is told of it, until
 * its CPU runs another one or idles: no callback of its own tells of its sleep. All sums
 * are made of amounts that are written down beside whom they were added for (with a task
 * that waits, a CPU that runs one, a group that is not empty), and taken away from there:
 * they cannot drift. Until the first group is made, nothing of this is done.
 */
#ifndef SCHED_PROTO_WEIGHTS_BPF_H
#define SCHED_PROTO_WEIGHTS_BPF_H

#include "counters.bpf.h"

/* Groups that there can be, the root one of them; a power of two. Others count as part of
 * their parent, as do those further down. */
#define SP_GROUPS_MAX 4096
#define SP_GROUP_LEVELS 16

/* Binary digits of fractions while a weight is computed: of its share, and of the scale. */
#define SP_SHARE_BITS 32
#define SP_SCALE_BITS 24
#define SP_SCALE_MAX_BITS 20
/* Of the product, of which a half of the share's are left out first. */
#define SP_HALF_BITS (SP_SHARE_BITS / 2)
#define SP_PRODUCT_BITS (SP_HALF_BITS + SP_SCALE_BITS)

/*
 * A group is named by its place and how often that was used, so that who names one that
 * is gone is recognised. The root is 0.
 */
struct sp_cpu_group {
	u64 id; /* the kernel's; 0: the place is free, or the root's */
	u64 sum; /* weights of what is runnable in it: its tasks and groups */
	u32 name;
	u32 parent;
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
static u64 own_weights; /* of all that are counted */
/* Set before the program is loaded: whether groups' weights count at all. */
const volatile bool group_weights;
u64 weight_scale = 0; /* 0: not known yet */
/* Not 0: there was a group since attachment. Not static: clang would narrow it. */
u32 groups_seen = 0;

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

/* Whether the group began or ceased to have something runnable in it. */
static __always_inline bool add_to_sum(struct sp_cpu_group *group, u64 delta)
{
	u64 before = __sync_fetch_and_add(&group->sum, delta);

	return !before || !(before + delta);
}

/*
 * Lets the parent's sum have what the group weighs now. Whoever changes the group's sum or
 * weight comes here afterwards, and looks once more after a change of its own: so the last
 * one of several leaves it right. After four lost races the next one does.
 */
static __always_inline bool settle_one(struct sp_cpu_group *group,
				       struct sp_cpu_group *parent)
{
	bool turned = false;

	for (int i = 0; i < 4; i++) {
		u32 counted = *(volatile u32 *)&group->counted;
		u32 weight = *(volatile u64 *)&group->sum ? group->weight : 0;

		if (counted == weight)
			break;
		if (__sync_val_compare_and_swap(&group->counted, counted, weight) ==
		    counted)
			turned |= add_to_sum(parent, (u64)weight - counted);
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

static __always_inline void change_sum(u32 name, u64 delta)
{
	struct sp_cpu_group *group = group_of(name);

	if (group && add_to_sum(group, delta) && name)
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
		change_sum(counted->group, -(u64)before);
		change_sum(name, weight);
	} else if (before != weight) {
		change_sum(name, (u64)weight - before);
	}
	if (before != weight)
		__sync_fetch_and_add(&own_weights, (u64)weight - before);
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
	if (groups_seen)
		count_no_more(&runner_of(cpu)->counted);
}

/* A CPU asks who is next: its task may sleep. Asked here once more, for the verifier. */
static __noinline void count_asking(s32 cpu, struct task_struct *prev)
{
	if (!prev || !(prev->scx.flags & SCX_TASK_QUEUED))
		count_no_more(&runner_of(cpu)->counted);
}

/* By how much all are scaled, were it this moment alone that counted. */
static __always_inline u64 scale_of(u64 weights, u64 sum)
{
	/* No constant as its limit: verifiers of 6.18 stumble over what follows from one. */
	if (sum <= weights >> SP_SCALE_MAX_BITS)
		sum = (weights >> SP_SCALE_MAX_BITS) + 1;
	return sum ? (weights << SP_SCALE_BITS) / sum : 0;
}

/*
 * The timer's part: the scale is averaged over some beats. It is the same for all, so it
 * need not be exact; but a task that wakes up in the root for a moment would let those
 * weigh less that are told of just then.
 */
static __always_inline void average_scale(void)
{
	u64 weights = own_weights, sum = groups[0].sum, scale;

	if (!groups_seen || !weights || !sum)
		return;
	scale = scale_of(weights, sum);
	if (weight_scale)
		scale = weight_scale - weight_scale / 8 + scale / 8;
	weight_scale = scale ? scale : 1;
}

/*
 * What a task of that weight and group is told to weigh. It counts itself, but sums may be
 * behind by what others change at this moment: nobody is given more than all of a level.
 */
__noinline u32 weight_in(u32 weight, u32 name)
{
	u64 share = (u64)weight << SP_SHARE_BITS;
	u64 own = weight, sum, scale;
	struct sp_cpu_group *group;
	u64 high, low;
	int level;

	bpf_for(level, 0, SP_GROUP_LEVELS) {
		group = name ? group_of(name) : NULL;
		if (!group)
			break;
		sum = group->sum;
		if (sum < own)
			sum = own;
		own = group->weight;
		/* Each is 1 at least: own weights are, and those of groups. */
		share = sum ? share * own / sum : 0;
		name = group->parent;
	}
	scale = weight_scale;
	if (!scale)
		scale = scale_of(own_weights > weight ? own_weights : weight,
				 groups[0].sum > own ? groups[0].sum : own);
	high = share >> SP_HALF_BITS;
	low = share & ((1u << SP_HALF_BITS) - 1);
	if (scale && high > ((u64)SP_WEIGHT_MAX << SP_PRODUCT_BITS) / scale)
		return SP_WEIGHT_MAX;
	share = high * scale + (low * scale >> SP_HALF_BITS);
	share = (share + (1ULL << (SP_PRODUCT_BITS - 1))) >> SP_PRODUCT_BITS;
	if (share < SP_WEIGHT_MIN)
		return SP_WEIGHT_MIN;
	return share < SP_WEIGHT_MAX ? share : SP_WEIGHT_MAX;
}

#endif
