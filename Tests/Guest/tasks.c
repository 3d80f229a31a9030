// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks that do what a scheduler has to survive; one static program, so that a
 * guest's clock does not wait for the files of others. tasks NAME [NUMBER...]:
 *
 *   probe                wants to run every 5 to 15 ms; at SIGINT says for how
 *                        long it had to wait, in us, and when that was
 *   busy [COUNT]         threads that loop until they are killed
 *   busy-for SECONDS     the same, alone, and it ends
 *   alone COUNT          loops COUNT times 1 ms; says the longest gap, in us
 *   all-run PID...       waits until each of these busy tasks has run again
 *   forks COUNT          short processes, 60 at a time
 *   wake COUNT           threads that sleep, and wake at one moment
 *   kills ROUNDS         30 busy processes a round, killed while they wait
 *   reuse COUNT          processes that all have one of four pids
 *   bind COUNT           threads that change their own and each other's CPUs
 *   change COUNT         threads that enter SCHED_EXT and leave it again
 *   classes COUNT        threads that change each other's class and weight
 *   pinned COUNT         threads of one CPU each, that pass a token around
 *   undisturbed COUNT    BPF programs that sleep: not to be migrated meanwhile
 *   lazy MB SECONDS      memory that the kernel may take back at any moment
 *
 * Status: 0 done, 1 a task did not do or get what it should, 2 wrong usage.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000LL
#define THREADS_MAX 16384

#define check(condition) \
	do { \
		if (!(condition)) \
			give_up(#condition); \
	} while (0)

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "tasks: not so: %s (%s)\n", what, strerror(errno));
	_exit(1);
}

static int64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Uses the CPU for so long as it is this thread's, not by the clock. */
static void work(int64_t ns)
{
	struct timespec time;
	int64_t end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	end = time.tv_sec * 1000000000LL + time.tv_nsec + ns;
	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	while (time.tv_sec * 1000000000LL + time.tv_nsec < end);
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

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	stopped = signal;
}

static int cpu_count(void)
{
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static cpu_set_t only(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return set;
}

static int probe(void)
{
	int64_t begin = now_ns(), due, late, longest = 0, when = 0, count = 0;
	struct sigaction action = { .sa_handler = on_signal };
	uint32_t state = 1;
	struct timespec time;

	sigaction(SIGINT, &action, NULL);
	check(!mlockall(MCL_CURRENT | MCL_FUTURE));
	while (!stopped) {
		due = now_ns() + 5 * MS + next_random(&state) % (10 * MS);
		time.tv_sec = due / 1000000000LL;
		time.tv_nsec = due % 1000000000LL;
		/* Interrupted by the end, it may have come too early: no matter. */
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
		late = now_ns() - due;
		count++;
		if (late > longest) {
			longest = late;
			when = due - begin;
		}
	}
	printf("longest %lld us, after %lld ms, of %lld\n", (long long)longest / 1000,
	       (long long)when / MS, (long long)count);
	return count > 1 ? 0 : 1;
}

static void *loop_for_ever(void *unused)
{
	for (;;)
		__asm__ volatile("");
	return unused;
}

static int busy(int count)
{
	pthread_t thread;

	while (--count > 0)
		start(&thread, loop_for_ever, NULL);
	loop_for_ever(NULL);
	return 0;
}

static int busy_for(int seconds)
{
	int64_t end = now_ns() + seconds * 1000000000LL;

	while (now_ns() < end)
		;
	return 0;
}

static int alone(int count)
{
	int64_t before = now_ns(), now, longest = 0;

	for (int i = 0; i < count; i++) {
		for (int64_t end = before + MS; before < end; before = now) {
			now = now_ns();
			if (now - before > longest)
				longest = now - before;
		}
	}
	printf("longest %lld us\n", (long long)longest / 1000);
	return 0;
}

/* CPU time of a process, ns. */
static int64_t cpu_time(pid_t process)
{
	char path[64], text[128];
	ssize_t length;
	int file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", process);
	file = open(path, O_RDONLY);
	check(file >= 0);
	length = read(file, text, sizeof(text) - 1);
	check(length > 0);
	close(file);
	text[length] = 0;
	return atoll(text);
}

static int all_run(int count, char **words)
{
	int64_t end = now_ns() + 60000 * MS, before[64];

	check(count <= 64);
	for (int i = 0; i < count; i++)
		before[i] = cpu_time(atoi(words[i]));
	for (int i = 0; i < count;) {
		if (cpu_time(atoi(words[i])) > before[i]) {
			i++;
			continue;
		}
		if (now_ns() > end) {
			fprintf(stderr, "tasks: %s does not run\n", words[i]);
			return 1;
		}
		usleep(10000);
	}
	return 0;
}

static void reap(int *running, int until)
{
	int result;

	for (; *running > until; (*running)--) {
		check(wait(&result) > 0);
		check(WIFEXITED(result) && WEXITSTATUS(result) == 42);
	}
}

static int forks(int count)
{
	int running = 0;

	for (int i = 0; i < count; i++) {
		pid_t child = fork();

		check(child >= 0);
		if (!child)
			_exit(42);
		running++;
		reap(&running, 60);
	}
	reap(&running, 0);
	return 0;
}

static atomic_int asleep, awake, alarm_bell;
static _Atomic int64_t bell_rang, last_woke;

static void *sleeper(void *unused)
{
	int64_t now, last;

	asleep++;
	while (!alarm_bell)
		syscall(SYS_futex, &alarm_bell, FUTEX_WAIT_PRIVATE, 0, NULL);
	now = now_ns();
	last = last_woke;
	while (now > last && !atomic_compare_exchange_weak(&last_woke, &last, now))
		;
	awake++;
	return unused;
}

static int wake(int count)
{
	static pthread_t threads[THREADS_MAX];

	check(count <= THREADS_MAX);
	for (int i = 0; i < count; i++)
		start(&threads[i], sleeper, NULL);
	while (asleep < count)
		usleep(10000);
	usleep(100000);
	bell_rang = now_ns();
	alarm_bell = 1;
	syscall(SYS_futex, &alarm_bell, FUTEX_WAKE_PRIVATE, count);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	check(awake == count);
	printf("all awake after %lld ms\n", (long long)(last_woke - bell_rang) / MS);
	return 0;
}

static int kills(int rounds)
{
	pid_t children[30];

	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < 30; i++) {
			children[i] = fork();
			check(children[i] >= 0);
			if (!children[i])
				loop_for_ever(NULL);
		}
		usleep(1000 * (round % 20));
		for (int i = 0; i < 30; i++)
			check(!kill(children[i], SIGKILL));
		for (int i = 0; i < 30; i++)
			check(waitpid(children[i], NULL, 0) == children[i]);
	}
	return 0;
}

/* Each pid is given again as soon as its last owner was reaped. */
static int reuse(int count)
{
	enum {
		PIDS = 4,
		FIRST = 30000
	};
	pid_t pid, ended;
	int status, running = 0;

	for (int i = 0; i < count + PIDS; i++) {
		if (i < PIDS) {
			pid = FIRST + i;
		} else {
			ended = wait(&status);
			check(ended >= FIRST && ended < FIRST + PIDS);
			check(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL :
						    WEXITSTATUS(status) == 42);
			pid = ended;
			running--;
		}
		if (i >= count)
			continue;
		struct clone_args arguments = { .exit_signal = SIGCHLD,
						.set_tid = (uintptr_t)&pid,
						.set_tid_size = 1 };
		pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
		check(child >= 0);
		if (!child) {
			if (i % 3 == 0)
				loop_for_ever(NULL);
			if (i % 3 == 1)
				sched_yield();
			_exit(42);
		}
		check(child == pid);
		running++;
		/* One in three ends while it runs or waits, whatever it is told. */
		if (i % 3 == 0)
			kill(child, SIGKILL);
	}
	check(!running);
	return 0;
}

#define BINDERS 8
static pid_t binders[BINDERS];
static atomic_int binding;
static int bind_count;

static void *binder(void *argument)
{
	int self = (int)(intptr_t)argument, cpus = cpu_count(), cpu;
	uint32_t state = self + 1;
	cpu_set_t set;

	binders[self] = gettid();
	binding++;
	while (binding < BINDERS)
		usleep(1000);
	for (int i = 0; i < bind_count; i++) {
		/* Half of them are bound by themselves only: those can be sure. */
		if (self % 2 == 0) {
			cpu = next_random(&state) % cpus;
			set = only(cpu);
			check(!sched_setaffinity(0, sizeof(set), &set));
			check(sched_getcpu() == cpu);
			work(MS / 4);
			check(sched_getcpu() == cpu);
		} else {
			int other = (next_random(&state) % BINDERS) | 1;

			set = only(next_random(&state) % cpus);
			if (i % 4 == 0)
				CPU_SET(next_random(&state) % cpus, &set);
			check(!sched_setaffinity(binders[other], sizeof(set), &set));
			work(MS / 4);
		}
	}
	/* Nobody leaves while another may still name it. */
	binding++;
	while (binding < 2 * BINDERS)
		usleep(1000);
	return NULL;
}

static int bind_tasks(int count)
{
	pthread_t threads[BINDERS];

	bind_count = count;
	for (intptr_t i = 0; i < BINDERS; i++)
		start(&threads[i], binder, (void *)i);
	for (int i = 0; i < BINDERS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

#define SCHED_EXT_NUMBER 7
static int change_count;

static void *changes_class(void *unused)
{
	const struct sched_param none = { 0 };

	for (int i = 0; i < change_count; i++) {
		check(!sched_setscheduler(0, SCHED_EXT_NUMBER, &none));
		check(sched_getscheduler(0) == SCHED_EXT_NUMBER);
		work(MS / 4);
		if (i % 2)
			sched_yield();
		check(!sched_setscheduler(0, SCHED_OTHER, &none));
		work(MS / 4);
	}
	return unused;
}

static int change(int count)
{
	pthread_t threads[6];

	change_count = count;
	for (int i = 0; i < 6; i++)
		start(&threads[i], changes_class, NULL);
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static pid_t changers[6];
static atomic_int changing;

static void *changes_others(void *argument)
{
	static const int kinds[] = { SCHED_OTHER, SCHED_BATCH, SCHED_IDLE };
	const struct sched_param none = { 0 }, first = { .sched_priority = 1 };
	int self = (int)(intptr_t)argument;
	uint32_t state = self + 1;

	changers[self] = gettid();
	changing++;
	while (changing < 6)
		usleep(1000);
	for (int i = 0; i < change_count; i++) {
		pid_t other = changers[next_random(&state) % 6];

		check(!sched_setscheduler(other, kinds[next_random(&state) % 3],
					  &none));
		check(!setpriority(PRIO_PROCESS, other, next_random(&state) % 40 - 20));
		work(MS / 4);
		/* In the real-time class for as long as a sleep only. */
		if (i % 8 == 0) {
			check(!sched_setscheduler(0, SCHED_FIFO, &first));
			usleep(200);
			check(!sched_setscheduler(0, SCHED_OTHER, &none));
		}
	}
	/* Nobody leaves while another may still name it. */
	changing++;
	while (changing < 12)
		usleep(1000);
	return NULL;
}

static int classes(int count)
{
	pthread_t threads[6];

	change_count = count;
	for (intptr_t i = 0; i < 6; i++)
		start(&threads[i], changes_others, (void *)i);
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static int token[2 * CPU_SETSIZE][2];
static int pinned_count, pinned_threads;

static void *passes_token(void *argument)
{
	int self = (int)(intptr_t)argument, cpu = self % cpu_count();
	cpu_set_t set = only(cpu);
	char byte;

	check(!sched_setaffinity(0, sizeof(set), &set));
	for (int i = 0; i < pinned_count; i++) {
		check(read(token[self][0], &byte, 1) == 1);
		check(sched_getcpu() == cpu);
		check(write(token[(self + 1) % pinned_threads][1], &byte, 1) == 1);
	}
	return NULL;
}

/* Two threads a CPU, and a token for every second one. */
static int pinned(int count)
{
	pthread_t threads[2 * CPU_SETSIZE];

	pinned_count = count;
	pinned_threads = 2 * cpu_count();
	for (int i = 0; i < pinned_threads; i++) {
		check(!pipe(token[i]));
		if (i % 2 == 0)
			check(write(token[i][1], "", 1) == 1);
	}
	for (intptr_t i = 0; i < pinned_threads; i++)
		start(&threads[i], passes_token, (void *)i);
	for (int i = 0; i < pinned_threads; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/*
 * The kernel runs a BPF program without migration. This one copies a byte from
 * a page that is not there, so its thread sleeps in it until another thread
 * provides the page, and then waits for the one CPU on which it began.
 */
static int load_sleeping_program(void)
{
	const struct bpf_insn code[] = {
		/* r3 = the address in the context */
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 3, .src_reg = 1 },
		/* r1 = a place on the stack, r2 = 8 bytes */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 1, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 8 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_copy_from_user },
		/* its result is the program's */
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_SYSCALL,
		.insns = (uintptr_t)code,
		.insn_cnt = sizeof(code) / sizeof(code[0]),
		.license = (uintptr_t) "GPL",
		.prog_flags = BPF_F_SLEEPABLE,
	};

	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));
}

#define RUNNERS 6
static int sleeping_program, faults_fd;
static char *pages; /* a page for each runner */
static int run_count;
static atomic_int runners_left;
static pid_t runners[RUNNERS];

static void *runs_program(void *argument)
{
	int self = (int)(intptr_t)argument;
	uint64_t context = (uintptr_t)pages + 4096 * self;

	runners[self] = gettid();
	for (int i = 0; i < run_count; i++) {
		union bpf_attr attributes = { 0 };

		check(!madvise((void *)context, 4096, MADV_DONTNEED));
		attributes.test.prog_fd = sleeping_program;
		attributes.test.ctx_in = (uintptr_t)&context;
		attributes.test.ctx_size_in = sizeof(context);
		check(!syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attributes,
			       sizeof(attributes)));
		check(!attributes.test.retval);
		work(MS / 10);
	}
	runners_left--;
	return NULL;
}

static atomic_int moves; /* ends of the attempts to move a sleeping task */

static void *moves_runner(void *argument)
{
	cpu_set_t set = *(cpu_set_t *)argument;

	check(!sched_setaffinity(runners[0], sizeof(set), &set));
	moves++;
	return NULL;
}

/* The CPU on which a thread ran last. */
static int last_cpu(pid_t thread)
{
	char path[64], text[1024];
	char *at;
	int file;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	file = open(path, O_RDONLY);
	check(file >= 0);
	length = read(file, text, sizeof(text) - 1);
	check(length > 0);
	close(file);
	text[length] = 0;
	at = strrchr(text, ')');
	check(at);
	for (int field = 2; field < 39; field++) {
		at = strchr(at + 1, ' ');
		check(at);
	}
	return atoi(at);
}

/* Whoever is not to be migrated cannot be moved until it may be: seen once. */
static void expect_not_movable(void)
{
	int here = last_cpu(runners[0]);
	pthread_t thread;
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = 0; cpu < cpu_count(); cpu++)
		if (cpu != here)
			CPU_SET(cpu, &set);
	start(&thread, moves_runner, &set);
	usleep(100000);
	check(!moves);
	check(last_cpu(runners[0]) == here);
	pthread_detach(thread);
	/* The set is the thread's to read: it has done so, or waits in the call. */
}

static int undisturbed(int count)
{
	struct uffdio_api api = { .api = UFFD_API };
	pthread_t threads[RUNNERS];
	struct uffd_msg message;
	static char page[4096];
	bool first = true;
	uint32_t state = 1;

	pages = mmap(NULL, 4096 * RUNNERS, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(pages != MAP_FAILED);
	faults_fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	check(faults_fd >= 0);
	check(!ioctl(faults_fd, UFFDIO_API, &api));
	struct uffdio_register area = {
		.range = { .start = (uintptr_t)pages, .len = 4096 * RUNNERS },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	check(!ioctl(faults_fd, UFFDIO_REGISTER, &area));
	sleeping_program = load_sleeping_program();
	check(sleeping_program >= 0);
	run_count = count;
	runners_left = RUNNERS;
	for (intptr_t i = 0; i < RUNNERS; i++)
		start(&threads[i], runs_program, (void *)i);
	while (runners_left) {
		uint64_t address;

		if (read(faults_fd, &message, sizeof(message)) < 0) {
			check(errno == EAGAIN);
			usleep(500);
			continue;
		}
		check(message.event == UFFD_EVENT_PAGEFAULT);
		address = message.arg.pagefault.address & ~4095ULL;
		if (first && address == (uintptr_t)pages) {
			expect_not_movable();
			first = false;
		}
		usleep(next_random(&state) % 2000);
		struct uffdio_copy copy = { .dst = address,
					    .src = (uintptr_t)page,
					    .len = 4096 };
		check(!ioctl(faults_fd, UFFDIO_COPY, &copy));
	}
	for (int i = 0; i < RUNNERS; i++)
		pthread_join(threads[i], NULL);
	check(!first);
	check(moves == 1);
	return 0;
}

static int lazy(int megabytes, int seconds)
{
	int64_t end = now_ns() + seconds * 1000000000LL, passes = 0;
	size_t length = (size_t)megabytes << 20;
	char *memory;

	memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	check(memory != MAP_FAILED);
	madvise(memory, length, MADV_NOHUGEPAGE);
	for (; now_ns() < end; passes++) {
		for (size_t at = 0; at < length && now_ns() < end; at += 1 << 20) {
			for (size_t page = at; page < at + (1 << 20); page += 4096)
				memory[page] = 1;
			check(!madvise(memory + at, 1 << 20, MADV_FREE));
		}
	}
	printf("%lld passes\n", (long long)passes);
	return 0;
}

int main(int count, char **words)
{
	const char *name = count > 1 ? words[1] : "";
	int number = count > 2 ? atoi(words[2]) : 1;
	static const struct {
		const char *name;
		int (*run)(int);
	} kinds[] = {
		{ "busy", busy },	{ "busy-for", busy_for },
		{ "alone", alone },	{ "forks", forks },
		{ "wake", wake },	{ "kills", kills },
		{ "reuse", reuse },	{ "bind", bind_tasks },
		{ "pinned", pinned },	{ "change", change },
		{ "classes", classes }, { "undisturbed", undisturbed },
	};

	if (!strcmp(name, "probe"))
		return probe();
	if (!strcmp(name, "lazy") && count == 4)
		return lazy(number, atoi(words[3]));
	if (!strcmp(name, "all-run"))
		return all_run(count - 2, words + 2);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(name, kinds[i].name))
			return kinds[i].run(number);
	fprintf(stderr, "tasks: no tasks are called '%s'\n", name);
	return 2;
}
