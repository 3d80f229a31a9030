#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the policy does: three busy loops of nice 0, 5 and 10, which weigh 100, 33 and 11, on one CPU for 60 s, in
# both modes. Fails where a share is more than 12 % off: of some 15,000 draws the lightest has 1,100,
# by chance. For a guest, since it schedules the machine that runs it:
#   make guest CLOCK=virtual CPUS=1 CMD='PATH/effect.sh'
set -eu
program=$(dirname "$0")/.build/debug/lottery
# In ns, exactly: the ticks of /proc/PID/stat are samples.
# Without a process for each, which would wait for its turn while the loops go on.
used() { for pid in $loops; do read -r ns _ <"/proc/$pid/schedstat"; echo "$ns"; done; }

for mode in user bpf; do
	$program --mode $mode --stats 0 >/tmp/session 2>&1 &
	session=$!
	for _ in {1..100}; do
		if grep -q '^attached' /tmp/session || ! kill -0 $session 2>/dev/null; then break; fi
		sleep 0.1
	done
	grep -q '^attached' /tmp/session || { cat /tmp/session; exit 1; }
	loops=
	for nice in 0 5 10; do
		nice -n $nice sh -c 'while :; do :; done' &
		loops="$loops $!"
	done
	sleep 1
	before=$(used)
	sleep 60
	paste <(echo "$before") <(used) | awk -v mode=$mode '
		{ used[NR] = $2 - $1 }
		function off(is, meant) { return is > meant * 1.12 || is < meant * 0.88 }
		END {
			printf "%s mode: 100 : %.1f : %.1f\n", mode, 100 * used[2] / used[1], 100 * used[3] / used[1]
			exit off(used[2] / used[1], 0.33) || off(used[3] / used[1], 0.11)
		}'
	kill $loops
	# Until now it ran: a process of this script may take long to start, so it is not ended by its own clock.
	kill $session || true
	wait $session || { cat /tmp/session; exit 1; }
	grep -E '^attached|strange' /tmp/session
done
