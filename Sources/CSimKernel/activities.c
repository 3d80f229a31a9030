// SPDX-License-Identifier: GPL-2.0-only
/*
 * What CPUs do at the same time. With `overlap`, each event is handled by an activity
 * that may stop at any call of the kernel and go on some microseconds later, while
 * other CPUs do theirs. One CPU does one thing at a time; the lock of its queue, and
 * that of a task that is woken or changed, are held as the kernel holds them.
 */
#include "model.h"
#include "coroutine.h"
#include <stdlib.h>

#define STOP_NS 3000 /* a host may take a virtual CPU away for longer, now and then */
#define LONG_STOP_NS 300000
#define AGAIN_NS 200

struct activity {
	struct coroutine routine;
	struct event event;
	struct moment moment;
	struct activity *next_unused;
	u32 index;
};

static struct activity **activities;
static u32 nactivities, in_flight;
static struct activity *unused, *current;
static bool ending;
/* What the kernel makes, changes and removes one after the other. */
static struct lock cgroups_lock;

void activities_reset(void)
{
	unused = NULL;
	for (u32 i = nactivities; i--;) {
		activities[i]->next_unused = unused;
		unused = activities[i];
	}
	in_flight = 0;
	current = NULL;
	cgroups_lock = (struct lock){};
	ending = false;
}

u32 activities_in_flight(void)
{
	return in_flight;
}

static struct activity *new_activity(void)
{
	struct activity *it = unused;

	if (it) {
		unused = it->next_unused;
		return it;
	}
	activities = realloc(activities, sizeof(*activities) * (nactivities + 1));
	it = calloc(1, sizeof(*it));
	if (!activities || !it)
		abort();
	it->index = nactivities;
	activities[nactivities++] = it;
	return it;
}

static void body(void *argument)
{
	happen(&((struct activity *)argument)->event);
}

static void go_on(struct activity *it)
{
	current = it;
	coroutine_resume(&it->routine);
	current = NULL;
	if (!it->routine.is_over)
		return;
	sim.cpu[it->event.cpu].activity = NULL;
	it->next_unused = unused;
	unused = it;
	in_flight--;
}

void activity_begins(const struct event *event)
{
	struct cpu *rq = &sim.cpu[event->cpu];
	struct activity *it;

	if (rq->activity) {
		/* The CPU has not come to this yet. */
		post(sim.now + AGAIN_NS, event->kind, event->cpu, event->task,
		     event->argument);
		return;
	}
	it = new_activity();
	it->event = *event;
	rq->activity = it;
	in_flight++;
	sim.moment = (struct moment){};
	coroutine_begin(&it->routine, body, it);
	go_on(it);
}

void activity_resumes(u32 index)
{
	go_on(activities[index]);
}

static void stop_for(u64 ns)
{
	struct activity *it = current;

	it->moment = sim.moment;
	post(sim.now + ns, EVENT_RESUME, it->event.cpu, NULL, it->index);
	coroutine_pause(&it->routine);
	sim.moment = it->moment;
	sim.moment.undisturbed = false;
}

/* A call of the kernel: others may do something now. */
void activity_point(void)
{
	if (!current || ending || chance(sim.machine.overlap))
		return;
	sim.report.stops++;
	stop_for(1 + chance(chance(64) ? STOP_NS : LONG_STOP_NS));
}

/* ---- locks ---- */

static void lock(struct lock *lock)
{
	while (lock->depth && lock->owner != current)
		stop_for(1 + chance(AGAIN_NS));
	lock->owner = current;
	lock->depth++;
}

static void unlock(struct lock *lock)
{
	if (!lock->depth || lock->owner != current)
		flaw(SIM_FLAW_MODEL, "a lock is not held");
	else
		lock->depth--;
}

void lock_cpu(s32 cpu)
{
	if (current)
		lock(&sim.cpu[cpu].lock);
}

void unlock_cpu(s32 cpu)
{
	if (current)
		unlock(&sim.cpu[cpu].lock);
}

void lock_task(struct task *p)
{
	if (current)
		lock(&p->lock);
}

void unlock_task(struct task *p)
{
	if (current)
		unlock(&p->lock);
}

void lock_cgroups(void)
{
	if (current)
		lock(&cgroups_lock);
}

void unlock_cgroups(void)
{
	if (current)
		unlock(&cgroups_lock);
}

/* The same of a CPU that is not in the middle of looking for a task, its lock given up. */
void lock_settled_cpu(s32 cpu)
{
	lock_cpu(cpu);
	while (current && sim.cpu[cpu].in_balance) {
		unlock_cpu(cpu);
		stop_for(1 + chance(AGAIN_NS));
		lock_cpu(cpu);
	}
}

/*
 * A CPU fetches a task from another one: it gives up its own lock while it takes that one's.
 * Meanwhile others may change what it runs, and who was fetched.
 */
void give_up_lock(s32 cpu)
{
	if (!current || sim.cpu[cpu].lock.depth != 1 ||
	    sim.cpu[cpu].lock.owner != current)
		return;
	unlock_cpu(cpu);
	activity_point();
	lock_cpu(cpu);
}

/* The lock of the CPU that the task is at, which may change meanwhile. */
s32 lock_cpu_of(struct task *p)
{
	s32 cpu = p->cpu;

	lock_cpu(cpu);
	while (p->cpu != cpu) {
		unlock_cpu(cpu);
		cpu = p->cpu;
		lock_cpu(cpu);
	}
	return cpu;
}

/*
 * The task, and its CPU, which is returned; -1, and nothing is locked, if the task was gone
 * before: another one may be in its place by now.
 */
s32 lock_task_and_cpu(struct task *p)
{
	const u32 life = p->life;
	s32 cpu;

	lock_task(p);
	cpu = lock_cpu_of(p);
	if (p->life == life)
		return cpu;
	unlock_cpu(cpu);
	unlock_task(p);
	return -1;
}

/*
 * It is about to sleep, and still on its CPU: a wake-up waits until that has switched to
 * another one.
 */
void wait_off_cpu(const struct task *p)
{
	while (current && !is_queued(p) && (p->on_cpu || sim.cpu[p->cpu].curr == p))
		stop_for(1 + chance(AGAIN_NS));
}

/* Everybody comes to an end of what he does; nothing new begins. */
void activities_end(void)
{
	u32 rounds = 1000000;

	ending = true;
	while (in_flight && rounds--)
		for (u32 cpu = 0; cpu < sim.cpus; cpu++)
			if (sim.cpu[cpu].activity)
				go_on(sim.cpu[cpu].activity);
	if (in_flight)
		flaw(SIM_FLAW_MODEL, "%u activities wait for one another", in_flight);
}
