/* SPDX-License-Identifier: GPL-2.0-only */
/* A log of what a real kernel's scheduling code did: docs/KERNEL-LOG.md. */
#ifndef SIM_KERNEL_LOG_H
#define SIM_KERNEL_LOG_H

#include <linux/types.h>

#define LOG_BYTES (64u << 20)

struct log_record {
	__u64 time; /* CLOCK_MONOTONIC */
	__u64 a, b, c; /* by kind: see docs/KERNEL-LOG.md */
	__s32 pid;
	__s16 at; /* a CPU */
	__u8 cpu; /* the one that did it */
	__u8 kind; /* enum log_kind */
};

/* Set by record.c: write down from now on; and by the program: there was no room. */
struct log_control {
	__u32 on, full;
};

enum log_op {
	LOG_OP_SELECT_CPU,
	LOG_OP_ENQUEUE,
	LOG_OP_DISPATCH,
	LOG_OP_RUNNING,
	LOG_OP_UPDATE_IDLE,
	LOG_OP_CPU_RELEASE,
	LOG_OP_CPU_ONLINE,
	LOG_OP_CPU_OFFLINE,
	LOG_OP_SET_CPUMASK,
	LOG_OP_DISABLE,
	LOG_OP_EXIT_TASK,
	LOG_OPS
};

enum log_kind {
	LOG_TASK,
	LOG_SELECT,
	LOG_ENQUEUE,
	LOG_DEQUEUE,
	LOG_ASK,
	LOG_SWITCH,
	LOG_TICK,
	LOG_CPUS,
	LOG_WEIGHT,
	LOG_JOINS,
	LOG_LEAVES,
	LOG_YIELD,
	LOG_DEAD,
	LOG_KICKS,
	LOG_INSERT,
	LOG_F_INSERT,
	LOG_F_INSERT_VTIME,
	LOG_F_TO_LOCAL,
	LOG_F_MOVE,
	LOG_F_MOVE_SLICE,
	LOG_F_ITER,
	LOG_F_ITER_NEXT,
	LOG_F_ITER_END,
	LOG_F_KICK,
	LOG_F_CLAIM,
	LOG_F_PICK_IDLE,
	LOG_F_SELECT,
	LOG_F_REENQUEUE,
	LOG_F_REENQUEUE_LATER,
	LOG_F_SLICE,
	LOG_BEGIN,
	LOG_END = LOG_BEGIN + LOG_OPS,
	LOG_KINDS = LOG_END + LOG_OPS
};

/* In the order of enum log_kind. */
#define LOG_WORDS \
	"task", "select", "enqueue", "dequeue", "ask", "switch", "tick", "cpus", \
		"weight", "joins", "leaves", "yield", "dead", "kicks", "insert", \
		"f-insert", "f-insert-vtime", "f-to-local", "f-move", "f-move-slice", \
		"f-iter", "f-iter-next", "f-iter-end", "f-kick", "f-claim", \
		"f-pick-idle", "f-select", "f-reenqueue", "f-reenqueue-later", \
		"f-slice", "select_cpu(", "enqueue(", "dispatch(", "running(", \
		"update_idle(", "cpu_release(", "cpu_online(", "cpu_offline(", \
		"set_cpumask(", "disable(", "exit_task(", ")select_cpu", ")enqueue", \
		")dispatch", ")running", ")update_idle", ")cpu_release", \
		")cpu_online", ")cpu_offline", ")set_cpumask", ")disable", \
		")exit_task"

#endif
