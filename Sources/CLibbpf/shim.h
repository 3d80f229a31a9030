/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* Atomics on memory shared with the kernel, which Swift has none for. */
static inline unsigned long sp_load_acquire_u64(const void *at)
{
	return __atomic_load_n((const unsigned long *)at, __ATOMIC_ACQUIRE);
}

static inline void sp_store_release_u64(void *at, unsigned long value)
{
	__atomic_store_n((unsigned long *)at, value, __ATOMIC_RELEASE);
}

static inline unsigned int sp_load_acquire_u32(const void *at)
{
	return __atomic_load_n((const unsigned int *)at, __ATOMIC_ACQUIRE);
}

/* Both a macro and a constant in the kernel's header, which Swift finds ambiguous. */
static const unsigned int sp_btf_kind_func = BTF_KIND_FUNC;
static const unsigned int sp_btf_kind_struct = BTF_KIND_STRUCT;
