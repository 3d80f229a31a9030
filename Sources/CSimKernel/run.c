// SPDX-License-Identifier: GPL-2.0-only
/* From the start of a machine to its end. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "model.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SWEEP_NS (10 * MS)

struct sim sim;

/* A backend's variables as they were before its first run. */
static struct image {
	const struct sim_backend *backend;
	char *data;
} images[2];

static const struct sim_backend *backends[] = {
	[SIM_MODE_BPF] = &sim_bpf_mode,
	[SIM_MODE_USER] = &sim_user_mode,
};

void sim_use_backends(const void *bpf_mode, const void *user_mode)
{
	backends[SIM_MODE_BPF] = bpf_mode ? bpf_mode : &sim_bpf_mode;
	backends[SIM_MODE_USER] = user_mode ? user_mode : &sim_user_mode;
}

static void set_back(const struct sim_backend *backend)
{
	const size_t bytes = (size_t)(backend->data_end - backend->data);
	struct image *image = &images[sim.machine.mode];

	if (image->backend != backend) {
		free(image->data);
		image->backend = backend;
		image->data = malloc(bytes);
		if (!image->data)
			abort();
		memcpy(image->data, backend->data, bytes);
	}
	memcpy(backend->data, image->data, bytes);
	memset(backend->bss, 0, (size_t)(backend->bss_end - backend->bss));
}

/* As libbpf does before a program is loaded. */
static void set_constant(const volatile void *at, const void *value, size_t size)
{
	const u64 page = (u64)sysconf(_SC_PAGESIZE);
	u64 address;
	char *to;

	/* Else the compiler drops a store to a constant. */
	__asm__ volatile("" : "+r"(at));
	address = (u64)at & ~(page - 1);
	if (mprotect((void *)address, (u64)at + size - address, PROT_READ | PROT_WRITE))
		abort();
	to = (char *)(u64)at;
	memcpy(to, value, size);
}

bool sim_set_constant(sp_u32 mode, const char *name, const void *value, size_t size)
{
	const struct sim_constant *constant =
		backends[mode == SIM_MODE_USER]->constants;

	while (constant->name && strcmp(constant->name, name))
		constant++;
	if (!constant->name || constant->size != size)
		return false;
	set_constant(constant->at, value, size);
	return true;
}

static void start_cpus(void)
{
	for (u32 cpu = 0; cpu < SIM_CPUS; cpu++) {
		struct cpu *rq = &sim.cpu[cpu];
		struct kick *kicks = rq->kicks;
		u32 room = rq->kicks_room;

		*rq = (struct cpu){ .kicks = kicks, .kicks_room = room };
		rq->local = (struct dsq){ .q.id = SCX_DSQ_LOCAL, .cpu = (s32)cpu };
	}
	sim.online_mask = (struct sim_mask){};
	for (u32 cpu = 0; cpu < sim.cpus; cpu++) {
		sim.cpu[cpu].online = true;
		mask_set(&sim.online_mask, cpu, true);
	}
	sim.online = sim.cpus;
}

void machine_reset(const struct sim_machine *machine)
{
	sim.machine = *machine;
	sim.cpus = machine->cpus;
	sim.backend = backends[machine->mode == SIM_MODE_USER];
	sim.ops = sim.backend->ops;
	memset(&sim.report, 0, sizeof(sim.report));
	memset(sim.group_reports, 0, sizeof(sim.group_reports));
	memset(sim.wait_buckets, 0, sizeof(sim.wait_buckets));
	for (u32 i = 0; i < SIM_GROUPS; i++)
		sim.group_reports[i].least_ns = ~0ULL;
	sim.now = 0;
	sim.replaying = false;
	sim.random = machine->seed;
	sim.hash = 0xcbf29ce484222325ULL;
	sim.moment = (struct moment){};
	activities_reset();
	sim.moved = 0;
	sim.has_ended = false;
	sim.ends_told = 0;
	inputs_reset();
	effects_reset();
	counts_reset();
	answers_reset();
	pair_daemon_reset();
	sim.has_untold_masks = false;
	sim.backend_waiting = 0;
	sim.ngroups = 0;
	sim.distributed = 0;
	sim.daemon = NULL;
	memset(sim.groups, 0, sizeof(sim.groups));
	memset(sim.group_first, 0, sizeof(sim.group_first));
	start_cpus();
	events_reset();
	dsqs_reset();
	idle_reset();
	maps_reset();
	check_reset();
	cgroups_reset();
	tasks_reset();
	daemon_reset();
}

/*
 * User mode's table is made for all events that a pair may want: what this one does not want is
 * taken out, as before it is loaded (Scheduler.swift, leaveOut).
 */
static void leave_out(u32 wanted)
{
	static struct sched_ext_ops ops;

	ops = *sim.backend->ops;
	if (!(wanted & (SP_WANTS_STOPPING_BIT | SP_WANTS_TICK_BIT)))
		ops.stopping = NULL;
	if (!(wanted & SP_WANTS_TICK_BIT))
		ops.tick = NULL;
	if (!(wanted & SP_WANTS_CHANGED_BIT))
		ops.set_weight = NULL;
	sim.ops = &ops;
}

/*
 * Where CPUs come and go, one may be off-line before the backend is loaded: of a machine in
 * four. Then the backend is told of fewer than there will be.
 */
static void begin_without_the_last(void)
{
	const u32 last = sim.cpus - 1;

	if (!sim.machine.faults.hotplug_ns || !last || sim.machine.seed % 4)
		return;
	sim.cpu[last].online = false;
	mask_set(&sim.online_mask, last, false);
	sim.online--;
	sim.online_told = sim.online_before = sim.online;
}

void sim_start(const struct sim_machine *machine)
{
	const bool always = machine->ask_always, groups = true;

	machine_reset(machine);
	begin_without_the_last();
	if (machine->mode == SIM_MODE_USER)
		leave_out(machine->policy.pair ? machine->policy.slice & SP_WANTS_BITS :
						 0);
	set_back(sim.backend);
	set_constant(sim.backend->description, &machine->policy,
		     sizeof(machine->policy));
	set_constant(sim.backend->nr_cpus, &sim.online, sizeof(sim.online));
	set_constant(sim.backend->group_weights, &groups, sizeof(groups));
	if (sim.backend->ask_always)
		set_constant(sim.backend->ask_always, &always, sizeof(always));
	if (sim.ops->init && sim.ops->init())
		flaw(SIM_FLAW_REFUSED, "init refused");
	if (!has_timer() || sim.moment.timer_ns != 50 * MS)
		flaw(SIM_FLAW_COUNTERS, "no timer is started, or not for 50 ms");
	cgroups_start();
	for (u32 cpu = 0; cpu < sim.cpus; cpu++) {
		if (!sim.cpu[cpu].online)
			continue;
		mask_set(&sim.idle_mask, cpu, true);
		cpu_idles((s32)cpu, true);
	}
	faults_start();
	post(SWEEP_NS, EVENT_SWEEP, 0, NULL, 0);
}

sp_u32 sim_add_group(const struct sim_group *group)
{
	u32 number = sim.ngroups++;

	if (number >= SIM_GROUPS - 1)
		abort();
	sim.groups[number] = *group;
	for (u32 i = 0; i < group->count; i++)
		post(sim.now + group->start_ns + chance(group->start_spread_ns),
		     EVENT_FORK, 0, NULL, number);
	return number;
}

static void burst_event(const struct event *event)
{
	struct cpu *rq = &sim.cpu[event->cpu];
	struct task *p = event->task;

	if (rq->curr != p || rq->generation != event->argument)
		return;
	lock_cpu(event->cpu);
	update_curr(event->cpu);
	unlock_cpu(event->cpu);
	if (rq->curr != p || rq->generation != event->argument)
		return;
	if (p->burst)
		begin_burst(p);
	else
		burst_over(p);
}

void happen(const struct event *event)
{
	const s32 cpu = event->cpu;

	sim.moment.here = cpu;
	switch ((enum event_kind)event->kind) {
	case EVENT_TICK:
		tick(cpu);
		break;
	case EVENT_BURST:
		burst_event(event);
		break;
	case EVENT_WAKE:
		if (event->task->life == event->argument)
			wake(event->task, 0);
		break;
	case EVENT_FORK:
		group_forks(event->argument);
		break;
	case EVENT_RESCHED:
		if (sim.cpu[cpu].need_resched)
			schedule(cpu, GOES_ON);
		break;
	case EVENT_IRQ_WORK:
		irq_work(cpu);
		break;
	case EVENT_BPF_TIMER:
		bpf_timer_fires();
		break;
	case EVENT_FAULT:
		if (event->task)
			class_back(event->task, event->argument >> 8);
		else
			fault_happens(event->argument);
		break;
	case EVENT_STOP:
		stop(cpu, event->task, event->argument);
		break;
	case EVENT_RELEASE:
		if (event->task->life == event->argument && !event->task->references)
			release_task(event->task);
		break;
	case EVENT_SECTION:
		if (event->task->life == event->argument)
			section_is_over(event->task);
		break;
	case EVENT_RESUME:
		activity_resumes(event->argument);
		break;
	case EVENT_SWEEP:
		sweep();
		post(sim.now + SWEEP_NS, EVENT_SWEEP, 0, NULL, 0);
		break;
	}
}

void sim_run(sp_u64 until, sp_u64 events_max)
{
	struct event event;

	if (!events_max)
		events_max = ~0ULL;
	while (!sim.report.flaw && sim.report.events < events_max &&
	       next_event(until, &event)) {
		sim.now = event.when;
		if (event.kind < EVENT_SWEEP)
			sim.report.events++;
		if (sim.machine.overlap && event.kind != EVENT_RESUME)
			activity_begins(&event);
		else
			happen(&event);
	}
	if (!sim.report.flaw && sim.report.events < events_max)
		sim.now = until;
}

/* The kernel ends it: why is kept, and nothing is touched that is gone. */
static void end_scheduler(void)
{
	struct sp_exit *exit = &sim.backend->status->exit;
	struct scx_exit_info info = {
		.kind = (enum scx_exit_kind)1025,
		.exit_code = -77,
		.reason = "a reason",
		.msg = (char *)"a message",
		.dump = (char *)"a dump",
	};

	sim.report.status = *sim.backend->status;
	if (!sim.ops->exit)
		return;
	sim.has_ended = true;
	sim.moment = (struct moment){};
	CALL_OP(exit, &info);
	if (exit->kind != (u32)info.kind || exit->code != info.exit_code ||
	    strcmp(exit->reason, info.reason) || strcmp(exit->text, info.msg) ||
	    sim.ends_told != 1)
		flaw(SIM_FLAW_COUNTERS, "the kernel's reason for the end is not told");
	if (has_timer())
		bpf_timer_fires();
}

const struct sim_report *sim_end(void)
{
	if (!sim.report.flaw)
		activities_end();
	for (u32 cpu = 0; cpu < sim.cpus; cpu++) {
		update_curr((s32)cpu);
		if (sim.cpu[cpu].idle_counted)
			sim.report.idle_ns += sim.now - sim.cpu[cpu].idle_since;
	}
	daemon_end();
	if (!sim.report.flaw)
		check_end();
	if (!sim.report.flaw)
		end_scheduler();
	tasks_end();
	for (u32 i = 0; i < SIM_GROUPS; i++)
		if (sim.group_reports[i].least_ns == ~0ULL)
			sim.group_reports[i].least_ns = 0;
	sim.report.now = sim.now;
	sim.report.hash = sim.hash;
	if (!sim.has_ended)
		sim.report.status = *sim.backend->status;
	return &sim.report;
}

const struct sim_group_report *sim_report_of(sp_u32 group)
{
	return &sim.group_reports[group];
}

sp_u64 sim_waits_of(sp_u32 group, sp_u32 bucket)
{
	return sim.wait_buckets[group][bucket];
}
