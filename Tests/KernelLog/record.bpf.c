// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes down what the kernel's own scheduling code does, in its order: the functions of
 * its ext class, the callbacks that it calls of an attached scheduler, and what these
 * call of the kernel. Not one line of the scheduler takes part in it. record.c reads it.
 */
#include "kernel.h"
#include "kernel_log.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct scx_rq {
	struct scx_dispatch_q local_dsq;
};

struct rq {
	struct task_struct *curr;
	u64 clock_task;
	struct scx_rq scx;
	int cpu;
};

struct affinity_context {
	const struct cpumask *new_mask;
};
#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LOG_BYTES);
} ring SEC(".maps");

/* A full ring ends it: so nothing is missed in between. */
struct log_control control;

extern const struct rq runqueues __ksym;

static __always_inline void put(u32 kind, s32 pid, s32 at, u64 a, u64 b, u64 c)
{
	struct log_record *r;

	if (!control.on)
		return;
	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		control.on = 0;
		control.full = 1;
		return;
	}
	r->time = bpf_ktime_get_ns();
	r->a = a;
	r->b = b;
	r->c = c;
	r->pid = pid;
	r->at = (__s16)at;
	r->cpu = (__u8)bpf_get_smp_processor_id();
	r->kind = (__u8)kind;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

static __always_inline u64 bits_of(const struct cpumask *mask)
{
	u64 bits = 0;

	bpf_probe_read_kernel(&bits, sizeof(bits), mask);
	return bits;
}

/* What the kernel knows of a task; record.c drops it where it is as before. */
static __always_inline void put_task(struct task_struct *p)
{
	s32 pid = BPF_CORE_READ(p, pid);
	s32 class = !pid ? 0 : BPF_CORE_READ(p, prio) < 100 ? 2 : 1;

	if (!control.on || !pid)
		return;
	put(LOG_TASK, pid, class, bits_of(BPF_CORE_READ(p, cpus_ptr)),
	    BPF_CORE_READ(p, flags) & (PF_KTHREAD | PF_EXITING),
	    BPF_CORE_READ(p, scx.weight));
}

static __always_inline u64 clock_of(struct rq *rq)
{
	return BPF_CORE_READ(rq, clock_task);
}

/* ---- the class's own functions ---- */

SEC("fentry/select_task_rq_scx")
int BPF_PROG(select_begins, struct task_struct *p, int prev_cpu, int flags)
{
	put_task(p);
	put(LOG_SELECT, p->pid, prev_cpu, (u32)flags, 0, 0);
	return 0;
}

SEC("fentry/enqueue_task_scx")
int BPF_PROG(enqueue_begins, struct rq *rq, struct task_struct *p, int flags)
{
	put_task(p);
	put(LOG_ENQUEUE, p->pid, rq->cpu, (u32)flags, clock_of(rq), 0);
	return 0;
}

SEC("fentry/dequeue_task_scx")
int BPF_PROG(dequeue_begins, struct rq *rq, struct task_struct *p, int flags)
{
	put_task(p);
	put(LOG_DEQUEUE, p->pid, rq->cpu, (u32)flags, clock_of(rq), 0);
	return 0;
}

/* A CPU looks who is next. Up to 6.18 this comes before any class is asked. */
SEC("fentry/balance_scx")
int BPF_PROG(balance_begins, struct rq *rq, struct task_struct *prev)
{
	put_task(prev);
	put(LOG_ASK, prev->pid, rq->cpu, prev->scx.slice, clock_of(rq), 0);
	return 0;
}

SEC("fentry/pick_task_scx")
int BPF_PROG(pick_begins, struct rq *rq)
{
	struct task_struct *prev = BPF_CORE_READ(rq, curr);

	put_task(prev);
	put(LOG_ASK, BPF_CORE_READ(prev, pid), rq->cpu, BPF_CORE_READ(prev, scx.slice),
	    clock_of(rq), 0);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int state)
{
	struct rq *rq = bpf_this_cpu_ptr(&runqueues);

	put_task(next);
	put(LOG_SWITCH, next->pid, BPF_CORE_READ(rq, cpu), (u32)prev->pid, clock_of(rq),
	    state);
	return 0;
}

SEC("fexit/task_tick_scx")
int BPF_PROG(ticked, struct rq *rq, struct task_struct *curr)
{
	put_task(curr);
	put(LOG_TICK, curr->pid, rq->cpu, curr->scx.slice, clock_of(rq), 0);
	return 0;
}

SEC("fentry/set_cpus_allowed_scx")
int BPF_PROG(cpus_change, struct task_struct *p, struct affinity_context *ac)
{
	put(LOG_CPUS, p->pid, 0, bits_of(BPF_CORE_READ(ac, new_mask)), 0, 0);
	return 0;
}

SEC("fexit/reweight_task_scx")
int BPF_PROG(weight_changes, struct rq *rq, struct task_struct *p)
{
	put(LOG_WEIGHT, p->pid, 0, p->scx.weight, 0, 0);
	return 0;
}

SEC("fentry/switching_to_scx")
int BPF_PROG(joins, struct rq *rq, struct task_struct *p)
{
	put(LOG_JOINS, p->pid, 0, bits_of(p->cpus_ptr), 0, 0);
	return 0;
}

SEC("fentry/switched_from_scx")
int BPF_PROG(leaves, struct rq *rq, struct task_struct *p)
{
	put(LOG_LEAVES, p->pid, 0, 0, 0, 0);
	return 0;
}

SEC("fentry/yield_task_scx")
int BPF_PROG(yields, struct rq *rq)
{
	put(LOG_YIELD, BPF_CORE_READ(rq, curr, pid), rq->cpu, 0, 0, 0);
	return 0;
}

SEC("fentry/sched_ext_free")
int BPF_PROG(is_free, struct task_struct *p)
{
	put(LOG_DEAD, p->pid, 0, 0, 0, 0);
	return 0;
}

SEC("fentry/sched_ext_dead")
int BPF_PROG(is_dead, struct task_struct *p)
{
	put(LOG_DEAD, p->pid, 0, 0, 0, 0);
	return 0;
}

SEC("fentry/kick_cpus_irq_workfn")
int BPF_PROG(kicks)
{
	put(LOG_KICKS, 0, 0, 0, 0, 0);
	return 0;
}

/* A task comes into a queue, a CPU's own or another one. */
static __always_inline void inserted(struct scx_dispatch_q *dsq, struct task_struct *p,
				     u64 flags)
{
	u64 id = BPF_CORE_READ(dsq, id);
	struct rq *rq;
	s32 cpu = -1;

	if (id == SCX_DSQ_LOCAL) {
		rq = (void *)dsq -
		     __builtin_preserve_field_info(((struct rq *)0)->scx.local_dsq,
						   0 /* BPF_FIELD_BYTE_OFFSET */);
		cpu = BPF_CORE_READ(rq, cpu);
	}
	put(LOG_INSERT, BPF_CORE_READ(p, pid), cpu, id, flags, 0);
}

SEC("fentry/dispatch_enqueue")
int BPF_PROG(insert_begins, void *sch, struct scx_dispatch_q *dsq,
	     struct task_struct *p, u64 flags)
{
	inserted(dsq, p, flags);
	return 0;
}

SEC("fentry/scx_dispatch_enqueue")
int BPF_PROG(insert_begins_new, void *sch, struct rq *rq, struct scx_dispatch_q *dsq,
	     struct task_struct *p, u64 slice, u64 vtime, u64 flags)
{
	inserted(dsq, p, flags);
	return 0;
}

/* ---- what the scheduler calls ---- */

SEC("fexit/scx_bpf_dsq_insert")
int BPF_PROG(f_insert, struct task_struct *p, u64 dsq, u64 slice, u64 flags)
{
	put(LOG_F_INSERT, p->pid, 0, dsq, slice, flags);
	return 0;
}

SEC("fexit/scx_bpf_dsq_insert___v2")
int BPF_PROG(f_insert_v2, struct task_struct *p, u64 dsq, u64 slice, u64 flags)
{
	put(LOG_F_INSERT, p->pid, 0, dsq, slice, flags);
	return 0;
}

SEC("fexit/scx_bpf_dsq_insert_vtime")
int BPF_PROG(f_insert_vtime, struct task_struct *p, u64 dsq, u64 slice, u64 vtime)
{
	put(LOG_F_INSERT_VTIME, p->pid, 0, dsq, slice, vtime);
	return 0;
}

struct insert_vtime_args {
	u64 dsq, slice, vtime, flags;
};

SEC("fexit/__scx_bpf_dsq_insert_vtime")
int BPF_PROG(f_insert_vtime_args, struct task_struct *p, u64 args)
{
	struct insert_vtime_args it = {};

	bpf_probe_read_kernel(&it, sizeof(it), (void *)args);
	put(LOG_F_INSERT_VTIME, p->pid, 0, it.dsq, it.slice, it.vtime);
	return 0;
}

static __always_inline u64 result(void *ctx)
{
	u64 value = 0;

	bpf_get_func_ret(ctx, &value);
	return value;
}

SEC("fexit/scx_bpf_dsq_move_to_local")
int BPF_PROG(f_to_local, u64 dsq)
{
	put(LOG_F_TO_LOCAL, 0, 0, dsq, result(ctx) & 1, 0);
	return 0;
}

SEC("fexit/scx_bpf_dsq_move_to_local___v2")
int BPF_PROG(f_to_local_v2, u64 dsq)
{
	put(LOG_F_TO_LOCAL, 0, 0, dsq, result(ctx) & 1, 0);
	return 0;
}

SEC("fexit/scx_bpf_dsq_move")
int BPF_PROG(f_move, u64 it, struct task_struct *p, u64 dsq)
{
	put(LOG_F_MOVE, p->pid, 0, dsq, result(ctx) & 1, it);
	return 0;
}

SEC("fexit/scx_bpf_dsq_move_set_slice")
int BPF_PROG(f_move_slice, u64 it, u64 slice)
{
	put(LOG_F_MOVE_SLICE, 0, 0, slice, 0, it);
	return 0;
}

SEC("fexit/bpf_iter_scx_dsq_new")
int BPF_PROG(f_iter, u64 it, u64 dsq, u64 flags)
{
	put(LOG_F_ITER, 0, 0, dsq, flags, it);
	return 0;
}

SEC("fexit/bpf_iter_scx_dsq_next")
int BPF_PROG(f_iter_next, u64 it)
{
	struct task_struct *p = (void *)result(ctx);

	put(LOG_F_ITER_NEXT, p ? BPF_CORE_READ(p, pid) : 0, 0, 0, 0, it);
	return 0;
}

SEC("fentry/bpf_iter_scx_dsq_destroy")
int BPF_PROG(f_iter_end, u64 it)
{
	put(LOG_F_ITER_END, 0, 0, 0, 0, it);
	return 0;
}

SEC("fexit/scx_bpf_kick_cpu")
int BPF_PROG(f_kick, s32 cpu, u64 flags)
{
	put(LOG_F_KICK, 0, cpu, flags, 0, 0);
	return 0;
}

SEC("fexit/scx_bpf_test_and_clear_cpu_idle")
int BPF_PROG(f_claim, s32 cpu)
{
	put(LOG_F_CLAIM, 0, cpu, result(ctx) & 1, 0, 0);
	return 0;
}

SEC("fexit/scx_bpf_pick_idle_cpu")
int BPF_PROG(f_pick_idle, const struct cpumask *mask)
{
	put(LOG_F_PICK_IDLE, 0, (s32)result(ctx), bits_of(mask), 0, 0);
	return 0;
}

SEC("fexit/scx_bpf_select_cpu_dfl")
int BPF_PROG(f_select, struct task_struct *p, s32 prev_cpu, u64 flags, u64 is_idle)
{
	bool idle = false;

	bpf_probe_read_kernel(&idle, sizeof(idle), (void *)is_idle);
	put(LOG_F_SELECT, p->pid, (s32)result(ctx), (u32)prev_cpu, flags, idle);
	return 0;
}

SEC("fentry/scx_bpf_reenqueue_local")
int BPF_PROG(f_reenqueue)
{
	put(LOG_F_REENQUEUE, 0, 0, 0, 0, 0);
	return 0;
}

SEC("fentry/scx_bpf_reenqueue_local___v2")
int BPF_PROG(f_reenqueue_v2)
{
	put(LOG_F_REENQUEUE_LATER, 0, 0, 0, 0, 0);
	return 0;
}

SEC("fexit/scx_bpf_task_set_slice")
int BPF_PROG(f_slice, struct task_struct *p, u64 slice)
{
	put(LOG_F_SLICE, p->pid, 0, slice, 0, 0);
	return 0;
}

/* ---- the scheduler's callbacks: programs that record.c names ---- */

static __always_inline u64 argument(u64 ctx, int n)
{
	u64 value = 0;

	if (n >= 0)
		bpf_probe_read_kernel(&value, sizeof(value), (void *)(ctx + 8 * n));
	return value;
}

static __always_inline s32 pid_of(u64 p)
{
	return p ? BPF_CORE_READ((struct task_struct *)p, pid) : 0;
}

static __always_inline u64 slice_of(u64 p)
{
	return p ? BPF_CORE_READ((struct task_struct *)p, scx.slice) : 0;
}

/* A callback on a task, argument @n of it; @at, @a and @b: arguments as well, or -1. */
#define TASK_OP(name, op, n, at, a, b) \
	SEC("fentry") \
	int BPF_PROG(begin_##name, u64 args) \
	{ \
		u64 p = argument(args, n); \
		put(LOG_BEGIN + (op), pid_of(p), (s32)argument(args, at), \
		    argument(args, a), argument(args, b), slice_of(p)); \
		return 0; \
	} \
	SEC("fexit") \
	int BPF_PROG(end_##name, u64 args) \
	{ \
		u64 p = argument(args, n); \
		put(LOG_END + (op), pid_of(p), 0, (u32)result(ctx), 0, slice_of(p)); \
		return 0; \
	}
/* One on a CPU. */
#define CPU_OP(name, op, a) \
	SEC("fentry") \
	int BPF_PROG(begin_##name, u64 args) \
	{ \
		put(LOG_BEGIN + (op), 0, (s32)argument(args, 0), \
		    argument(args, a) & 1, 0, 0); \
		return 0; \
	} \
	SEC("fexit") \
	int BPF_PROG(end_##name, u64 args) \
	{ \
		put(LOG_END + (op), 0, (s32)argument(args, 0), 0, 0, 0); \
		return 0; \
	}

TASK_OP(sp_select_cpu, LOG_OP_SELECT_CPU, 0, 1, 2, -1)
TASK_OP(sp_enqueue_task, LOG_OP_ENQUEUE, 0, -1, 1, -1)
TASK_OP(sp_dispatch_cpu, LOG_OP_DISPATCH, 1, 0, -1, -1)
TASK_OP(sp_running_task, LOG_OP_RUNNING, 0, -1, -1, -1)
CPU_OP(sp_update_idle, LOG_OP_UPDATE_IDLE, 1)
CPU_OP(sp_cpu_release, LOG_OP_CPU_RELEASE, -1)
CPU_OP(sp_cpu_online, LOG_OP_CPU_ONLINE, -1)
CPU_OP(sp_cpu_offline, LOG_OP_CPU_OFFLINE, -1)
TASK_OP(sp_set_cpumask, LOG_OP_SET_CPUMASK, 0, -1, -1, -1)
TASK_OP(sp_disable_task, LOG_OP_DISABLE, 0, -1, -1, -1)
TASK_OP(sp_exit_task, LOG_OP_EXIT_TASK, 0, -1, -1, -1)

char _license[] SEC("license") = "GPL";
