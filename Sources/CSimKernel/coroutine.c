// SPDX-License-Identifier: GPL-2.0-only
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "coroutine.h"
#include <stdlib.h>
#include <sys/mman.h>

#define STACK_BYTES (512u << 10)

#ifndef __x86_64__
#error "coroutine_switch is written for x86-64 only"
#endif

/*
 * Saves what a called function has to keep, changes the stack, and takes the same
 * from there. ucontext makes two system calls a switch, which is ten times as much.
 */
void coroutine_switch(void **from, void *to);
__asm__(".text\n"
	".globl coroutine_switch\n"
	".type coroutine_switch, @function\n"
	"coroutine_switch:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size coroutine_switch, .-coroutine_switch\n");

static struct coroutine *starting;

static void first(void)
{
	struct coroutine *it = starting;

	it->body(it->argument);
	it->is_over = true;
	coroutine_pause(it);
	abort(); /* nobody resumes what is over */
}

void coroutine_begin(struct coroutine *it, void (*body)(void *argument), void *argument)
{
	void **top;

	if (!it->stack) {
		it->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (it->stack == MAP_FAILED)
			abort();
	}
	it->body = body;
	it->argument = argument;
	it->is_over = false;
	top = (void **)((char *)it->stack + STACK_BYTES);
	top[-2] = (void *)first;
	/* Six registers; none of them means anything yet. */
	it->stack_pointer = top - 8;
}

void coroutine_resume(struct coroutine *it)
{
	if (it->is_over)
		return;
	starting = it;
	coroutine_switch(&it->caller, it->stack_pointer);
}

void coroutine_pause(struct coroutine *it)
{
	coroutine_switch(&it->stack_pointer, it->caller);
}
