// SPDX-License-Identifier: GPL-2.0-only
/* Noise through the native lane, in a program of its own, for the address sanitizer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_native.h"

static unsigned long long state = 20261121;

static unsigned long long noise(void)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 29;
}

int main(void)
{
	enum {
		COUNT = 4096
	};
	struct sp_event *events = calloc(COUNT, sizeof(*events));
	struct sp_outcome *outcomes = calloc(COUNT, sizeof(*outcomes));
	struct sp_task *tasks = calloc(SP_PROBE_TASKS, sizeof(*tasks));
	struct sp_global global;

	if (!events || !outcomes || !tasks)
		return 71;
	for (int round = 0; round < 200; round++) {
		struct sp_policy policy = {
			.abi = SP_ABI_VERSION,
			.order = 1 + noise() % 3,
			.slice = 1 + noise() % 4,
			.classes = 1 + noise() % 2,
			.burst = 1 + noise() % 2,
			.idle = 1 + noise() % 2,
			.kthreads = 1 + noise() % 2,
			.promote_sync = noise() % 2,
			.preempt = noise() % 2,
			.rate_max = 1 + noise() % 1000,
			.slice_max_ns = 100000 + noise() % 100000000,
			.slice_min_ns = 10000,
			.rate_window_ns = 1000000,
		};

		for (int i = 0; i < COUNT; i++) {
			unsigned char *bytes = (unsigned char *)&events[i];

			for (size_t b = 0; b < sizeof(events[i]); b++)
				bytes[b] = noise();
			events[i].kind = noise() % 6;
		}
		sp_native_start(&policy, &global);
		sp_native_decide(&policy, &global, tasks, events, outcomes, COUNT);
	}
	printf("%d events of noise\n", 200 * COUNT);
	free(events);
	free(outcomes);
	free(tasks);
	return 0;
}
