/* SPDX-License-Identifier: GPL-2.0-only */
/* libFuzzer as a library: main is the package manager's. */
#ifndef SP_FUZZER_H
#define SP_FUZZER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv,
			int (*one)(const uint8_t *data, size_t size));

#endif
