/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Integer rules shared by the parts of the C policy. Twin: Arithmetic.swift.
 *
 * The policy is pure: no maps, helpers or kfuncs, unsigned 64-bit arithmetic
 * that wraps, unsigned division only and never by zero.
 */
#ifndef SCHED_PROTO_POLICY_BASE_H
#define SCHED_PROTO_POLICY_BASE_H

#include "abi.h"

#define sp_inline inline __attribute__((always_inline))

static sp_inline sp_u64 sp_min(sp_u64 a, sp_u64 b)
{
	return a < b ? a : b;
}

static sp_inline sp_u64 sp_max(sp_u64 a, sp_u64 b)
{
	return a > b ? a : b;
}

/* Whether time or vtime @a is before @b, by signed difference. */
static sp_inline int sp_before(sp_u64 a, sp_u64 b)
{
	return (sp_s64)(a - b) < 0;
}

/* 3/4 old + 1/4 new, rounded down part by part (scx_bpfland's calc_avg). */
static sp_inline sp_u64 sp_average(sp_u64 old, sp_u64 latest)
{
	return old - (old >> 2) + (latest >> 2);
}

/* A weight out of range is taken for the nearest one in it. */
static sp_inline sp_u32 sp_weight(const struct sp_event *event)
{
	if (event->weight < SP_WEIGHT_MIN)
		return SP_WEIGHT_MIN;
	if (event->weight > SP_WEIGHT_MAX)
		return SP_WEIGHT_MAX;
	return event->weight;
}

/* Whether somebody waits in @queue who may run on the CPU that asks, as far as known. */
static sp_inline int sp_waits(const struct sp_event *event, sp_u32 queue)
{
	sp_u32 first = queue == SP_QUEUE_REGULAR ? SP_EVENT_FIRST :
						   SP_EVENT_FIRST_PRIORITY;

	return event->waiting[queue] &&
	       (!(event->flags & SP_EVENT_LOOKED) || (event->flags & first));
}

/* Tasks waiting in both queues. */
static sp_inline sp_u64 sp_waiting(const struct sp_event *event)
{
	return (sp_u64)event->waiting[SP_QUEUE_REGULAR] +
	       event->waiting[SP_QUEUE_PRIORITY];
}

#endif
