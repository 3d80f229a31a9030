/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands in for libbpf's header, as far as the backends use it: helpers are the
 * model's functions, and a map is a variable whose members' types tell its sizes,
 * which is how libbpf reads them too. One more helper is one more line.
 */
#ifndef SIM_BPF_HELPERS_H
#define SIM_BPF_HELPERS_H

#include <stddef.h>
#include <linux/types.h>

#undef __always_inline
#undef __noinline
#undef __weak
#define __always_inline inline __attribute__((always_inline))
#define __noinline __attribute__((noinline))
#define __weak __attribute__((weak))
#define SEC(name)
#define __ksym
#define __hidden
#define __arg_trusted
#define barrier_var(var) __asm__ volatile("" : "+r"(var))
#define barrier() __asm__ volatile("" ::: "memory")
#define bpf_ksym_exists(symbol) (!!(void *)(symbol))
#define bpf_for(i, from, to) for ((i) = (from); (i) < (to); (i)++)
#define bpf_repeat(times) for (int sim_left = (times); sim_left > 0; sim_left--)

#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name

struct task_struct;
struct bpf_timer;

void *sim_array(void *map, size_t value, size_t entries, __u32 key);
void *sim_hash(void *map, size_t entries, __u64 key);
long sim_hash_update(void *map, size_t value, size_t entries, __u64 key,
		     const void *from);
long sim_hash_delete(void *map, size_t entries, __u64 key);
void *sim_task_storage(void *map, size_t value, struct task_struct *p, __u64 flags);
void *sim_ring_reserve(void *map, size_t capacity, size_t size);
void sim_ring_submit(void *record);
void sim_ring_discard(void *record);
__u64 sim_ring_query(void *map, __u64 what);
int sim_timer_init(struct bpf_timer *timer, void *map);
int sim_timer_callback(struct bpf_timer *timer, void *function);
int sim_timer_start(struct bpf_timer *timer, __u64 ns);
int sim_timer_cancel(struct bpf_timer *timer);

#define SIM_ENTRIES(map) (sizeof(*(map)->max_entries) / sizeof(int))
#define SIM_TYPE(map) (sizeof(*(map)->type) / sizeof(int))
#define bpf_map_lookup_elem(map, key) \
	(SIM_TYPE(map) == BPF_MAP_TYPE_HASH ? \
		 sim_hash((map), SIM_ENTRIES(map), *(key)) : \
		 sim_array((map), sizeof(*(map)->value), SIM_ENTRIES(map), \
			   (__u32) * (key)))
#define bpf_map_update_elem(map, key, value, flags) \
	sim_hash_update((map), sizeof(*(value)), SIM_ENTRIES(map), *(key), (value))
#define bpf_map_delete_elem(map, key) sim_hash_delete((map), SIM_ENTRIES(map), *(key))
#define bpf_task_storage_get(map, p, initial, flags) \
	sim_task_storage((map), sizeof(*(map)->value), (p), (flags))
#define bpf_ringbuf_reserve(map, size, flags) \
	sim_ring_reserve((map), SIM_ENTRIES(map), (size))
#define bpf_ringbuf_submit(record, flags) sim_ring_submit(record)
#define bpf_ringbuf_discard(record, flags) sim_ring_discard(record)
#define bpf_ringbuf_query(map, what) sim_ring_query((map), (what))
#define bpf_timer_init(timer, map, clock) sim_timer_init((timer), (map))
#define bpf_timer_set_callback(timer, f) sim_timer_callback((timer), (void *)(f))
#define bpf_timer_start(timer, ns, flags) sim_timer_start((timer), (ns))
#define bpf_timer_cancel(timer) sim_timer_cancel(timer)

/* A program that holds a lock calls nothing of the kernel's, so nobody else is ever there. */
#define bpf_spin_lock(lock) ((void)(lock))
#define bpf_spin_unlock(lock) ((void)(lock))

__u64 bpf_ktime_get_ns(void);
__u32 bpf_get_smp_processor_id(void);
__u32 bpf_get_prandom_u32(void);
struct task_struct *bpf_get_current_task_btf(void);
long bpf_probe_read_kernel(void *to, __u32 size, const void *from);
long bpf_probe_read_kernel_str(void *to, __u32 size, const void *from);

#endif
