/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who a task is: inputs that a pair of one's own may ask for. They are told with an
 * ENQUEUE, read at that moment, so that a change is known with the task's next wait; the
 * same in both modes. What no pair asks for is not gathered.
 */
#ifndef SCHED_PROTO_INPUTS_H
#define SCHED_PROTO_INPUTS_H

#include "abi.h"

/* sp_policy.burst of a pair: SP_BURST_PLAIN, and from this bit on its inputs. */
#define SP_INPUTS_SHIFT 16

enum sp_input {
	SP_INPUT_COMM = 1, /* 16 bytes: the thread's name, zeros behind it */
	SP_INPUT_CGROUP =
		2, /* 8 bytes: the id of its control group (v2), an inode's number */
	SP_INPUT_TGID = 4, /* 4 bytes: its process */
	SP_INPUT_UID = 8, /* 4 bytes: the real user, of the first user namespace */
	SP_INPUT_NICE = 16, /* 4 bytes: -20 to 19, signed */
	SP_INPUT_ALLOWED = 32, /* 4 bytes: on so many CPUs it may run */
};
#define SP_INPUTS_ALL 63u

/* All of them, as a notice has them (user mode) and as the daemon puts them into events. */
struct sp_who {
	sp_u64 comm[2];
	sp_u64 cgroup;
	sp_u32 tgid;
	sp_u32 uid;
	sp_s32 nice;
	sp_u32 allowed;
};

/*
 * In an ENQUEUE they take the place of first[0] and since[0], which have no meaning there,
 * and, where these are not enough, of `switches` and then since[1]: four words. In the order of
 * the enum, without gaps but for the cgroup's, which begins a word: comm has the first two.
 * This is the bit at which @input begins, of @inputs.
 */
static inline __attribute__((always_inline)) sp_u32 sp_input_at(sp_u32 inputs,
								sp_u32 input)
{
	sp_u32 at = 0, one;

	if (input == SP_INPUT_COMM)
		return 0;
	if (inputs & SP_INPUT_COMM)
		at = 128;
	if (input == SP_INPUT_CGROUP)
		return at;
	if (inputs & SP_INPUT_CGROUP)
		at += 64;
	for (one = SP_INPUT_TGID; one < input; one <<= 1)
		if (inputs & one)
			at += 32;
	return at;
}

/*
 * The words that an event has for them: bits. A pair with queues of its own has the fourth
 * one for places.
 */
#define SP_INPUTS_BITS 256
#define SP_INPUTS_BITS_PLACES 192

SP_ASSERT(sizeof(struct sp_who) == 40);

#endif
