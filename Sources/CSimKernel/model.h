/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine's state, and what its parts call of one another. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "backend.h"
#include "CSimKernel.h"
#include "order.h"

/*
 * Whether all of the policy's mechanism is modelled. Not of a pair with queues of its own, that
 * holds tasks back, asks who they are or wants more events: of such a one only what any scheduler
 * owes is checked, that nobody is lost, or waits for too long, or beside an idle CPU, and
 * that the kernel does not end it; and in BPF mode the policy's state.
 */
static inline bool knows_policy(void)
{
#ifdef SIM_ANY_POLICY
	return false;
#else
	return true;
#endif
}

#define MS 1000000ULL
#define TICK_NS (4 * MS) /* HZ 250 */
#define SLICE_DFL (20 * MS)
#define CTX_BYTES 256 /* of task storage */

#define SCX_ENQ_HEAD (1ULL << 4)
#define SCX_ENQ_PREEMPT (1ULL << 32)
#define SCX_ENQ_REENQ (1ULL << 40)
#define SCX_DSQ_GLOBAL_ID ((1ULL << 63) | 1)
#define NOW_ORIGIN (1000 * MS) /* of the clock of events */
/* Of user mode's backend. */
#define DSQ_HELD 16
#define DSQ_PICKED 17
#define DSQ_DAEMON 18
#define DSQ_PICKED_ON 0x10000
#define RETRY_SLICE_NS (MS / 2)
#define LOOK_MAX 32 /* tasks of a queue that the backends look at for one CPU */
#define OVERDUE_NS (20 * MS)
#define SCX_OPS_ENQ_EXITING (1ULL << 2)
#define SCX_WAKE_FORK 4
#define SCX_WAKE_TTWU 8
#define PF_EXITING_BIT 0x00000004

enum class {
	CLASS_IDLE,
	CLASS_EXT,
	CLASS_RT
};

/* Why a task leaves its CPU. */
enum leave {
	GOES_ON,
	SLEEPS,
	YIELDS,
	EXITS
};

struct task;
struct affinity;
struct activity;
struct cpu_cgroup;

/* Held by an activity, which may take it again. */
struct lock {
	struct activity *owner;
	u32 depth;
};

/* Somebody who waits, by what was decided: where, among whom, in which place. */
struct expectation {
	struct node node; /* first */
	struct affinity *affinity;
	u64 since; /* by the clock of events */
	u32 queue, pid;
	bool waits;
};

/* What a backend has to tell of a task, by the model's own bookkeeping. */
struct told {
	struct sp_task state; /* the policy's, of this life: BPF mode */
	u64 charged; /* sum_exec_runtime up to which its time was told, or is nobody's */
	u64 woken_at; /* it was woken then, and did not run since; 0: it was not */
	u64 since; /* when its wait began, by the clock of events */
	u32 pid, generation; /* of this life; 0: nothing was told yet */
	u32 wait; /* user mode: number of its wait; 0: it does not wait */
	s32 claimed; /* ops.select_cpu found this CPU idle for it, or -1 */
	bool back; /* it waits to run on: an answer to its wait is stale */
	bool sync; /* ops.select_cpu saw a synchronous wake-up */
	bool now; /* an ENQUEUE was told in the callback that goes on */
	bool before; /* BPF mode: it was told by ops.dispatch, before the kernel queues it */
	bool known; /* user mode: the daemon was told of it, or was to be */
	bool due; /* BPF mode: a RUNNING has to come when it runs */
	u32 queue; /* user mode: its class, by the last answer that came */
};

/* Neighbours in a list by age. */
struct age {
	struct task *older, *newer;
};

struct ages {
	struct task *oldest, *newest;
};

/* A set of CPUs, one object for all tasks that have it. */
struct affinity {
	struct sim_mask mask; /* first: it is what a cpumask is here */
	u32 count;
	s32 only; /* the only CPU; -1: several */
	bool all;
	struct affinity *same_hash, *next_partial;
	struct ages waiting; /* by when they were put where they stand */
	struct order expected[SP_QUEUES]; /* who has to go first */
};

struct iterator;

struct dsq {
	struct scx_dispatch_q q; /* first: the backends read its length in place */
	struct task *head, *tail;
	struct order order; /* of those inserted with a vtime */
	struct iterator *iterators;
	u32 seq;
	s32 cpu; /* of a local one, else -1 */
};

struct task {
	struct task_struct t; /* first: what the backends see */
	struct lock lock;
	u32 references; /* of backends that looked it up */
	bool dead, moving;
	struct affinity *affinity;
	s32 cpu;
	u32 class;
	u32 group, life; /* a new life with each fork: old events know the old one */
	bool alive, on_cpu, daemon, zombie;
	bool held_back; /* of a log: it may not migrate for now */
	struct affinity *section; /* what it may use when it may migrate again, or NULL */
	u32 came_at,
		/* of a log: the lines at which it came into its queue, and left */
		left_at;
	bool guessed; /* of a log: its slice is not known yet */
	/*
	 * Its control group; whether it counts there; its share when it began to run, and
	 * whether that is known; what the policy was told that it weighs.
	 */
	struct cpu_cgroup *cgroup;
	bool counts, heard, runs_counted;
	double share;
	bool share_known;
	u32 told_weight;
	s32 nice;
	u64 exec_start;
	u64 burst; /* CPU time left of it */
	u64 started; /* sum_exec_runtime when it was forked */
	u32 bursts;
	/* In its DSQ. */
	struct task *next, *prev;
	struct node node;
	u32 dsq_seq;
	/* Where ops.enqueue or ops.select_cpu put it; 0: nowhere yet. */
	u64 direct, direct_flags;
	bool direct_prio;
	/* Waiting. */
	u64 runnable_at, placed_at;
	u64 held_up_until; /* in a CPU's own queue, by who runs there */
	struct age by_wait, by_place;
	bool waits;
	bool in_backend; /* it stands in one of the backend's own queues */
	/* What the policy decided of its wait, and of its slice. */
	struct sp_decision wait, run;
	u64 decided_at; /* the time of the event that `wait` answers */
	u64 rest; /* user mode: the slice that is left to it after it let the daemon in; 0: it does not */
	u32 run_wait; /* user mode: the number of the wait that its run ended; 0: it waits anew, or left */
	bool is_aside; /* user mode: it lets the daemon in, and has not gone on since */
	bool goes_aside; /* the policy ended its slice while it stood aside: it gives way when it goes on */
	u64 ran_told; /* CPU time up to which STOPPING, or the RUNNING since, told of it */
	/* A RUNNING was told, and no wait since; a STOPPING is, just now; its slice is over. */
	bool runs_told, stop_told, tick_told, gives_way;
	bool has_stopped; /* user mode: its STOPPING was told, or lost, since it began to run */
	bool may_meet; /* whether it met nobody is not certain */
	bool avoids_own; /* its CPU is in no place where it looked at its wake-up */
	s32 woken_by; /* the CPU that looked where it could run, and 1; 0: none since its last wait */
	s32 ran_at; /* the CPU on which it began to run last, and 1; 0: it never did */
	struct expectation expected;
	bool has_wait, has_run, alone, met_nobody;
	bool put_back; /* its CPU could not run it: it stands again where it stood */
	bool joins; /* user mode: it lets go of its CPU for nobody, to wait */
	struct told told;
	s32 next_free;
	u64 storage[CTX_BYTES / 8];
	bool has_storage;
	struct task *rt_next, *group_next, *group_prev;
	u32 index; /* its place among all tasks ever made */
};

/* What the call of a backend that goes on is about. */
struct moment {
	s32 here; /* the CPU that executes */
	bool in_dispatch, has_served, has_moved, served_prev, undisturbed;
	bool may_overlook; /* a queue that the policy overlooks may be served */
	struct sp_decision served; /* the answer to the dispatch that goes on */
	struct task *starting,
		*dispatching; /* whose ops.running, or CPU's ops.dispatch */
	u64 enq_flags; /* of ops.enqueue */
	struct task *enqueueing; /* whom ops.enqueue or ops.select_cpu may insert */
	struct task *exiting; /* whose ops.exit_task */
	struct task *
		about; /* whose ops.stopping, ops.tick, ops.set_weight or ops.set_cpumask */
	u64 began; /* when the callback did */
	u32 kicks, preempts; /* that it asked for so far, and the last CPU of them */
	s32 kicked, preempted;
	s32 claimed; /* the idle CPU that it claimed last, or -1 */
	bool idle_before; /* ops.enqueue: some CPU idled that the task may use */
	bool own_idle_before; /* the task's own */
	u64 slice_before; /* ops.enqueue: the slice of the task */
	u32 kicks_late; /* of CPUs that idled for 10 ms by then */
	u64 rescued, waiting, timer_ns; /* of the timer */
	u64 retried; /* that the backend had counted before a dispatch */
	u32 sole, taken_told; /* tasks taken alone, and told of */
	const struct task *taken; /* the last of them */
	u32 kicks_due; /* CPUs that have to be woken for what is picked */
	u64 tail; /* answers that were taken before ops.dispatch */
	u32 picked; /* tasks that were picked for any CPU by then */
	bool turn; /* the daemon was let run */
	bool elsewhere; /* it stood by before ops.dispatch, and may not run there */
	bool was_sole; /* while one waited alone */
	bool fell_back; /* one was taken by arrival */
	bool exit_told; /* user mode: that a task is gone was told, or was to be */
	bool ring_full; /* user mode: a wait's notice found no room */
	bool note_lost; /* user mode: any notice did not */
	bool idle_told; /* user mode: an idle CPU was told with an ENQUEUE, or would have been */
};

struct kick {
	s32 cpu;
	u32 flags;
};

struct cpu {
	struct task *curr; /* NULL: the idle task */
	struct task *runner; /* the last one of ours that ran */
	struct activity *activity; /* what it does at this moment */
	struct lock lock; /* of its queue */
	struct dsq local;
	struct affinity *pinned; /* of tasks that may run here only; NULL: none were */
	struct task *rt_head, *rt_tail; /* real-time tasks that wait here */
	u32 generation; /* of what runs: old events of bursts are stale */
	const struct task *taken_alone; /* by its last dispatch: nobody else waited */
	bool gives_way; /* what runs there is of the regular class */
	bool put_off; /* it asked while the daemon was at work elsewhere, and goes on */
	bool may_give_way; /* of that the backend may know otherwise */
	bool says_idle; /* the backend heard that it idles */
	u64 said_at; /* when */
	bool online, in_balance, ticking, need_resched, released, irq_work;
	u32 sections; /* tasks that may not leave it for now */
	bool idle_counted;
	u64 idle_since, tick_offset;
	s32 idle_older, idle_newer; /* idle CPUs by when they became so */
	struct kick *kicks;
	u32 nkicks, kicks_room;
};

enum event_kind {
	EVENT_TICK,
	EVENT_BURST,
	EVENT_WAKE,
	EVENT_FORK,
	EVENT_RESCHED,
	EVENT_IRQ_WORK,
	EVENT_BPF_TIMER,
	EVENT_FAULT,
	EVENT_SWEEP,
	EVENT_STOP, /* a task has to leave its CPU */
	EVENT_RELEASE, /* nobody looks at a dead task any more */
	EVENT_RESUME, /* an activity goes on */
	EVENT_SECTION, /* a task may migrate again */
};

typedef __u8 u8;
typedef __u16 u16;

struct event {
	u64 when, order;
	struct task *task;
	u32 argument; /* generation of a CPU, life of a task, ... */
	u16 cpu;
	u16 kind;
};

struct sim {
	struct sim_machine machine;
	const struct sim_backend *backend;
	const struct sched_ext_ops *ops;
	struct sim_report report;
	struct sim_group_report group_reports[SIM_GROUPS];
	u32 wait_buckets[SIM_GROUPS][SIM_WAIT_BUCKETS];
	u64 now, random, hash;
	bool replaying; /* a log of a real kernel, instead of events of its own */
	bool certain; /* what is wrong is so whatever the policy's mechanism is */
	u32 cpus, online;
	struct moment moment;
	u64 counts[SP_COUNTERS]; /* what the backend's counters have to be */
	u64 wakeups_ns[SP_HISTOGRAM_BUCKETS]; /* the same of its histogram */
	u64 wakeup_max_ns;
	u32 online_told, online_before; /* CPUs on-line at the timer's last beats */
	bool has_ended; /* the kernel ended the scheduler: its queues are gone */
	bool has_untold_masks; /* a task's affinity was told as anywhere, and is not */
	u32 ends_told; /* how often the process that watches was woken for that */
	u64 moved; /* tasks put into a CPU's own queue so far */
	u32 backend_waiting; /* tasks in the backend's queues, but for the daemon */
	struct task *starting,
		*dispatching; /* whose ops.running, or CPU's ops.dispatch */
	struct cpu cpu[SIM_CPUS];
	struct sim_mask online_mask, idle_mask;
	s32 idle_oldest, idle_newest;
	u32 distributed; /* the CPU that a call for any of a mask returned last */
	struct dsq global_dsq;
	struct ages waiting; /* by when they began to wait */
	struct affinity *everywhere, *partial;
	struct sim_group groups[SIM_GROUPS];
	struct task *group_first[SIM_GROUPS];
	u32 ngroups;
	struct task *daemon;
};

extern struct sim sim;

static inline struct task *task_of(const struct task_struct *t)
{
	return (struct task *)t;
}

static inline bool mask_has(const struct sim_mask *mask, u32 cpu)
{
	return cpu < SIM_CPUS && mask->bits[cpu / 64] >> (cpu & 63) & 1;
}

static inline void mask_set(struct sim_mask *mask, u32 cpu, bool value)
{
	u64 bit = 1ULL << (cpu & 63);

	mask->bits[cpu / 64] = value ? mask->bits[cpu / 64] | bit :
				       mask->bits[cpu / 64] & ~bit;
}

static inline bool allowed(const struct task *p, s32 cpu)
{
	return p->affinity->all || mask_has(&p->affinity->mask, (u32)cpu);
}

static inline bool is_queued(const struct task *p)
{
	return p->t.scx.flags & SCX_TASK_QUEUED;
}

static inline bool is_mistake(enum sim_mistake mistake)
{
	return sim.machine.mistake == mistake;
}

/* flaw.c */
void flaw(enum sim_flaw flaw, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void note(u32 what, s32 cpu, u32 pid);

/* run.c */
void machine_reset(const struct sim_machine *machine);
void happen(const struct event *event);

/* activities.c */
void activities_reset(void);
void activities_end(void);
u32 activities_in_flight(void);
void activity_begins(const struct event *event);
void activity_resumes(u32 index);
void activity_point(void);
void lock_cpu(s32 cpu);
void lock_settled_cpu(s32 cpu);
void give_up_lock(s32 cpu);
void unlock_cpu(s32 cpu);
s32 lock_cpu_of(struct task *p);
s32 lock_task_and_cpu(struct task *p);
void lock_task(struct task *p);
void unlock_task(struct task *p);
void lock_cgroups(void);
void unlock_cgroups(void);
void wait_off_cpu(const struct task *p);

/*
 * Whether nothing happened since the callback began, and nobody else is in the middle of
 * one: a task that is being put away cannot be moved yet, for one.
 */
static inline bool is_undisturbed(void)
{
	return sim.moment.undisturbed && activities_in_flight() <= 1;
}

/* User mode: an answer to a tick of the run before is stale from now on. */
static inline void ends_run(struct task *p)
{
	p->run_wait = 0;
	p->goes_aside = p->is_aside = false;
}

/* A callback does. */
static inline void moment_begins(void)
{
	sim.moment.undisturbed = true;
	sim.moment.began = sim.now;
	sim.moment.kicks = sim.moment.preempts = 0;
	sim.moment.ring_full = sim.moment.idle_told = sim.moment.exit_told = false;
	sim.moment.kicks_late = 0;
	sim.moment.claimed = -1;
}

/* At each call of the kernel that another CPU may come before. */
static inline void point(void)
{
	if (sim.machine.overlap)
		activity_point();
}

/* chance.c */
u64 chance(u64 below);
bool chance_ppm(u32 ppm);
u64 chance_exponential(u64 mean);

/* events.c */
void events_reset(void);
void post(u64 when, enum event_kind kind, s32 cpu, struct task *p, u32 argument);
bool next_event(u64 until, struct event *event);

/* dsq.c */
void dsqs_reset(void);
struct dsq *find_dsq_by_id(u64 id, s32 local_cpu);
bool is_local(const struct dsq *dsq);
bool is_backends(const struct dsq *dsq);
void dsq_insert(struct dsq *dsq, struct task *p, bool prio, u64 flags);
void dsq_remove(struct task *p);
/* Whether it stands in the queue that an iterator is of. */
bool has_task(const struct bpf_iter_scx_dsq *it, const struct task *p);
void dsq_put_behind(struct task *p, struct task *other);
struct task *first_for(const struct dsq *dsq, s32 cpu);
struct task *next_for(const struct task *p, s32 cpu);
void take(struct task *p, s32 cpu);
bool consume(struct dsq *dsq, s32 cpu);

/* idle.c */
void idle_reset(void);
void resched(s32 cpu);
void irq_work(s32 cpu);
void set_idle(s32 cpu, bool idle, bool notify);

/* maps.c */
void maps_reset(void);
void bpf_timer_fires(void);
bool has_timer(void);

/* core.c */
void update_curr(s32 cpu);
void enqueue_task(struct task *p, u64 flags);
void do_enqueue(struct task *p, u64 flags);
void dequeue_task(struct task *p, bool sleeps);
void enqueue_elsewhere(struct task *p);
void schedule(s32 cpu, enum leave then);
void tick(s32 cpu);
void begin_burst(struct task *p);
/* A change of something the task's place depends on, as the kernel brackets it. */
void stops(struct task *p, bool runnable);
void change_begins(struct task *p);
void change_ends(struct task *p, u64 flags);
s32 fallback_cpu(struct task *p);

/* tasks.c */
void tasks_reset(void);
struct task *new_task(u32 group, s32 nice, struct affinity *affinity, u32 flags);
struct task *task_by_pid(u32 pid);
void fork_task(struct task *p);
void wake(struct task *p, u64 flags);
void burst_over(struct task *p);
void exit_task(struct task *p);
struct affinity *affinity_of(const struct sim_mask *mask);
void use_affinity(struct task *p, struct affinity *affinity);
void set_affinity(struct task *p, struct affinity *affinity);
void set_nice(struct task *p, s32 nice);
void set_weight(struct task *p, u32 weight);
void rename_task(struct task *p, s32 pid);
void set_class(struct task *p, u32 class);
void enqueue_rt(struct task *p);
void take_from_rt(struct task *p);
void tasks_end(void);
void exec_task(struct task *p, struct task *leader);
void move_if_it_must(struct task *p);
void release_task(struct task *p);
void new_burst(struct task *p);
void group_forks(u32 group);
u32 live_tasks(void);
struct task *live_task(u32 index);

/* cgroups.c */
void cgroups_reset(void);
void cgroups_start(void);
void cgroup_of_birth(struct task *p);
void cgroup_fault(struct task *p);
struct cgroup *cgroup_seen(const struct task *p);
void cgroup_left(struct task *p);
void cgroup_enqueued(struct task *p, u64 flags);
void cgroup_runs(struct task *p);
void cgroup_asks(void);
void cgroup_share(struct task *p);
void check_weight(struct task *p, u32 weight);

/* hotplug.c */
void stop(s32 cpu, struct task *p, u32 life);
void cpu_goes(s32 cpu);
void cpu_comes(s32 cpu);

/* faults.c */
void faults_start(void);
void fault_happens(u32 which);
void class_back(struct task *p, u32 life);

/* daemon.c */
void daemon_reset(void);
u64 daemon_burst(void);
enum leave daemon_goes_on(void);
void daemon_end(void);

/* check.c */
void check_reset(void);
void begins_to_wait(struct task *p);
void is_placed(struct task *p);
/* @ran: it runs; else it is gone from its class. */
void ends_waiting(struct task *p, bool ran);
void leaves_place(struct task *p);
void cpu_idles(s32 cpu, bool idle);
bool is_held_up(const struct task *p);
void sweep(void);
void check_end(void);

/* expect.c */
void expect_reset(void);
void expect(struct expectation *it, struct affinity *affinity, u32 queue, u64 key,
	    u64 since);
void expect_ahead(struct expectation *it, struct affinity *affinity, u32 queue,
		  u64 since);
void expect_again(struct expectation *it);
void expect_no_more(struct expectation *it);
u32 expected_length(u32 queue);
bool may_be_overlooked(void);
void expect_served(u32 queue, u64 at);
struct expectation *expected_first(u32 queue, s32 cpu);
struct expectation *expected_next(u32 queue, s32 cpu);
void check_lengths(const struct sp_event *event, u32 ahead);
void check_firsts(const struct sp_event *event, u32 look_max);

/* inputs.c */
void inputs_reset(void);
bool tells_exit(const struct task *p);
bool is_told_of(const struct task *p, u64 enq_flags);
void life_begins(struct task *p);
void check_event(const struct sp_event *event, struct task *p);
void check_told(struct task *p, const struct sp_event *event);
void enqueue_begins(struct task *p, u64 flags);
void enqueue_ends(struct task *p, u64 flags);
void running_begins(struct task *p);
void running_ends(struct task *p, u64 slice);
void note_gives_way(s32 cpu, bool gives_way);
void looks_for_idle(struct task *p, u64 flags);

/* How a task was taken out of a queue of the backend's. */
enum taken {
	BY_QUEUE, /* the first that may run there */
	BY_ANSWER, /* this one, with a slice */
	BY_CHOICE /* this one */
};

/* counts.c */
void counts_reset(void);
void notice_lost(void);
void count_taken(const struct task *p, u64 dsq, enum taken how);
void check_counts(void);
void timer_begins(void);
void timer_ends(void);

/* effects.c */
void effects_reset(void);
void expect_insertion(struct task *p, const struct dsq *dsq, u64 flags);
void expect_taken(struct task *p, s32 cpu);
void forget_expected(struct task *p);
void check_slice(struct task *p);
void check_dispatched(s32 cpu, struct task *prev, bool moved);

/* answers.c */
void answers_reset(void);
bool stands_in(const struct task *p, u64 id);
void expect_answer(u32 pid, u32 wait, u64 slice_ns, u32 queue, s32 cpu);
void check_published(void);
u64 passes_made(void);
void moves_by_answer(void);
void check_answers_taken(void);
void check_wait_number(u32 wait);
void wait_not_told(void);
void daemon_leaves(void);
void answers_come(void);
void daemon_takes_turn(const struct task *p);
u64 turn_left(u64 *slept);
void daemon_stands_by(struct task *p);
void check_call_back(void);
void check_fall_back(const struct task *p);
void check_sole(const struct task *p);
void check_daemon_waits(void);
bool waits_for_idle(s32 cpu);
void picked_for(const struct task *p, s32 cpu, bool here);
void dispatch_begins(s32 cpu);
void check_turn(s32 cpu, struct task *prev, bool moved);

/* confined.c */
void confined_reset(void);
bool is_confined(void);
void note_confined(const struct task *p);
bool is_elsewhere(s32 cpu);
bool calls_are_vain(void);
bool has_called(u32 cpu);
bool may_have_called(void);
void calls_end(void);
void check_call(s32 cpu, bool due);

/* picks.c */
void picks_reset(void);
void picks_catch_up(void);
u32 picks_waiting(void);
void picks_begin(void);
void picks_end(void);
void picks_disturbed(void);
void check_figures(void);
void check_notice(const struct sp_notice *notice);
void check_answer(const struct task *p);
s32 answered_cpu(const struct task *p);

/* replay.c: what the model is about to do has to be in the log. */
extern struct sim_replayed sim_replayed;
void replay_inserts(const struct dsq *dsq, const struct task *p, u64 flags);
void replay_moves(struct task *p, const struct dsq *to);
u32 replay_leaves_at(void);
void replay_peeks(void);
struct task *replay_picks(struct task *next);
struct task *replay_takes(const struct dsq *dsq, s32 cpu);
bool replay_idle_changes(s32 cpu, bool idle);
extern u32 replay_at;
void replay_asks(s32 cpu, const struct task *prev);
struct task *replay_switched(s32 cpu, struct task *next);
s32 replay_cpu_for(const struct task *p);

/* pair_effects.c: of a pair that is not known otherwise; BPF mode. */
#define PAIR_FLAW(...) (sim.certain = true, flaw(__VA_ARGS__), sim.certain = false)
void pair_insertion(struct task *p, const struct dsq *dsq);
void pair_put_back(struct task *p, const struct dsq *dsq);
void pair_released(const struct task *p, const struct dsq *to);
void pair_taken(struct task *p, s32 cpu, u64 id);
void pair_slice(struct task *p);
void pair_wakes_up(void);
void pair_woken(struct task *p, u64 flags, s32 cpu);
struct sp_notice pair_wait_notice(const struct sp_notice *notice, struct task *p);
void pair_lets_in(struct task *p, u64 slice);
bool pair_steps_aside(struct task *p);
bool pair_notice(const struct sp_notice *notice);
bool pair_suits(const struct task *p, s32 cpu);
#ifdef SP_WANTS
#define WANTS(bit) ((SP_WANTS) & (bit))
#else
#define WANTS(bit) 0
#endif

#ifdef SP_ALONE_ASKED
#define ALONE_ASKED true
#else
#define ALONE_ASKED false
#endif

/* Whether tasks of one queue may not run on all CPUs: then it may be another queue. */
static inline bool has_sets(void)
{
#ifdef SP_SETS
	return true;
#else
	return false;
#endif
}

#define DSQ_OWN 0x20000 /* the first of a pair's own queues */
const volatile void *pair_constant(const char *name);
u32 pair_queues(void);
void pair_places(const struct sp_event *event, const struct sp_task *state,
		 struct task *p);
void pair_daemon_reset(void);
void pair_picks_reset(void);
void pair_picks_decided(const struct sp_event *event,
			const struct sp_decision *decision);
void pair_picks_none(void);
void pair_exit_told(const struct sp_notice *notice);
const struct affinity *picks_affinity(void);
bool pair_queue_has(u32 queue, s32 cpu);
void pair_daemon_decided(const struct sp_event *event,
			 const struct sp_decision *decision);
void pair_waits(struct task *p, const struct sp_event *event);
void pair_changed(const struct task *p);
void pair_runs(struct task *p);
void pair_wanted(struct task *p, const struct sp_event *event,
		 const struct sp_decision *decision);
void pair_stopped(struct task *p);
void pair_ticked(struct task *p, u64 slice);

/* Whether those say what is to be. */
static inline bool is_pairs(void)
{
	return !knows_policy() && sim.machine.mode == SIM_MODE_BPF;
}

/* sections.c */
void section_begins(struct task *p);
void section_is_left(struct task *p);
void section_is_over(struct task *p);
void section_ends(struct task *p);

#define CALL_OP(op, ...) CALL_OP_AFTER((void)0, op, __VA_ARGS__)

/* @first: what the model does, or keeps, within the callback before the backend. */
#define CALL_OP_AFTER(first, op, ...) \
	do { \
		if (sim.ops->op) { \
			struct task *sim_current = sim.cpu[sim.moment.here].curr; \
			sim.report.callbacks++; \
			moment_begins(); \
			first; \
			if (sim_current) \
				sim_current->t.migration_disabled++; \
			sim.ops->op(__VA_ARGS__); \
			if (sim_current) \
				sim_current->t.migration_disabled--; \
			sim.moment.about = NULL; \
		} \
	} while (0)

#endif
