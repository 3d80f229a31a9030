/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of the policies that ship: their names, what they read of a description, and
 * what they remember. Included by abi.h, which has all that does not depend on them; no
 * other file than those beside this one knows of a single rule.
 */
#ifndef SCHED_PROTO_RULES_H
#define SCHED_PROTO_RULES_H

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

/* Rates are kept in thousandths, so that averaging does not stick at 3. */
#define SP_RATE_SCALE 1000ULL

/* A burst counts towards a deadline up to this many slices (scx_rustland). */
#define SP_BURST_SLICES_MAX 100ULL

/* A task owes at most this many slices of CPU time, scaled by its own weight. */
#define SP_DEBT_SLICES_MAX 10ULL

/*
 * Two keys that are given in one round are less than this many slices, and the sleep
 * credit, apart: 1000 of debt (weight 1), 100 of burst, and room for updates of the
 * clock of vtime that were lost.
 */
#define SP_KEY_SPREAD_SLICES 1400ULL

/* No slice is made shorter than this for the sake of the bound on waits. */
#define SP_SLICE_FLOOR_NS 1000000ULL

#ifndef SP_PAIR_STATE
/* Numbers of a description that rules alone read; the end of struct sp_policy. */
#define SP_RULE_PARAMS \
	sp_u64 slice_min_ns; \
	sp_u64 sleep_credit_ns; /* vruntime a sleeper keeps at most */ \
	sp_u64 rate_window_ns; /* shortest time a rate is measured over */ \
	sp_u64 starvation_ns; /* 0: as wait_max_ns; never more than that */ \
	sp_u64 wait_max_ns; /* a round: who waits longer goes before all later ones */

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
	sp_u64 round; /* added to each key: grows by more than all keys are apart */
	sp_u64 round_since; /* when the present round began */
};
#endif

#endif
