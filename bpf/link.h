/* SPDX-License-Identifier: GPL-2.0-only */
/* What an attached scheduler and the process that watches it share. */
#ifndef SCHED_PROTO_LINK_H
#define SCHED_PROTO_LINK_H

#include "abi.h"

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
 * Beside the events of a policy, user mode's ring has this one: the wait `seq` of
 * a task is over, a CPU took it without asking.
 */
#define SP_EVENT_TAKEN 16

enum sp_counter {
	SP_COUNT_ENQUEUED, /* tasks that began to wait */
	SP_COUNT_DIRECT, /* put on an idle CPU at once */
	SP_COUNT_SOLE, /* taken without the daemon: nothing was left to choose */
	SP_COUNT_LOCAL, /* never wait: woken kernel threads, the daemon's threads */
	SP_COUNT_DISPATCHED, /* taken from a queue that the policy ordered */
	SP_COUNT_FALLBACK, /* taken first come, first served: no daemon */
	SP_COUNT_OVERDUE, /* of these: the daemon ran, and did not answer */
	SP_COUNT_RING_FULL, /* not told to the daemon: its ring was full */
	SP_COUNT_NOTES_LOST, /* exits, and ends of waits, not told to it for that reason */
	SP_COUNT_STALE, /* answers to a wait that was over */
	SP_COUNT_EARLY, /* answers before the task was in its queue */
	SP_COUNT_LOST, /* waiting tasks that the daemon did not know */
	SP_COUNT_RESCUED, /* waiting beside an idle CPU: found by the timer */
	SP_COUNT_NO_STATE, /* tasks without memory for our state */
	SP_COUNT_DAEMON_RUNS, /* times a CPU gave way to the daemon */
	SP_COUNT_PREEMPTED, /* times a CPU was told to give way to a woken task */
	SP_COUNT_GIVEN_UP, /* handed to the kernel by a CPU that goes off-line */
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
	sp_u32 tgid;
	sp_u32 tid; /* the thread that decides */
};

/* Answers from the daemon to the backend, one writer, one reader at a time. */
struct sp_answers {
	struct sp_daemon daemon;
	sp_u64 pad[13];
	sp_u64 tail; /* answers ever taken, written by the BPF program */
	sp_u64 idle_cpus; /* CPUs that have nothing to do, written by it too */
	sp_u64 pad2[6];
	struct sp_answer ring[SP_ANSWERS];
};

/* For Swift, which imports no array as long as this one. */
#define SP_ANSWERS_TAIL_OFFSET 128
#define SP_ANSWERS_IDLE_OFFSET 136
#define SP_ANSWERS_RING_OFFSET 192
#define SP_ANSWERS_SIZE (SP_ANSWERS_RING_OFFSET + SP_ANSWERS * 16)

SP_ASSERT(sizeof(struct sp_daemon) == 24);
SP_ASSERT(__builtin_offsetof(struct sp_answers, tail) == SP_ANSWERS_TAIL_OFFSET);
SP_ASSERT(__builtin_offsetof(struct sp_answers, idle_cpus) == SP_ANSWERS_IDLE_OFFSET);
SP_ASSERT(__builtin_offsetof(struct sp_answers, ring) == SP_ANSWERS_RING_OFFSET);
SP_ASSERT(sizeof(struct sp_answers) == SP_ANSWERS_SIZE);

#endif
