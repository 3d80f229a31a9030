#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the policy does, in both modes: of a busy loop of nice 5, none of 120 looks sees it on the lower half of the CPUs,
# alone, beside three more, and beside loops of normal weight that are more than CPUs; those of normal weight have the
# lower half for themselves, and what the light ones leave of the upper one. For a guest, since it schedules the
# machine that runs it:
#   make guest CLOCK=virtual CPUS=2 CMD='PATH/effect.sh'
set -eu
program=$(dirname "$0")/.build/debug/halves
work=$(mktemp -d)
loop='while :; do :; done'
half=$(($(nproc) / 2))
failed=

# Waits without a process for it, whose start would take longer than a look.
exec {nothing}<> <(:)
pause() { read -rt "$1" -u $nothing || :; }

# The fields of a process behind its name: the 17th is its nice value, the 37th the CPU on which it ran last.
look_at() {
	local rest
	read -r rest <"/proc/$1/stat"
	read -ra fields <<<"${rest##*) }"
}

# How many of 40 looks see one of the processes on the lower half, from when all of them are light: until it is, each
# may run where it likes.
low() {
	local seen=0 look pid fields
	for pid; do
		look_at "$pid"
		while [[ ${fields[16]} != 5 ]]; do
			pause 0.01
			look_at "$pid"
		done
	done
	pause 0.1
	for ((look = 0; look < 40; look++)); do
		for pid; do
			look_at "$pid"
			((fields[36] >= half)) || seen=$((seen + 1))
		done
		pause 0.01
	done
	echo $seen
}

used() { for pid; do read -r ns _ <"/proc/$pid/schedstat" && echo $((ns / 1000)); done; echo "${EPOCHREALTIME/[^0-9]/}"; }

for mode in user bpf; do
	$program --mode $mode --stats 0 >"$work/session" 2>&1 &
	session=$!
	for _ in {1..100}; do
		if grep -q '^attached' "$work/session" || ! kill -0 $session 2>/dev/null; then break; fi
		sleep 0.1
	done
	grep -q '^attached' "$work/session" || { cat "$work/session"; exit 1; }
	nice -n 5 sh -c "$loop" &
	light=$!
	pause 0.3
	alone=$(low $light)
	# This one becomes light while it runs.
	sh -c "$loop" &
	renamed=$!
	pause 0.3
	renice -n 5 $renamed >/dev/null
	for _ in 1 2; do
		nice -n 5 sh -c "$loop" &
		light="$light $!"
	done
	light="$light $renamed"
	pause 0.3
	four=$(low $light)
	heavy=
	for _ in 1 2 3; do
		sh -c "$loop" &
		heavy="$heavy $!"
	done
	pause 0.3
	crowd=$(low $light)
	before=$(used $light $heavy)
	pause 2
	# In halves of the machine: all CPU time is used, half of it by the light ones.
	shares=$(paste <(echo "$before") <(used $light $heavy) | awk -v cpus="$(nproc)" '
		{ used[NR] = $2 - $1 }
		END {
			for (i = 1; i < NR; i++) sum[i > 4] += used[i] / used[NR]
			good = sum[0] > cpus / 2 * 0.95 && sum[1] > cpus / 2 * 0.93
			printf "%.2f %.2f %d", sum[0], sum[1], good
		}')
	kill $light $heavy
	echo "$mode mode: seen on the lower half: $alone of 40 alone, $four of 160 beside light ones, $crowd of 160 beside others; CPUs that light and others used: ${shares% *}"
	[[ "$alone $four $crowd ${shares##* }" == "0 0 0 1" ]] || failed=1
	kill $session || true
	wait $session || { cat "$work/session"; exit 1; }
	grep -E '^attached|strange|rescued|overlooked|wrong-cpu|fallback' "$work/session"
done
[[ -z $failed ]]
