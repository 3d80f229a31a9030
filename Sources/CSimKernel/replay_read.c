// SPDX-License-Identifier: GPL-2.0-only
/* The text of a log: docs/KERNEL-LOG.md. */
#include "replay.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX 160
#define RECORDS_MAX 10000000

static const char *const words[LOG_KINDS] = { LOG_WORDS };

struct log replay_log;

const char *replay_word(const struct record *r)
{
	return words[r->kind];
}

static int kind_of(const char *word)
{
	for (int kind = 0; kind < LOG_KINDS; kind++)
		if (!strcmp(word, words[kind]))
			return kind;
	return -1;
}

static const char *read_head(const char *line)
{
	struct log *log = &replay_log;
	char mode[8], asks[8];

	if (sscanf(line, "kernel-log 1 %7s %u %7s", mode, &log->cpus, asks) != 3)
		return "it is not 'kernel-log 1 MODE CPUS balance|pick RELEASE', as the first line has to be";
	log->user = !strcmp(mode, "user");
	if (!log->user && strcmp(mode, "bpf"))
		return "its mode is neither bpf nor user";
	log->kernel = strcmp(asks, "pick") ? SIM_LINUX_6_18 : SIM_LINUX_7_3;
	if (log->kernel == SIM_LINUX_6_18 && strcmp(asks, "balance"))
		return "it says neither balance nor pick";
	/* Sets of CPUs are 64 bits in it. */
	return log->cpus && log->cpus <= 64 ? NULL : "it has to be of 1 to 64 CPUs";
}

/* The fifth field is a CPU, or -1, or an error's number; of a task, its class. */
static s32 lowest_at(int kind)
{
	switch (kind) {
	case LOG_F_PICK_IDLE:
		return -4095;
	case LOG_INSERT:
		return -1;
	default:
		return 0;
	}
}

static bool is_of_task(int kind)
{
	switch (kind) {
	case LOG_TASK:
	case LOG_SELECT:
	case LOG_ENQUEUE:
	case LOG_DEQUEUE:
	case LOG_TICK:
	case LOG_CPUS:
	case LOG_WEIGHT:
	case LOG_JOINS:
	case LOG_LEAVES:
	case LOG_YIELD:
	case LOG_DEAD:
	case LOG_INSERT:
	case LOG_F_INSERT:
	case LOG_F_INSERT_VTIME:
	case LOG_F_MOVE:
	case LOG_F_SELECT:
	case LOG_F_SLICE:
	case LOG_BEGIN + LOG_OP_ENQUEUE:
		return true;
	default:
		return false;
	}
}

static const char *read_record(const char *line, struct record *r, u64 *time)
{
	unsigned long long delta, a, b, c = 0;
	unsigned int cpu;
	char word[24];
	int kind;

	if (sscanf(line, "%llu %u %23s %d %d %llx %llx %llx", &delta, &cpu, word,
		   &r->pid, &r->at, &a, &b, &c) < 7)
		return "it has fewer than 7 fields";
	kind = kind_of(word);
	if (kind < 0)
		return "its word is unknown";
	if (cpu >= replay_log.cpus || r->pid < 0 || (u32)r->pid > SIM_PID_MAX ||
	    r->at < lowest_at(kind) ||
	    r->at >= (kind == LOG_TASK ? CLASS_RT + 1 : (s32)replay_log.cpus) ||
	    (!r->pid && is_of_task(kind)))
		return "its CPU or pid is out of range";
	r->time = *time += delta;
	r->a = a;
	r->b = b;
	r->c = c;
	r->cpu = (u16)cpu;
	r->kind = (u8)kind;
	return NULL;
}

/* Of which class the next task of each switch is. */
static const char *note_classes(void)
{
	u8 *class = calloc(1, SIM_PID_MAX + 1);

	if (!class)
		abort();
	for (u32 i = 0; i < replay_log.count; i++) {
		struct record *r = &replay_log.records[i];

		if (r->kind == LOG_TASK)
			class[r->pid] = (u8)r->at;
		if (r->kind == LOG_SWITCH)
			r->class = r->pid ? class[r->pid] : CLASS_IDLE;
	}
	free(class);
	return NULL;
}

/* With the line, as a person counts it. */
static const char *wrong_at(u32 number, const char *wrong)
{
	static char text[160];

	snprintf(text, sizeof(text), "line %u: %s", number, wrong);
	return text;
}

const char *replay_read(const char *text, size_t length)
{
	const char *end = text + length, *wrong = NULL;
	struct log *log = &replay_log;
	u32 room = 0, number = 0;
	char line[LINE_MAX];
	u64 time = 0;

	free(log->records);
	*log = (struct log){};
	for (; text < end && !wrong; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t bytes = (size_t)((newline ? newline : end) - text);

		if (bytes >= sizeof(line) || log->count == RECORDS_MAX)
			return wrong_at(number + 1, "it is too long, or one too many");
		memcpy(line, text, bytes);
		line[bytes] = '\0';
		text += bytes + 1;
		if (!number) {
			wrong = read_head(line);
			continue;
		}
		if (log->count == room) {
			room = room * 2 + 4096;
			log->records =
				realloc(log->records, sizeof(*log->records) * room);
			if (!log->records)
				abort();
		}
		log->records[log->count] = (struct record){ .line = number + 1 };
		wrong = read_record(line, &log->records[log->count], &time);
		if (!wrong && is_begin(&log->records[log->count]))
			log->ops |= 1u << (log->records[log->count].kind - LOG_BEGIN);
		log->count += !wrong;
	}
	if (!number)
		return "it is empty";
	return wrong ? wrong_at(number, wrong) : note_classes();
}
