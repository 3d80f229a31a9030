/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A log of a real kernel, played by the model: what came from outside (wake-ups, sleeps, ticks,
 * changes) is done to the model as the log says, and what the model calls then has to be what
 * the kernel called.
 */
#ifndef SIM_REPLAY_H
#define SIM_REPLAY_H

#include "coroutine.h"
#include "kernel_log.h"
#include "model.h"

struct record {
	u64 time, a, b, c;
	s32 pid, at;
	u16 cpu;
	u8 kind, class; /* SWITCH: of the next task */
	bool done; /* a call that was made before its line came */
	u32 line;
};

struct log {
	struct record *records;
	u32 count;
	bool user; /* mode */
	u32 kernel; /* enum sim_kernel */
	u32 ops; /* callbacks that it tells of: the scheduler had them */
	u32 cpus;
};

/*
 * What a CPU does at this moment: a piece of the model's code that waits for its next
 * line.
 */
struct player {
	struct coroutine routine;
	struct moment moment;
	const struct record *record, *pending;
	u32 cpu, begin; /* the index of the line that it began with */
	u32 last; /* and of the last line of this CPU before the present one */
	s32 taken; /* pid: a call that has not returned took it from another CPU */
	u32 ops; /* callbacks that it is in the middle of */
	struct task *moving; /* by a call: the insertion to come is a part of it */
	struct task *moved; /* into a CPU's own queue, of which a line may tell still */
	const struct record
		*inserted; /* a line that told of such a move before its call's end */
	bool inserts; /* the model is about to put a task into a queue */
	bool active;
};

/* Something can begin while the end of a task is told of, but not deeper. */
#define REPLAY_DEPTH 2
#define REPLAY_CPUS 64 /* sets of CPUs are 64 bits in a log */

/* The kernel's flags of enqueue_task and dequeue_task. */
#define ENQUEUE_WAKEUP 0x01
#define ENQUEUE_INITIAL 0x80080 /* of 6.18, or of 7.3 */
#define ENQUEUE_RESTORE 0x02
#define DEQUEUE_SLEEP 0x01
#define DEQUEUE_SAVE 0x02

extern struct replay {
	struct player players[REPLAY_CPUS][REPLAY_DEPTH], *playing;
	struct task **by_pid; /* of the log */
	u8 *seen; /* by pid: a line before told where it is */
	/* of each CPU's queue, at its last line that tells it */
	u64 clocks[REPLAY_CPUS];
	/* When a CPU began to owe a look, or an interrupt. */
	u64 told_at[REPLAY_CPUS], kicks_at[REPLAY_CPUS];
	bool known[REPLAY_CPUS]; /* CPUs whose present task is known */
	s32 yielded[REPLAY_CPUS];
	/*
	 * For a task of a class above that a CPU is about to run: whom the log says it
	 * is.
	 */
	struct task stand_ins[REPLAY_CPUS];
	struct task
		*late_rt[REPLAY_CPUS]; /* one that is there when our class was asked */
	u32 idle_changed_at[REPLAY_CPUS]; /* index of the line */
	bool claimed_before[REPLAY_CPUS];
	u32 as_of; /* the line of a call that is made before it comes; else 0 */
} replay;

extern struct log replay_log;
extern u32 replay_at; /* index of the present line */

/* Of a task that is enqueued: 7.3 has one of the flags elsewhere. */
static inline u64 replay_flags(u64 flags)
{
	const u64 head_7_3 = 1ULL << 16;

	if (replay_log.kernel == SIM_LINUX_6_18)
		return flags;
	return (flags & ~SCX_ENQ_HEAD) | (flags & head_7_3 ? SCX_ENQ_HEAD : 0);
}

/* replay_read.c: NULL, or what is wrong with the text. */
const char *replay_read(const char *text, size_t length);

/* replay.c */
struct player *replay_player(void);
struct affinity *replay_affinity(u64 bits);
struct task *replay_task(s32 pid);
bool replay_was_seen(s32 pid);
/* The line is not what the model does: ends all. */
void replay_refuse(const struct record *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *replay_word(const struct record *r);

/* replay_hooks.c */
u64 replay_clock(s32 cpu);
void replay_holds_back(struct task *p);
/* The next line of this CPU that is not one of the kernel's own doings. */
const struct record *replay_take(void);

/* replay_inputs.c */
void replay_begin(const struct record *r);
void replay_learns_current(const struct record *r);
/* @is_switching: of a task that leaves its CPU, and may not migrate for now. */
void replay_change(const struct record *r, bool is_switching);
/* The switch that a CPU's look ends with; NULL: its task goes on. */
const struct record *replay_switch_ahead(const struct record *r);

/* replay_races.c */
s32 replay_runs_next(u32 cpu);
bool replay_makes_early(struct player *of);
const struct record *replay_next_of_after(const struct task *p, const struct record *r);
const struct record *replay_next_of(const struct task *p);

/* The next line of a CPU that tells what it does, or NULL. */
struct record *replay_next(u32 cpu);
/*
 * Another CPU is in the middle of a call that takes @p, as its next line shows: it is made
 * now. The lines of two CPUs that do something at the same time may stand in either order.
 */
bool replay_settle(const struct task *p);
bool replay_completes(s32 pid);
/* Another CPU inserts @p or takes it, and it stands in no queue for a moment. */
/* Whether a CPU becomes idle, or stops to be, at about this moment. */
bool replay_changes_idle(s32 cpu);
void replay_claims_before(s32 cpu);
bool replay_may_leave_after(const struct task *p, u32 line);
bool replay_may_come_after(const struct task *p, u32 line);
bool replay_is_between(const struct task *p);

/* replay_calls.c */
void replay_ops_reset(void);
void replay_call(const struct record *r);
void replay_knows_idle(s32 cpu);

/* replay_ops.c */
void replay_ops_are(const struct sched_ext_ops *real);

static inline bool is_begin(const struct record *r)
{
	return r->kind >= LOG_BEGIN && r->kind < LOG_END;
}

static inline bool is_call(const struct record *r)
{
	return r->kind >= LOG_F_INSERT && r->kind <= LOG_F_SLICE;
}

#endif
