#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the layers of machine.yaml do: busy loops on one CPU, in both modes. A third of them are the services' user's, a
# third are given a compiler's name, the others neither. Each waits in order of arrival, so CPU time is as the slices are:
# 4, 36 and 12 ms to the next tick, which are 8, 40 and 16 with one each 4 ms. Fails where a share is more than 10 % off, of what all of a
# layer used in ten turns of all (8 s at least). With BY=cgroup the second third are put into a control group, and have no
# name. For a guest, since it schedules the machine that runs it; with many tasks, of two CPUs, since whoever measures
# would wait for his turn too:
#   make guest CLOCK=virtual CMD='PATH/effect.sh'
#   make guest CLOCK=virtual CPUS=2 CMD='TASKS=300 PATH/effect.sh'
set -eu
here=$(dirname "$0")
program=$here/.build/debug/layers
each=$((${TASKS:-3} / 3))
policy=/tmp/machine.yaml
if [ "${BY:-comm}" = cgroup ]; then
	mkdir -p /sys/fs/cgroup/builds
	sed 's#comm: \["cc1.*"make\*"\]#cgroup: /builds#' "$here/machine.yaml" >$policy
	become='echo $$ >/sys/fs/cgroup/builds/cgroup.procs'
else
	cp "$here/machine.yaml" $policy
	become='echo cc1plus >/proc/$$/comm'
fi
seconds=$((each * 64 / 100 > 8 ? each * 64 / 100 : 8))
# Without a process for each, which would wait for its turn while the loops go on.
used() { for pid in $loops; do read -r ns _ <"/proc/$pid/schedstat"; echo "$ns"; done; }

for mode in user bpf; do
	rm -f /tmp/renamed
	loops=
	# They stand still until all are there: nobody would start many beside those that run. The last third take their
	# names (or go to their group) while they run: the policy is told with the next wait.
	compile="kill -STOP \$\$; until [ -e /tmp/renamed ]; do :; done; $become; while :; do :; done"
	for ((i = 0; i < each; i++)); do
		setpriv --reuid 33 taskset --cpu-list 0 sh -c 'kill -STOP $$; while :; do :; done' &
		loops="$loops $!"
		for loop in 'kill -STOP $$; while :; do :; done' "$compile"; do
			taskset --cpu-list 0 sh -c "$loop" &
			loops="$loops $!"
		done
	done
	$program --mode $mode --stats 0 --policy $policy --set layers.builds.wait=0ns >/tmp/session 2>&1 &
	session=$!
	for _ in {1..100}; do
		if grep -q '^attached' /tmp/session || ! kill -0 $session 2>/dev/null; then break; fi
		sleep 0.1
	done
	grep -q '^attached' /tmp/session || { cat /tmp/session; exit 1; }
	kill -CONT $loops
	sleep 1
	: >/tmp/renamed
	# Until each had a turn with its name.
	sleep $((seconds / 5))
	before=$(used)
	sleep $seconds
	paste <(echo "$before") <(used) | awk -v mode=$mode -v each=$each '
		{ used[NR % 3] += $2 - $1 }
		function off(is, meant) { return is > meant * 1.1 || is < meant * 0.9 }
		END {
			printf "%s mode, %d tasks each: service 1 : other %.2f : build %.2f\n", mode, each, used[2] / used[1], used[0] / used[1]
			exit off(used[2] / used[1], 2) || off(used[0] / used[1], 5)
		}'
	kill $loops
	kill $session || true
	wait $session || { cat /tmp/session; exit 1; }
	grep -E '^attached|strange' /tmp/session
done
