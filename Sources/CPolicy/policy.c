// SPDX-License-Identifier: GPL-2.0-only
/* The C policy compiled for this machine, as a target that nothing imports. */
#include "policy_native.c"
