// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a backend tells of tasks, beside the model's own bookkeeping: whether an event was
 * due, each of its fields, and who had to be woken. bpf/abi.h says what each field is.
 */
#include "model.h"
#include <stdlib.h>
#include <string.h>

#define GENERATIONS \
	(1u << 20) /* of more of them it is not looked whether they are new */

static u64 seen[GENERATIONS / 64]; /* generations that were told */
static u32 seen_most;

void inputs_reset(void)
{
	memset(seen, 0, (seen_most / 64 + 1) * sizeof(*seen));
	seen_most = 0;
	sim.online_told = sim.online_before = sim.cpus;
}

static bool is_kthread(const struct task *p)
{
	return p->t.flags & PF_KTHREAD;
}

static bool is_pinned(const struct task *p)
{
	return p->t.nr_cpus_allowed == 1 || p->section;
}

/* Whether the daemon knows @p as one that it is no more. */
bool tells_exit(const struct task *p)
{
	return p->told.known && p->told.pid != (u32)p->t.pid;
}

/* Whether the policy has to hear that @p begins to wait. */
bool is_told_of(const struct task *p, u64 enq_flags)
{
	if (p->daemon || (p->t.flags & PF_EXITING_BIT))
		return false;
	if (!is_kthread(p))
		return true;
	if (p->t.nr_cpus_allowed == 1 || !strncmp(p->t.comm, "kswapd", 6))
		return false;
	return !(enq_flags & SCX_ENQ_WAKEUP) ||
	       sim.machine.policy.kthreads != SP_KTHREADS_LOCAL;
}

/* It is forked, or another one by its pid. */
void life_begins(struct task *p)
{
	struct told *told = &p->told;

	memset(&told->state, 0, sizeof(told->state));
	p->runs_told = false;
	told->pid = (u32)p->t.pid;
	told->generation = 0;
	told->charged = p->t.se.sum_exec_runtime;
	told->woken_at = 0;
	told->queue = SP_QUEUE_REGULAR;
	told->before = told->due = told->known = false;
	told->wait = 0;
}

static void check_generation(const struct sp_event *event, struct told *told)
{
	const u32 generation = event->generation;

	if (told->generation == generation && generation)
		return;
	if (told->generation || !generation)
		flaw(SIM_FLAW_INPUT, "pid %u is of generation %u, not %u", event->pid,
		     told->generation, generation);
	told->generation = generation;
	if (generation >= GENERATIONS)
		return;
	if (seen[generation / 64] >> (generation & 63) & 1)
		flaw(SIM_FLAW_INPUT, "generation %u was another task's", generation);
	seen[generation / 64] |= 1ULL << (generation & 63);
	if (generation > seen_most)
		seen_most = generation;
}

/* What an event has whoever it is about. */
static void check_form(const struct sp_event *event)
{
	const bool enqueue = event->kind == SP_EVENT_ENQUEUE;
	const bool dispatch = event->kind == SP_EVENT_DISPATCH;
	bool fine = !event->seq;

	if (!enqueue)
		fine &= !event->used_ns && !event->switches && event->idle_cpu == -1;
	if (!dispatch || !(event->flags & SP_EVENT_PREV))
		fine &= !event->key;
	if (dispatch && !(event->flags & SP_EVENT_PREV))
		fine &= !event->pid && !event->generation && !event->weight;
	if (!dispatch || !(event->flags & SP_EVENT_LOOKED))
		fine &= !event->first[0] && !event->first[1] && !event->since[0] &&
			!event->since[1];
	if (enqueue)
		fine &= !(event->flags &
			  ~(SP_EVENT_WAKEUP | SP_EVENT_SYNC | SP_EVENT_KTHREAD));
	else if (dispatch)
		fine &= !(event->flags & (SP_EVENT_WAKEUP | SP_EVENT_SYNC |
					  SP_EVENT_KTHREAD | ~SP_EVENT_FLAGS));
	else
		fine &= !event->flags;
	if (!fine)
		flaw(SIM_FLAW_INPUT, "event %u has a field that it has not",
		     event->kind);
}

/*
 * Whether that many CPUs may have been on-line: a notice says how many there were when it was
 * written, and where callbacks overlap one CPU may have come or gone more than once since.
 */
static bool were_online(u32 cpus)
{
	if (cpus == sim.online_told)
		return true;
	if (is_undisturbed())
		return false;
	return cpus == sim.online_before ||
	       (sim.machine.overlap &&
		(cpus + 1 == sim.online_told || cpus == sim.online_told + 1));
}

/* @p: whose event it is; NULL: that of a CPU without a task. Of any kind. */
void check_event(const struct sp_event *event, struct task *p)
{
	const u64 now = event->now - NOW_ORIGIN;

	check_form(event);
	if (now < sim.moment.began || now > sim.now)
		flaw(SIM_FLAW_INPUT, "event %u is of %llu, and not of now, %llu",
		     event->kind, now, sim.now);
	if (!were_online(event->cpus))
		flaw(SIM_FLAW_INPUT, "%u CPUs were on-line, not %u", sim.online_told,
		     event->cpus);
	if (!p)
		return;
	/* As it was told: an exec may have changed it since. */
	if (event->pid != p->told.pid)
		flaw(SIM_FLAW_INPUT, "event %u is of pid %u, not %u", event->kind,
		     event->pid, p->told.pid);
	if (event->kind == SP_EVENT_ENQUEUE)
		check_weight(p, event->weight);
	else if (event->weight != p->told_weight)
		flaw(SIM_FLAW_INPUT, "pid %d was said to weigh %u, now %u", p->t.pid,
		     p->told_weight, event->weight);
	if (event->cpu != p->cpu)
		flaw(SIM_FLAW_INPUT, "pid %d is at CPU %d, not %d", p->t.pid, p->cpu,
		     event->cpu);
}

/* Whether an idle CPU may be there of which the backend heard nothing. */
static bool comes_and_goes(void)
{
	return sim.machine.faults.hotplug_ns;
}

static void check_idle_cpu(const struct sp_event *event, struct task *p)
{
	bool own = p->told.claimed == p->cpu || sim.moment.own_idle_before;

	if (event->idle_cpu != -1 && event->idle_cpu != p->cpu)
		flaw(SIM_FLAW_INPUT, "pid %d, at CPU %d, is told of CPU %d", p->t.pid,
		     p->cpu, event->idle_cpu);
	if (sim.moment.enqueueing != p || p->avoids_own)
		own = false;
	p->avoids_own = false;
	/* Whether its queue has the CPU is not modelled. */
	if (is_undisturbed() && !comes_and_goes() && !has_sets() &&
	    (event->idle_cpu >= 0) != own)
		flaw(SIM_FLAW_INPUT, "CPU %d of pid %d %s", p->cpu, p->t.pid,
		     own ? "idled" : "did not idle");
}

/* An ENQUEUE of @p is told, by an event or by a notice of the same fields. */
void check_told(struct task *p, const struct sp_event *event)
{
	const bool wakeup = sim.moment.enq_flags & SCX_ENQ_WAKEUP;
	const u64 used = p->t.se.sum_exec_runtime;
	struct told *told = &p->told;
	u32 flags = 0;

	if (told->pid != (u32)p->t.pid)
		life_begins(p);
	check_event(event, p);
	check_generation(event, told);
	flags |= wakeup ? SP_EVENT_WAKEUP : 0;
	flags |= told->sync && sim.moment.enqueueing == p ? SP_EVENT_SYNC : 0;
	flags |= is_kthread(p) ? SP_EVENT_KTHREAD : 0;
	if (event->flags != flags)
		flaw(SIM_FLAW_INPUT, "pid %d: flags are %u, not %u", p->t.pid, flags,
		     event->flags);
	if (event->used_ns != used - told->charged)
		flaw(SIM_FLAW_INPUT, "pid %d used %llu ns, not %llu", p->t.pid,
		     used - told->charged, event->used_ns);
	if (event->switches != p->t.nvcsw)
		flaw(SIM_FLAW_INPUT, "pid %d switched %lu times, not %llu", p->t.pid,
		     p->t.nvcsw, event->switches);
	check_idle_cpu(event, p);
	told->charged = used;
	told->since = event->now;
	if (wakeup)
		told->woken_at = event->now;
	told->now = true;
}

/* ---- ops.select_cpu ---- */

void looks_for_idle(struct task *p, u64 flags)
{
	p->woken_by = sim.moment.here + 1;
	p->told.sync = flags & SCX_WAKE_SYNC;
	p->told.claimed = sim.moment.claimed;
}

/* ---- ops.enqueue ---- */

static bool some_idle(const struct task *p)
{
	if (is_pinned(p))
		return mask_has(&sim.idle_mask, (u32)p->cpu);
	for (u32 word = 0; word < (sim.cpus + 63) / 64; word++)
		if (sim.idle_mask.bits[word] & p->affinity->mask.bits[word])
			return true;
	return false;
}

/*
 * A CPU took it, and a task of a higher class that CPU: its wait goes on, and nobody is told.
 * In user mode that is so as well for one that was let run on an idle CPU at once.
 */
static bool is_put_back(const struct task *p, u64 flags)
{
	const bool user = sim.machine.mode == SIM_MODE_USER;

	return (flags & SCX_ENQ_REENQ) && is_told_of(p, flags) &&
	       p->told.pid == (u32)p->t.pid &&
	       (user ? p->told.wait != 0 : p->told.due && !p->alone);
}

/* Within the callback, and before the backend's part of it. */
void enqueue_begins(struct task *p, u64 flags)
{
	p->put_back = is_put_back(p, flags);
	sim.moment.slice_before = p->t.scx.slice;
	p->told.now = false;
	/* It goes off-line, and the kernel has taken another one. */
	if (p->told.claimed != p->cpu)
		p->told.claimed = -1;
	sim.moment.own_idle_before = mask_has(&sim.idle_mask, (u32)p->cpu);
	sim.moment.idle_before = some_idle(p);
}

/* A task that waits in a queue: the idle CPU that was claimed for it has to look. */
static void check_kick(const struct task *p, u64 flags)
{
	s32 claimed = sim.moment.claimed >= 0 ? sim.moment.claimed : p->told.claimed;
	const struct cpu *kicked = &sim.cpu[sim.moment.kicked];
	bool told = sim.moment.kicks && sim.moment.kicked == claimed;

	if (!is_undisturbed() || comes_and_goes())
		return;
	if (sim.moment.kicks > 1)
		flaw(SIM_FLAW_KICK, "%u CPUs are woken for pid %d", sim.moment.kicks,
		     p->t.pid);
	/* One that was claimed at a wake-up may have found something since. */
	if (sim.moment.kicks && sim.moment.kicked != claimed && kicked->curr &&
	    !kicked->in_balance)
		flaw(SIM_FLAW_KICK, "CPU %d, which is busy, is woken for pid %d",
		     sim.moment.kicked, p->t.pid);
	if (find_dsq_by_id(p->direct, p->cpu)->cpu >= 0) {
		if (claimed == p->cpu && sim.moment.kicks)
			flaw(SIM_FLAW_KICK, "CPU %d is woken once more for pid %d",
			     claimed, p->t.pid);
		return;
	}
	if (claimed < 0) {
		if (sim.moment.idle_before)
			flaw(SIM_FLAW_KICK,
			     "a CPU idles, and none is claimed for pid %d", p->t.pid);
		return;
	}
	/* At a wake-up the kernel itself looks at the task's own CPU. */
	if (claimed == p->cpu && (flags & SCX_ENQ_WAKEUP) ? sim.moment.kicks : !told)
		flaw(SIM_FLAW_KICK, "CPU %d, claimed for pid %d, is %s", claimed,
		     p->t.pid, told ? "woken twice" : "not woken");
}

/* What the policy said, or would say in user mode, of a task that may take a CPU away. */
static bool preempts(const struct task *p, u64 flags)
{
	const struct sp_policy *policy = &sim.machine.policy;

	if (sim.machine.mode == SIM_MODE_BPF)
		return p->has_wait && p->wait.action == SP_ACTION_PREEMPT;
	return policy->preempt && is_told_of(p, flags) &&
	       p->told.queue == SP_QUEUE_PRIORITY && (flags & SCX_ENQ_WAKEUP) &&
	       !p->told.sync;
}

static void check_preemption(const struct task *p, u64 flags)
{
	const s32 cpu = p->cpu;
	bool wanted = preempts(p, flags) && sim.moment.claimed < 0 &&
		      p->told.claimed < 0 && sim.cpu[cpu].gives_way;
	const bool unknown = sim.cpu[cpu].may_give_way;

	if (sim.moment.preempts && sim.moment.preempted == cpu)
		sim.cpu[cpu].gives_way = sim.cpu[cpu].may_give_way = false;
	/* One that goes off-line in the middle of a callback may be noted when it is gone. */
	if (!is_undisturbed() || unknown || comes_and_goes())
		return;
	if (sim.moment.preempts != wanted || (wanted && sim.moment.preempted != cpu))
		flaw(SIM_FLAW_KICK, "pid %d (class %u) %s CPU %d away", p->t.pid,
		     p->told.queue, wanted ? "was to take" : "was not to take", cpu);
}

/* It is let run past the policy: at once where it is, else wherever somebody comes. */
static void check_let_run(struct task *p, bool retried)
{
	const u64 slice = retried ? RETRY_SLICE_NS : sim.machine.policy.slice_max_ns;
	const struct dsq *dsq = find_dsq_by_id(p->direct, p->cpu);
	bool local = is_local(dsq) && dsq->cpu == p->cpu;

	if (!local && dsq != &sim.global_dsq)
		flaw(SIM_FLAW_QUEUE, "pid %d was to run without waiting", p->t.pid);
	if (p->t.scx.slice != slice)
		flaw(SIM_FLAW_SLICE, "pid %d was to run for %llu ns, not %llu",
		     p->t.pid, slice, p->t.scx.slice);
	if (is_undisturbed() && !comes_and_goes() && !retried &&
	    local != (is_pinned(p) || p->told.claimed == p->cpu ||
		      sim.moment.own_idle_before))
		flaw(SIM_FLAW_QUEUE, "pid %d was to run %s", p->t.pid,
		     local ? "on any CPU" : "where it is");
	if (retried)
		return;
	p->told.charged = p->t.se.sum_exec_runtime;
	p->runs_told = false;
	p->told.before = p->told.due = false;
	p->told.wait = 0;
	ends_run(p);
}

/* User mode: a task of which the daemon was, or was to be, told. */
static void check_held(const struct task *p)
{
	const struct sp_policy *policy = &sim.machine.policy;
	u64 wanted = sim.moment.ring_full ? DSQ_PICKED : DSQ_HELD;

	if (p->put_back)
		wanted = is_pinned(p) ? DSQ_PICKED_ON + (u64)p->cpu : DSQ_PICKED;

	if (sim.moment.idle_told && policy->idle == SP_IDLE_DIRECT)
		wanted = SCX_DSQ_LOCAL;
	/* Whether an idle CPU was found, nobody was told. */
	if (sim.moment.ring_full && (!is_undisturbed() || comes_and_goes()) &&
	    (p->direct == SCX_DSQ_LOCAL || p->direct == DSQ_PICKED))
		return;
	if (p->direct != wanted)
		flaw(SIM_FLAW_QUEUE, "pid %d was to go to queue %llx, not %llx",
		     p->t.pid, wanted, p->direct);
}

/* User mode: there was no room for the notice. Its time is told with its next wait. */
static void not_told(struct task *p, u64 flags)
{
	if (tells_exit(p) || p->told.pid != (u32)p->t.pid)
		life_begins(p);
	wait_not_told();
	p->runs_told = p->avoids_own = false;
	p->woken_by = 0;
	p->told.known = true;
	p->told.wait = 0;
	ends_run(p);
	if (flags & SCX_ENQ_WAKEUP)
		p->told.woken_at = sim.now + NOW_ORIGIN;
	if (sim.machine.policy.idle == SP_IDLE_DIRECT &&
	    (p->told.claimed == p->cpu || sim.moment.own_idle_before))
		sim.moment.idle_told = true;
}

/* The callback has returned, and said where it goes. */
void enqueue_ends(struct task *p, u64 flags)
{
	const bool user = sim.machine.mode == SIM_MODE_USER;
	bool last = user && (flags & SCX_ENQ_LAST) && !p->joins;
	struct told *told = &p->told;
	bool was_told = told->now || told->before || sim.moment.ring_full;
	bool due;

	/* Its slice was 0 since somebody preempted it just then, perhaps. */
	if (p->joins && sim.machine.overlap && !was_told)
		last = user && (flags & SCX_ENQ_LAST);
	due = is_told_of(p, flags) && !last;
	if (p->daemon)
		check_call_back();
	if (p->daemon || !p->direct || pair_steps_aside(p))
		return;
	sim.report.effects++;
	if (sim.moment.ring_full)
		not_told(p, flags);
	/* A kernel thread may have been bound to one CPU since its CPU asked, and told of it. */
	if (!due && told->before && sim.machine.overlap) {
		p->has_wait = false;
		was_told = false;
	}
	if ((due && !p->put_back) != was_told)
		flaw(SIM_FLAW_INPUT, "pid %d begins to wait, and %s", p->t.pid,
		     due ? "nobody is told" : "the policy is told");
	if (!last)
		check_kick(p, flags);
	check_preemption(p, flags);
	if (due) {
		sim.counts[SP_COUNT_ENQUEUED]++;
		sim.counts[SP_COUNT_DIRECT] += p->direct == SCX_DSQ_LOCAL;
		told->due = !user;
		told->back = p->put_back;
		if (user)
			check_held(p);
		if (p->t.scx.slice != (user && p->put_back ?
					       sim.moment.slice_before :
					       sim.machine.policy.slice_max_ns))
			flaw(SIM_FLAW_SLICE, "pid %d waits with a slice of %llu ns",
			     p->t.pid, p->t.scx.slice);
	} else {
		check_let_run(p, last && is_told_of(p, flags));
		sim.counts[p->t.flags & PF_EXITING_BIT ? SP_COUNT_EXITING :
			   last			       ? SP_COUNT_RETRIED :
							 SP_COUNT_LOCAL]++;
	}
	p->joins = false;
	told->before = told->now = false;
	told->sync = last ? told->sync : false;
	told->claimed = -1;
}

/* ---- ops.running ---- */

static u32 bucket_of(u64 ns)
{
	u32 bucket = ns ? 63 - (u32)__builtin_clzll(ns) : 0;

	return bucket < SP_HISTOGRAM_BUCKETS ? bucket : SP_HISTOGRAM_BUCKETS - 1;
}

void running_begins(struct task *p)
{
	struct told *told = &p->told;
	u64 ns;

	p->tick_told = p->has_stopped = false;
	p->rest = 0;
	/* User mode: RUNNING was told when it was picked. */
	if (told->wait) {
		pair_runs(p);
		p->run_wait = told->wait;
	}
	told->wait = 0;
	if (p->daemon || !told->woken_at)
		return;
	ns = sim.now + NOW_ORIGIN - told->woken_at;
	told->woken_at = 0;
	sim.wakeups_ns[bucket_of(ns)]++;
	if (ns > sim.wakeup_max_ns)
		sim.wakeup_max_ns = ns;
}

/* @slice: what it had before the callback. */
void running_ends(struct task *p, u64 slice)
{
	const bool user = sim.machine.mode == SIM_MODE_USER;
	u32 queue = user ? p->told.queue : p->told.state.queue;

	if (p->told.due != p->has_run && !user)
		flaw(SIM_FLAW_INPUT, "pid %d runs, and %s", p->t.pid,
		     p->has_run ? "its slice was asked for before" :
				  "its slice is not asked for");
	p->told.due = false;
	if (p->goes_aside && p->t.scx.slice && is_undisturbed())
		PAIR_FLAW(SIM_FLAW_SLICE, "pid %d went on, and was to give way",
			  p->t.pid);
	sim.counts[SP_COUNT_GAVE_WAY] += p->goes_aside;
	p->goes_aside = p->is_aside = false;
	if (!p->has_run && p->t.scx.slice != slice)
		flaw(SIM_FLAW_SLICE, "pid %d was to go on for %llu ns, not %llu",
		     p->t.pid, slice, p->t.scx.slice);
	sim.cpu[p->cpu].put_off = false;
	note_gives_way(p->cpu, sim.machine.policy.preempt && !p->daemon &&
				       !is_kthread(p) && queue == SP_QUEUE_REGULAR);
}

/*
 * Whether what runs there from now on is of the regular class. In user mode another CPU may
 * carry out an answer that tells its class, or take the CPU away from it, in the middle of
 * the callback: then the backend noted what was so before.
 */
void note_gives_way(s32 cpu, bool gives_way)
{
	sim.cpu[cpu].gives_way = gives_way;
	sim.cpu[cpu].may_give_way = sim.machine.mode == SIM_MODE_USER &&
				    !is_undisturbed();
}
