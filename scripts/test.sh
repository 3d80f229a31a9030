#!/usr/bin/env bash
# Runs lanes of tests, which are targets of the Makefile, and sums up.
#   test.sh TARGET... [-- TARGET...]
# Those before "--" one after another, each with one thing to do at a time; beside them those after it, which start
# guests: with one CPU less than there are at first, and with all when the others are done.
# A lane whose tests are not in this checkout is skipped and named; with CI=true that is a failure.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# needs LANE: the file without which there is nothing to run.
needs() {
	case $1 in
	test-swift | test-prove) echo Package.swift ;;
	test-mutants) echo Tests/Mutants/mechanism.tsv ;;
	test-new-policy) echo scripts/tests/new-policy.sh ;;
	test-guest | test-newest | test-survival) echo Tests/Guest/run.sh ;;
	*) echo scripts/tests/run.sh ;;
	esac
}

work=$(mktemp -d "${TMPDIR:-/tmp}/sched-proto-lanes.XXXXXX")
beside=
clean() {
	trap - EXIT
	if [[ -n $beside ]]; then
		pkill -TERM -P "$beside" 2>/dev/null || true
		kill "$beside" 2>/dev/null || true
		wait 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# count_cpu FILE: sets cpu_seconds, the CPU time of this shell's children that have ended. In the shell itself: another
# one's children are not its own.
count_cpu() {
	times >"$1"
	cpu_seconds=$(tr ms '  ' <"$1" | awk 'NR == 2 { printf "%d", $1 * 60 + $2 + $3 * 60 + $4 }')
}

# run LANE: its result is a line of $work/results, what it printed $work/LANE.log.
run() {
	local lane=$1 began=$SECONDS result=failed cpu_seconds used
	count_cpu "$work/times-$lane"
	used=$cpu_seconds
	printf '\n==== %s ====\n' "$lane"
	if [[ ! -e $(needs "$lane") ]]; then
		printf 'skipped: there is no %s\n' "$(needs "$lane")"
		result=skipped
	elif "${MAKE:-make}" --no-print-directory "$lane" 2>&1 | tee "$work/$lane.log"; then
		result=passed
	fi
	count_cpu "$work/times-$lane"
	printf '%s %s %d %d\n' "$result" "$lane" $((SECONDS - began)) $((cpu_seconds - used)) >>"$work/results"
}

# sum WORD: the lanes with that result, how long each took, and its CPU time.
sum() {
	awk -v word="$1" '
		function time(s) { return sprintf("%d:%02d", s / 60, s % 60) }
		$1 == word { list = list sprintf(" %s (%s, CPU %s)", $2, time($3), time($4)) }
		END { print list ? list : " none" }' "$work/results"
}

# show_failures: what the lanes that failed said of it, once more, since other lanes have printed much since then.
show_failures() {
	local lane
	for lane in $(awk '$1 == "failed" { print $2 }' "$work/results"); do
		printf '\n==== %s failed; what it said of it ====\n' "$lane"
		grep -iE -B 3 '^ *(fail|not ok)|[✘]|error:|survived' "$work/$lane.log" | tail -n 60 ||
			tail -n 30 "$work/$lane.log"
	done
}

# name_failures: a line for each test that failed, or that was tried again; of lanes that passed for the latter alone.
name_failures() {
	local result lane what
	while read -r result lane _; do
		what='^(FAIL|AGAIN)'
		[[ $result != failed ]] || what+='|[✘] Test .* recorded an issue|^survived|^(make|mutants): .*[Ee]rror|: error:|not once$'
		# Nothing of the kind is no failure of this script.
		{ grep -E "$what" "$work/$lane.log" 2>/dev/null || true; } |
			awk -v lane="$lane" '!seen[$0]++ && ++lines <= 12 { print "  " lane ": " substr($0, 1, 300) }'
	done <"$work/results"
}

lanes=() guests=()
while (($#)) && [[ $1 != -- ]]; do
	lanes+=("$1")
	shift
done
(($# == 0)) || guests=("${@:2}")

: >"$work/results"
if ((${#guests[@]})); then
	# What the guests run. Before anything else builds: two builds at once wait for each other.
	swift build -c release --product sched-proto
	cpus=$(nproc)
	echo $((cpus > 1 ? cpus - 1 : 1)) >"$work/jobs"
	(
		exec > >(sed -u 's/^/guests | /') 2>&1 </dev/null
		export SCHED_PROTO_JOBS_FILE=$work/jobs
		for lane in "${guests[@]}"; do
			run "$lane"
		done
	) &
	beside=$!
fi
for lane in ${lanes[@]+"${lanes[@]}"}; do
	run "$lane"
done
if [[ -n $beside ]]; then
	echo "$cpus" >"$work/jobs"
	wait "$beside" || true
	beside=
fi

show_failures
printf '\n==== summary ====\n'
printf 'passed: %s\n' "$(sum passed)"
printf 'failed: %s\n' "$(sum failed)"
printf 'skipped:%s\n' "$(sum skipped)"
name_failures
printf 'time:    %d min %d s\n' $((SECONDS / 60)) $((SECONDS % 60))
if [[ ${CI:-} == true ]] && grep -q ^skipped "$work/results"; then
	echo 'CI has to have every lane' >&2
	exit 1
fi
(($(grep -c ^passed "$work/results") + $(grep -c ^skipped "$work/results" || true) == ${#lanes[@]} + ${#guests[@]}))
