/* SPDX-License-Identifier: GPL-2.0-only */
/* What Swift's Glibc module does not show of the system's library. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <malloc.h>
#include <mntent.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static inline int sp_gettid(void)
{
	return (int)syscall(SYS_gettid);
}

/*
 * One heap for all threads, that neither maps nor gives back memory of its own
 * accord, and no huge pages, whose making moves ours.
 */
static inline void sp_quiet_memory(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, -1);
	mallopt(M_TOP_PAD, 4 << 20);
	prctl(PR_SET_THP_DISABLE, 1UL, 0UL, 0UL, 0UL);
}

/* Without MPOL_F_NUMA_BALANCING, so that the kernel's task_numa_work() leaves it alone. */
static inline void sp_use_local_node(void)
{
	syscall(SYS_set_mempolicy, MPOL_LOCAL, (void *)0, 0UL);
}

/*
 * Keeps every page that was ever touched, and maps none in beforehand: the Swift
 * runtime and its libraries are ten times what the daemon uses of them. Returns
 * -1 with errno set if the system refuses.
 */
static inline int sp_lock_touched_memory(void)
{
	return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

/* The calling thread's stack, as deep as the loop could ever go. */
static __attribute__((noinline)) void sp_touch_stack(void)
{
	volatile char deep[64 << 10];

	for (unsigned long at = 0; at < sizeof(deep); at += 1 << 10)
		deep[at] = 0;
	(void)deep[0];
}

/* Whether the deciding loop may run code of a file: the other libraries are ten times as much. */
static inline int sp_is_of_loop(const char *path, const char *program)
{
	static const char *const names[] = {
		"/libc.so",	    "/libm.so",		"/ld-linux",
		"/libgcc_s.so",	    "/libswiftCore.so", "/libswiftSynchronization.so",
		"/libswiftGlibc.so"
	};

	if (!strcmp(path, program))
		return 1;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strstr(path, names[i]))
			return 1;
	return 0;
}

/*
 * Has all code and all variables of the program and of the libraries that the loop may call in
 * memory, some 15 MB: on which pages it finds what it needs, and which of them it touches only
 * when something rare happens, changes with each build; and the first write to a page of one's
 * own is a fault as well. A kernel before 5.14 refuses, and has no sched_ext either.
 */
static inline void sp_touch_code(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long begin, end, behind = 0;
	char line[4352], rights[5], program[4096];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	int at, is_ours;

	program[length > 0 ? length : 0] = 0;
	while (maps && fgets(line, sizeof(line), maps)) {
		at = 0;
		if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %n", &begin, &end, rights,
			   &at) < 3 ||
		    !at)
			continue;
		line[strcspn(line, "\n")] = 0;
		/* What has no name and follows a file are its variables that begin as 0. */
		is_ours = line[at] == '/' ? sp_is_of_loop(line + at, program) :
					    !line[at] && begin == behind;
		if (!is_ours)
			continue;
		behind = end;
		if (rights[0] == 'r')
			madvise((void *)begin, end - begin,
				rights[1] == 'w' ? MADV_POPULATE_WRITE :
						   MADV_POPULATE_READ);
	}
	if (maps)
		fclose(maps);
}

/* poll() with a limit in ns; -1 waits for ever. */
static inline int sp_poll_ns(struct pollfd *polled, unsigned int count, long long ns)
{
	struct timespec limit = { ns / 1000000000, ns % 1000000000 };

	return (int)syscall(SYS_ppoll, polled, (unsigned long)count,
			    ns < 0 ? (struct timespec *)0 : &limit, (void *)0, 0UL);
}

/* Gives a file another name, unless there is a file of that name already. */
static inline int sp_rename_new(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

static inline void sp_name_thread(const char *name)
{
	prctl(PR_SET_NAME, name, 0UL, 0UL, 0UL);
}

/* Of Sources/CAllocations, where the program is linked with it. */
extern void sp_watch_allocations(int on) __attribute__((weak));
extern long sp_watched_allocations(void) __attribute__((weak));

/* From now on the calling thread's allocations are counted, from 0; or no more. */
static inline void sp_count_allocations(int on)
{
	if (sp_watch_allocations)
		sp_watch_allocations(on);
}

/* How many there were; -1 if nobody counts. */
static inline long sp_counted_allocations(void)
{
	return sp_watched_allocations ? sp_watched_allocations() : -1;
}
