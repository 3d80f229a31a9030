/* SPDX-License-Identifier: GPL-2.0-only */
/* Stands in for libbpf's header: a callback is a plain function here. */
#define BPF_PROG(name, ...) name(__VA_ARGS__)
