/* SPDX-License-Identifier: GPL-2.0-only */
/* What both modes count, and keep for the process that watches. */
#ifndef SCHED_PROTO_COUNTERS_BPF_H
#define SCHED_PROTO_COUNTERS_BPF_H

#include "compat.h"
#include "link.h"
#include "description.bpf.h"

char _license[] SEC("license") = "GPL";

/* Set before the program is loaded: CPUs on-line then. */
const volatile u32 nr_cpus = 1;
/* The same: after how long the kernel ends us if somebody waits. */
const volatile u64 watchdog_ns = 10 * 1000 * 1000 * 1000ULL;

struct sp_status status = {};
char exit_dump[SP_EXIT_DUMP] = {};

/* Wakes the process that watches, once: the scheduler has ended. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ended SEC(".maps");

static __always_inline void count_by(enum sp_counter counter, u64 by)
{
	__sync_fetch_and_add(&status.counters[counter], by);
}

static __always_inline void count(enum sp_counter counter)
{
	count_by(counter, 1);
}

/* Of a number with all bits set below its highest one, where that is: by six bits of this product. */
#define BITS_APART 0x03f79d71b4cb0a89ULL
static const sp_u8 bit_of[64] = {
	0,  47, 1,  56, 48, 27, 2,  60, 57, 49, 41, 37, 28, 16, 3,  61,
	54, 58, 35, 52, 50, 42, 21, 44, 38, 32, 29, 23, 17, 11, 4,  62,
	46, 55, 26, 59, 40, 36, 15, 53, 34, 51, 20, 43, 31, 22, 10, 45,
	25, 39, 14, 33, 19, 30, 9,  24, 13, 18, 8,  12, 7,  6,	5,  63,
};

/* The highest bit set in @value; 0 for 0. Without branches: it is on every wake-up's path. */
static __always_inline u32 highest_bit(u64 value)
{
	for (u32 shift = 1; shift < 64; shift <<= 1)
		value |= value >> shift;
	return bit_of[(value * BITS_APART) >> 58];
}

/* The histogram's bucket: the power of two at or below @ns. */
static __always_inline u32 bucket_of(u64 ns)
{
	u32 bucket = highest_bit(ns);

	return bucket < SP_HISTOGRAM_BUCKETS ? bucket : SP_HISTOGRAM_BUCKETS - 1;
}

/*
 * Counts a time from wake-up to running. Racy by a few ns of another CPU's: the
 * maximum may miss a near tie.
 */
static __always_inline void count_wakeup_ns(u64 waited)
{
	u32 bucket;

	if ((s64)waited < 0)
		waited = 0;
	bucket = bucket_of(waited);
	if (bucket < SP_HISTOGRAM_BUCKETS)
		__sync_fetch_and_add(&status.wakeup_ns[bucket], 1);
	if (waited > status.wakeup_max_ns)
		status.wakeup_max_ns = waited;
}

/* Keeps the kernel's reason, for the process that watches. */
static __always_inline void record_exit(struct scx_exit_info *info)
{
	u64 *slot;

	bpf_probe_read_kernel_str(status.exit.reason, sizeof(status.exit.reason),
				  info->reason);
	bpf_probe_read_kernel_str(status.exit.text, sizeof(status.exit.text),
				  info->msg);
	bpf_probe_read_kernel_str(exit_dump, sizeof(exit_dump), info->dump);
	status.exit.code = info->exit_code;
	/* Last, and ordered: who sees the kind sees the texts. */
	__sync_lock_test_and_set(&status.exit.kind, info->kind);
	slot = bpf_ringbuf_reserve(&ended, sizeof(*slot), 0);
	if (slot) {
		*slot = info->kind;
		bpf_ringbuf_submit(slot, BPF_RB_FORCE_WAKEUP);
	}
}

#endif
