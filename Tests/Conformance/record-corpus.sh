#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Records the corpus anew, after a change of the rules or of abi.h that was meant. As root, in the
# checkout; review what `git diff --stat` says afterwards.
set -euo pipefail
cd "$(dirname "$0")/../.."
swift build -c release --product sched-proto
program=$(swift build -c release --show-bin-path)/sched-proto
corpus=Sources/PolicyModel/Shipped/traces

record() { # policy, seed, events, realistic|hostile
	local options=(--policy "$1" --seed "$2" --events "$3")
	[[ $4 == hostile ]] && options+=(--hostile)
	"$program" conform --record "$corpus/$1-$4-$2.trace" "${options[@]}"
}

rm -f "$corpus"/*.trace
# Seeds whose machines are small enough for a short trace to show much of each policy.
for policy in deadline fair fifo interactive; do
	for seed in 9 17 59; do record "$policy" "$seed" 150 realistic; done
	record "$policy" 1 100 hostile
done
# One in which tasks of the first queue preempt.
record interactive 11 400 realistic
for seed in 1 2 3 4; do
	record random "$seed" 100 hostile
	record random "$((seed + 10))" 150 realistic
done
