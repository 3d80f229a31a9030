// SPDX-License-Identifier: GPL-2.0-only
/*
 * The system library's allocator, with a count before it. Whatever allocates ends
 * up in one of these, Swift's runtime included. free() is not among them: memory
 * comes from the same allocator as ever. Needs glibc, for its second names; with
 * a sanitizer, which has an allocator of its own, nothing is counted.
 */
#include "allocations.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/* In static thread-local storage: the first use of any other would allocate. */
static __thread int watched __attribute__((tls_model("initial-exec")));
static long allocations;

void sp_watch_allocations(int on)
{
	if (on)
		__atomic_store_n(&allocations, 0, __ATOMIC_RELAXED);
	watched = on;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define SP_OWN_ALLOCATOR
#endif
#endif

#if !defined(__GLIBC__) || defined(SP_OWN_ALLOCATOR)

long sp_watched_allocations(void)
{
	return -1;
}

#else

long sp_watched_allocations(void)
{
	return __atomic_load_n(&allocations, __ATOMIC_RELAXED);
}

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static inline void count(void)
{
	if (__builtin_expect(watched, 0))
		__atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
}

void *malloc(size_t size)
{
	count();
	return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	count();
	return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
	count();
	return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
	count();
	return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	count();
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
	int before = errno;
	void *memory;

	if (!alignment || alignment & (alignment - 1) || alignment % sizeof(void *))
		return EINVAL;
	count();
	memory = __libc_memalign(alignment, size);
	errno = before;
	if (!memory)
		return ENOMEM;
	*result = memory;
	return 0;
}

#endif
