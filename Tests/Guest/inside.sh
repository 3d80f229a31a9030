#!/usr/bin/env bash
# Runs the cases of one file of cases/ in a guest; called by run.sh.
#   inside.sh LANE             those named in $SCHED_PROTO_OUT/wanted
#   inside.sh --list LANE      "NAME<tab>DESCRIPTION" of each, in order
#   inside.sh --options LANE   what its guest needs, in words of guest.sh
#   inside.sh --lasts LANE     roughly how many minutes it lasts: those that last longest begin first
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/lib.sh"

action=run
[[ $1 != --* ]] || {
	action=${1#--}
	shift
}
guest_options=(--cpus 4)
lasts=1
lane=$1
# shellcheck disable=SC1090
. "$here/cases/$lane.sh"
case $action in
list)
	for name in "${case_names[@]}"; do
		printf '%s\t%s\n' "$name" "${case_texts[$name]}"
	done
	exit 0
	;;
options)
	echo "${guest_options[*]}"
	exit 0
	;;
lasts)
	echo "$lasts"
	exit 0
	;;
esac
[[ -n ${SCHED_PROTO_GUEST:-} ]] || {
	echo "inside.sh: only for guests: use run.sh" >&2
	exit 64
}

CASE_LIMIT=900 # seconds of the guest's
logs=$SCHED_PROTO_OUT/logs
cgroup=/sys/fs/cgroup/case
mkdir -p "$logs"
# In memory from the start: a guest's clock goes on while it waits for a file.
base=/tmp/sched-proto-suite
dir=$base/case
program=$base/sched-proto
mkdir -p "$base"
cp "$here/sched-proto" "$program" && chmod 755 "$program"
"$program" --help >/dev/null
tasks=$base/tasks
cp "$here/tasks" "$tasks" && "$tasks" forks 1
effects=$base/effects
cp "$here/effects" "$effects"
cd "$base" || exit 1
echo "+cpu +cpuset +memory" >/sys/fs/cgroup/cgroup.subtree_control

# Whatever the case started, and whatever it changed.
clear_up() {
	local file
	echo 0 >"$cgroup/cgroup.freeze"
	echo 1 >"$cgroup/cgroup.kill"
	wait_for 60 is_empty "$cgroup" || return 1
	find "$cgroup" -mindepth 1 -depth -type d -exec rmdir {} +
	rmdir "$cgroup"
	for file in /sys/devices/system/cpu/cpu*/online; do
		[[ $(<"$file") == 1 ]] || echo 1 >"$file"
	done
	[[ $(<"$rt_runtime") == "$rt_runtime_before" ]] || echo "$rt_runtime_before" >"$rt_runtime"
	rm -rf "$dir"
	wait_for 60 is_disabled
}

is_empty() { ! grep -q 'populated 1' "$1/cgroup.events"; }

has_ended() { ! kill -0 "$1" 2>/dev/null; }

run_case() { # NAME
	local name=$1 begin=$EPOCHREALTIME log=$logs/${1/\//-} words ms text
	if ! wait_for 30 is_disabled; then
		echo "FAIL $name: sched_ext is $(state) before it begins"
		return
	fi
	dmesg -C
	mode=${name%%/*}
	mkdir -p "$dir" "$cgroup/main"
	echo "+cpu +cpuset +memory" >"$cgroup/cgroup.subtree_control"
	: >"$dir/complaints" && : >"$dir/notes"
	read -ra words <<<"${case_commands[$name]}"
	(
		echo "$BASHPID" >"$cgroup/main/cgroup.procs"
		"${words[@]}"
		: >"$dir/ended"
	) >"$dir/log" 2>&1 &
	wait_for "$CASE_LIMIT" has_ended $! || echo "it did not end within $CASE_LIMIT s" >>"$dir/complaints"
	dmesg >"$dir/dmesg"
	look_for_complaints "$dir/dmesg" >>"$dir/complaints"
	if [[ ! -s $dir/complaints && ! -s $dir/skip ]]; then
		[[ -e $dir/ended ]] || complain "it ended early, without a complaint"
		[[ $lane != survival-* ]] || grep -q '^longest wait' "$dir/notes" || complain "no longest wait"
	fi
	ms=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
	if [[ -s $dir/complaints ]]; then
		report_failure "$name" >"$log"
		cp "$dir/dmesg" "$log.dmesg" # all of it, for --keep
		echo "FAIL $name: $(paste -sd '|' "$dir/complaints" | sed 's/|/; /g')"
	elif [[ -s $dir/skip ]]; then
		echo "skip $name: $(<"$dir/skip")"
	else
		text=$(paste -sd '|' "$dir/notes" | sed 's/|/, /g')
		printf 'ok %s: %s (%d.%d s%s)\n' "$name" "${case_texts[$name]}" $((ms / 1000)) $((ms % 1000 / 100)) "${text:+; $text}"
	fi
	clear_up 2>/dev/null || echo "inside.sh: $name: cannot clear up: sched_ext is $(state)" >&2
}

look_for_complaints() { # FILE
	local may_say=/dev/null
	[[ ! -e $dir/kernel-may-complain ]] || may_say=$dir/kernel-may-complain
	grep -vEf "$may_say" "$1" | grep -E 'BUG|WARNING|Oops|Call Trace|sched_ext:.*(error|stall|failed)|blocked for more than|rcu.*stall|soft lockup' |
		head -n 3 | sed 's/^/the kernel complains: /'
}

report_failure() { # NAME
	local file
	echo "$1: ${case_texts[$1]}"
	sed 's/^/  complaint: /' "$dir/complaints"
	for file in log "$dir"/out* "$dir"/err* dmesg; do
		file=$dir/${file##*/}
		[[ -s $file ]] || continue
		echo "---- ${file##*/}"
		tail -n 60 "$file"
	done
}

while read -r name <&3; do
	run_case "$name"
done 3<"$SCHED_PROTO_OUT/wanted"
exit 0
