#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the policy does: three busy loops of nice 0, 5 and 10, which weigh 100, 33 and 11, on one CPU for 6 s, in
# both modes. Fails where a share is more than 5 % off. For a guest, since it schedules the machine that runs it:
#   make guest CLOCK=virtual CPUS=1 CMD='PATH/effect.sh'
set -eu
program=$(dirname "$0")/.build/debug/stride
ticks() { for pid in $loops; do cut -d ' ' -f 14 "/proc/$pid/stat"; done; }

for mode in user bpf; do
	$program --mode $mode --duration 9 --stats 0 >/tmp/session 2>&1 &
	session=$!
	sleep 1
	loops=
	for nice in 0 5 10; do
		nice -n $nice sh -c 'while :; do :; done' &
		loops="$loops $!"
	done
	sleep 1
	before=$(ticks)
	sleep 6
	paste <(echo "$before") <(ticks) | awk -v mode=$mode '
		{ used[NR] = $2 - $1 }
		function off(is, meant) { return is > meant * 1.05 || is < meant * 0.95 }
		END {
			printf "%s mode: 100 : %.1f : %.1f\n", mode, 100 * used[2] / used[1], 100 * used[3] / used[1]
			exit off(used[2] / used[1], 0.33) || off(used[3] / used[1], 0.11)
		}'
	kill $loops
	wait $session || { cat /tmp/session; exit 1; }
	grep -E '^attached|strange' /tmp/session
done
