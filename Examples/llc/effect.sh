#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the policy does, in both modes, on a machine with several last-level caches: pairs of tasks that wake one another
# up all the time; then busy loops that all begin in one cache. For a guest, since it schedules the machine that runs it:
#   make guest CLOCK=virtual TOPOLOGY=2,2,2,2 CMD='PATH/effect.sh'
# Fails where 90 % or less of the pairs' wake-ups are in the cache where the task ran last, or where of as many loops as
# CPUs the one that ran least had 65 % or less of the one that ran most: with half of it, a CPU idles. (This script runs
# on the same CPUs: in 1 s the least had 68 to 92 %.)
set -eu
program=${PROGRAM:-$(dirname "$0")/.build/debug/llc}
trace=/sys/kernel/tracing
cpus=$(nproc)
# As many tasks as CPUs. Where there are more, a CPU whose task sleeps may take one from the other cache.
pairs=${PAIRS:-$((cpus / 2))}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# CPU and number of its cache, one line each.
cache() { cat $(ls -d "/sys/devices/system/cpu/cpu$1"/cache/index* | tail -n 1)/shared_cpu_list; }
for ((cpu = 0; cpu < cpus; cpu++)); do echo "$cpu $(cache $cpu)"; done >"$work/caches"
first=$(cache 0)
if (($(cut -d ' ' -f 2 "$work/caches" | sort -u | wc -l) < 2)); then
	echo "this machine has one last-level cache: there is nothing to see" >&2
	exit 1
fi

# Two tasks that wake each other, called "pair".
pair() {
	local there=$work/there.$1 back=$work/back.$1
	mkfifo "$there" "$back"
	(printf pair >/proc/$BASHPID/comm; exec 3<>"$there" 4<>"$back"; echo >&4; while read -ru 3; do echo >&4; done) &
	(printf pair >/proc/$BASHPID/comm; exec 3<>"$there" 4<>"$back"; while read -ru 4; do echo >&3; done) &
}

# Records who ran where for so many seconds.
record() {
	echo 0 >$trace/tracing_on
	echo 60000 >$trace/buffer_size_kb
	: >$trace/trace
	echo "prev_comm == \"$2\" || next_comm == \"$2\"" >$trace/events/sched/sched_switch/filter
	echo 1 >$trace/events/sched/sched_switch/enable
	echo 1 >$trace/tracing_on
	sleep "$1"
	echo 0 >$trace/tracing_on
	echo 0 >$trace/events/sched/sched_switch/enable
	grep -v '^#' $trace/trace
}

# Of the tasks called pair that slept, how many ran next in the cache where they had run.
near() {
	awk '
		NR == FNR { cache[$1 + 0] = $2; next }
		{
			match($0, /\[[0-9]+\]/)
			cpu = substr($0, RSTART + 1, RLENGTH - 2) + 0
			match($0, /prev_pid=[0-9]+/); prev = substr($0, RSTART + 9, RLENGTH - 9)
			match($0, /next_pid=[0-9]+/); following = substr($0, RSTART + 9, RLENGTH - 9)
			if (following in slept) {
				wakeups++
				if (cache[slept[following]] == cache[cpu]) same++
				delete slept[following]
			}
			if ($0 ~ /prev_comm=pair / && $0 ~ /prev_state=S/) slept[prev] = cpu
		}
		END { printf "%d %.1f\n", wakeups, wakeups ? 100 * same / wakeups : 0 }' "$work/caches" -
}

attach() {
	$program --mode "$1" --duration 600 --stats 0 >"$work/session" 2>&1 &
	session=$!
	for _ in {1..100}; do
		if grep -q '^attached' "$work/session" || ! kill -0 $session 2>/dev/null; then break; fi
		sleep 0.1
	done
	grep -q '^attached' "$work/session" || { cat "$work/session"; exit 1; }
}

# In ns, exactly.
used() { local pid ns; for pid in "$@"; do read -r ns _ <"/proc/$pid/schedstat"; echo "$ns"; done; }

status=0
for mode in user bpf; do
	attach $mode
	tasks=
	for ((number = 0; number < pairs; number++)); do
		pair $number
		tasks="$tasks $(jobs -p | tail -n 2)"
	done
	sleep 0.3
	read -r wakeups share < <(record 1 pair | near)
	echo "$mode mode: $wakeups wake-ups of $pairs pairs, $share % in the cache where the task ran last"
	awk "BEGIN { exit !($wakeups > 500 && $share > 90) }" || status=1
	kill $tasks
	rm -f "$work"/there.* "$work"/back.*

	# As many loops as there are CPUs, all begun on the CPUs of the first cache: the others take them.
	tasks=
	for ((number = 0; number < cpus; number++)); do
		taskset -c "$first" sh -c 'while :; do :; done' &
		tasks="$tasks $!"
	done
	sleep 0.3
	for task in $tasks; do taskset -pc "0-$((cpus - 1))" "$task" >/dev/null; done
	sleep 0.3
	before=$(used $tasks)
	sleep 2
	paste <(echo "$before") <(used $tasks) | awk -v mode=$mode '
		{ used = $2 - $1; if (NR == 1 || used < least) least = used; if (used > most) most = used }
		END {
			printf "%s mode: as many loops as CPUs, the least had %.0f %% of the most\n", mode, 100 * least / most
			exit !(least > 0.65 * most)
		}' || status=1
	kill $tasks
	kill -INT $session
	wait $session || { cat "$work/session"; exit 1; }
	grep -E '^attached|strange|overlooked|rescued' "$work/session"
done
exit $status
