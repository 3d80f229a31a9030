// SPDX-License-Identifier: GPL-2.0-only

// The proof that the executions of a policy decide identically.
//
// A lane executes the policy; `Harness` runs one trace over all lanes and finds the first record
// in which they differ; `Campaign` feeds it with random policies and traces, `Exhaustive` with all
// traces of a small world; `Shrinker` and `DivergenceReport` explain what was found.
