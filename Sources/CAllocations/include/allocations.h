/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts the allocations of one thread. Linking this target puts thin functions
 * before the system library's allocator, for the whole program: so it is for
 * programs, and a library finds it by weak references (Sources/CSystem).
 */
#ifndef SCHED_PROTO_ALLOCATIONS_H
#define SCHED_PROTO_ALLOCATIONS_H

/* Counts the calling thread's allocations from now on, from 0; or no more. One
 * thread at a time is counted. */
void sp_watch_allocations(int on);

/* How many there were, -1 where they cannot be counted; any thread may ask. */
long sp_watched_allocations(void);

#endif
