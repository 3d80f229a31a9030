/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one description of every structure that the two executions of a policy
 * share: the BPF programs include this file, Swift imports it through the
 * module CSchedProto. Nothing here is mirrored anywhere else.
 *
 * Units are fixed once: times and durations are unsigned 64-bit nanoseconds,
 * weights are 1...10000 with 100 as normal (the kernel's cgroup weights), rates
 * are thousandths of a voluntary switch per second. Times are compared by their
 * signed difference, so they may wrap.
 */
#ifndef SCHED_PROTO_ABI_H
#define SCHED_PROTO_ABI_H

#ifndef SP_HAVE_TYPES
#include <stdint.h>
typedef uint8_t sp_u8;
typedef uint16_t sp_u16;
typedef int16_t sp_s16;
typedef uint32_t sp_u32;
typedef int32_t sp_s32;
typedef uint64_t sp_u64;
typedef int64_t sp_s64;
#else
typedef __u8 sp_u8;
typedef __u16 sp_u16;
typedef __s16 sp_s16;
typedef __u32 sp_u32;
typedef __s32 sp_s32;
typedef __u64 sp_u64;
typedef __s64 sp_s64;
#endif

/* Raised whenever the meaning or the layout of anything below changes. */
#define SP_ABI_VERSION 6

#define SP_WEIGHT_MIN 1
#define SP_WEIGHT_NORMAL 100
#define SP_WEIGHT_MAX 10000

#define SP_NSEC_PER_SEC 1000000000ULL

enum sp_queue {
	SP_QUEUE_REGULAR = 0,
	SP_QUEUE_PRIORITY = 1,
};
#define SP_QUEUES 2

/* What happens with a task for which an idle CPU was found. */
enum sp_idle {
	SP_IDLE_DIRECT = 1,
	SP_IDLE_QUEUE = 2,
};

/*
 * Kernel threads that wake up and are not bound to one CPU (those never wait). No
 * policy is asked about, nor told of, one that does not wait.
 */
enum sp_kthreads {
	SP_KTHREADS_LOCAL = 1,
	SP_KTHREADS_QUEUE = 2,
};

/*
 * What the rules of the policies that ship are called, and what they remember. A pair of
 * one's own (policy_pair.h) brings its own task state, global state and parameters, in
 * the place of those and of the same sizes: made by build-pair of the pair's declaration.
 */
#include "../Sources/PolicyModel/Shipped/rules.h"
#ifdef SP_PAIR_STATE
#include SP_PAIR_STATE
#endif

/* Bytes that a pair may declare of each: a task's state, the rest, parameters. */
#define SP_PAIR_BYTES 40
/* Where in sp_policy a pair's parameters are. */
#define SP_PAIR_PARAMS 56
/*
 * Where its tables of rows are, and how many bytes they may have: build-pair makes them of
 * what is declared as `rows`. Of any other policy they are 0.
 */
#define SP_PAIR_ROWS 96
#define SP_ROWS_BYTES 1536

/* In sp_policy.slice of a pair: it is asked about a task that is alone, too. */
#define SP_ALONE_ASKED_BIT 0x100u
/* Such a one may hold a task back, for no longer than this. */
#define SP_HOLD_MAX_NS 1000000000ULL

/* The same of the events that only a pair is told of which wants them. */
#define SP_WANTS_STOPPING_BIT 0x200u
#define SP_WANTS_TICK_BIT 0x400u
#define SP_WANTS_CHANGED_BIT 0x800u
#define SP_WANTS_CPUS_BIT 0x1000u
#define SP_WANTS_BITS 0x1e00u /* all of them */

/*
 * Queues of a pair's own, in the place of the two of enum sp_queue. sp_policy.rate_max of
 * a pair says which, and 0 that there are none: one for each CPU, LLC or node, in the
 * order of their numbers, and behind them so many that belong to no CPU.
 */
enum sp_each {
	SP_EACH_NONE = 0,
	SP_EACH_CPU = 1,
	SP_EACH_LLC = 2,
	SP_EACH_NODE = 3,
};
#define SP_QUEUES_EACH_SHIFT 16
#define SP_QUEUES_COUNT_MASK 0xffffu
/* Queues that a SERVE names beside the first. */
#define SP_SERVE_MORE 8
/* Of those that belong to no CPU, and of all. */
#define SP_QUEUES_COUNT_MAX 64
#define SP_QUEUES_MAX 1024

/*
 * CPUs of such queues: who waits in one of these runs there alone. Of a pair with queues of
 * its own, sp_policy.classes says in the lowest 4 bits where among its parameters, in u32s,
 * those begin that are CPUs, in the next 4 how many they are; and then, 3 bits each, which
 * of them are the CPUs of queue 0, 1, ..., and 1. 0: all CPUs.
 *
 * Such a parameter has the number of the first CPU in the lowest 15 bits and that of the
 * last in the next 15; with SP_CPUS_PART these are percents of the machine's CPUs, of
 * which the second one is not reached any more.
 */
#define SP_SETS_MAX 4
#define SP_SET_QUEUES 8
#define SP_SETS_MASK 15u
#define SP_SETS_COUNT_SHIFT 4
#define SP_SETS_QUEUES_SHIFT 8
#define SP_SETS_QUEUE_BITS 3
#define SP_SETS_QUEUE_MASK 7u
#define SP_CPUS_LAST_SHIFT 15
#define SP_CPUS_MASK 0x7fffu
#define SP_CPUS_PART 0x80000000u

/*
 * Where a CPU is: 16 bits each, from the lowest on, its own number, its core's, its last
 * cache's and its node's. Each of these is counted from 0 without gaps.
 */
#define SP_PLACE_CORE_SHIFT 16
#define SP_PLACE_LLC_SHIFT 32
#define SP_PLACE_NODE_SHIFT 48

/*
 * Where a waking task of a pair looks for an idle CPU, in an order of the pair's. Of a pair,
 * sp_policy.promote_waiting_max is the list of a wake-up and promote_sync that of a
 * synchronous one: the first place in the lowest bits, 0 behind the last. A list of 0 is
 * the kernel's own choice.
 */
enum sp_look {
	SP_LOOK_END = 0,
	SP_LOOK_PREVIOUS = 1, /* where it ran last */
	SP_LOOK_WAKER = 2, /* the CPU that wakes it */
	SP_LOOK_CORE = 3, /* one that idles as a whole, in the previous CPU's LLC */
	SP_LOOK_LLC = 4, /* the last cache of the previous CPU */
	SP_LOOK_WAKER_LLC = 5, /* the waker's */
	SP_LOOK_NODE = 6, /* the previous CPU's node */
	SP_LOOK_ANY = 7,
	SP_LOOK_SET = 8, /* the first parameter that is CPUs; 9: the second, ... */
};
#define SP_LOOK_BITS 4
#define SP_LOOK_MASK 15u
#define SP_LOOKS_MAX 8

/*
 * A whole policy. The same bytes configure the Swift policy and, as read-only
 * data, the BPF program, whose verifier then prunes the rules not used.
 */
struct sp_policy {
	sp_u32 abi; /* SP_ABI_VERSION */
	sp_u32 order; /* enum sp_order */
	sp_u32 slice; /* enum sp_slice; of a pair with SP_ALONE_ASKED_BIT, SP_WANTS_... */
	sp_u32 classes; /* enum sp_classes; or SP_SETS_... */
	sp_u32 burst; /* enum sp_burst, read by SP_ORDER_DEADLINE; or SP_INPUTS_... */
	sp_u32 idle; /* enum sp_idle */
	sp_u32 kthreads; /* enum sp_kthreads */
	sp_u32 promote_sync; /* 0 or 1: a synchronous wake-up promotes; or SP_LOOK_... */
	sp_u32 promote_waiting_max; /* not beyond so many waiting, per CPU; or SP_LOOK_... */
	sp_u32 rate_max; /* highest threshold, voluntary switches per second; or SP_QUEUES_... */
	sp_u32 preempt; /* 0 or 1: a woken task of the priority queue preempts */
	sp_u32 pair; /* 0; of a pair of one's own, what its declaration hashes to */
	sp_u64 slice_max_ns;
#ifdef SP_PAIR_STATE
	struct sp_params params;
	struct sp_rows rows;
#else
	SP_RULE_PARAMS
	sp_u64 rows[SP_ROWS_BYTES / 8];
#endif
};

enum sp_event_kind {
	SP_EVENT_ENQUEUE = 1, /* a task begins to wait */
	SP_EVENT_RUNNING = 2, /* a task was picked: how long may it run? */
	SP_EVENT_DISPATCH = 3, /* a CPU wants a task: from which queue? */
	SP_EVENT_EXIT = 4, /* a task is gone for good */
	/* Of pairs that want them, and of no other policy: */
	SP_EVENT_STOPPING = 5, /* a task stops running */
	SP_EVENT_TICK = 6, /* the kernel's tick while a task runs: does it give way? */
	SP_EVENT_CHANGED = 7, /* another weight, or other CPUs on which it may run */
	SP_EVENT_CPUS = 8, /* a CPU came or went */
};

/* Flags of an event. */
#define SP_EVENT_WAKEUP 1u /* ENQUEUE: the task slept before */
#define SP_EVENT_SYNC 2u /* ENQUEUE: the waker is about to sleep */
#define SP_EVENT_KTHREAD 4u /* ENQUEUE: a kernel thread */
#define SP_EVENT_PREV 8u /* DISPATCH: the CPU's task could go on; it is `pid` */
#define SP_EVENT_LOOKED 16u /* DISPATCH: `first` and `since` were looked up */
#define SP_EVENT_FIRST 32u /* DISPATCH, LOOKED: one of the regular queue may run here */
#define SP_EVENT_FIRST_PRIORITY 64u /* the same for the priority queue */
#define SP_EVENT_FLAGS 127u /* all that every policy may meet */
#define SP_EVENT_SLEEPS 128u /* STOPPING: the task is not runnable any more */
#define SP_EVENT_ONLINE 256u /* CPUS: it came */
#define SP_EVENT_WANTED_FLAGS 384u /* all of events that a pair wants */

/*
 * Everything that a decision may depend on, besides the description and the
 * policy's own state, arrives here: time, lengths of queues and idle CPUs are
 * inputs and are recorded like the rest.
 *
 * Both modes fill every field alike, by these rules:
 *
 * - A task is told of (ENQUEUE) when it begins to wait, and also when its slice is
 *   over and others wait for its CPU: the kernel asks who is next *before* it queues
 *   such a task, so the backends tell of it first. It is the DISPATCH's `prev` then:
 *   SP_EVENT_PREV, with its pid, generation, weight, the key of that ENQUEUE, and its
 *   state as the event's task. It is not among those that wait.
 * - DISPATCH is told only where somebody waits who may run on the CPU that asks,
 *   `cpu`. A CPU whose task could go on, and for which nobody waits, is not an event:
 *   the task goes on for slice_max_ns. What is looked up says sp_looks().
 * - RUNNING is told once for each wait, when the task is picked. A task that met no
 *   other (placed DIRECT, or the only one that waits, for a CPU without a task) runs
 *   for slice_max_ns, whatever RUNNING answers.
 * - Not told of at all: kernel threads bound to a CPU or freeing memory, woken ones
 *   with SP_KTHREADS_LOCAL, tasks that exit, and the daemon's own threads.
 * - All times are of one clock: scx_bpf_now() where the kernel has it.
 *
 * For a pair with queues of its own (SP_QUEUES_...), and for no other policy:
 *
 * - A CPU has one of those queues, or, where no queue belongs to a CPU, a task has the
 *   one in which it waits or waited last (0 where there is no task): the near one. Then
 *   waiting[0], first[0], since[0] and SP_EVENT_FIRST are of the near queue, waiting[1]
 *   of all others together. first[0] and since[0] are looked up where there is a PREV.
 *   DISPATCH is told where somebody waits, whether that one may run on `cpu` or not.
 * - Who waits in a queue that has CPUs (SP_SETS_...) runs on these alone. A task that may
 *   not go on where it runs, since its ENQUEUE put it into such a queue, is no PREV.
 * - first[1] is the place of `cpu`, with the number of queues instead of the CPU's;
 *   since[1], of a woken task's ENQUEUE, the place of the CPU that woke it; key, of an
 *   ENQUEUE, the place of the CPU on which the task ran last, or of `cpu`.
 *
 * For a pair that is asked about a task alone on its CPU (SP_ALONE_ASKED_BIT), and for no
 * other policy:
 *
 * - A task whose slice is over is told of (ENQUEUE) though nobody waits for its CPU. It
 *   goes on then, without a DISPATCH, unless it is held back.
 * - The slice that RUNNING answers counts, whether the task met another or not.
 *
 * For a pair that asks who tasks are (inputs.h), and for no other policy: first[0] and
 * since[0] of an ENQUEUE, and `switches` where these are not enough, say it.
 *
 * For a pair that wants them (SP_WANTS_...), and for no other policy; `cpu`, `weight`, `cpus`
 * and `waiting` are as in RUNNING, what is not named here is 0, and `idle_cpu` -1:
 *
 * - STOPPING is told when a task stops of which a RUNNING was told: it sleeps, exits, or has
 *   used up its slice; or a real-time task takes its CPU, or somebody changes it. It comes
 *   before the ENQUEUE that says of the same moment that the task waits, so also where that
 *   one is told of first and goes on after all: then a RUNNING follows. Who goes on without
 *   an ENQUEUE, or after a real-time task, goes on without a RUNNING, and is told of again
 *   when it stops again.
 *   used_ns: CPU time since its last RUNNING or STOPPING, whichever was later. So all of
 *   them together are the CPU time of all that was picked, each ns once.
 *   SP_EVENT_SLEEPS: it is not runnable: it sleeps, was stopped, or is gone.
 * - TICK is told with each tick of the kernel's (1 to 10 ms, as the kernel is built) that a
 *   task meets of which a RUNNING was told. used_ns: as in a STOPPING of the same moment; for
 *   a pair that does not want those, CPU time since the last RUNNING.
 *   GIVE_WAY ends its slice: at once in BPF mode. In user mode the backend gives the daemon
 *   its turn for it wherever something can come of the answer, on an idle CPU or in between
 *   on the task's own, which is no STOPPING; the slice ends as soon as the answer is there.
 *   Where the daemon is at work elsewhere and just read all there was, that is after one of
 *   the next ticks. It is stale if the task stopped meanwhile.
 * - CHANGED is told when somebody gives another weight (nice), or other CPUs, to a task of
 *   which an ENQUEUE was told, whether it runs, waits or sleeps. `weight` is the new one, and
 *   that of its events from then on; `key` on how many CPUs it may run. One that runs stops
 *   for it and goes on; one that waits begins to wait anew: an ENQUEUE follows, and it is
 *   told here as if it did not wait any more, or still did, as it happens. What its control
 *   groups make of its weight, and CPUs that it may not leave for a moment, are no change.
 * - CPUS is told when a CPU goes off-line or comes: `cpu`, SP_EVENT_ONLINE if it came, and
 *   how many are on-line then, `cpus`. It is about no task: pid and weight are 0.
 */
struct sp_event {
	sp_u64 seq; /* place in the total order of events */
	sp_u64 now; /* ns, any epoch, may wrap */
	sp_u64 used_ns; /* ENQUEUE: CPU time since the task's last ENQUEUE; or see above */
	sp_u64 switches; /* ENQUEUE: voluntary switches in the task's life */
	sp_u64 key; /* DISPATCH, PREV: its key, from its ENQUEUE */
	sp_u64 first[SP_QUEUES]; /* key of the first that may run on `cpu` */
	sp_u64 since[SP_QUEUES]; /* when that one began to wait */
	sp_u32 kind; /* enum sp_event_kind */
	sp_u32 flags; /* SP_EVENT_... */
	sp_u32 pid; /* 0 for a DISPATCH without PREV */
	sp_u32 generation; /* 1...: which task of this pid; 0 for such a DISPATCH */
	sp_s32 cpu; /* the task's CPU, or the one that asks */
	sp_s32 idle_cpu; /* ENQUEUE: an idle CPU claimed for it, or -1 */
	sp_u32 weight; /* of the task, with its control groups'; clamped to 1...10000 */
	sp_u32 cpus; /* CPUs the scheduler has */
	sp_u32 waiting[SP_QUEUES]; /* tasks waiting, this one not counted */
};

/*
 * What may be answered. Anything else (an action of another event, CONTINUE without
 * PREV, DIRECT without an idle CPU, NONE to a DISPATCH for which somebody waits, a
 * slice of 0) is counted as `strange`, and the task is served all the same, alike in
 * both modes: QUEUE in the regular queue, SERVE of the regular queue, slice_max_ns.
 *
 * HOLD is for pairs with SP_ALONE_ASKED_BIT. Longer than SP_HOLD_MAX_NS it is strange:
 * the task waits as if QUEUE had been answered.
 *
 * DIRECT for a task whose queue does not have that CPU is carried out as QUEUE.
 *
 * With queues of a pair's own, SERVE has a list: `queue`, then those of `slice_ns` and
 * `key`, 16 bits each from the highest on, the queue's number and 1; 0 is none. When all
 * of them have nobody for the CPU, the others follow, the nearest first. A queue that
 * does not exist is strange too: the near one is taken in its place, or, in such a list,
 * the next.
 */
enum sp_action {
	SP_ACTION_NONE =
		0, /* nothing to do: no answer is due, or a DISPATCH for nobody */
	SP_ACTION_QUEUE = 1, /* wait in `queue` at `key` */
	SP_ACTION_DIRECT = 2, /* run on the idle CPU `cpu` at once */
	SP_ACTION_CONTINUE = 3, /* the CPU's task goes on; answers PREV alone */
	SP_ACTION_RUN = 4, /* run for `slice_ns` */
	SP_ACTION_SERVE = 5, /* serve `queue` first */
	SP_ACTION_STALE = 6, /* event of a task that is not this one: dropped */
	SP_ACTION_INVALID = 7, /* unknown kind of event: dropped */
	SP_ACTION_PREEMPT = 8, /* as QUEUE; a regular task on `cpu` gives way */
	SP_ACTION_HOLD = 9, /* as QUEUE, once `slice_ns` have passed */
	SP_ACTION_GIVE_WAY = 10, /* answers TICK: the task's slice is over */
};

struct sp_decision {
	sp_u64 key; /* QUEUE, PREEMPT, HOLD: smaller goes first, ties by arrival */
	sp_u64 slice_ns; /* RUN, HOLD: more than 0 */
	sp_u32 action; /* enum sp_action */
	sp_u32 queue; /* enum sp_queue, or the number of a queue of the pair's own */
	sp_s32 cpu; /* DIRECT and PREEMPT, else -1 */
	sp_u32 pid;
};

#ifdef __cplusplus
#define SP_ASSERT(c) static_assert(c, #c)
#else
#define SP_ASSERT(c) _Static_assert(c, #c)
#endif

SP_ASSERT(sizeof(struct sp_policy) == SP_PAIR_ROWS + SP_ROWS_BYTES);
SP_ASSERT(sizeof(struct sp_event) == 112);
SP_ASSERT(sizeof(struct sp_decision) == 32);
SP_ASSERT(sizeof(struct sp_task) == 48);
SP_ASSERT(sizeof(struct sp_global) == 40);
#ifdef SP_PAIR_STATE
SP_ASSERT(__builtin_offsetof(struct sp_policy, params) == SP_PAIR_PARAMS);
SP_ASSERT(sizeof(struct sp_params) == SP_PAIR_BYTES);
SP_ASSERT(sizeof(struct sp_rows) == SP_ROWS_BYTES);
#else
SP_ASSERT(__builtin_offsetof(struct sp_policy, slice_min_ns) == SP_PAIR_PARAMS);
#endif
SP_ASSERT(__builtin_offsetof(struct sp_policy, slice_max_ns) == 48);
SP_ASSERT(__builtin_offsetof(struct sp_policy, rows) == SP_PAIR_ROWS);
SP_ASSERT(__builtin_offsetof(struct sp_event, kind) == 72);
SP_ASSERT(__builtin_offsetof(struct sp_event, waiting) == 104);
SP_ASSERT(__builtin_offsetof(struct sp_decision, action) == 16);
SP_ASSERT(__builtin_offsetof(struct sp_task, generation) == SP_PAIR_BYTES);
SP_ASSERT(sizeof(struct sp_global) == SP_PAIR_BYTES);

#endif
