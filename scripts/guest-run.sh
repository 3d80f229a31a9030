#!/usr/bin/env bash
# Inside the guest: attach, load the machine, wait for the end, judge. Called by run-in-guest.sh.
set -uo pipefail

state() { cat /sys/kernel/sched_ext/state; }

echo "guest: Linux $(uname -r), $(nproc) CPUs, sched_ext $(state)"
report=$(mktemp)
# shellcheck disable=SC2086  # ARGS are words
"$SP_PROGRAM" --mode "$SP_MODE" --policy "$SP_POLICY" --duration "$SP_SECONDS" $SP_ARGS > >(tee "$report") &
scheduler=$!
until [[ $(state) == enabled ]]; do
	kill -0 "$scheduler" 2>/dev/null || break
	sleep 0.1
done
if [[ $(state) == enabled ]]; then
	echo "guest: sched_ext $(state): $(cat /sys/kernel/sched_ext/root/ops)"
	echo "guest: load: hackbench, $(nproc) busy loops, a task that sleeps 5 ms and wakes"
	for ((i = 0; i < $(nproc); i++)); do
		timeout "$SP_SECONDS" bash -c 'while :; do :; done' &
	done
	timeout "$SP_SECONDS" cyclictest --quiet --policy=other --interval=5000 --duration="$SP_SECONDS" >/dev/null 2>&1 &
	timeout "$SP_SECONDS" hackbench --groups 2 --loops 1000000 >/dev/null 2>&1 &
fi
wait "$scheduler"
status=$?
# tee ends when the scheduler's output does; the loads end by themselves.
wait
problems=()
((status == 0)) || problems+=("sched-proto ended with status $status")
[[ $(state) == disabled ]] || problems+=("sched_ext is $(state), not disabled")
echo "guest: sched_ext $(state)"

# Every counter that tells of a loss has to be there, and to be 0.
must_be_zero=(lost no-state)
[[ $SP_MODE == user ]] && must_be_zero+=(page-faults daemon-allocs notes-lost)
for name in "${must_be_zero[@]}"; do
	value=$(awk -v name="$name" '$1 == name { print $2 }' "$report")
	[[ $value == 0 ]] || problems+=("counter $name is '${value:-missing}', not 0")
done
worked=$(awk '$1 == "dispatched" || $1 == "direct" || $1 == "sole" { sum += $2 } END { print sum + 0 }' "$report")
((worked > 0)) || problems+=("the policy dispatched nothing")

complaints=$(dmesg | grep -E 'BUG|WARNING|Oops|Call Trace|sched_ext:.*(error|stall|failed)|hung_task|rcu.*stall' || true)
[[ -z $complaints ]] || problems+=("the kernel complains: $complaints")
if ((${#problems[@]})); then
	printf 'run: %s\n' "${problems[@]}"
	echo "run: FAIL"
	((status != 0)) || status=1
	exit "$status"
fi
echo "run: PASS"
