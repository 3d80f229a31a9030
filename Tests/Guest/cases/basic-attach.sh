# shellcheck shell=bash
# Attaching, scheduling, detaching; what is said meanwhile.

# The others are attached for what they do (cases/basic-effects.sh), and with tasks of every kind (survival-duties.sh).
for policy in $(more "fifo interactive" "fifo fair deadline interactive"); do
	both "attach-$policy" "$policy: attach, load, detach; the counters add up" attach_load_detach "$policy"
done
both setting "--set slice.max=3ms reaches the kernel" setting
both own-description "a description in a file of one's own" own_description
both statistics "every field of a line of statistics, the histogram, every counter" statistics
both partial "--partial: others are not scheduled, tasks of 'exec' are" partial
add user sole "the one task that waits is taken without asking; with --ask-always it is not" sole
user judge "scripts/guest-run.sh fails if a counter is missing or tells of a loss" judge

mixed_load() {
	busy 4
	probe
	tasks_complete
}

attach_load_detach() { # POLICY
	start --policy "$1" --stats 0.5
	expect_equal "the name in root/ops" "sched_proto_${mode}_$1" "$(ops)"
	expect_equal state enabled "$(state)"
	mixed_load
	more_statistics 1
	expect_probe
	stop
	expect_clean
	expect_sums
}

# kernel_has NAME VALUE: the field of the description as the attached program has it.
kernel_has() {
	local map
	need_program bpftool
	map=$(bpftool map list | awk '/\.rodata/ && /name (user|bpf)_mod/ { sub(":", "", $1); print $1 }')
	[[ -n $map ]] || fail "no map of read-only data: $(bpftool map list)"
	bpftool map dump id "$map" >"$dir/out-rodata"
	grep -q "\"$1\": $2\b" "$dir/out-rodata" || complain "the kernel has $(grep "\"$1\"" "$dir/out-rodata"), not $2"
}

setting() {
	start --policy fair --set slice.max=3ms
	kernel_has slice_max_ns 3000000
	busy 6
	tasks_complete
	stop
	expect_clean
}

own_description() {
	cat >"$dir/mine.yaml" <<-'END'
		name: mine
		summary: A test's own.
		order: {rule: deadline, sleep-credit: 10ms}
		slice: {rule: shared, max: 7ms, min: 1ms}
	END
	start --policy "$dir/mine.yaml"
	expect_equal "the name in root/ops" "sched_proto_${mode}_mine" "$(ops)"
	kernel_has slice_max_ns 7000000
	busy 6
	tasks_complete
	stop
	expect_clean
}

statistics() {
	local line='^ *[0-9]+s  running [0-9]+  waiting [0-9]+  policy [0-9]+/s  direct [0-9]+/s  sole [0-9]+/s  local [0-9]+/s  '
	local time='≤[0-9]+(ns|us|ms)' name
	line+='\| fallback [0-9]+  lost [0-9]+  stale [0-9]+  ring-full [0-9]+  '
	[[ $mode == bpf ]] || line+='\| daemon queue [0-9]+  cpu [0-9]+%  faults [0-9]+  '
	line+="\\| wake-up p50 $time  p99 $time\$"
	format=text
	start --stats 0.2
	busy 4
	tasks_complete
	more_statistics 2
	stop TERM
	expect_clean
	expect_equal "lines of another form" "" "$(grep -E '^ *[0-9]+s ' "$dir/out" | grep -vE "$line" | head -n 1)"
	grep -qE '^policy fifo in (user|bpf) mode, Linux [^ ]+, [0-9]+ CPUs$' "$dir/out" || complain "the first line is $(head -n 1 "$dir/out")"
	grep -qE '^@wakeup_latency_ns \(longest [0-9]+(ns|us|ms)\):$' "$dir/out" || complain "no heading of the histogram"
	grep -qE '^\[[0-9]+[KMGT]?, [0-9]+[KMGT]?\) +[0-9]+ \|@+ *\|$' "$dir/out" || complain "no bar in the histogram"
	for name in enqueued dispatched direct sole given-up local fallback overdue lost rescued stale early ring-full notes-lost no-state \
		daemon-runs; do
		[[ $(counter $name) =~ ^[0-9]+$ ]] || complain "no counter $name"
	done
	[[ $mode == user ]] || return 0
	for name in page-faults events picked passes overflows daemon-stale strange daemon-cpu-ms; do
		[[ $(counter $name) =~ ^[0-9]+$ ]] || complain "no counter $name"
	done
	expect_positive events
	expect_positive picked
}

# is_ext ID...: they are tasks of SCHED_EXT.
is_ext() {
	local id
	for id in "$@"; do
		[[ $(awk '$1 == "policy" { print $3 }' "/proc/$id/sched") == 7 ]] || return 1
	done
}

partial() {
	local ours
	start --partial --stats 0.2
	expect_equal state enabled "$(state)"
	busy 5
	tasks_complete
	more_statistics 1
	expect_equal "lines that tell of others' tasks" "" "$(told statistics | grep -v '"dispatched":0,"direct":0,"sole":0,')"
	end_loads
	busy 6 "$program" exec
	wait_for 60 is_ext "${loads[@]}" || complain "tasks of 'exec' are not of SCHED_EXT"
	"$program" exec -- hackbench --groups 1 --fds 4 --loops 50 >"$dir/hackbench" 2>&1 || complain "hackbench: $(cat "$dir/hackbench")"
	more_statistics 1
	stop
	for ours in "${loads[@]}"; do
		kill -0 "$ours" || complain "task $ours did not outlive the scheduler"
	done
	expect_clean
	expect_positive enqueued
}

# Two tasks on one CPU that wake each other: while one sleeps, exactly one waits.
take_turns() {
	need_program stress-ng
	taskset --cpu-list 3 stress-ng --quiet --no-rand-seed --timeout 1 --switch 1 >"$dir/stress" 2>&1 ||
		complain "stress-ng: $(tail -n 2 "$dir/stress")"
}

sole() {
	start --stats 0
	take_turns
	stop
	expect_clean
	expect_sums
	(($(counter sole) > 100)) || complain "only $(counter sole) tasks were taken without asking"
	note "$(counter sole) of $(counter enqueued) waits"
	start --stats 0 --ask-always
	take_turns
	stop
	expect_clean
	expect_sums
	expect_counter sole 0
	try --mode bpf --ask-always
	expect_equal "status of BPF mode with --ask-always" 64 "$status"
}

# A program whose report lacks a counter, and tells of a loss in another.
judge() {
	[[ -x $SCHED_PROTO_ROOT/scripts/guest-run.sh ]] || skip "there is no scripts/guest-run.sh"
	cat >"$dir/doctored" <<-END
		#!/bin/bash
		$program "\$@" | sed -E '/^  lost /d;s/^(  no-state +)0/\\15/'
		exit "\${PIPESTATUS[0]}"
	END
	chmod +x "$dir/doctored"
	SP_PROGRAM=$dir/doctored SP_MODE=$mode SP_POLICY=fifo SP_SECONDS=2 SP_ARGS='' \
		"$SCHED_PROTO_ROOT/scripts/guest-run.sh" >"$dir/out" 2>&1
	expect_equal status 1 $?
	expect_in "run: counter lost is 'missing', not 0" "$dir/out"
	expect_in "run: counter no-state is '5', not 0" "$dir/out"
	expect_in "run: FAIL" "$dir/out"
	expect_equal "problems found" 2 "$(grep -c '^run: counter' "$dir/out")"
}
