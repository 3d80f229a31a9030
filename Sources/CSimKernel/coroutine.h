/* SPDX-License-Identifier: GPL-2.0-only */
/* Computations that stop in the middle and go on later, on stacks of their own. */
#ifndef SIM_COROUTINE_H
#define SIM_COROUTINE_H

#include <stdbool.h>
#include <stddef.h>

struct coroutine {
	void *stack, *stack_pointer, *caller;
	void (*body)(void *argument);
	void *argument;
	bool is_over;
};

/* Makes it ready to run @body; its stack is kept from one body to the next. */
void coroutine_begin(struct coroutine *it, void (*body)(void *argument),
		     void *argument);
/* Lets it go on until it pauses or is over. */
void coroutine_resume(struct coroutine *it);
/* Called from within: back to who resumed it. */
void coroutine_pause(struct coroutine *it);

#endif
