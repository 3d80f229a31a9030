// SPDX-License-Identifier: GPL-2.0-only
/* What will happen: a heap by time, ties in the order they were posted. */
#include "model.h"
#include <stdlib.h>

static struct event *heap;
static u32 size, room;
static u64 order;

static inline bool sooner(const struct event *a, const struct event *b)
{
	return a->when != b->when ? a->when < b->when : a->order < b->order;
}

void events_reset(void)
{
	size = 0;
	order = 0;
}

void post(u64 when, enum event_kind kind, s32 cpu, struct task *p, u32 argument)
{
	struct event event = { when, order++, p, argument, (u16)cpu, (u16)kind };
	u32 i;

	if (sim.replaying)
		return; /* the log says what happens when */
	i = size++;
	if (size > room) {
		room = room * 2 + 1024;
		heap = realloc(heap, sizeof(*heap) * room);
		if (!heap)
			abort();
	}
	for (; i && sooner(&event, &heap[(i - 1) / 4]); i = (i - 1) / 4)
		heap[i] = heap[(i - 1) / 4];
	heap[i] = event;
}

static void remove_first(void)
{
	struct event last = heap[--size];
	u32 i = 0, child, best;

	while ((child = 4 * i + 1) < size) {
		best = child;
		for (u32 other = child + 1; other < child + 4 && other < size; other++)
			if (sooner(&heap[other], &heap[best]))
				best = other;
		if (!sooner(&heap[best], &last))
			break;
		heap[i] = heap[best];
		i = best;
	}
	heap[i] = last;
}

bool next_event(u64 until, struct event *event)
{
	if (!size || heap[0].when > until)
		return false;
	*event = heap[0];
	remove_first();
	return true;
}
