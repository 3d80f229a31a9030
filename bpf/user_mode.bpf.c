// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mode: a backend that decides nothing. A task that begins to wait goes to
 * DSQ_HELD, and an event about it to the daemon; the daemon's answer moves it to
 * DSQ_PICKED, from which any CPU takes it.
 *
 * Since every waiting task stands in a queue of the kernel's, none can be lost
 * with the daemon: whoever finds no answer and no daemon takes from DSQ_HELD,
 * first come, first served. The kernel itself takes a task out of it that exits
 * or changes its affinity or class; the answer to it is then stale.
 *
 * The daemon does not sleep. It yields, and then stands in DSQ_DAEMON until a
 * CPU has nothing picked and somebody waits: then that CPU runs it. No wake-up,
 * no system call but the yield, and no decision before somebody needs one.
 *
 * An idle CPU that the kernel found for a waking task takes it at once where
 * the description says `idle-cpu: direct`: a standing decision. The daemon is
 * told, so that its state is the same as if it had been asked. Likewise a CPU that
 * has no other task takes the only one that waits.
 */
#include "common.bpf.h"

#define DSQ_HELD 16
#define DSQ_PICKED 17
#define DSQ_DAEMON 18

/* The daemon ran this long without yielding: others stop waiting for it. */
#define OVERDUE_NS (20 * 1000 * 1000ULL)
/* Between its turn and its standing by, the daemon is nowhere: so long at most. */
#define GRACE_NS (4 * 1000 * 1000ULL)
/* Answers laid aside until their tasks are queued; a power of two. */
#define EARLY_MAX 8
/* A CPU that waits for a running daemon lets its task go on for this long. */
#define RETRY_SLICE_NS (500 * 1000ULL)
#define DAEMON_SLICE_NS (20 * 1000 * 1000ULL)
/* The daemon runs this often even if nobody needs it. */
#define DAEMON_IDLE_NS (500 * 1000 * 1000ULL)
#define DRAIN_MAX 256
/* Bytes of events that the daemon may leave unread while it need not be asked. */
#define SOLE_UNREAD_MAX (32 * (sizeof(struct sp_event) + 8 /* a record's header */))

/* Set before the program is loaded: ask even where nothing is left to choose. */
const volatile bool ask_always;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SP_EVENT_RING);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sp_answers);
} answers SEC(".maps");

/* Not static: clang would narrow the addresses, which it sees as flags. */
struct sp_dsq held = { .id = DSQ_HELD };
struct sp_dsq picked = { .id = DSQ_PICKED };
struct sp_dsq standing_by = { .id = DSQ_DAEMON };

static u64 drain_busy;
static struct sp_answer early[EARLY_MAX]; /* pid 0: none; under drain_busy */
static u32 early_count;
static u64 daemon_since; /* when a CPU gave way to the daemon; 0: it stands by */
static u64 daemon_last; /* when its last turn ended */
static bool daemon_confined; /* it may not run on every CPU */
/* It sleeps, is stopped, or does not exist. Not static: clang would narrow it. */
u64 daemon_gone = 1;
static u32 waits; /* numbers of waits */
static u32 alternate; /* whose turn it is with a full ring */

static __always_inline struct sp_answers *answer_ring(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&answers, &zero);
}

static __always_inline bool is_daemon(const struct task_struct *p,
				      const struct sp_answers *ring)
{
	return (u32)p->pid == ring->daemon.tid;
}

/* Puts an event into the daemon's ring; false if there is no room. */
static __always_inline bool send(const struct sp_event *event)
{
	struct sp_event *slot = bpf_ringbuf_reserve(&events, sizeof(*slot), 0);

	if (!slot)
		return false;
	*slot = *event;
	bpf_ringbuf_submit(slot, BPF_RB_NO_WAKEUP);
	return true;
}

/*
 * Tells the daemon of a wait; false if there is no room. What the task used is
 * then charged with its next wait.
 */
static __always_inline bool tell(struct sp_task_ctx *tctx, const struct sp_event *event)
{
	tctx->known = true;
	if (send(event))
		return true;
	count(SP_COUNT_RING_FULL);
	tctx->used -= event->used_ns;
	return false;
}

/* Whether the daemon has something to do. */
static __always_inline bool daemon_has_work(const struct sp_answers *ring)
{
	return ring->daemon.waiting || bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
}

SEC("struct_ops/sp_select_cpu")
s32 BPF_PROG(sp_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct sp_task_ctx *tctx = task_ctx(p);
	struct sp_answers *ring = answer_ring();
	bool idle = false;
	s32 cpu;

	if (ring && is_daemon(p, ring))
		return prev_cpu;
	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
	if (tctx) {
		tctx->idle = idle;
		tctx->sync = wake_flags & SCX_WAKE_SYNC;
	}
	return cpu;
}

/* The daemon's thread: it stands by until a CPU needs it. */
static __always_inline void enqueue_daemon(struct task_struct *p,
					   const struct sp_answers *ring, u64 enq_flags)
{
	daemon_gone = 0;
	daemon_last = sp_now();
	daemon_since = 0;
	daemon_confined = p->nr_cpus_allowed < (int)nr_online();
	sp_dsq_insert(p, DSQ_DAEMON, DAEMON_SLICE_NS, enq_flags);
	if (!daemon_has_work(ring) && !nr_queued(&held))
		return;
	kick_for(p, claim_idle_cpu(p));
}

/* The task waits for the daemon's answer, or for the fallback. */
static __always_inline void hold(struct task_struct *p, struct sp_task_ctx *tctx,
				 struct sp_event *event, u64 enq_flags)
{
	u64 slice = described()->slice_max_ns;

	bool told = tell(tctx, event);

	if (event->idle_cpu >= 0 && described()->idle == SP_IDLE_DIRECT) {
		count(SP_COUNT_DIRECT);
		sp_dsq_insert(p, SCX_DSQ_LOCAL, slice, enq_flags);
		return;
	}
	sp_dsq_insert(p, told ? DSQ_HELD : DSQ_PICKED, slice, enq_flags);
}

SEC("struct_ops/sp_enqueue")
void BPF_PROG(sp_enqueue_task, struct task_struct *p, u64 enq_flags)
{
	struct sp_answers *ring = answer_ring();
	struct sp_task_ctx *tctx;
	struct sp_event event;
	s32 idle_cpu;
	u64 now;

	if (!ring)
		return; /* cannot be: an array always has its first element */
	if (is_daemon(p, ring)) {
		enqueue_daemon(p, ring, enq_flags);
		return;
	}
	tctx = task_ctx(p);
	if (!tctx || is_vital(p) || (u32)p->tgid == ring->daemon.tgid ||
	    ((p->flags & PF_KTHREAD) && (enq_flags & SCX_ENQ_WAKEUP) &&
	     described()->kthreads == SP_KTHREADS_LOCAL)) {
		insert_locally(p, tctx, enq_flags);
		return;
	}
	if (enq_flags & SCX_ENQ_LAST) {
		/* Nobody else for this CPU, and dispatch did not extend it. */
		sp_dsq_insert(p, SCX_DSQ_LOCAL, RETRY_SLICE_NS, enq_flags);
		/* The CPU may have made up its mind to idle already. */
		scx_bpf_kick_cpu(scx_bpf_task_cpu(p), 0);
		return;
	}
	now = sp_now();
	if (enq_flags & SCX_ENQ_WAKEUP)
		tctx->woken_at = now;
	tctx->since = now;
	tctx->wait = __sync_fetch_and_add(&waits, 1) + 1;
	if (!tctx->wait) /* 0 is no wait */
		tctx->wait = __sync_fetch_and_add(&waits, 1) + 1;
	count(SP_COUNT_ENQUEUED);
	fill_enqueue(&event, p, tctx, enq_flags, now);
	event.seq = tctx->wait;
	idle_cpu = tctx->idle ? event.cpu : claim_idle_cpu(p);
	tctx->idle = false;
	if (idle_cpu == event.cpu)
		event.idle_cpu = idle_cpu;
	hold(p, tctx, &event, enq_flags);
	kick_for(p, idle_cpu);
	/* The policy would have it preempt, to judge by its last answer: ask now. */
	if (described()->preempt && tctx->queue == SP_QUEUE_PRIORITY && idle_cpu < 0 &&
	    (event.flags & SP_EVENT_WAKEUP) && !(event.flags & SP_EVENT_SYNC))
		preempt(event.cpu);
}

enum outcome {
	TRY_AGAIN, /* not in its queue yet */
	DONE,
	RUNS_HERE, /* it is the next one of the CPU that asked */
};

/*
 * Moves a waiting task to where its answer lets it go: to @here if that CPU has
 * none yet and may have this one, else to DSQ_PICKED, with another CPU kicked.
 * The iterator is older than the looks at the task: whatever changed its affinity
 * since has queued it anew, and then the kernel refuses the move.
 */
static __always_inline enum outcome pick(struct bpf_iter_scx_dsq *it,
					 struct task_struct *p, s32 here, bool wanted)
{
	s32 cpu = -1;
	bool mine;

	mine = wanted && may_run(p, here);
	if (!scx_bpf_dsq_move(it, p, mine ? SCX_DSQ_LOCAL : DSQ_PICKED, 0))
		return TRY_AGAIN;
	if (mine)
		return RUNS_HERE;
	if (is_pinned(p))
		cpu = scx_bpf_task_cpu(p);
	else if (idle_cpus)
		cpu = pick_idle_cpu(p);
	if (cpu >= 0 && cpu != here)
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	return DONE;
}

/* Carries out one answer. @wanted: the CPU has no task yet. */
static __noinline enum outcome carry_out(struct bpf_iter_scx_dsq *it,
					 const struct sp_answer *answer, s32 here,
					 bool wanted)
{
	struct task_struct *p = bpf_task_from_pid(answer->pid);
	enum outcome outcome = DONE;
	struct sp_task_ctx *tctx;

	if (!p) {
		if (answer->wait)
			count(SP_COUNT_STALE);
		return DONE;
	}
	tctx = task_ctx(p);
	/* Also from a late answer, and from one that tells nothing else. */
	if (tctx)
		tctx->queue = answer->queue;
	if (tctx && answer->wait && tctx->wait == answer->wait) {
		scx_bpf_dsq_move_set_slice(it, answer->slice_ns);
		outcome = pick(it, p, here, wanted);
	} else if (answer->wait) {
		count(SP_COUNT_STALE);
	}
	bpf_task_release(p);
	return outcome;
}

/*
 * Lays an answer aside whose task is not in its queue yet: the CPU that enqueues
 * it told the daemon just before, and may be a virtual one that lost its CPU in
 * between. So those behind it need not wait. False if there is no room.
 */
static __always_inline bool lay_aside(const struct sp_answer *answer)
{
	for (u32 i = 0; i < EARLY_MAX; i++) {
		if (early[i].pid)
			continue;
		early[i] = *answer;
		early_count++;
		count(SP_COUNT_EARLY);
		return true;
	}
	return false;
}

/* Tries those again that were laid aside; returns whether @here got one. */
static __always_inline bool retry_early(struct bpf_iter_scx_dsq *it, s32 here,
					bool wanted)
{
	enum outcome outcome;
	struct sp_answer answer;
	bool got = false;
	int i;

	bpf_for(i, 0, EARLY_MAX) {
		answer = early[i & (EARLY_MAX - 1)];
		if (!answer.pid)
			continue;
		outcome = carry_out(it, &answer, here, wanted && !got);
		if (outcome == TRY_AGAIN)
			continue;
		early[i & (EARLY_MAX - 1)].pid = 0;
		early_count--;
		if (outcome == RUNS_HERE)
			got = true;
	}
	return got;
}

/* Carries out the next answer. */
static __always_inline enum outcome carry_out_next(struct bpf_iter_scx_dsq *it,
						   struct sp_answers *ring, s32 here,
						   bool wanted)
{
	struct sp_answer answer = ring->ring[ring->tail & (SP_ANSWERS - 1)];
	enum outcome outcome = carry_out(it, &answer, here, wanted);

	if (outcome == TRY_AGAIN) {
		if (!lay_aside(&answer))
			return TRY_AGAIN;
		outcome = DONE;
	}
	ring->tail++;
	return outcome;
}

static __always_inline bool answers_left(const struct sp_answers *ring)
{
	return ring->tail != ring->daemon.answers_head || early_count;
}

/*
 * Carries out the answers under way; returns whether @here got a task of them.
 * One CPU at a time: another that comes meanwhile goes on without, and is kicked
 * for what becomes of them.
 */
static __always_inline bool drain(struct sp_answers *ring, s32 here)
{
	struct bpf_iter_scx_dsq it;
	/* Those picked before go first. Until its place is known, all go that way. */
	bool wanted = picked.address && !nr_queued(&picked);
	enum outcome outcome;
	bool got = false;
	u64 head;
	int i;

	if (!answers_left(ring))
		return false;
	if (__sync_lock_test_and_set(&drain_busy, 1))
		return false;
	/* Tasks queued after the iterator was made cannot be moved by it. */
	head = ring->daemon.answers_head;
	bpf_iter_scx_dsq_new(&it, DSQ_HELD, 0);
	if (early_count)
		got = retry_early(&it, here, wanted);
	if (ring->tail != head)
		got |= carry_out_next(&it, ring, here, wanted && !got) == RUNS_HERE;
	/* Mostly there is but one, and a loop costs more than its turn. */
	if (ring->tail != head) {
		bpf_for(i, 0, DRAIN_MAX) {
			if (ring->tail == head)
				break;
			outcome = carry_out_next(&it, ring, here, wanted && !got);
			if (outcome == RUNS_HERE)
				got = true;
			if (outcome == TRY_AGAIN)
				break;
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	__sync_lock_test_and_set(&drain_busy, 0);
	return got;
}

/* Whether the daemon that stands by may run here; wakes a CPU where it may. */
static __always_inline bool daemon_may_run(s32 here)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool may = true;

	bpf_iter_scx_dsq_new(&it, DSQ_DAEMON, 0);
	p = bpf_iter_scx_dsq_next(&it);
	if (p && !may_run(p, here)) {
		may = false;
		scx_bpf_kick_cpu(scx_bpf_task_cpu(p), 0);
	}
	bpf_iter_scx_dsq_destroy(&it);
	return may;
}

/* Lets the daemon run here, if it stands by. */
static __always_inline bool run_daemon(s32 here)
{
	if (!nr_queued(&standing_by))
		return false;
	if (daemon_confined && !daemon_may_run(here))
		return false;
	/* Before it leaves the queue: nobody may find it neither here nor there. */
	daemon_since = sp_now();
	if (!take_from(&standing_by))
		return false; /* another CPU was faster, and wrote the same */
	count(SP_COUNT_DAEMON_RUNS);
	return true;
}

/* Whether the daemon has its turn, and not for too long already. */
static __always_inline bool has_turn(u64 now)
{
	u64 since = daemon_since;

	return since && (s64)(now - since) < (s64)OVERDUE_NS;
}

/* Whether the daemon is at work on another CPU, and may be waited for. */
static __always_inline bool daemon_is_busy(u64 now)
{
	if (daemon_gone)
		return false;
	if (daemon_since)
		return has_turn(now);
	return (s64)(now - daemon_last) < (s64)GRACE_NS;
}

/* Whether the daemon should read its ring before it is full, whoever is picked. */
static __always_inline bool daemon_should_read(u64 unread)
{
	return !daemon_since && unread > SP_EVENT_RING / 2;
}

/*
 * With a full ring, tasks are picked without the daemon, and DSQ_PICKED may never
 * be empty. Where the daemon cannot answer, those that it was told of before go
 * every other time: nobody else serves them.
 */
static __always_inline bool take_held_in_turn(void)
{
	bool overdue = daemon_since && !has_turn(sp_now());

	if (!daemon_gone && !overdue)
		return false;
	if (!nr_queued(&held) || !(++alternate & 1) || !take_from(&held))
		return false;
	count(SP_COUNT_FALLBACK);
	if (overdue)
		count(SP_COUNT_OVERDUE);
	return true;
}

/*
 * A CPU found nothing picked, and somebody waits. Returns the slice for which
 * its present task may go on, 0 if another was found.
 */
static __always_inline u64 ask_daemon(struct sp_answers *ring, s32 here)
{
	bool overdue = daemon_since != 0;
	/* Gone in the middle of a pass, it may know what it did not publish. */
	bool unknown = !overdue && !daemon_gone && !answers_left(ring) &&
		       !daemon_has_work(ring);

	if (!unknown && run_daemon(here))
		return 0;
	/* It kicks idle CPUs when it has answered. */
	if (daemon_is_busy(sp_now()))
		return RETRY_SLICE_NS;
	if (!take_from(&held))
		return described()->slice_max_ns;
	count(unknown ? SP_COUNT_LOST : SP_COUNT_FALLBACK);
	if (overdue)
		count(SP_COUNT_OVERDUE);
	/* Others may have gone idle because the daemon seemed to be at work. */
	if (idle_cpus && nr_queued(&held))
		wake_another(here);
	return 0;
}

/*
 * Where one task waits and the CPU has no other, there is nothing to choose: it is
 * taken, and the daemon, which stands by, told. If a second one comes at the same
 * moment, the first to come is taken all the same. False if the daemon is to be asked.
 */
static __always_inline bool take_sole(const struct sp_answers *ring, s32 here,
				      u64 unread)
{
	struct bpf_iter_scx_dsq it;
	struct sp_task_ctx *tctx;
	struct sp_event event;
	struct task_struct *p;
	bool taken = false;

	if (ask_always || unread > SOLE_UNREAD_MAX || nr_queued(&held) != 1 ||
	    !nr_queued(&standing_by) || answers_left(ring))
		return false;
	/* It has its turn that often, and is not seen to be gone otherwise. */
	if ((s64)(sp_now() - daemon_last) > (s64)DAEMON_IDLE_NS)
		return false;
	bpf_iter_scx_dsq_new(&it, DSQ_HELD, 0);
	p = bpf_iter_scx_dsq_next(&it);
	tctx = p ? task_ctx(p) : NULL;
	if (tctx && may_run(p, here)) {
		/* The clock of the daemon's own decisions: sp_now() has another origin. */
		fill_event(&event, SP_EVENT_TAKEN, p, tctx, bpf_ktime_get_ns());
		event.seq = tctx->wait;
		taken = scx_bpf_dsq_move(&it, p, SCX_DSQ_LOCAL, 0);
	}
	bpf_iter_scx_dsq_destroy(&it);
	if (!taken)
		return false;
	count(SP_COUNT_SOLE);
	if (!send(&event)) /* its answer will be stale */
		count(SP_COUNT_NOTES_LOST);
	return true;
}

/* No callback tells of a task that was preempted for nobody. */
static __always_inline void goes_on(s32 cpu, struct task_struct *prev)
{
	struct sp_task_ctx *tctx;

	if (!described()->preempt || (prev->flags & PF_KTHREAD))
		return;
	tctx = task_ctx(prev);
	if (tctx)
		note_class(cpu, tctx->queue);
}

SEC("struct_ops/sp_dispatch")
void BPF_PROG(sp_dispatch_cpu, s32 cpu, struct task_struct *prev)
{
	struct sp_answers *ring = answer_ring();
	u64 slice = described()->slice_max_ns;
	bool goes = prev && (prev->scx.flags & SCX_TASK_QUEUED);
	u64 unread;

	if (!ring)
		return;
	if (prev && is_daemon(prev, ring) && !goes) {
		daemon_gone = 1;
		daemon_since = 0;
	}
	unread = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);
	if (daemon_should_read(unread) && run_daemon(cpu))
		return;
	if (take_held_in_turn())
		return;
	if (drain(ring, cpu) || take_from(&picked)) {
		count(SP_COUNT_DISPATCHED);
		return;
	}
	if (!goes && take_sole(ring, cpu, unread))
		return;
	if (nr_queued(&held))
		slice = ask_daemon(ring, cpu);
	else if (!daemon_since && (s64)(sp_now() - daemon_last) > (s64)DAEMON_IDLE_NS &&
		 run_daemon(cpu))
		slice = 0; /* nobody waits, but its ring wants to be read */
	/* Nobody else: prev goes on. The daemon stands by instead. */
	if (slice && goes && !is_daemon(prev, ring)) {
		sp_set_slice(prev, slice);
		goes_on(cpu, prev);
	}
}

SEC("struct_ops/sp_running")
void BPF_PROG(sp_running_task, struct task_struct *p)
{
	struct sp_answers *ring = answer_ring();
	struct sp_task_ctx *tctx;

	if (!ring)
		return;
	if (is_daemon(p, ring)) {
		note_class(scx_bpf_task_cpu(p), SP_QUEUE_PRIORITY);
		return;
	}
	tctx = task_ctx(p);
	if (!tctx)
		return;
	note_class(scx_bpf_task_cpu(p),
		   p->flags & PF_KTHREAD ? SP_QUEUE_PRIORITY : tctx->queue);
	tctx->wait = 0; /* an answer that is still under way is stale */
	count_wakeup(tctx, sp_now());
}

SEC("struct_ops/sp_update_idle")
void BPF_PROG(sp_update_idle, s32 cpu, bool idle)
{
	struct sp_answers *ring = answer_ring();

	mark_idle(cpu, idle);
	if (!ring)
		return;
	ring->idle_cpus = idle_cpus;
	if (!idle)
		return;
	if (has_task_for(&picked, cpu) ||
	    (!has_turn(sp_now()) && has_task_for(&held, cpu)))
		scx_bpf_kick_cpu(cpu, 0);
}

SEC("struct_ops/sp_cpu_release")
void BPF_PROG(sp_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	/* A real-time task took the CPU: what waits there may go elsewhere. */
	if (bpf_ksym_exists(scx_bpf_reenqueue_local))
		scx_bpf_reenqueue_local();
}

SEC("struct_ops/sp_cpu_online")
void BPF_PROG(sp_cpu_online, s32 cpu)
{
	mark_online(cpu, true);
}

SEC("struct_ops/sp_cpu_offline")
void BPF_PROG(sp_cpu_offline, s32 cpu)
{
	mark_online(cpu, false);
	count_by(SP_COUNT_GIVEN_UP, give_up_cpu(&held, cpu));
	count_by(SP_COUNT_GIVEN_UP, give_up_cpu(&picked, cpu));
	give_up_cpu(&standing_by, cpu); /* the daemon, which does not count */
}

SEC("struct_ops.s/sp_init_task")
s32 BPF_PROG(sp_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	return new_task(p);
}

/* It leaves for another class, perhaps while it waits: an answer is stale then. */
SEC("struct_ops/sp_disable")
void BPF_PROG(sp_disable_task, struct task_struct *p)
{
	struct sp_task_ctx *tctx = task_ctx(p);

	if (tctx)
		tctx->wait = 0;
}

SEC("struct_ops/sp_exit_task")
void BPF_PROG(sp_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	struct sp_task_ctx *tctx = task_ctx(p);
	struct sp_event event;

	if (!tctx || !tctx->known)
		return;
	fill_event(&event, SP_EVENT_EXIT, p, tctx, sp_now());
	if (!send(&event))
		count(SP_COUNT_NOTES_LOST);
}

/*
 * Finds what should not be, and counts it, and lets the daemon read its ring when
 * nobody waits.
 */
static void tick(void)
{
	status.waiting =
		scx_bpf_dsq_nr_queued(DSQ_HELD) + scx_bpf_dsq_nr_queued(DSQ_PICKED);
	rescue(&picked);
	if (!has_turn(sp_now())) /* else its answers kick them */
		rescue(&held);
	if (!daemon_since && (s64)(sp_now() - daemon_last) > (s64)DAEMON_IDLE_NS)
		scx_bpf_kick_cpu(bpf_get_smp_processor_id(), SCX_KICK_IDLE);
}

SEC("struct_ops.s/sp_init")
s32 BPF_PROG(sp_init)
{
	s32 error;

	daemon_last = bpf_ktime_get_ns();
	error = scx_bpf_create_dsq(DSQ_HELD, -1);
	if (!error)
		error = scx_bpf_create_dsq(DSQ_PICKED, -1);
	if (!error)
		error = scx_bpf_create_dsq(DSQ_DAEMON, -1);
	if (!error)
		error = start_timer();
	return error;
}

SEC("struct_ops/sp_exit")
void BPF_PROG(sp_exit_scheduler, struct scx_exit_info *info)
{
	record_exit(info);
}

SEC(".struct_ops.link")
struct sched_ext_ops scheduler = {
	.select_cpu = (void *)sp_select_cpu,
	.enqueue = (void *)sp_enqueue_task,
	.dispatch = (void *)sp_dispatch_cpu,
	.running = (void *)sp_running_task,
	.update_idle = (void *)sp_update_idle,
	.cpu_release = (void *)sp_cpu_release,
	.cpu_online = (void *)sp_cpu_online,
	.cpu_offline = (void *)sp_cpu_offline,
	.init_task = (void *)sp_init_task,
	.disable = (void *)sp_disable_task,
	.exit_task = (void *)sp_exit_task,
	.init = (void *)sp_init,
	.exit = (void *)sp_exit_scheduler,
	.flags = SP_OPS_KEEP_BUILTIN_IDLE | SP_OPS_ENQ_LAST,
	.timeout_ms = 10000,
	.exit_dump_len = SP_EXIT_DUMP,
	.name = "sched_proto_user",
};
