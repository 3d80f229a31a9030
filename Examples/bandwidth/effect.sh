#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the policy does, in both modes, on one CPU: a busy loop of nice 5 may use 30 ms of each 100 ms, alone and beside
# one of nice 0, which gets the rest. Fails where either is more than 5 % off. For a guest, since it schedules the
# machine that runs it:
#   make guest CLOCK=virtual CMD='PATH/effect.sh'
set -eu
program=$(dirname "$0")/.build/debug/bandwidth
work=$(mktemp -d)
loop='while :; do :; done'

# CPU time of the processes so far, and the time, in us: this script waits for its turn beside the loops.
used() { for pid; do read -r ns _ <"/proc/$pid/schedstat" && echo $((ns / 1000)); done; echo "${EPOCHREALTIME/[^0-9]/}"; }

# What they use from now on for so many seconds, in percent of one CPU.
percent() {
	local seconds=$1 before
	shift
	before=$(used "$@")
	sleep "$seconds"
	paste <(echo "$before") <(used "$@") |
		awk '{ used[NR] = $2 - $1 } END { for (i = 1; i < NR; i++) printf "%.1f ", 100 * used[i] / used[NR]; print "" }'
}

for mode in user bpf; do
	$program --mode $mode --stats 0 >"$work/session" 2>&1 &
	session=$!
	for _ in {1..100}; do
		if grep -q '^attached' "$work/session" || ! kill -0 $session 2>/dev/null; then break; fi
		sleep 0.1
	done
	grep -q '^attached' "$work/session" || { cat "$work/session"; exit 1; }
	taskset --cpu-list 0 nice -n 5 sh -c "$loop" &
	limited=$!
	sleep 1
	read -r alone < <(percent 3 $limited)
	taskset --cpu-list 0 sh -c "$loop" &
	other=$!
	sleep 1
	read -r beside rest < <(percent 3 $limited $other)
	kill $limited $other
	echo "$mode mode: $alone % alone; $beside % beside a loop that got $rest %"
	awk -v a="$alone" -v b="$beside" -v r="$rest" 'BEGIN {
		exit !(a > 28.5 && a < 31.5 && b > 28.5 && b < 31.5 && r > 66.5) }' || { cat "$work/session"; exit 1; }
	# Until now it ran: a process of this script may take long to start, so it is not ended by its own clock.
	kill $session || true
	wait $session || { cat "$work/session"; exit 1; }
	grep -E '^attached|strange|held-back' "$work/session"
done
