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

# On which CPUs the processes run now: the 39th field of the line, counted behind the name.
where() {
	local pid rest fields
	for pid; do
		read -r rest <"/proc/$pid/stat"
		read -ra fields <<<"${rest##*) }"
		echo "${fields[36]}"
	done
}

# How many of so many looks see one of the processes on the lower half.
low() {
	local looks=$1 seen=0 cpu
	shift
	for ((i = 0; i < looks; i++)); do
		for cpu in $(where "$@"); do ((cpu >= half)) || seen=$((seen + 1)); done
		sleep 0.01
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
	sleep 0.3
	alone=$(low 40 $light)
	# This one becomes light while it runs.
	sh -c "$loop" &
	renamed=$!
	sleep 0.3
	renice -n 5 $renamed >/dev/null
	for _ in 1 2; do
		nice -n 5 sh -c "$loop" &
		light="$light $!"
	done
	light="$light $renamed"
	sleep 0.3
	four=$(low 40 $light)
	heavy=
	for _ in 1 2 3; do
		sh -c "$loop" &
		heavy="$heavy $!"
	done
	sleep 0.3
	crowd=$(low 40 $light)
	before=$(used $light $heavy)
	sleep 2
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
