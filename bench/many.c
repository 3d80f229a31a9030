// SPDX-License-Identifier: GPL-2.0-only
/*
 * Very many runnable threads: how they fare is told at the end, in one line.
 *
 *   many PROCESSES THREADS SECONDS [WORK]    THREADS in each of the PROCESSES
 *
 * Prints "ready N" when all of them sleep, and lets them loose at a SIGUSR1. Each then runs in a loop, and notes the
 * longest time between two turns of it, which is how long it waited. With WORK it yields after as many microseconds:
 * else it keeps its CPU up to the kernel's next tick, however short its slice. After SECONDS they end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ULL
#define NS_PER_MS 1000000ULL
#define STACK_BYTES 16384

struct wait {
	uint64_t ns;
	uint64_t over_ns; /* when it was over */
};

/* Shared by all processes. */
struct shared {
	uint32_t go; /* a futex: 0 wait, 1 run, 2 give up */
	uint32_t ready;
	uint32_t ended;
	uint64_t released_ns;
	uint64_t until_ns;
	struct wait longest[]; /* of each thread; 0: it has not run */
};

static struct shared *shared;
static uint64_t work_ns;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void *loop(void *argument)
{
	struct wait *longest = argument;
	uint64_t before, now, begun = 0;

	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&shared->go, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &shared->go, FUTEX_WAIT, 0, NULL, NULL, 0);
	before = shared->released_ns;
	while (shared->go == 1) {
		now = now_ns();
		if (now > before && now - before > longest->ns) {
			longest->ns = now - before;
			longest->over_ns = now;
		}
		before = now;
		if (now > shared->until_ns)
			break;
		if (!work_ns)
			continue;
		if (!begun) {
			begun = now;
		} else if (now - begun > work_ns) {
			begun = 0;
			sched_yield();
		}
	}
	__atomic_fetch_add(&shared->ended, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* One process; its threads share one mapping for their stacks. */
static void run_process(struct wait *longest, unsigned threads)
{
	size_t bytes = (size_t)threads * STACK_BYTES;
	char *stacks = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned i, made = 0;
	pthread_t *handles = calloc(threads, sizeof(*handles));
	pthread_attr_t attributes;
	int error = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (stacks == MAP_FAILED || !handles) {
		perror("many: memory");
		_exit(1);
	}
	madvise(stacks, bytes, MADV_NOHUGEPAGE);
	for (i = 0; i < threads; i++) {
		pthread_attr_init(&attributes);
		pthread_attr_setstack(&attributes, stacks + (size_t)i * STACK_BYTES,
				      STACK_BYTES);
		error = pthread_create(&handles[i], &attributes, loop, &longest[i]);
		if (error)
			break;
		made++;
	}
	if (error)
		fprintf(stderr, "many: thread %u: %s\n", i, strerror(error));
	for (i = 0; i < made; i++)
		pthread_join(handles[i], NULL);
	_exit(error != 0);
}

static int by_length(const void *a, const void *b)
{
	const struct wait *x = a, *y = b;

	return x->ns < y->ns ? -1 : x->ns > y->ns;
}

static void report(unsigned all)
{
	static const unsigned permille[] = { 0, 500, 900, 990, 999, 1000 };
	const struct wait *worst = &shared->longest[all - 1];
	unsigned i, ran = 0;

	for (i = 0; i < all; i++)
		ran += shared->longest[i].ns != 0;
	qsort(shared->longest, all, sizeof(struct wait), by_length);
	printf("ran %u of %u, ended %u after %llu ms; the longest wait of each, in ms, by permille:",
	       ran, all, shared->ended,
	       (unsigned long long)((now_ns() - shared->released_ns) / NS_PER_MS));
	for (i = 0; i < sizeof(permille) / sizeof(permille[0]); i++)
		printf(" %u: %llu", permille[i],
		       (unsigned long long)(shared->longest[(uint64_t)(all - 1) *
							    permille[i] / 1000]
						    .ns /
					    NS_PER_MS));
	printf("; the last one was over after %llu ms\n",
	       (unsigned long long)((worst->over_ns - shared->released_ns) /
				    NS_PER_MS));
}

int main(int argc, char **argv)
{
	bool usable = argc == 4 || argc == 5;
	unsigned processes = usable ? (unsigned)atoi(argv[1]) : 0;
	unsigned threads = usable ? (unsigned)atoi(argv[2]) : 0;
	unsigned seconds = usable ? (unsigned)atoi(argv[3]) : 0;
	unsigned all = processes * threads, i, failed = 0;
	int signal_number, status;
	sigset_t set;

	if (!all || !seconds) {
		fprintf(stderr, "usage: many PROCESSES THREADS SECONDS [WORK]\n");
		return 64;
	}
	work_ns = argc == 5 ? (uint64_t)atoi(argv[4]) * 1000 : 0;
	shared = mmap(NULL, sizeof(*shared) + all * sizeof(struct wait),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("many: memory");
		return 1;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < processes; i++) {
		pid_t child = fork();

		if (child < 0) {
			perror("many: fork");
			return 1;
		}
		if (!child)
			run_process(&shared->longest[i * threads], threads);
		/* One after the other: then the first that fails says how many there are. */
		while (__atomic_load_n(&shared->ready, __ATOMIC_RELAXED) <
			       (i + 1) * threads &&
		       !waitpid(child, &status, WNOHANG))
			usleep(10000);
		if (shared->ready < (i + 1) * threads)
			break;
	}
	printf("ready %u\n", shared->ready);
	fflush(stdout);
	sigwait(&set, &signal_number);
	shared->released_ns = now_ns();
	shared->until_ns = shared->released_ns + seconds * NS_PER_S;
	__atomic_store_n(&shared->go, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &shared->go, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
	while (wait(&status) > 0 || errno == EINTR)
		failed += status != 0;
	report(all);
	return failed != 0;
}
