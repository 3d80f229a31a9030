// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks that show what a scheduler did with them: who ran, when, and for how long.
 * effects NAME [WORD...]; CPUS is a list such as 2,3, or - for all.
 *
 *   shares CPUS SECONDS NICE...    a busy loop for each; how far their CPU times are
 *                                  from their weights, in %, and their longest waits
 *   stretches CPU SECONDS NICE...  the same on one CPU; for how long the loops of each
 *                                  nice value ran until another one did: a tenth, half
 *                                  and nine tenths of the times were not above that
 *   wakeups CPUS LOOPS COUNT SECONDS
 *                                  COUNT tasks that sleep for 5 to 15 ms and run for
 *                                  0.3 ms, beside loops: how late they were
 *   chorus CPU THREADS SECONDS [ALONE]
 *                                  threads that wake each other, two and two, and a
 *                                  loop that had the CPU to itself for so many seconds
 *                                  before, or came so many after them (-1): the loop's
 *                                  longest wait, and theirs
 *   arrival CPU ROUNDS             tasks woken one by one, while their CPU is taken:
 *                                  fails if they do not run in that order
 *   places SECONDS                 tasks bound to one CPU and to two, that loop, sleep
 *                                  and yield: fails if one is elsewhere, and says how
 *                                  much of two CPUs the two loops that share them got
 *   crowd THREADS US SECONDS       threads that wake every 10 ms and run for US, and a
 *                                  probe: how late it was
 *
 * All times are printed in us. Starts are apart by random times, so that nothing keeps
 * step with the tick; $SEED repeats them, and is printed.
 * Status: 0 done, 1 a task did not do what it should, 2 wrong usage.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define US 1000LL
#define MS 1000000LL
#define SECOND 1000000000LL
#define LOOPS_MAX 64
#define TIMES_MAX 65536

#define check(condition) \
	do { \
		if (!(condition)) \
			give_up(#condition); \
	} while (0)

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "effects: not so: %s (%s)\n", what, strerror(errno));
	_exit(1);
}

/* The kernel's weights of nice -20 to 19. */
static const int weights[40] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
	9548,  7620,  6100,  4904,  3906,  3121,  2501,	 1991,	1586,  1277,
	1024,  820,   655,   526,   423,   335,	  272,	 215,	172,   137,
	110,   87,    70,    56,    45,	   36,	  29,	 23,	18,    15,
};

static double weight(int nice)
{
	check(nice >= -20 && nice <= 19);
	return weights[nice + 20];
}

static int64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

static uint32_t seed;

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static int64_t random_ns(int64_t from, int64_t to)
{
	return from + next_random(&seed) % (to - from);
}

static void sleep_until(int64_t when)
{
	struct timespec time = { when / SECOND, when % SECOND };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL))
		;
}

static void sleep_ns(int64_t ns)
{
	sleep_until(now_ns() + ns);
}

/* Uses the CPU for so long as it is this thread's, not by the clock. */
static void work(int64_t ns)
{
	struct timespec time;
	int64_t end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	end = time.tv_sec * SECOND + time.tv_nsec + ns;
	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	while (time.tv_sec * SECOND + time.tv_nsec < end);
}

static void start(pthread_t *thread, void *(*body)(void *), void *argument)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	errno = pthread_create(thread, &attributes, body, argument);
	check(!errno);
	pthread_attr_destroy(&attributes);
}

/* Binds the calling thread to the CPUs of a list; - leaves it as it is. */
static void bind_to(const char *cpus)
{
	cpu_set_t set;
	char *end;

	if (!strcmp(cpus, "-"))
		return;
	CPU_ZERO(&set);
	for (const char *at = cpus; *at; at = *end ? end + 1 : end) {
		long cpu = strtol(at, &end, 10);

		check(end != at && (!*end || *end == ','));
		CPU_SET(cpu, &set);
	}
	check(!sched_setaffinity(0, sizeof(set), &set));
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The time that @thousandths of them are not above. */
static int64_t quantile(int64_t *times, int count, int thousandths)
{
	if (!count)
		return 0;
	qsort(times, count, sizeof(*times), by_size);
	return times[(int64_t)(count - 1) * thousandths / 1000];
}

/* ---- Loops */

/* What the loops and their parent share. */
struct seen {
	_Atomic int measuring;
	/* Only where the loops have one CPU: whose it is, since when, and until when. */
	_Atomic int owner;
	int64_t since, until;
	int64_t longest_wait[LOOPS_MAX];
	int count[LOOPS_MAX];
	int64_t stretch[LOOPS_MAX][4096];
};

static struct seen *seen;

/*
 * Notes that another loop has the CPU now, and for how long the last one had it. The
 * clock is read anew: the loop may have read it before it lost the CPU.
 */
static void take_over(int self)
{
	int last = seen->owner;

	/* Not if it wrote an older time, as one may that lost the CPU at that moment. */
	if (last >= 0 && seen->measuring && seen->count[last] < 4096 &&
	    seen->until > seen->since)
		seen->stretch[last][seen->count[last]++] = seen->until - seen->since;
	seen->owner = self;
	seen->since = seen->until = now_ns();
}

static _Noreturn void loop(int self, int one_cpu)
{
	int64_t before = now_ns(), now;

	for (;;) {
		now = now_ns();
		if (seen->measuring && now - before > seen->longest_wait[self])
			seen->longest_wait[self] = now - before;
		before = now;
		if (!one_cpu)
			continue;
		if (seen->owner != self)
			take_over(self);
		else
			seen->until = now;
	}
}

static int64_t cpu_time(pid_t process)
{
	struct timespec time;
	clockid_t clock;

	check(!clock_getcpuclockid(process, &clock));
	check(!clock_gettime(clock, &time));
	return time.tv_sec * SECOND + time.tv_nsec;
}

/* Runs a loop for each nice value; what each of them used goes to @used. */
static void run_loops(const char *cpus, double seconds, int one_cpu, int count,
		      const int *nices, int64_t *used)
{
	pid_t loops[LOOPS_MAX];

	check(count > 0 && count <= LOOPS_MAX);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(seen != MAP_FAILED);
	seen->owner = -1;
	/* Else it waits behind what it measures. */
	check(!setpriority(PRIO_PROCESS, 0, -20));
	for (int i = 0; i < count; i++) {
		loops[i] = fork();
		check(loops[i] >= 0);
		if (!loops[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			check(!setpriority(PRIO_PROCESS, 0, nices[i]));
			bind_to(cpus);
			loop(i, one_cpu);
		}
		sleep_ns(random_ns(0, 20 * MS));
	}
	sleep_ns(random_ns(500 * MS, 700 * MS));
	for (int i = 0; i < count; i++)
		used[i] = cpu_time(loops[i]);
	seen->measuring = 1;
	sleep_ns((int64_t)(seconds * SECOND) + random_ns(0, 20 * MS));
	seen->measuring = 0;
	for (int i = 0; i < count; i++)
		used[i] = cpu_time(loops[i]) - used[i];
	for (int i = 0; i < count; i++)
		check(!kill(loops[i], SIGKILL));
	for (int i = 0; i < count; i++)
		check(waitpid(loops[i], NULL, 0) == loops[i]);
}

static int read_nices(char **words, int count, int *nices)
{
	check(count <= LOOPS_MAX);
	for (int i = 0; i < count; i++)
		nices[i] = atoi(words[i]);
	return count;
}

static double distance(double found, double wanted)
{
	double off = found / wanted - 1;

	return off < 0 ? -off : off;
}

/*
 * The last loop's share beside the mean of the others', against their weights; and how
 * far those of equal weight are apart.
 */
static int shares(const char *cpus, double seconds, char **words, int count)
{
	double others = 0, others_weight = 0, off, ratio, wanted;
	int64_t used[LOOPS_MAX], longest = 0;
	int nices[LOOPS_MAX], last = count - 1;

	check(count >= 2);
	read_nices(words, count, nices);
	run_loops(cpus, seconds, 0, count, nices, used);
	for (int i = 0; i < last; i++) {
		others += used[i] / (double)last;
		others_weight += weight(nices[i]) / last;
	}
	ratio = used[last] / (others < 1 ? 1 : others);
	wanted = weight(nices[last]) / others_weight;
	off = distance(ratio, wanted);
	for (int i = 0; i < last; i++)
		if (distance(used[i] / weight(nices[i]), others / others_weight) > off)
			off = distance(used[i] / weight(nices[i]),
				       others / others_weight);
	for (int i = 0; i < count; i++)
		if (seen->longest_wait[i] > longest)
			longest = seen->longest_wait[i];
	printf("off %.0f longest %lld ratio %.2f weights %.2f ms", off * 100,
	       (long long)(longest / US), ratio, wanted);
	for (int i = 0; i < count; i++)
		printf(" %lld", (long long)(used[i] / MS));
	printf("\n");
	return 0;
}

static int stretches(const char *cpu, double seconds, char **words, int count)
{
	static int64_t times[TIMES_MAX];
	int64_t used[LOOPS_MAX];
	int nices[LOOPS_MAX];

	read_nices(words, count, nices);
	run_loops(cpu, seconds, 1, count, nices, used);
	for (int nice = -20; nice < 20; nice++) {
		int total = 0;

		for (int i = 0; i < count; i++)
			for (int j = 0; nices[i] == nice && j < seen->count[i]; j++)
				if (total < TIMES_MAX)
					times[total++] = seen->stretch[i][j];
		if (total)
			printf("nice %d stretches %d %lld %lld %lld\n", nice, total,
			       (long long)(quantile(times, total, 100) / US),
			       (long long)(quantile(times, total, 500) / US),
			       (long long)(quantile(times, total, 900) / US));
	}
	return 0;
}

/* ---- Tasks that sleep */

static _Atomic int stopped, late_count;
static int64_t late[TIMES_MAX];
static const char *where = "-"; /* the CPUs of those that sleep */

static void *sleeps_often(void *argument)
{
	uint32_t state = (uint32_t)(intptr_t)argument;
	int64_t due;
	int at;

	bind_to(where);
	while (!stopped) {
		due = now_ns() + 5 * MS + next_random(&state) % (10 * MS);
		sleep_until(due);
		due = now_ns() - due;
		if (seen->measuring && (at = late_count++) < TIMES_MAX)
			late[at] = due;
		work(MS * 3 / 10);
	}
	return NULL;
}

static void *only_loops(void *argument)
{
	bind_to(argument);
	while (!stopped)
		__asm__ volatile("");
	return NULL;
}

static void say_how_late(void)
{
	int count = late_count < TIMES_MAX ? late_count : TIMES_MAX;
	int64_t sum = 0;

	for (int i = 0; i < count; i++)
		sum += late[i];
	printf("late %d mean %lld p50 %lld p99 %lld longest %lld\n", count,
	       (long long)(sum / (count ? count : 1) / US),
	       (long long)(quantile(late, count, 500) / US),
	       (long long)(quantile(late, count, 990) / US),
	       (long long)(quantile(late, count, 1000) / US));
}

static void measure(double seconds)
{
	sleep_ns(SECOND + random_ns(0, 20 * MS));
	seen->measuring = 1;
	sleep_ns((int64_t)(seconds * SECOND));
	seen->measuring = 0;
	stopped = 1;
}

static int wakeups(const char *cpus, int loops, int count, double seconds)
{
	static pthread_t threads[2 * LOOPS_MAX];
	static struct seen mine;
	int total = 0;

	check(loops <= LOOPS_MAX && count <= LOOPS_MAX);
	seen = &mine;
	where = cpus;
	for (int i = 0; i < loops; i++) {
		start(&threads[total++], only_loops, (void *)cpus);
		sleep_ns(random_ns(0, 10 * MS));
	}
	for (int i = 0; i < count; i++)
		start(&threads[total++], sleeps_often, (void *)(intptr_t)(seed + i));
	measure(seconds);
	while (total)
		pthread_join(threads[--total], NULL);
	say_how_late();
	return 0;
}

/* ---- Threads that are never all asleep */

static int bells[512];
static _Atomic int64_t laps;
static _Atomic int64_t longest_rest;

static void *sings(void *argument)
{
	int self = (int)(intptr_t)argument;
	int64_t before = now_ns(), now, longest;
	uint64_t one = 1;

	bind_to(where);
	while (!stopped) {
		check(read(bells[self], &one, sizeof(one)) == sizeof(one));
		now = now_ns();
		longest = longest_rest;
		while (seen->measuring && now - before > longest &&
		       !atomic_compare_exchange_weak(&longest_rest, &longest,
						     now - before))
			;
		before = now;
		laps++;
		work(MS / 5);
		one = 1;
		check(write(bells[self ^ 1], &one, sizeof(one)) == sizeof(one));
	}
	/* Whoever still listens is to see it. */
	one = 1;
	check(write(bells[self ^ 1], &one, sizeof(one)) == sizeof(one));
	return NULL;
}

static void *measured_loop(void *argument)
{
	int64_t before, now;

	bind_to(where);
	for (before = now_ns(); !stopped; before = now) {
		now = now_ns();
		if (seen->measuring && now - before > seen->longest_wait[0])
			seen->longest_wait[0] = now - before;
	}
	return argument;
}

static int chorus(const char *cpu, int size, double seconds, double alone)
{
	static pthread_t threads[512], looping;
	static struct seen mine;

	check(size >= 2 && size <= 512 && size % 2 == 0);
	seen = &mine;
	where = cpu;
	/* Of each two one is called from the start. */
	for (int i = 0; i < size; i++)
		check((bells[i] = eventfd(i % 2, EFD_SEMAPHORE)) >= 0);
	if (alone >= 0) {
		start(&looping, measured_loop, NULL);
		sleep_ns((int64_t)(alone * SECOND) + random_ns(0, 20 * MS));
	}
	for (intptr_t i = 0; i < size; i++)
		start(&threads[i], sings, (void *)i);
	if (alone < 0) {
		sleep_ns((int64_t)(-alone * SECOND) + random_ns(0, 20 * MS));
		start(&looping, measured_loop, NULL);
	}
	measure(seconds);
	for (int i = 0; i < size; i++)
		pthread_join(threads[i], NULL);
	pthread_join(looping, NULL);
	printf("loop %lld chorus %lld laps %lld\n",
	       (long long)(mine.longest_wait[0] / US), (long long)(longest_rest / US),
	       (long long)laps);
	return 0;
}

/* ---- Order of arrival */

#define ARRIVALS 24
static _Atomic int called[ARRIVALS], ready, came;
static int came_as[ARRIVALS];

static void *arrives(void *argument)
{
	int self = (int)(intptr_t)argument;

	bind_to(where);
	for (;;) {
		ready++;
		while (!called[self])
			syscall(SYS_futex, &called[self], FUTEX_WAIT_PRIVATE, 0, NULL);
		if (stopped)
			return NULL;
		came_as[came++] = self;
		called[self] = 0;
	}
}

static void call(int which)
{
	called[which] = 1;
	syscall(SYS_futex, &called[which], FUTEX_WAKE_PRIVATE, 1);
}

static int arrival(const char *cpu, int rounds)
{
	static pthread_t threads[ARRIVALS], looping;
	static struct seen mine;
	int order[ARRIVALS], wrong = 0;

	seen = &mine;
	where = cpu;
	for (intptr_t i = 0; i < ARRIVALS; i++)
		start(&threads[i], arrives, (void *)i);
	start(&looping, only_loops, (void *)cpu);
	for (int i = 0; i < ARRIVALS; i++)
		order[i] = i;
	for (int round = 1; round <= rounds; round++) {
		while (ready < ARRIVALS)
			sleep_ns(MS);
		/* Ready, and then asleep: also who was taken off its CPU between these, for some turns. */
		sleep_ns(random_ns(90 * MS, 110 * MS));
		for (int i = ARRIVALS - 1; i > 0; i--) {
			int j = random_ns(0, i + 1), other = order[j];

			order[j] = order[i];
			order[i] = other;
		}
		ready = 0;
		came = 0;
		for (int i = 0; i < ARRIVALS; i++)
			call(order[i]);
		while (ready < ARRIVALS)
			sleep_ns(MS);
		for (int i = 0; i < ARRIVALS; i++)
			wrong += came_as[i] != order[i];
	}
	stopped = 1;
	for (int i = 0; i < ARRIVALS; i++) {
		call(i);
		pthread_join(threads[i], NULL);
	}
	pthread_join(looping, NULL);
	printf("wrong %d of %d\n", wrong, rounds * ARRIVALS);
	return 0;
}

/* ---- Places */

struct placed {
	const char *cpus;
	int kind; /* 0: loops, 1: sleeps, 2: yields */
	cpu_set_t seen_on;
	int64_t used;
};

static void *stays(void *argument)
{
	struct placed *placed = argument;
	uint32_t state = (uint32_t)(uintptr_t)argument;
	struct timespec begin, end;
	cpu_set_t allowed;

	bind_to(placed->cpus);
	check(!sched_getaffinity(0, sizeof(allowed), &allowed));
	CPU_ZERO(&placed->seen_on);
	while (!seen->measuring)
		usleep(1000);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	while (!stopped) {
		int cpu = sched_getcpu();

		check(CPU_ISSET(cpu, &allowed));
		CPU_SET(cpu, &placed->seen_on);
		if (placed->kind == 1)
			usleep(next_random(&state) % 3000);
		if (placed->kind == 2)
			sched_yield();
		if (placed->kind)
			work(MS / 10);
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	placed->used =
		(end.tv_sec - begin.tv_sec) * SECOND + end.tv_nsec - begin.tv_nsec;
	return NULL;
}

static int places(double seconds)
{
	/* The first two have two CPUs for themselves, but for those that sleep. */
	static struct placed all[] = {
		{ .cpus = "2,3" },
		{ .cpus = "2,3" },
		{ .cpus = "0" },
		{ .cpus = "0", .kind = 1 },
		{ .cpus = "0", .kind = 2 },
		{ .cpus = "1" },
		{ .cpus = "1", .kind = 1 },
		{ .cpus = "1", .kind = 2 },
		{ .cpus = "0,1" },
		{ .cpus = "0,1", .kind = 1 },
		{ .cpus = "0,1", .kind = 2 },
		{ .cpus = "2,3", .kind = 1 },
		{ .cpus = "1,2", .kind = 1 },
		{ .cpus = "0,3", .kind = 1 },
	};
	enum {
		COUNT = sizeof(all) / sizeof(all[0])
	};
	static pthread_t threads[COUNT];
	static struct seen mine;
	int most = 0;

	seen = &mine;
	for (int i = 0; i < COUNT; i++)
		start(&threads[i], stays, &all[i]);
	measure(seconds);
	for (int i = 0; i < COUNT; i++) {
		pthread_join(threads[i], NULL);
		check(CPU_COUNT(&all[i].seen_on) >= 1);
		if (CPU_COUNT(&all[i].seen_on) > 1)
			most++;
	}
	printf("used %.0f on-several %d\n",
	       (all[0].used + all[1].used) / (seconds * SECOND) / 2 * 100, most);
	return 0;
}

/* ---- Overload */

static int64_t crowd_work_ns;
static _Atomic int64_t crowd_runs;

static _Atomic int crowd_begins;

static void *wakes_every_10_ms(void *argument)
{
	int64_t due;

	check(!setpriority(PRIO_PROCESS, 0, 0));
	while (!crowd_begins)
		syscall(SYS_futex, &crowd_begins, FUTEX_WAIT_PRIVATE, 0, NULL);
	due = now_ns() + (intptr_t)argument;
	while (!stopped) {
		sleep_until(due);
		work(crowd_work_ns);
		crowd_runs++;
		due += 10 * MS;
		if (due < now_ns())
			due = now_ns() + 10 * MS;
	}
	return NULL;
}

static int crowd(int count, int us, double seconds)
{
	static pthread_t threads[4096], prober;
	static struct seen mine;

	check(count <= 4096);
	seen = &mine;
	crowd_work_ns = us * US;
	start(&prober, sleeps_often, (void *)(intptr_t)seed);
	/* Else it waits behind those that it has made. */
	check(!setpriority(PRIO_PROCESS, 0, -20));
	for (int i = 0; i < count; i++)
		start(&threads[i], wakes_every_10_ms,
		      (void *)(intptr_t)random_ns(0, 10 * MS));
	crowd_begins = 1;
	syscall(SYS_futex, &crowd_begins, FUTEX_WAKE_PRIVATE, count);
	measure(seconds);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	pthread_join(prober, NULL);
	printf("runs %lld ", (long long)crowd_runs);
	say_how_late();
	return 0;
}

int main(int count, char **words)
{
	const char *name = count > 1 ? words[1] : "", *text = getenv("SEED");

	seed = text ? (uint32_t)atoi(text) : (uint32_t)(now_ns() / US);
	printf("seed %u\n", seed);
	fflush(stdout);
	if (!strcmp(name, "shares") && count > 4)
		return shares(words[2], atof(words[3]), words + 4, count - 4);
	if (!strcmp(name, "stretches") && count > 4)
		return stretches(words[2], atof(words[3]), words + 4, count - 4);
	if (!strcmp(name, "wakeups") && count == 6)
		return wakeups(words[2], atoi(words[3]), atoi(words[4]),
			       atof(words[5]));
	if (!strcmp(name, "chorus") && (count == 5 || count == 6))
		return chorus(words[2], atoi(words[3]), atof(words[4]),
			      count == 6 ? atof(words[5]) : 0);
	if (!strcmp(name, "arrival") && count == 4)
		return arrival(words[2], atoi(words[3]));
	if (!strcmp(name, "places") && count == 3)
		return places(atof(words[2]));
	if (!strcmp(name, "crowd") && count == 5)
		return crowd(atoi(words[2]), atoi(words[3]), atof(words[4]));
	fprintf(stderr, "effects: no tasks are called '%s' and take %d words\n", name,
		count - 2);
	return 2;
}
