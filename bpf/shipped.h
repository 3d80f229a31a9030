/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the build made of the BPF programs and of the Swift policy. The target
 * ShippedBPF has it, which nothing imports: an edit of a rule in C compiles that one
 * again, and no other.
 */
#ifndef SCHED_PROTO_SHIPPED_H
#define SCHED_PROTO_SHIPPED_H

/*
 * The text of this name, or a null pointer: an object in base64 ("bpf_mode", "swift_mode"),
 * what is wrong with the Swift policy for the kernel ("swift_obstacle"), or the traps in
 * an object of it ("swift_mode_traps": number, place and words of each, between tabs, a
 * line each).
 */
const char *sp_shipped(const char *name);

#endif
