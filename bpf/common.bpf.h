/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both modes do alike:
 *
 * counters.bpf.h  what is counted, and the kernel's reason for an end
 * idle.bpf.h      idle CPUs, kicks, preemption
 * weights.bpf.h   what a task weighs, where there are control groups
 * tasks.bpf.h     what is remembered of a task; tasks that never wait
 * queues.bpf.h    our queues, and who is first in them
 * timer.bpf.h     a slow beat, which finds what was forgotten
 */
#ifndef SCHED_PROTO_COMMON_BPF_H
#define SCHED_PROTO_COMMON_BPF_H

#include "timer.bpf.h"

#endif
