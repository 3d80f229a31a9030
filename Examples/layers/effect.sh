#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the policy does: three busy loops on one CPU for 8 s, in both modes. One is the services' user's, one is given a
# compiler's name, the third is neither. Each waits in order of arrival, so CPU time is as the slices are: 4, 36 and 12 ms
# to the next tick, which are 8, 40 and 16 with one each 4 ms. Fails where a share is more than 10 % off. For a guest,
# since it schedules the machine that runs it:
#   make guest CLOCK=virtual CMD='PATH/effect.sh'
set -eu
program=$(dirname "$0")/.build/debug/layers
# Without a process for each, which would wait for its turn while the loops go on.
used() { for pid in $loops; do read -r ns _ <"/proc/$pid/schedstat"; echo "$ns"; done; }

for mode in user bpf; do
	$program --mode $mode --stats 0 --set service-slice=4ms --set build-slice=36ms --set other-slice=12ms \
		--set build-wait=0ns >/tmp/session 2>&1 &
	session=$!
	for _ in {1..100}; do
		if grep -q '^attached' /tmp/session || ! kill -0 $session 2>/dev/null; then break; fi
		sleep 0.1
	done
	grep -q '^attached' /tmp/session || { cat /tmp/session; exit 1; }
	rm -f /tmp/renamed
	# The third takes its name while it runs: the policy is told with its next wait.
	compile='until [ -e /tmp/renamed ]; do :; done; echo cc1plus >/proc/$$/comm; while :; do :; done'
	setpriv --reuid 33 taskset --cpu-list 0 sh -c 'while :; do :; done' &
	loops=$!
	for loop in 'while :; do :; done' "$compile"; do
		taskset --cpu-list 0 sh -c "$loop" &
		loops="$loops $!"
	done
	sleep 1
	: >/tmp/renamed
	sleep 1
	before=$(used)
	sleep 8
	paste <(echo "$before") <(used) | awk -v mode=$mode '
		{ used[NR] = $2 - $1 }
		function off(is, meant) { return is > meant * 1.1 || is < meant * 0.9 }
		END {
			printf "%s mode: service 1 : other %.2f : build %.2f\n", mode, used[2] / used[1], used[3] / used[1]
			exit off(used[2] / used[1], 2) || off(used[3] / used[1], 5)
		}'
	kill $loops
	kill $session || true
	wait $session || { cat /tmp/session; exit 1; }
	grep -E '^attached|strange' /tmp/session
done
