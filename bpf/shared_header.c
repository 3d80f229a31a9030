// SPDX-License-Identifier: GPL-2.0-only
/*
 * All that the module CSchedProto compiles. The C policy is the target CPolicy: whoever
 * imports this module would else be compiled again for each edit of a rule.
 */
#include "abi.h"
#include "inputs.h"
#include "link.h"
#include "ops.h"
#include "policy_native.h"
#include "probe.h"
#include "shipped.h"
