#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Everything that stress-ng has against a scheduler, for as long as one likes; in a guest, see docs/BENCHMARKS.md.
#   endurance-guest.sh PROGRAM [MINUTES [OPTION...]]    whole minutes; 45, and --mode user --policy interactive
# In $SCHED_PROTO_OUT: the scheduler's output, its memory each minute, stress-ng's metrics, the kernel's last words.
set -uo pipefail
out=${SCHED_PROTO_OUT:?runs in a guest: scripts/guest.sh --out ...}
cp "$1" /tmp/sched-proto && cd /tmp || exit 70
minutes=${2:-45}
options=(--mode user --policy interactive)
(($# < 3)) || options=("${@:3}")

./sched-proto "${options[@]}" --stats 60 >"$out/out" 2>"$out/err" &
scheduler=$!
until grep -q '^attached' "$out/out"; do
	kill -0 $scheduler 2>/dev/null || exit 70
	sleep 0.2
done
while kill -0 $scheduler 2>/dev/null; do
	echo "$(cut -d ' ' -f 1 /proc/uptime) $(grep -E 'VmRSS|VmHWM|VmLck' /proc/$scheduler/status | tr -s ' \t\n' ' ')"
	sleep 60
done >"$out/memory" &
stress-ng --aggressive --cpu 2 --vm 2 --vm-bytes 100M --hdd 1 --hdd-bytes 32M --fork 2 --switch 2 --pipe 1 --yield 1 \
	--timer 1 --futex 1 --mmap 1 --mmap-bytes 32M --temp-path /tmp --timeout "${minutes}m" --metrics-brief \
	>"$out/stress" 2>&1
stress=$?
echo "stress-ng: status $stress" | tee -a "$out/stress"
kill -INT $scheduler
wait $scheduler
status=$?
dmesg | tail -n 40 >"$out/dmesg"
echo "sched-proto: status $status, sched_ext is $(cat /sys/kernel/sched_ext/state)"
((status == 0)) || exit $status
exit $stress
