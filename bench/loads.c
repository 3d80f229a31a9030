// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loads of `make bench`, in one static program. Each run prints one line of JSON.
 *
 *   loads LOAD [offset=N] [scale=PERCENT] [ms=DURATION]
 *
 *   pipe         two processes pass a byte back and forth
 *   hackbench    groups of senders and receivers, every sender to every receiver
 *   schbench     one messenger wakes workers that do a little work each
 *   fork         fork, exit, wait
 *   batch        twice as many processes as CPUs, each with a fixed amount of work
 *   interactive  a task that sleeps 3 to 7 ms and runs 0.5 ms, beside twice as many busy loops as CPUs
 *
 * offset: a short busy delay before the load, N steps of it; also the seed of what is random.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
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

#define NS_PER_S 1000000000LL
#define NS_PER_US 1000LL
#define CACHE_LINE_BYTES 128

enum {
	PIPE_ROUNDS = 4000,
	GROUPS = 2,
	PAIRS = 8, /* senders, and as many receivers, a group */
	HACK_MESSAGES = 250, /* 200 KB through each pipe: more than it holds */
	HACK_BYTES = 100,
	WORK_ITERATIONS = 3000, /* some 20 us of a worker in the deterministic guest */
	FORKS = 150,
	BATCH_ITERATIONS = 12 * 1000 * 1000,
	OFFSET_ITERATIONS = 170 * 1000,
	LOOP_ITERATIONS = 400,
	SAMPLES_MAX = 200 * 1000,
	WARM_UP_MS = 300, /* of the interactive case, not measured */
	TASKS_MAX = 256,
	QUANTILE_STEPS = 40,
};

static unsigned offset, scale_percent = 100, duration_ms = 2000;
static uint64_t random_state;
static int cpus;

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "loads: %s: %s\n", what, strerror(errno));
	kill(0, SIGKILL); /* none of the load's processes is left */
	_exit(71);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t own_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* A fixed number of instructions. */
static void work(uint64_t iterations)
{
	for (uint64_t i = 0; i < iterations; i++)
		__asm__ volatile("" ::: "memory");
}

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static unsigned scaled(unsigned count)
{
	unsigned result = (uint64_t)count * scale_percent / 100;

	return result ? result : 1;
}

/* Memory that the processes of a load share. */
static void *shared(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap");
	return memory;
}

static void make_pipe(int ends[2])
{
	if (pipe(ends))
		fail("pipe");
}

static pid_t fork_or_fail(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	return pid;
}

static void write_all(int fd, const char *bytes, size_t count)
{
	while (count) {
		ssize_t n = write(fd, bytes, count);

		if (n < 0 && errno != EINTR)
			fail("write");
		if (n > 0) {
			bytes += n;
			count -= n;
		}
	}
}

static void read_all(int fd, char *bytes, size_t count)
{
	while (count) {
		ssize_t n = read(fd, bytes, count);

		if (n == 0)
			errno = EPIPE;
		if (n == 0 || (n < 0 && errno != EINTR))
			fail("read");
		if (n > 0) {
			bytes += n;
			count -= n;
		}
	}
}

static void wait_for_children(void)
{
	int status;

	while (wait(&status) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status)) {
			errno = ECHILD;
			fail("a process of the load");
		}
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t quantile(const int64_t *sorted, size_t count, double q)
{
	size_t i = (size_t)(q * (double)(count - 1) + 0.5);

	return sorted[i];
}

static void print_latencies(int64_t *samples, size_t count)
{
	if (!count) {
		errno = ENODATA;
		fail("no latencies");
	}
	qsort(samples, count, sizeof(*samples), by_value);
	printf(",\"samples\":%zu,\"p50_ns\":%lld,\"p99_ns\":%lld,\"max_ns\":%lld,\"quantiles_ns\":[",
	       count, (long long)quantile(samples, count, 0.5),
	       (long long)quantile(samples, count, 0.99),
	       (long long)samples[count - 1]);
	for (int i = 0; i <= QUANTILE_STEPS; i++)
		printf("%s%lld", i ? "," : "",
		       (long long)quantile(samples, count, (double)i / QUANTILE_STEPS));
	printf("]");
}

/* ---- pipe ---- */

static void load_pipe(void)
{
	unsigned rounds = scaled(PIPE_ROUNDS);
	int there[2], back[2];
	int64_t begin;
	char byte = 0;

	make_pipe(there);
	make_pipe(back);
	if (!fork_or_fail()) {
		for (unsigned i = 0; i < rounds + 1; i++) {
			read_all(there[0], &byte, 1);
			write_all(back[1], &byte, 1);
		}
		_exit(0);
	}
	write_all(there[1], &byte, 1); /* both are up */
	read_all(back[0], &byte, 1);
	begin = now_ns();
	for (unsigned i = 0; i < rounds; i++) {
		write_all(there[1], &byte, 1);
		read_all(back[0], &byte, 1);
	}
	printf(",\"round_trip_ns\":%.1f", (double)(now_ns() - begin) / rounds);
	wait_for_children();
}

/* ---- hackbench ---- */

static void send_group(int (*pipes)[2], unsigned messages)
{
	char message[HACK_BYTES] = { 0 };

	for (unsigned i = 0; i < messages; i++)
		for (int r = 0; r < PAIRS; r++)
			write_all(pipes[r][1], message, sizeof(message));
}

static void load_hackbench(void)
{
	unsigned messages = scaled(HACK_MESSAGES);
	int ready[2], start[2];
	int64_t begin;
	char byte = 0;

	make_pipe(ready);
	make_pipe(start);
	for (int g = 0; g < GROUPS; g++) {
		int pipes[PAIRS][2];

		for (int r = 0; r < PAIRS; r++)
			make_pipe(pipes[r]);
		for (int t = 0; t < 2 * PAIRS; t++) {
			if (fork_or_fail())
				continue;
			write_all(ready[1], &byte, 1);
			read_all(start[0], &byte, 1);
			if (t < PAIRS)
				send_group(pipes, messages);
			for (unsigned i = 0; t >= PAIRS && i < messages * PAIRS; i++) {
				char message[HACK_BYTES];

				read_all(pipes[t - PAIRS][0], message, sizeof(message));
			}
			_exit(0);
		}
		for (int r = 0; r < PAIRS; r++) {
			close(pipes[r][0]);
			close(pipes[r][1]);
		}
	}
	for (int t = 0; t < GROUPS * 2 * PAIRS; t++)
		read_all(ready[0], &byte, 1);
	begin = now_ns();
	for (int t = 0; t < GROUPS * 2 * PAIRS; t++)
		write_all(start[1], &byte, 1);
	wait_for_children();
	printf(",\"time_ns\":%lld", (long long)(now_ns() - begin));
}

/* ---- schbench ---- */

struct worker {
	uint32_t go; /* futex: 1 if woken */
	int64_t woken_at;
	int64_t *latencies;
	size_t count;
	pthread_t thread;
} __attribute__((aligned(CACHE_LINE_BYTES)));

static struct worker workers[TASKS_MAX];
static uint32_t asking[TASKS_MAX]; /* workers that wait for the messenger */
static uint32_t asked; /* futex: how often the messenger was asked */
static uint32_t over;
static size_t latencies_max;

static void futex_wait(uint32_t *word, uint32_t while_value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_value, NULL, NULL, 0);
}

static void futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *be_worker(void *argument)
{
	struct worker *self = argument;
	int64_t latency;

	while (!__atomic_load_n(&over, __ATOMIC_SEQ_CST)) {
		__atomic_store_n(&asking[self - workers], 1, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&asked, 1, __ATOMIC_SEQ_CST);
		futex_wake(&asked);
		while (!__atomic_load_n(&self->go, __ATOMIC_SEQ_CST))
			futex_wait(&self->go, 0);
		latency = now_ns() - self->woken_at;
		__atomic_store_n(&self->go, 0, __ATOMIC_SEQ_CST);
		if (self->count < latencies_max)
			self->latencies[self->count++] = latency;
		work(WORK_ITERATIONS);
	}
	return NULL;
}

static void wake_worker(struct worker *worker)
{
	worker->woken_at = now_ns();
	__atomic_store_n(&worker->go, 1, __ATOMIC_SEQ_CST);
	futex_wake(&worker->go);
}

static void load_schbench(void)
{
	unsigned count = cpus * 2;
	int64_t begin, end;
	int64_t *all;
	size_t total = 0;

	latencies_max = SAMPLES_MAX / count;
	all = calloc(SAMPLES_MAX, sizeof(*all));
	if (!all)
		fail("calloc");
	for (unsigned i = 0; i < count; i++) {
		workers[i].latencies = calloc(latencies_max, sizeof(int64_t));
		if (!workers[i].latencies)
			fail("calloc");
		errno = pthread_create(&workers[i].thread, NULL, be_worker,
				       &workers[i]);
		if (errno)
			fail("pthread_create");
	}
	begin = now_ns();
	end = begin + scaled(200) * 1000 * NS_PER_US;
	while (now_ns() < end) {
		uint32_t seen = __atomic_load_n(&asked, __ATOMIC_SEQ_CST);

		for (unsigned i = 0; i < count; i++)
			if (__atomic_exchange_n(&asking[i], 0, __ATOMIC_SEQ_CST))
				wake_worker(&workers[i]);
		futex_wait(&asked, seen); /* not if somebody asked meanwhile */
	}
	end = now_ns();
	__atomic_store_n(&over, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < count; i++)
		wake_worker(&workers[i]);
	for (unsigned i = 0; i < count; i++) {
		pthread_join(workers[i].thread, NULL);
		/* The last one is the end, not a wake-up that was asked for. */
		for (size_t j = 0; j + 1 < workers[i].count; j++)
			all[total++] = workers[i].latencies[j];
	}
	printf(",\"per_s\":%.1f,\"wakeups\":%zu",
	       (double)total * NS_PER_S / (double)(end - begin), total);
	print_latencies(all, total);
}

/* ---- fork ---- */

static void load_fork(void)
{
	unsigned forks = scaled(FORKS);
	int64_t begin = now_ns();

	for (unsigned i = 0; i < forks; i++) {
		if (!fork_or_fail())
			_exit(0);
		wait_for_children();
	}
	printf(",\"fork_ns\":%.1f", (double)(now_ns() - begin) / forks);
}

/* ---- batch ---- */

static void load_batch(void)
{
	int64_t *ends = shared(TASKS_MAX * sizeof(*ends));
	int64_t first = INT64_MAX, last = 0, begin;
	int count = 2 * cpus;

	begin = now_ns();
	for (int i = 0; i < count; i++) {
		if (fork_or_fail())
			continue;
		work(scaled(BATCH_ITERATIONS) / cpus);
		ends[i] = now_ns();
		_exit(0);
	}
	wait_for_children();
	for (int i = 0; i < count; i++) {
		first = ends[i] < first ? ends[i] : first;
		last = ends[i] > last ? ends[i] : last;
	}
	printf(",\"time_ns\":%lld,\"first_end\":%.4f", (long long)(last - begin),
	       (double)(first - begin) / (double)(last - begin));
}

/* ---- interactive ---- */

struct loop {
	uint64_t turns;
} __attribute__((aligned(CACHE_LINE_BYTES)));

static void sleep_until(int64_t at)
{
	struct timespec t = { at / NS_PER_S, at % NS_PER_S };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* Sleeps and runs until @end; returns how many latencies it wrote. */
static size_t interact(int64_t end, int64_t *latencies)
{
	size_t samples = 0;

	while (now_ns() < end && samples < SAMPLES_MAX) {
		int64_t due =
			now_ns() + (3000 + (int64_t)(random_next() % 4000)) * NS_PER_US;
		int64_t until;

		sleep_until(due);
		latencies[samples++] = now_ns() - due;
		until = own_cpu_ns() + 500 * NS_PER_US;
		while (own_cpu_ns() < until)
			work(LOOP_ITERATIONS);
	}
	return samples;
}

static void load_interactive(void)
{
	int count = 2 * cpus;
	struct loop *loops = shared(TASKS_MAX * sizeof(*loops));
	uint64_t before[TASKS_MAX], turns[TASKS_MAX], least = UINT64_MAX, most = 0,
						      sum = 0;
	int64_t *latencies = calloc(SAMPLES_MAX, sizeof(*latencies));
	pid_t pids[TASKS_MAX];
	int64_t begin, end;
	double squares = 0;
	size_t samples;

	if (!latencies)
		fail("calloc");
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	for (int i = 0; i < count; i++) {
		pids[i] = fork_or_fail();
		if (pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			work(LOOP_ITERATIONS);
			__atomic_store_n(&loops[i].turns, loops[i].turns + 1,
					 __ATOMIC_RELAXED);
		}
	}
	/* The loops find their places, and the schedulers their opinion of everybody. */
	interact(now_ns() + WARM_UP_MS * 1000 * NS_PER_US, latencies);
	for (int i = 0; i < count; i++)
		before[i] = __atomic_load_n(&loops[i].turns, __ATOMIC_RELAXED);
	begin = now_ns();
	samples = interact(begin + duration_ms * 1000 * NS_PER_US, latencies);
	for (int i = 0; i < count; i++)
		turns[i] =
			__atomic_load_n(&loops[i].turns, __ATOMIC_RELAXED) - before[i];
	end = now_ns();
	for (int i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < count; i++) {
		least = turns[i] < least ? turns[i] : least;
		most = turns[i] > most ? turns[i] : most;
		sum += turns[i];
		squares += (double)turns[i] * (double)turns[i];
	}
	printf(",\"loops_per_s\":%.1f,\"jain\":%.4f,\"least_to_most\":%.4f",
	       (double)sum * NS_PER_S / (double)(end - begin),
	       squares > 0 ? (double)sum * (double)sum / (count * squares) : 0,
	       most ? (double)least / (double)most : 0);
	print_latencies(latencies, samples);
}

static const struct {
	const char *name;
	void (*run)(void);
} loads[] = {
	{ "pipe", load_pipe },	       { "hackbench", load_hackbench },
	{ "schbench", load_schbench }, { "fork", load_fork },
	{ "batch", load_batch },       { "interactive", load_interactive },
};

static void read_option(const char *text)
{
	if (sscanf(text, "offset=%u", &offset) == 1 ||
	    sscanf(text, "scale=%u", &scale_percent) == 1 ||
	    sscanf(text, "ms=%u", &duration_ms) == 1)
		return;
	fprintf(stderr, "loads: unknown option '%s'\n", text);
	exit(64);
}

int main(int argc, char **argv)
{
	setpgid(0, 0);
	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	if (cpus < 1 || 2 * cpus > TASKS_MAX) {
		fprintf(stderr, "loads: %d CPUs\n", cpus);
		return 69;
	}
	for (int i = 2; i < argc; i++)
		read_option(argv[i]);
	random_state = 0x9e3779b97f4a7c15ULL * (offset + 1);
	for (size_t i = 0; argc > 1 && i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (strcmp(argv[1], loads[i].name))
			continue;
		work((uint64_t)offset * OFFSET_ITERATIONS);
		printf("{\"load\":\"%s\",\"offset\":%u", argv[1], offset);
		fflush(stdout); /* else every child has the text, too */
		loads[i].run();
		printf("}\n");
		return 0;
	}
	fprintf(stderr,
		"usage: loads pipe|hackbench|schbench|fork|batch|interactive [offset=N] [scale=PERCENT] [ms=N]\n");
	return 64;
}
