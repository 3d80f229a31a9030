// SPDX-License-Identifier: GPL-2.0-only
/*
 * record OBJECT MODE RECORDS -- COMMAND...: while a scheduler of this project is attached, runs
 * COMMAND and writes what the kernel's scheduling code did meanwhile to standard output, RECORDS
 * lines at most. docs/KERNEL-LOG.md says what the lines mean.
 */
#include "kernel_log.h"
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const words[] = { LOG_WORDS };
_Static_assert(sizeof(words) / sizeof(*words) == LOG_KINDS, "a word for each kind");

static long records_max, written;
static __u64 last_time;
static bool has_balance; /* up to 6.18 our class is asked before those above it */
static struct log_record *known; /* what was written of each pid last */

static void fail(const char *what)
{
	fprintf(stderr, "record: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The loaded program with this name; -1: none has it. */
static int program_called(const char *name)
{
	__u32 id = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_prog_get_info_by_fd(fd, &info, &size) &&
		    !strcmp(info.name, name))
			return fd;
		close(fd);
	}
	return -1;
}

/*
 * Which programs can be attached: those whose function the kernel, or the scheduler,
 * has.
 */
static void choose(struct bpf_object *object)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	struct bpf_program *program;

	if (!kernel)
		fail("the kernel's BTF");
	has_balance = btf__find_by_name_kind(kernel, "balance_scx", BTF_KIND_FUNC) > 0;
	bpf_object__for_each_program(program, object)
	{
		const char *section = bpf_program__section_name(program);
		const char *name = bpf_program__name(program);
		const char *function = strchr(section, '/');
		int fd;

		if (!strncmp(section, "tp_btf", 6))
			continue;
		if (function) {
			if (btf__find_by_name_kind(kernel, function + 1,
						   BTF_KIND_FUNC) < 0 ||
			    (has_balance && !strcmp(function, "/pick_task_scx")))
				bpf_program__set_autoload(program, false);
			continue;
		}
		name += strncmp(name, "begin_", 6) ? 4 : 6;
		fd = program_called(name);
		if (fd < 0)
			bpf_program__set_autoload(program, false);
		else if (bpf_program__set_attach_target(program, fd, name))
			fail(name);
	}
	btf__free(kernel);
}

static bool is_known(const struct log_record *r)
{
	struct log_record *before = &known[(__u32)r->pid & 0xffff];

	if (before->pid == r->pid && before->a == r->a && before->b == r->b &&
	    before->c == r->c && before->at == r->at)
		return true;
	*before = *r;
	return false;
}

static int write_line(void *context, void *data, size_t size)
{
	const struct log_record *r = data;

	(void)context;
	(void)size;
	if (r->kind == LOG_TASK && is_known(r))
		return 0;
	if (r->kind == LOG_DEAD)
		known[(__u32)r->pid & 0xffff].pid = 0;
	if (written >= records_max)
		return 0;
	written++;
	printf("%lld %u %s %d %d %llx %llx", (long long)(r->time - last_time), r->cpu,
	       words[r->kind], r->pid, r->at, (unsigned long long)r->a,
	       (unsigned long long)r->b);
	if (r->c)
		printf(" %llx", (unsigned long long)r->c);
	putchar('\n');
	last_time = r->time;
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *program;
	struct ring_buffer *ring;
	struct bpf_map *variables;
	struct utsname system;
	__u32 zero = 0;
	struct log_control control = {};
	pid_t child;
	int status;

	if (argc < 6 || strcmp(argv[4], "--")) {
		fprintf(stderr, "usage: record OBJECT MODE RECORDS -- COMMAND...\n");
		return 64;
	}
	records_max = atol(argv[3]);
	known = calloc(1 << 16, sizeof(*known));
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		fail(argv[1]);
	choose(object);
	if (bpf_object__load(object))
		fail("cannot load");
	bpf_object__for_each_program(program,
				     object) if (bpf_program__autoload(program) &&
						 !bpf_program__attach(program))
		fail(bpf_program__name(program));
	variables = bpf_object__find_map_by_name(object, ".bss");
	if (!variables || bpf_map__value_size(variables) != sizeof(control))
		fail("no variables");
	uname(&system);
	printf("kernel-log 1 %s %ld %s %s\n", argv[2], sysconf(_SC_NPROCESSORS_ONLN),
	       has_balance ? "balance" : "pick", system.release);
	ring = ring_buffer__new(
		bpf_map__fd(bpf_object__find_map_by_name(object, "ring")), write_line,
		NULL, NULL);
	if (!ring)
		fail("ring");
	usleep(500000); /* what attaching began comes to its end */
	control.on = 1;
	if (bpf_map_update_elem(bpf_map__fd(variables), &zero, &control, 0))
		fail("cannot begin");
	child = fork();
	if (!child) {
		execvp(argv[5], argv + 5);
		fail(argv[5]);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		fail("fork");
	bpf_map_lookup_elem(bpf_map__fd(variables), &zero, &control);
	control.on = 0;
	bpf_map_update_elem(bpf_map__fd(variables), &zero, &control, 0);
	ring_buffer__consume(ring);
	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = {};
		__u32 length = sizeof(info);

		if (!bpf_program__autoload(program))
			continue;
		bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &length);
		if (info.recursion_misses)
			fprintf(stderr, "record: %s missed %llu calls\n",
				bpf_program__name(program),
				(unsigned long long)info.recursion_misses);
	}
	fflush(stdout);
	fprintf(stderr, "record: %ld lines%s\n", written,
		control.full ? ", then the ring was full" : "");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
