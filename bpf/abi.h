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
typedef uint32_t sp_u32;
typedef int32_t sp_s32;
typedef uint64_t sp_u64;
typedef int64_t sp_s64;
#else
typedef __u8 sp_u8;
typedef __u32 sp_u32;
typedef __s32 sp_s32;
typedef __u64 sp_u64;
typedef __s64 sp_s64;
#endif

/* Raised whenever the meaning or the layout of anything below changes. */
#define SP_ABI_VERSION 5

#define SP_WEIGHT_MIN 1
#define SP_WEIGHT_NORMAL 100
#define SP_WEIGHT_MAX 10000

#define SP_NSEC_PER_SEC 1000000000ULL

/* Rates are kept in thousandths, so that averaging does not stick at 3. */
#define SP_RATE_SCALE 1000ULL

/* A burst counts towards a deadline up to this many slices (scx_rustland). */
#define SP_BURST_SLICES_MAX 100ULL

/* A task is at most this many slices of vtime behind the furthest one. */
#define SP_DEBT_SLICES_MAX 10ULL

enum sp_queue {
	SP_QUEUE_REGULAR = 0,
	SP_QUEUE_PRIORITY = 1,
};
#define SP_QUEUES 2

/* How waiting tasks are ordered within their queue. */
enum sp_order {
	SP_ORDER_FIFO = 1,
	SP_ORDER_VRUNTIME = 2,
	SP_ORDER_DEADLINE = 3,
};

/* How long a picked task may run. */
enum sp_slice {
	SP_SLICE_FIXED = 1,
	SP_SLICE_SHARED = 2,
	SP_SLICE_AVERAGED = 3,
	SP_SLICE_WEIGHTED = 4,
};

/* Which of the two queues a task waits in. */
enum sp_classes {
	SP_CLASSES_NONE = 1,
	SP_CLASSES_VOLUNTARY_SWITCHES = 2,
};

/* What a burst of CPU time adds to a deadline. */
enum sp_burst {
	SP_BURST_PLAIN = 1,
	SP_BURST_BY_SWITCHES = 2,
};

/* What happens with a task for which an idle CPU was found. */
enum sp_idle {
	SP_IDLE_DIRECT = 1,
	SP_IDLE_QUEUE = 2,
};

/* Kernel threads that are not bound to one CPU (those never wait). */
enum sp_kthreads {
	SP_KTHREADS_LOCAL = 1,
	SP_KTHREADS_QUEUE = 2,
};

/*
 * A whole policy. The same bytes configure the Swift policy and, as read-only
 * data, the BPF program, whose verifier then prunes the rules not used.
 */
struct sp_policy {
	sp_u32 abi; /* SP_ABI_VERSION */
	sp_u32 order; /* enum sp_order */
	sp_u32 slice; /* enum sp_slice */
	sp_u32 classes; /* enum sp_classes */
	sp_u32 burst; /* enum sp_burst, read by SP_ORDER_DEADLINE */
	sp_u32 idle; /* enum sp_idle */
	sp_u32 kthreads; /* enum sp_kthreads */
	sp_u32 promote_sync; /* 0 or 1: a synchronous wake-up promotes */
	sp_u32 promote_waiting_max; /* not beyond this many waiting, per CPU */
	sp_u32 rate_max; /* highest threshold, voluntary switches per second */
	sp_u32 preempt; /* 0 or 1: a woken task of the priority queue preempts */
	sp_u32 pad; /* 0 */
	sp_u64 slice_max_ns;
	sp_u64 slice_min_ns;
	sp_u64 sleep_credit_ns; /* vruntime a sleeper keeps at most */
	sp_u64 rate_window_ns; /* shortest time a rate is measured over */
	sp_u64 starvation_ns; /* 0: the regular queue may starve */
};

enum sp_event_kind {
	SP_EVENT_ENQUEUE = 1, /* a task begins to wait */
	SP_EVENT_RUNNING = 2, /* a task was picked: how long may it run? */
	SP_EVENT_DISPATCH = 3, /* a CPU wants a task: from which queue? */
	SP_EVENT_EXIT = 4, /* a task is gone for good */
};

/* Flags of an event. */
#define SP_EVENT_WAKEUP 1u /* ENQUEUE: the task slept before */
#define SP_EVENT_SYNC 2u /* ENQUEUE: the waker is about to sleep */
#define SP_EVENT_KTHREAD 4u /* ENQUEUE: a kernel thread */
#define SP_EVENT_FLAGS 7u /* all of them */

/*
 * Everything that a decision may depend on, besides the description and the
 * policy's own state, arrives here: time, lengths of queues and idle CPUs are
 * inputs and are recorded like the rest.
 */
struct sp_event {
	sp_u64 seq; /* place in the total order of events */
	sp_u64 now; /* ns, any epoch, may wrap */
	sp_u64 used_ns; /* ENQUEUE: CPU time since the task's last ENQUEUE */
	sp_u64 switches; /* ENQUEUE: voluntary switches in the task's life */
	sp_u32 kind; /* enum sp_event_kind */
	sp_u32 flags; /* SP_EVENT_... */
	sp_u32 pid; /* 0 for DISPATCH */
	sp_u32 generation; /* 1...: which task of this pid; 0 for DISPATCH */
	sp_s32 cpu; /* the task's CPU, or the one that asks */
	sp_s32 idle_cpu; /* ENQUEUE: an idle CPU claimed for it, or -1 */
	sp_u32 weight; /* ENQUEUE and RUNNING; clamped to 1...10000 */
	sp_u32 cpus; /* CPUs the scheduler has */
	sp_u32 waiting[SP_QUEUES]; /* tasks waiting, this one not counted */
};

enum sp_action {
	SP_ACTION_NONE = 0, /* nothing to do */
	SP_ACTION_QUEUE = 1, /* wait in `queue` at `key` */
	SP_ACTION_DIRECT = 2, /* run on the idle CPU `cpu` at once */
	SP_ACTION_LOCAL = 3, /* wait at the task's own CPU */
	SP_ACTION_RUN = 4, /* run for `slice_ns` */
	SP_ACTION_SERVE = 5, /* serve `queue` first */
	SP_ACTION_STALE = 6, /* event of a task that is not this one: dropped */
	SP_ACTION_INVALID = 7, /* unknown kind of event: dropped */
	SP_ACTION_PREEMPT = 8, /* as QUEUE; a regular task on `cpu` gives way */
};

struct sp_decision {
	sp_u64 key; /* QUEUE, PREEMPT: smaller goes first, ties by arrival */
	sp_u64 slice_ns; /* RUN: more than 0 */
	sp_u32 action; /* enum sp_action */
	sp_u32 queue; /* enum sp_queue */
	sp_s32 cpu; /* DIRECT, LOCAL and PREEMPT, else -1 */
	sp_u32 pid;
};

/* What a policy remembers of one task. All zero: no task. */
struct sp_task {
	sp_u64 vtime; /* weighted CPU time used */
	sp_u64 burst_ns; /* CPU time used since the last sleep */
	sp_u64 rate; /* voluntary switches, thousandths per second */
	sp_u64 rate_switches; /* count when the rate was last measured */
	sp_u64 rate_since; /* time of that */
	sp_u32 generation;
	sp_u32 queue; /* enum sp_queue: the task's class */
};

/* What a policy remembers beside its tasks. */
struct sp_global {
	sp_u64 vtime_now; /* vtime of the furthest task that ran */
	sp_u64 threshold; /* rate from which a task is interactive */
	sp_u64 average_waiting;
	sp_u64 regular_served; /* when the regular queue was last served */
};

/*
 * What the daemon tells the user mode's backend: run this task. It names the
 * wait that it answers, so that an answer to an earlier wait is recognised.
 */
struct sp_answer {
	sp_u32 slice_ns;
	sp_u32 queue; /* enum sp_queue: the task's class */
	sp_u32 pid;
	sp_u32 wait; /* sequence number of the wait, from the event's seq; 0: tells the class only */
};

#ifdef __cplusplus
#define SP_ASSERT(c) static_assert(c, #c)
#else
#define SP_ASSERT(c) _Static_assert(c, #c)
#endif

SP_ASSERT(sizeof(struct sp_policy) == 88);
SP_ASSERT(sizeof(struct sp_event) == 72);
SP_ASSERT(sizeof(struct sp_decision) == 32);
SP_ASSERT(sizeof(struct sp_task) == 48);
SP_ASSERT(sizeof(struct sp_global) == 32);
SP_ASSERT(sizeof(struct sp_answer) == 16);
SP_ASSERT(__builtin_offsetof(struct sp_policy, slice_max_ns) == 48);
SP_ASSERT(__builtin_offsetof(struct sp_event, kind) == 32);
SP_ASSERT(__builtin_offsetof(struct sp_event, waiting) == 64);
SP_ASSERT(__builtin_offsetof(struct sp_decision, action) == 16);
SP_ASSERT(__builtin_offsetof(struct sp_task, generation) == 40);

#endif
