/* SPDX-License-Identifier: GPL-2.0-only */
/* Nothing: the C policy is declared in bpf/policy_native.h. */
