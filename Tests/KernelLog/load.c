// SPDX-License-Identifier: GPL-2.0-only
/*
 * load MS KIND...: what the kernel's scheduling code is watched with. All kinds at the same time,
 * for MS milliseconds. Random, from a seed that is always the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t state = 1;
static uint64_t end_ns;
static int cpus;

static unsigned int chance(unsigned int below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(state >> 33) % below;
}

static uint64_t now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static bool is_over(void)
{
	return now() >= end_ns;
}

static void compute(unsigned int us)
{
	uint64_t until = now() + us * 1000u;

	while (now() < until)
		;
}

static void sleep_us(unsigned int us)
{
	struct timespec time = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&time, NULL);
}

static void bind_to(pid_t pid, unsigned long mask)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = 0; cpu < cpus; cpu++)
		if (mask >> cpu & 1)
			CPU_SET(cpu, &set);
	sched_setaffinity(pid, sizeof(set), &set);
}

static void set_class(pid_t pid, int class)
{
	struct sched_param of = { .sched_priority = class == SCHED_FIFO ? 10 : 0 };

	if (sched_setscheduler(pid, class, &of))
		perror("sched_setscheduler");
}

static void loop(unsigned int n)
{
	static const int nices[] = { 0, -5, 5, 0, -10, 10, 19, 0 };

	setpriority(PRIO_PROCESS, 0, nices[n % 8]);
	while (!is_over())
		compute(100);
}

static void pinned(unsigned int n)
{
	bind_to(0, 1ul << (cpus - 1));
	loop(n);
}

static void sleeper(unsigned int n)
{
	(void)n;
	while (!is_over()) {
		compute(chance(800));
		sleep_us(200 + chance(4000));
	}
}

static void pair(unsigned int n)
{
	int to[2], from[2];
	char byte = 0;

	(void)n;
	if (pipe(to) || pipe(from))
		exit(1);
	if (!fork()) {
		close(to[1]);
		while (read(to[0], &byte, 1) == 1 && write(from[1], &byte, 1) == 1)
			;
		exit(0);
	}
	while (!is_over()) {
		if (write(to[1], &byte, 1) != 1 || read(from[0], &byte, 1) != 1)
			exit(1);
		if (!chance(16))
			sleep_us(chance(3000));
	}
}

static void forker(unsigned int n)
{
	(void)n;
	while (!is_over()) {
		pid_t child = fork();

		if (!child) {
			compute(chance(300));
			_exit(0);
		}
		if (chance(2))
			sleep_us(chance(1000));
		waitpid(child, NULL, 0);
	}
}

static void yielder(unsigned int n)
{
	(void)n;
	while (!is_over()) {
		compute(chance(200));
		sched_yield();
		if (!chance(8))
			sleep_us(chance(2000));
	}
}

static void realtime(unsigned int n)
{
	(void)n;
	set_class(0, SCHED_FIFO);
	while (!is_over()) {
		compute(chance(500));
		sleep_us(500 + chance(5000));
	}
}

/* Those that others change: half of them sleep now and then. */
static void victim(unsigned int n)
{
	while (!is_over()) {
		compute(50 + chance(200));
		if (n & 1)
			sleep_us(chance(2000));
	}
}

static pid_t victims[64];
static unsigned int nvictims;

static void affinities(unsigned int n)
{
	(void)n;
	while (!is_over()) {
		sleep_us(300 + chance(3000));
		bind_to(victims[chance(nvictims)], 1 + chance((1u << cpus) - 1));
	}
}

static void weights(unsigned int n)
{
	(void)n;
	while (!is_over()) {
		sleep_us(300 + chance(3000));
		setpriority(PRIO_PROCESS, (id_t)victims[chance(nvictims)],
			    (int)chance(40) - 20);
	}
}

static void classes(unsigned int n)
{
	(void)n;
	/* Else a busy one that it made real-time keeps this waiting. */
	set_class(0, SCHED_FIFO);
	while (!is_over()) {
		pid_t pid = victims[chance(nvictims)];

		sleep_us(500 + chance(4000));
		set_class(pid, SCHED_FIFO);
		sleep_us(chance(2000));
		set_class(pid, SCHED_OTHER);
	}
}

static const struct {
	const char *name;
	void (*body)(unsigned int n);
} kinds[] = {
	{ "loop", loop },	  { "pinned", pinned },	  { "sleeper", sleeper },
	{ "pair", pair },	  { "forker", forker },	  { "yielder", yielder },
	{ "realtime", realtime }, { "victim", victim },	  { "affinities", affinities },
	{ "weights", weights },	  { "classes", classes },
};

/* KIND or KIND:COUNT */
static void start(char *text)
{
	char *colon = strchr(text, ':');
	unsigned int count = colon ? (unsigned int)atoi(colon + 1) : 1;

	if (colon)
		*colon = 0;
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].name, text))
			continue;
		for (unsigned int n = 0; n < count; n++) {
			pid_t child = fork();

			if (!child) {
				state = i * 1000 + n + 1;
				kinds[i].body(n);
				exit(0);
			}
			if (kinds[i].body == victim && nvictims < 64)
				victims[nvictims++] = child;
		}
		return;
	}
	fprintf(stderr, "load: there is no '%s'\n", text);
	exit(64);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: load MS KIND[:COUNT]...\n");
		return 64;
	}
	cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	end_ns = now() + (uint64_t)atol(argv[1]) * 1000000u;
	signal(SIGPIPE, SIG_IGN);
	for (int i = 2; i < argc; i++)
		start(argv[i]);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return 0;
}
