// SPDX-License-Identifier: GPL-2.0-only
/* What is noted of a run, and what was wrong first. */
#include "model.h"
#include <stdarg.h>
#include <stdio.h>

/*
 * Of pairs of which not all is modelled: what user mode's backend does, whatever the policy.
 * Who is held back is woken by time, and sets of CPUs have ways of their own.
 */
static bool is_users(enum sim_flaw flaw)
{
	if (sim.machine.mode != SIM_MODE_USER)
		return false;
	if (flaw == SIM_FLAW_QUEUE || flaw == SIM_FLAW_KICK)
		return !ALONE_ASKED && !has_sets();
	/* A tick's answer ends a slice, whenever it comes. */
	if (flaw == SIM_FLAW_SLICE)
		return !WANTS(SP_WANTS_TICK_BIT) && !has_sets();
	return flaw == SIM_FLAW_INPUT;
}

void flaw(enum sim_flaw flaw, const char *format, ...)
{
	va_list arguments;

	if (sim.report.flaw)
		return;
	/* Of a log no policy is known that a scheduler could be compared with. */
	if (sim.replaying && flaw != SIM_FLAW_REFUSED && flaw != SIM_FLAW_LOST &&
	    flaw != SIM_FLAW_MODEL)
		return;
	if (!knows_policy() && !sim.certain && !is_users(flaw) &&
	    flaw != SIM_FLAW_REFUSED && flaw != SIM_FLAW_LOST &&
	    flaw != SIM_FLAW_WAIT && flaw != SIM_FLAW_BESIDE_IDLE &&
	    flaw != SIM_FLAW_STATE && flaw != SIM_FLAW_MODEL)
		return;
	sim.report.flaw = flaw;
	va_start(arguments, format);
	vsnprintf(sim.report.text, sizeof(sim.report.text), format, arguments);
	va_end(arguments);
}

void note(u32 what, s32 cpu, u32 pid)
{
	sim.hash = (sim.hash ^ ((u64)what << 56 ^ (u64)(u32)cpu << 44 ^ (u64)pid << 20 ^
				sim.now)) *
		   0x100000001b3ULL;
	if (sim.machine.trace)
		fprintf(stderr, "%14.6f ms %c cpu %d pid %u\n", (double)sim.now / 1e6,
			(char)what, cpu, pid);
}
