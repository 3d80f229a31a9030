/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A deterministic model of the kernel's sched_ext core (Linux 6.18) that runs the
 * real backends, compiled for this machine. One machine at a time: its state, and a
 * backend's, are static. Times are nanoseconds of the machine's own clock from 0.
 */
#ifndef CSIMKERNEL_H
#define CSIMKERNEL_H

/* Only what a table of functions has is said to be there. */
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-completeness"

#include <stdbool.h>
#include <stddef.h>
#include "link.h"

#define SIM_CPUS 1024
#define SIM_GROUPS 64
#define SIM_PID_MAX (1u << 22)
/* Waits are counted in 8 steps for each power of two. */
#define SIM_WAIT_BUCKETS (40 * 8)

enum sim_mode {
	SIM_MODE_BPF,
	SIM_MODE_USER
};

/* Where kernels differ. */
enum sim_kernel {
	SIM_LINUX_6_18,
	/*
	 * Classes above ours are asked first; the local queue is emptied later, and not by a
	 * callback; a synchronous wake-up goes to the waker's CPU while any is idle.
	 */
	SIM_LINUX_7_3,
};

struct sim_mask {
	sp_u64 bits[SIM_CPUS / 64];
};

/* What a task does when it has had the CPU time of a burst. */
enum sim_habit {
	SIM_LOOP, /* never happens: it computes without end */
	SIM_SLEEPER, /* sleeps for a while */
	SIM_PIPE, /* wakes the next of its group, synchronously, and sleeps until woken */
	SIM_YIELDER, /* yields */
	SIM_STORM, /* wakes all of the group before its own, and sleeps for a while */
	SIM_BRIEF, /* exits after `bursts` of them, and a new one is forked later */
};

/* Tasks that behave alike. */
struct sim_group {
	sp_u32 count; /* tasks, 1... */
	sp_u32 habit; /* enum sim_habit */
	sp_s32 nice; /* -20...19 */
	sp_u32 kthread; /* 0 or 1 */
	sp_u32 realtime; /* 0 or 1: of the real-time class */
	sp_u32 cgroup; /* 0: by chance, or the root; else the control group with that number */
	sp_u32 pad;
	sp_u32 bursts; /* BRIEF */
	sp_u64 run_ns,
		run_spread_ns; /* a burst: the first, and exponential with the second */
	sp_u64 sleep_ns, sleep_spread_ns; /* a sleep likewise */
	sp_u64 start_ns; /* when the first is forked */
	sp_u64 start_spread_ns; /* each some time of this later, at random */
	struct sim_mask cpus; /* empty: all */
	char comm[16]; /* what each is called; empty: by its group */
};

enum sim_daemon_fault {
	SIM_DAEMON_FINE,
	SIM_DAEMON_SPINS, /* in the middle of a pass */
	SIM_DAEMON_SLEEPS, /* the same */
};

/* What goes wrong, and how often: mean intervals, 0 for never. */
struct sim_faults {
	sp_u64 affinity_ns, weight_ns, class_ns, exec_ns, hotplug_ns;
	sp_u64 cgroup_ns; /* one is made, removed or weighs something else; a task moves */
	sp_u64 daemon_affinity_ns; /* the daemon may run on other CPUs */
	sp_u64 section_ns; /* a task that runs may not migrate for a while */
	sp_u32 kick_late_ppm; /* of a million kicks, so many come late */
	sp_u32 daemon; /* enum sim_daemon_fault */
	sp_u64 kick_late_ns; /* by so much at most */
	sp_u64 daemon_at_ns, daemon_ns; /* when, and for how long */
	sp_u64 daemon_every_ns; /* and again each so often; 0: once */
	sp_u32 ring_bytes; /* the ring of events has this much room; 0: all of it */
	sp_u32 pad;
};

struct sim_limits {
	sp_u64 wait_ns; /* longest wait; 0: any */
	sp_u64 beside_idle_ns; /* longest wait beside an idle CPU that it may use; 0: any */
	sp_u64 calm; /* 0 or 1: nothing goes wrong, so nothing unusual may be counted */
};

struct sim_costs {
	sp_u64 ipi_ns, irq_ns, jitter_ns; /* an interrupt of another CPU, one's own */
	sp_u64 pass_ns, pass_event_ns; /* a pass of the daemon */
};

struct sim_machine {
	sp_u32 mode; /* enum sim_mode */
	sp_u32 cpus; /* 1...SIM_CPUS */
	sp_u64 seed;
	struct sp_policy policy;
	sp_u32 ask_always; /* 0 or 1 */
	sp_u32 trace; /* 0 or 1: every switch goes to `sim_trace` */
	sp_u32 mistake; /* enum sim_mistake */
	/* a callback stops at one of so many calls of the kernel; 0: at none */
	sp_u32 overlap;
	sp_u32 kernel; /* enum sim_kernel */
	sp_u32 cgroups; /* control groups at the start, by chance; 0: the root alone */
	sp_u32 threads; /* of a core, with neighbouring numbers; 0: as 1 */
	sp_u32 pad;
	struct sim_faults faults;
	struct sim_limits limits;
	struct sim_costs costs;
};

/*
 * What a broken backend would do at the calls of the kernel: for tests of the checks.
 */
enum sim_mistake {
	SIM_NO_MISTAKE,
	SIM_MISTAKE_KEY, /* every 64th insertion at another key */
	SIM_MISTAKE_QUEUE, /* every 64th insertion into a CPU's own queue */
	SIM_MISTAKE_LOSE, /* every 64th insertion not made */
	SIM_MISTAKE_TWICE, /* every 64th insertion made twice */
	SIM_MISTAKE_SLICE, /* slices 1 ns longer */
	SIM_MISTAKE_ORDER, /* the last of a queue is taken, not the first */
	SIM_MISTAKE_KICK, /* no kicks */
	SIM_MISTAKE_COUNT, /* one more enqueued than there were */
	SIM_MISTAKE_AFFINITY, /* a task is moved where it may not run */
	SIM_MISTAKES
};

/* How a run went wrong. */
enum sim_flaw {
	SIM_FINE,
	SIM_FLAW_REFUSED, /* the kernel would have ended the scheduler */
	SIM_FLAW_LOST, /* a runnable task stands nowhere, or twice */
	SIM_FLAW_WAIT, /* a wait beyond the limit */
	SIM_FLAW_BESIDE_IDLE, /* a wait beside an idle CPU beyond the limit */
	SIM_FLAW_COUNTERS, /* counters do not add up */
	SIM_FLAW_QUEUE, /* a task went elsewhere than decided */
	SIM_FLAW_KEY, /* or at another key */
	SIM_FLAW_ORDER, /* another task should have gone first */
	SIM_FLAW_SLICE, /* another slice than decided */
	SIM_FLAW_MODEL, /* the model contradicts itself */
	SIM_FLAW_INPUT, /* an event told the policy what is not so */
	SIM_FLAW_KICK, /* a CPU was not woken that had to be, or for nothing */
	SIM_FLAW_STATE, /* the policy decided from another state than it left */
};

/* What the daemon's loop counted. */
struct sim_daemon_figures {
	sp_u64 events, picked, continued, overflows, stale, strange, passes;
	sp_u64 overlooked; /* picked from a queue that the policy lets nobody serve */
	sp_u64 waiting, known; /* tasks, at the end */
	bool shown; /* what others see are its counters */
};

struct sim_group_report {
	sp_u64 cpu_ns; /* CPU time of all its tasks, those gone as well */
	sp_u64 waits, waited_ns, wait_max_ns;
	sp_u64 least_ns, most_ns; /* CPU time of one task */
};

struct sim_report {
	sp_u64 now; /* how far it came */
	sp_u64 hash; /* of all that happened */
	sp_u64 events; /* scheduling events: switches, ticks, wake-ups, kicks, ... */
	sp_u64 callbacks, switches, wakeups, irq_works, reschedules;
	sp_u64 faults; /* how many things went wrong on purpose */
	sp_u64 stops; /* callbacks that stopped while other CPUs went on */
	sp_u64 sections; /* times in which a task might not migrate */
	sp_u64 decisions, effects; /* decisions seen, effects compared with them */
	sp_u64 idle_ns; /* of all CPUs together */
	sp_u64 wait_max_ns, beside_idle_max_ns;
	/* tasks taken out of the backend's queues by none of its calls */
	sp_u64 taken_by_kernel;
	sp_u64 still_waiting; /* in those queues at the end */
	sp_u32 flaw; /* enum sim_flaw */
	sp_u32 pad;
	char text[160]; /* what exactly */
	struct sp_status status;
	struct sim_daemon_figures daemon;
};

/*
 * Others take the place of the backends of this program, from the next start on: wrong
 * ones, built for tests of the checks. Of a struct sim_backend each; NULL: our own.
 */
void sim_use_backends(const void *bpf_mode, const void *user_mode);

/*
 * Gives a backend a constant that only some programs have, of a mode's from the next start on:
 * true if there is one of that name and size.
 */
bool sim_set_constant(sp_u32 mode, const char *name, const void *value, size_t size);

/* Sets all back and attaches the backend. The daemon, if there is one, comes next. */
void sim_start(const struct sim_machine *machine);

/*
 * One more control group, below the one with that number (0: the root); its number, or 0
 * if there is no room. Those made by chance have the first ones.
 */
sp_u32 sim_add_cgroup(sp_u32 parent, sp_u32 weight);

/* Tasks forked from then on; the number of the group. */
sp_u32 sim_add_group(const struct sim_group *group);

/*
 * User mode's daemon: @pass makes passes until it is told to end, on a stack of its
 * own, and calls sim_daemon_... in between.
 */
void sim_add_daemon(void (*passes)(void *context), void *context);
/* A pass is over, and the thread yields. False: end. */
bool sim_daemon_yields(void);
/* The thread computed, and may be interrupted here, in the middle of a pass. */
void sim_daemon_computes(void);
/* Its policy was asked, and answered: compared with a plain model. */
void sim_daemon_decided(const struct sp_event *event,
			const struct sp_decision *decision);
/* Before it ends: what it counted. */
void sim_daemon_counted(const struct sim_daemon_figures *figures);
/* The daemon's process and thread. */
sp_u32 sim_daemon_pid(void);
/* The rings, laid out as the kernel maps them. */
void *sim_events_consumer(void);
void *sim_events_producer(void);
void *sim_events_data(void);
void *sim_answers(void);

/* Goes on until @until, a flaw, or @events_max events; 0: any number of them. */
void sim_run(sp_u64 until, sp_u64 events_max);

/* Ends the daemon's passes; what was counted. Valid until the next start. */
const struct sim_report *sim_end(void);
const struct sim_group_report *sim_report_of(sp_u32 group);
/* How many waits of a group, of SIM_WAIT_BUCKETS; in steps of 1/8 of a power of two. */
sp_u64 sim_waits_of(sp_u32 group, sp_u32 bucket);

/* What a log of a real kernel was compared with, line by line: docs/KERNEL-LOG.md. */
struct sim_replayed {
	sp_u64 lines; /* played */
	sp_u64 callbacks,
		/* that the model made as well, and calls of the kernel in them */
		calls;
	sp_u64 switches, insertions, moves, looks, claims, ticks, slices;
	sp_u64 slice_off_max_ns; /* between the kernel's slice and the model's */
	sp_u64 learned; /* what was taken as told, since it began before the log did */
	/* two CPUs at the same time: the lines stand in the other order */
	sp_u64 races;
	sp_u64 unasked; /* a CPU looked who is next, and the model knows no reason */
	sp_u32 line; /* of the text: the last one played */
	sp_u32 pad;
	char text[240]; /* why the model does not accept the log; empty: it does */
};

/* Plays a log, of @length bytes. Valid until the next one. */
const struct sim_replayed *sim_replay(const char *text, size_t length);

/* All of that, as a library has it in which the backends are those of another policy. */
struct sim_calls {
	/* SP_ABI_VERSION of the headers that it was built with, and the sizes of what is passed. */
	sp_u32 abi, calls_size, machine_size, group_size, report_size,
		group_report_size, figures_size;
	sp_u32 pad;
	bool (*_Nonnull set_constant)(sp_u32 mode, const char *_Nonnull name,
				      const void *_Nonnull value, size_t size);
	void (*_Nonnull start)(const struct sim_machine *_Nonnull machine);
	sp_u32 (*_Nonnull add_cgroup)(sp_u32 parent, sp_u32 weight);
	sp_u32 (*_Nonnull add_group)(const struct sim_group *_Nonnull group);
	void (*_Nonnull add_daemon)(void (*_Nonnull passes)(void *_Nullable context),
				    void *_Nullable context);
	bool (*_Nonnull daemon_yields)(void);
	void (*_Nonnull daemon_computes)(void);
	void (*_Nonnull daemon_decided)(const struct sp_event *_Nullable event,
					const struct sp_decision *_Nullable decision);
	void (*_Nonnull daemon_counted)(
		const struct sim_daemon_figures *_Nonnull figures);
	sp_u32 (*_Nonnull daemon_pid)(void);
	void *_Nonnull (*_Nonnull events_consumer)(void);
	void *_Nonnull (*_Nonnull events_producer)(void);
	void *_Nonnull (*_Nonnull events_data)(void);
	void *_Nonnull (*_Nonnull answers)(void);
	void (*_Nonnull run)(sp_u64 until, sp_u64 events_max);
	const struct sim_report *_Nonnull (*_Nonnull end)(void);
	const struct sim_group_report *_Nonnull (*_Nonnull report_of)(sp_u32 group);
	sp_u64 (*_Nonnull waits_of)(sp_u32 group, sp_u32 bucket);
};

const struct sim_calls *_Nonnull sim_calls(void);

#pragma clang diagnostic pop

#endif
