/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
