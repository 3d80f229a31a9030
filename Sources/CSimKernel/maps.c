// SPDX-License-Identifier: GPL-2.0-only
/* Maps, the ring buffer, timers, clocks and what else BPF has for a program. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The two clocks have different origins, as they have in the kernel. */
#define MONOTONIC_ORIGIN (77000 * MS)

#define ARRAYS 16
#define HASHED 128
#define PAGE 4096
#define RING_BUSY (1u << 31)
#define RING_DISCARDED (1u << 30)
#define RING_HEADER 8

static struct {
	void *map;
	char *data;
	size_t size;
} arrays[ARRAYS];

/* Elements of all hash maps; there are few of them. */
static struct {
	void *map;
	u64 key, value;
} hashed[HASHED];

static struct {
	void *map, *slot;
	int (*function)(void *map, u32 *key, void *slot);
} timer;

static char other_record[64]; /* of a ring that nobody reads here */

/* As the kernel lays it out: consumer's page, producer's page, the data twice. */
static char *ring;

static void map_ring(void)
{
	const size_t head = 2 * PAGE, size = SP_EVENT_RING;
	int file = memfd_create("sim-ring", MFD_CLOEXEC);

	if (file < 0 || ftruncate(file, (off_t)(head + size)))
		abort();
	ring = mmap(NULL, head + 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (ring == MAP_FAILED ||
	    mmap(ring, head + size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 file, 0) == MAP_FAILED ||
	    mmap(ring + head + size, size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, file, (off_t)head) == MAP_FAILED)
		abort();
	close(file);
}

static u64 *consumer(void)
{
	return (u64 *)ring;
}

static u64 *producer(void)
{
	return (u64 *)(ring + PAGE);
}

static char *ring_at(u64 position)
{
	return ring + 2 * PAGE + (position & (SP_EVENT_RING - 1));
}

void *sim_events_consumer(void)
{
	return ring;
}

void *sim_events_producer(void)
{
	return ring + PAGE;
}

void *sim_events_data(void)
{
	return ring + 2 * PAGE;
}

void *sim_answers(void)
{
	return sim_array(sim.backend->answers, sizeof(struct sp_answers), 1, 0);
}

void maps_reset(void)
{
	for (u32 i = 0; i < ARRAYS && arrays[i].map; i++)
		memset(arrays[i].data, 0, arrays[i].size);
	if (!ring)
		map_ring();
	*consumer() = *producer() = 0;
	memset(hashed, 0, sizeof(hashed));
	memset(&timer, 0, sizeof(timer));
}

void *sim_array(void *map, size_t value, size_t entries, __u32 key)
{
	u32 i = 0;

	while (i < ARRAYS && arrays[i].map && arrays[i].map != map)
		i++;
	if (i == ARRAYS)
		abort();
	if (!arrays[i].map) {
		arrays[i].map = map;
		arrays[i].size = value * entries;
		arrays[i].data = calloc(entries, value);
		if (!arrays[i].data)
			abort();
	}
	return key < entries ? arrays[i].data + key * value : NULL;
}

/* The place of that key; a free one for NULL. */
static u32 place_of(void *map, u64 key)
{
	u32 i = 0;

	while (i < HASHED && (hashed[i].map != map || (map && hashed[i].key != key)))
		i++;
	return i;
}

void *sim_hash(void *map, size_t entries, __u64 key)
{
	u32 i = place_of(map, key);

	(void)entries;
	point();
	return i < HASHED ? &hashed[i].value : NULL;
}

long sim_hash_update(void *map, size_t value, size_t entries, __u64 key,
		     const void *from)
{
	u32 i = place_of(map, key);

	(void)entries;
	if (i == HASHED)
		i = place_of(NULL, 0);
	if (i == HASHED || value > sizeof(hashed[i].value))
		return -7; /* E2BIG */
	hashed[i].map = map;
	hashed[i].key = key;
	memcpy(&hashed[i].value, from, value);
	return 0;
}

long sim_hash_delete(void *map, size_t entries, __u64 key)
{
	u32 i = place_of(map, key);

	(void)entries;
	if (i == HASHED)
		return -2; /* ENOENT */
	hashed[i].map = NULL;
	return 0;
}

/* One map of task storage is enough so far; it stands in the task. */
void *sim_task_storage(void *map, size_t value, struct task_struct *t, __u64 flags)
{
	struct task *p = task_of(t);

	(void)map;
	if (value > sizeof(p->storage)) {
		flaw(SIM_FLAW_MODEL, "task storage of %zu bytes", value);
		return NULL;
	}
	if (!p->has_storage && (flags & BPF_LOCAL_STORAGE_GET_F_CREATE)) {
		p->has_storage = true;
		memset(p->storage, 0, sizeof(p->storage));
	}
	return p->has_storage ? p->storage : NULL;
}

void *sim_ring_reserve(void *map, size_t capacity, size_t size)
{
	u64 room = sim.machine.faults.ring_bytes ? sim.machine.faults.ring_bytes :
						   capacity;
	u64 need = (size + RING_HEADER + 7) & ~7ULL;
	char *record;

	if (map != sim.backend->events)
		return other_record;
	point();
	if (*producer() + need - *consumer() > room - 1) {
		notice_lost();
		return NULL;
	}
	record = ring_at(*producer());
	((u32 *)record)[0] = (u32)size | RING_BUSY;
	*producer() += need;
	/* Until it is written, there is something else. */
	memset(record + RING_HEADER, 0xaa, size);
	point();
	return record + RING_HEADER;
}

void sim_ring_submit(void *record)
{
	if (record == other_record) {
		sim.ends_told++;
		return;
	}
	check_notice(record);
	point();
	((u32 *)((char *)record - RING_HEADER))[0] &= ~RING_BUSY;
}

void sim_ring_discard(void *record)
{
	u32 *header = (u32 *)((char *)record - RING_HEADER);

	*header = (*header & ~RING_BUSY) | RING_DISCARDED;
}

__u64 sim_ring_query(void *map, __u64 what)
{
	(void)map;
	point();
	switch (what) {
	case BPF_RB_AVAIL_DATA:
		return *producer() - *consumer();
	case BPF_RB_RING_SIZE:
		return SP_EVENT_RING;
	case BPF_RB_CONS_POS:
		return *consumer();
	default:
		return *producer();
	}
}

int sim_timer_init(struct bpf_timer *slot, void *map)
{
	timer.map = map;
	timer.slot = slot;
	return 0;
}

int sim_timer_callback(struct bpf_timer *slot, void *function)
{
	(void)slot;
	timer.function = (int (*)(void *, u32 *, void *))function;
	return 0;
}

int sim_timer_start(struct bpf_timer *slot, __u64 ns)
{
	(void)slot;
	sim.moment.timer_ns = ns;
	post(sim.now + ns, EVENT_BPF_TIMER, sim.moment.here, NULL, 0);
	return 0;
}

int sim_timer_cancel(struct bpf_timer *slot)
{
	(void)slot;
	timer.function = NULL;
	return 0;
}

bool has_timer(void)
{
	return timer.function;
}

void bpf_timer_fires(void)
{
	u32 key = 0;

	sim.report.callbacks++;
	if (sim.has_ended) {
		timer.function(timer.map, &key, timer.slot);
		return;
	}
	timer_begins();
	if (timer.function)
		timer.function(timer.map, &key, timer.slot);
	timer_ends();
}

u64 scx_bpf_now(void)
{
	point();
	return sim.now + NOW_ORIGIN;
}

__u64 bpf_ktime_get_ns(void)
{
	return sim.now + MONOTONIC_ORIGIN;
}

__u32 bpf_get_smp_processor_id(void)
{
	return (__u32)sim.moment.here;
}

__u32 bpf_get_prandom_u32(void)
{
	return (__u32)chance(1ULL << 32);
}

struct task_struct *bpf_get_current_task_btf(void)
{
	static struct task_struct idle_task;
	struct task *curr = sim.cpu[sim.moment.here].curr;

	return curr ? &curr->t : &idle_task;
}

struct task_struct *bpf_task_from_pid(s32 pid)
{
	struct task *p;

	point();
	p = task_by_pid((u32)pid);
	if (!p)
		return NULL;
	p->references++;
	return &p->t;
}

void bpf_task_release(struct task_struct *t)
{
	struct task *p = task_of(t);

	if (!--p->references && p->dead)
		post(sim.now, EVENT_RELEASE, p->cpu, p, p->life);
}

void *bpf_rdonly_cast(const void *address, u32 btf_id)
{
	(void)btf_id;
	point();
	return (void *)(unsigned long)address;
}

void bpf_rcu_read_lock(void)
{
}

void bpf_rcu_read_unlock(void)
{
}

long bpf_probe_read_kernel(void *to, __u32 size, const void *from)
{
	memcpy(to, from, size);
	return 0;
}

long bpf_probe_read_kernel_str(void *to, __u32 size, const void *from)
{
	return snprintf(to, size, "%s", from ? (const char *)from : "");
}
