/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User mode: CPUs that asked for the daemon while it was at work elsewhere. Their tasks go
 * on for a while, and a slice ends at a tick: where all CPUs are busy and their ticks come
 * at one moment, one CPU a tick would be served. So when the daemon's turn ends, one of them
 * is told to ask anew, and the next when that turn ends, or that CPU has no use for one.
 */
#ifndef SCHED_PROTO_PUT_OFF_BPF_H
#define SCHED_PROTO_PUT_OFF_BPF_H

#include "idle.bpf.h"

static u64 put_off_bits[SP_CPUS_MAX / 64];
static u32 put_off_cpus; /* about how many: it is counted behind the bit */
static u32 called_back; /* the last one that was called back; the next one is below it */
static bool is_called; /* and it has not asked yet */
/* Whether it asked for that, in memory: the verifier would look at all that follows twice. */
static bool was_called[SP_CPUS_MAX];

static __always_inline void put_off(s32 cpu)
{
	u32 word = (u32)cpu / 64;
	u64 bit = 1ULL << (cpu & 63);

	if (word < SP_CPUS_MAX / 64 &&
	    !(__sync_fetch_and_or(&put_off_bits[word], bit) & bit))
		__sync_fetch_and_add(&put_off_cpus, 1);
}

/* It asks again, or runs another task: nobody need call it back. Whether it was put off. */
static __always_inline bool forget_put_off(s32 cpu)
{
	u32 word = (u32)cpu / 64;
	u64 bit = 1ULL << (cpu & 63);

	if (word >= SP_CPUS_MAX / 64 || !(put_off_bits[word] & bit))
		return false;
	if (!(__sync_fetch_and_and(&put_off_bits[word], ~bit) & bit))
		return false;
	__sync_fetch_and_sub(&put_off_cpus, 1);
	return true;
}

/* Notes whether a CPU that asks was called back. */
static __always_inline void answers_call(s32 cpu)
{
	bool called = is_called && called_back == (u32)cpu;

	was_called[(u32)cpu & (SP_CPUS_MAX - 1)] = called;
	if (called)
		is_called = false;
}

/*
 * Calls one CPU back: its task lets go of it, and it asks. A CPU that took another task, or
 * the daemon, between the look and the interrupt ends that one's slice early. One that asked
 * for itself meanwhile leaves out others of its 64 until their next tick.
 */
static __noinline void call_back(void)
{
	u32 last = called_back & (SP_CPUS_MAX - 1);
	u32 words = (possible + 63) / 64, i;

	/* The word of the last one twice: what is below it first, the rest at the end. */
	bpf_for(i, 0, words + 1) {
		u32 word = (last / 64 + words - i % words) % words &
			   (SP_CPUS_MAX / 64 - 1);
		u64 bits = put_off_bits[word];
		s32 cpu;

		if (!i)
			bits &= (1ULL << (last & 63)) - 1;
		if (!bits)
			continue;
		cpu = (s32)(word * 64 + highest_bit(bits));
		if (!forget_put_off(cpu))
			continue;
		called_back = (u32)cpu;
		is_called = true;
		count(SP_COUNT_CALLED_BACK);
		scx_bpf_kick_cpu(cpu, SCX_KICK_PREEMPT);
		return;
	}
}

#endif
