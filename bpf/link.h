/* SPDX-License-Identifier: GPL-2.0-only */
/* What an attached scheduler and the process that watches it share. */
#ifndef SCHED_PROTO_LINK_H
#define SCHED_PROTO_LINK_H

#include "abi.h"
#include "inputs.h"

/* Bits of the idle mask; CPUs beyond are found by the kernel's own mask alone. */
#define SP_CPUS_MAX 1024

/* Latencies are counted by powers of two of nanoseconds. */
#define SP_HISTOGRAM_BUCKETS 40

#define SP_EXIT_TEXT 1024
#define SP_EXIT_REASON 128
#define SP_EXIT_DUMP 32768

/* Answers that the daemon may have under way; a power of two. */
#define SP_ANSWERS (1u << 16)

/* Bytes of the ring of events; a power of two. */
#define SP_EVENT_RING (1u << 22)

/*
 * Beside ENQUEUE and EXIT, user mode's ring has this kind of notice: the wait of a
 * task is over, the CPU `cpu` took it without asking.
 */
#define SP_NOTICE_TAKEN 16

/* Affinities that are neither all CPUs nor one, at most; the first is not used. */
#define SP_MASKS 256

/* Where a task may run, as a notice says it: anywhere; or this bit, and one CPU. */
#define SP_AFFINITY_ANY 0u
#define SP_AFFINITY_ONE 0x80000000u /* or: the index of a mask in struct sp_answers */

/*
 * What the backend tells the daemon, in the order in which it happened; the daemon
 * makes the policy's events of it, and adds what it knows itself: lengths of queues,
 * and who is first.
 */
struct sp_notice {
	sp_u64 now; /* as in sp_event, as all that has the same name */
	sp_u64 used_ns;
	sp_u64 switches;
	sp_u32 kind; /* SP_EVENT_ENQUEUE, SP_EVENT_EXIT, SP_NOTICE_TAKEN; or one that is wanted */
	sp_u32 flags;
	sp_u32 pid;
	sp_u32 generation;
	sp_s32 cpu;
	sp_s32 idle_cpu;
	sp_u32 weight;
	sp_u32 cpus;
	sp_u32 wait; /* number of the wait, which its answer names; not 0. TICK: of the last */
	sp_u32 affinity; /* SP_AFFINITY_... */
};

/* The same of a wait, for a pair that asks for inputs: then all ENQUEUEs are such. */
struct sp_notice_who {
	struct sp_notice notice;
	struct sp_who who;
};

/*
 * For a pair with queues of its own, an ENQUEUE's notice has two CPUs more, in the upper
 * halves of `flags` and `cpus`: the one that woke the task, and the one on which it ran
 * last (`cpu` if it never did).
 */
#define SP_NOTICE_CPU_SHIFT 16

/*
 * What the daemon tells the backend: run this task. It names the wait that it
 * answers, so that an answer to an earlier wait is recognised.
 */
struct sp_answer {
	sp_u32 slice_ns;
	sp_u16 queue; /* enum sp_queue: the task's class */
	sp_s16 cpu; /* the CPU that it was picked for; or SP_ANSWER_... */
	sp_u32 pid;
	sp_u32 wait; /* 0: tells the class only */
};

/* The task is held back until a time whose lowest 32 bits `slice_ns` is. */
#define SP_ANSWER_HOLD (-2)
/* The task that was picked for that wait gives way, if it runs still. */
#define SP_ANSWER_GIVE_WAY (-3)

enum sp_counter {
	SP_COUNT_ENQUEUED, /* tasks that began to wait */
	SP_COUNT_DIRECT, /* put on an idle CPU at once */
	SP_COUNT_SOLE, /* taken without the daemon: nothing was left to choose */
	SP_COUNT_LOCAL, /* never wait: woken kernel threads, the daemon's threads */
	SP_COUNT_DISPATCHED, /* taken from a queue that the policy ordered */
	SP_COUNT_FALLBACK, /* taken first come, first served: no daemon */
	SP_COUNT_OVERDUE, /* of these: the daemon ran, and did not answer */
	SP_COUNT_RING_FULL, /* not told to the daemon: its ring was full */
	SP_COUNT_NOTES_LOST, /* what is told beside waits, not told to it for that reason */
	SP_COUNT_STALE, /* answers to a wait that was over */
	SP_COUNT_EARLY, /* answers before the task was in its queue */
	SP_COUNT_LOST, /* waiting tasks that the daemon did not know */
	SP_COUNT_RESCUED, /* waiting beside an idle CPU: found by the timer */
	SP_COUNT_NO_STATE, /* tasks without memory for our state */
	SP_COUNT_DAEMON_RUNS, /* times a CPU gave way to the daemon */
	SP_COUNT_PREEMPTED, /* times a CPU was told to give way to a woken task */
	SP_COUNT_GIVEN_UP, /* handed to the kernel by a CPU that goes off-line */
	SP_COUNT_CONTINUED, /* a task whose slice was over went on: it was still first */
	SP_COUNT_STRANGE, /* BPF mode: answers that have no meaning there */
	SP_COUNT_EXITING, /* tasks that exit: let run at once, past the policy */
	SP_COUNT_MASKS_FULL, /* affinities that the daemon was not told of */
	SP_COUNT_WRONG_CPU, /* answers for a CPU on which the task may not run */
	SP_COUNT_RETRIED, /* a task went on for 0.5 ms while the daemon had its turn */
	SP_COUNT_CALLED_BACK, /* CPUs that were put off, and told to ask anew */
	SP_COUNT_OUT_OF_CLASS, /* times the daemon went back to its class */
	SP_COUNT_GROUPS_LEFT_OUT, /* control groups without a place: part of their parent */
	SP_COUNT_OVERLOOKED, /* taken from a queue of a pair's own that nobody served */
	SP_COUNT_HELD_BACK, /* held back by a pair until a time */
	SP_COUNT_GAVE_WAY, /* slices that a pair ended with a tick */
	SP_COUNT_LET_IN, /* times a task let the daemon in between, to read of a tick */
	SP_COUNTERS
};

struct sp_exit {
	sp_u32 kind; /* the kernel's enum scx_exit_kind; 0: not ended */
	sp_u32 pad;
	sp_s64 code;
	char reason[SP_EXIT_REASON];
	char text[SP_EXIT_TEXT];
};

/* Written by the BPF program, read at any time: each field is right, the whole
 * may be torn. */
struct sp_status {
	sp_u64 counters[SP_COUNTERS];
	sp_u64 wakeup_ns[SP_HISTOGRAM_BUCKETS]; /* wake-up to running */
	sp_u64 wakeup_max_ns;
	sp_u64 running; /* CPUs that were not idle at the timer's last beat */
	sp_u64 waiting; /* tasks in the queues at that moment */
	struct sp_exit exit;
};

/* Written by the daemon, read by the BPF program. */
struct sp_daemon {
	sp_u64 answers_head; /* answers ever written */
	sp_u64 waiting; /* tasks in its run queue */
	sp_u64 passes; /* passes that it finished */
	sp_u32 tgid;
	sp_u32 tid; /* the thread that decides */
	sp_u64 held_back; /* tasks that it holds back until a time */
	sp_u64 returned; /* times that it went back to its scheduling class */
};

/* Written by the BPF program, read by the daemon. */
struct sp_asked {
	sp_u64 tail; /* answers ever taken */
	sp_u64 now; /* when a CPU gave way to the daemon, by the clock of all events */
	sp_u64 turns; /* how often one did */
	sp_u32 cpu; /* which one it was; SP_ASKED_NOBODY: it wants no other task */
	sp_u32 out_of_class; /* the daemon was seen to leave its class so often */
	sp_u32 prev_pid; /* its task, which could go on and waits now; 0: none */
	sp_u32 prev_generation;
	sp_u64 sets_gone; /* a bit of each set of a pair's CPUs of which none is on-line */
	sp_u64 pad[2];
	sp_u64 idle[SP_CPUS_MAX / 64]; /* CPUs that have nothing to do */
};

#define SP_ASKED_NOBODY 0xffffffffu

struct sp_mask {
	sp_u64 bits[SP_CPUS_MAX / 64];
};

/* Answers from the daemon to the backend, one writer, one reader at a time. */
struct sp_answers {
	struct sp_daemon daemon;
	sp_u64 pad[10];
	struct sp_asked asked;
	sp_u64 hashes[SP_MASKS]; /* of the masks; 0: not in use */
	struct sp_mask
		masks[SP_MASKS]; /* written before the first notice that names it */
	struct sp_answer ring[SP_ANSWERS];
};

/* For Swift, which imports no array as long as these. */
#define SP_ANSWERS_ASKED_OFFSET 128
#define SP_ANSWERS_MASKS_OFFSET 2368
#define SP_ANSWERS_RING_OFFSET 35136
#define SP_ANSWERS_SIZE (SP_ANSWERS_RING_OFFSET + SP_ANSWERS * 16)

SP_ASSERT(sizeof(struct sp_notice) == 64);
SP_ASSERT(sizeof(struct sp_notice_who) == 104);
SP_ASSERT(sizeof(struct sp_answer) == 16);
SP_ASSERT(sizeof(struct sp_daemon) == 48);
SP_ASSERT(sizeof(struct sp_asked) == 192);
SP_ASSERT(sizeof(struct sp_mask) == 128);
SP_ASSERT(__builtin_offsetof(struct sp_answers, asked) == SP_ANSWERS_ASKED_OFFSET);
SP_ASSERT(__builtin_offsetof(struct sp_answers, masks) == SP_ANSWERS_MASKS_OFFSET);
SP_ASSERT(__builtin_offsetof(struct sp_answers, ring) == SP_ANSWERS_RING_OFFSET);
SP_ASSERT(sizeof(struct sp_answers) == SP_ANSWERS_SIZE);

#endif
