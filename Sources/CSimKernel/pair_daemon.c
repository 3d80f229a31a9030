// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mode of a pair of which not all of the mechanism is modelled: what the daemon's policy,
 * the Swift twin, decided beside what the C twin does, from states that are kept here. A
 * state that the daemon mixes up, forgets or keeps too long makes another decision, soon or late.
 */
#include "model.h"
#include "policy_twin.h"
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 1024 /* a power of two */

static struct sp_global global;
/* By pid, open addressing; who is gone leaves an empty state behind. */
static struct kept {
	u32 pid; /* 0: nobody */
	struct sp_task state;
} * kept;
static u32 room, used;

void pair_daemon_reset(void)
{
	free(kept);
	kept = NULL;
	room = used = 0;
	pair_picks_reset();
	sp_policy_start(&sim.machine.policy, &global);
}

static struct kept *place_of(u32 pid)
{
	u32 i = pid * 2654435761u & (room - 1);

	while (kept[i].pid && kept[i].pid != pid)
		i = (i + 1) & (room - 1);
	return &kept[i];
}

static void grow(void)
{
	struct kept *old = kept;
	const u32 count = room;

	room = room ? room * 2 : ROOM_FIRST;
	kept = calloc(room, sizeof(*kept));
	if (!kept)
		abort();
	for (u32 i = 0; i < count; i++)
		if (old[i].pid)
			*place_of(old[i].pid) = old[i];
	free(old);
}

static struct sp_task *state_of(u32 pid)
{
	struct kept *it;

	if (2 * used >= room)
		grow();
	it = place_of(pid);
	used += !it->pid;
	it->pid = pid;
	return &it->state;
}

void pair_daemon_decided(const struct sp_event *event,
			 const struct sp_decision *decision)
{
	struct sp_task none = {}, *state = event->pid ? state_of(event->pid) : &none;
	struct sp_decision wanted = {};

	if (event->kind == SP_EVENT_DISPATCH && !(event->flags & SP_EVENT_PREV))
		state = &none;
	sp_decide(&sim.machine.policy, &global, state, event, &wanted);
	if (memcmp(&wanted, decision, sizeof(wanted)))
		flaw(SIM_FLAW_STATE,
		     "event %u of pid %u: the daemon decided %u (queue %u, key %llu, %llu ns), and the C twin %u (%u, %llu, %llu)",
		     event->kind, event->pid, decision->action, decision->queue,
		     decision->key, decision->slice_ns, wanted.action, wanted.queue,
		     wanted.key, wanted.slice_ns);
	pair_picks_decided(event, decision);
}
