# shellcheck shell=bash
# What test-kernels asks of each kernel: does it take our programs, at what cost to its verifier, and do they do there
# what they do elsewhere?

for policy in fair interactive; do
	both "verdict-$policy" "$policy: loads, schedules a short load, gives the machine back; the verifier's figures" verdict "$policy"
	add bpf "verdict-$policy-swift" "the same by the Swift twin" by_swift verdict "$policy"
done
both weights "fair: CPU time of busy loops by their weights" weights
both preference "interactive: a task that sleeps often does not wait behind busy loops" preference
both taken-cpu "a real-time task beside loops: what waits on its CPU goes elsewhere" taken_cpu

# Program, instructions processed, states in all, states kept at most: from libbpf's log.
verifier_figures() {
	awk '
	/prog .*-- BEGIN PROG LOAD LOG --/ { program = $0; sub(/.*prog ./, "", program); sub(/[^a-z0-9_].*/, "", program) }
	/processed [0-9]+ insns/ {
		sub(/.*processed/, "processed")
		for (i = 1; i < NF; i++)
			figure[$i] = $(i + 1)
		if (program != "") printf "%s %s %s %s\n", program, $2, figure["total_states"], figure["peak_states"]
		program = ""
	}' "$1"
}

verdict() { # POLICY
	local figures=$SCHED_PROTO_OUT/verifier-${twin:-$mode}-$1
	start ${twin:+--twin "$twin"} --policy "$1" --stats 0.5 --verbose
	verifier_figures "$dir/err" >"$figures"
	(($(wc -l <"$figures") >= 8)) || complain "the verifier's figures of $(wc -l <"$figures") programs, expected 8 and more"
	expect_equal "the name in root/ops" "sched_proto_${mode}_$1" "$(ops)"
	busy 4
	probe
	tasks_complete
	more_statistics 1
	expect_probe
	stop
	mv "$dir/err" "$dir/out-verbose" && : >"$dir/err" # libbpf's log is meant to be there
	expect_clean
	expect_sums
	note "$(awk '{ sum += $2 } END { print sum }' "$figures") instructions verified"
}

# used_by ID: what the task ran, in ns.
used_by() { awk '{ print $1 }' "/proc/$1/schedstat"; }

# More loops than CPUs, none pinned. By weight it is 3.05 : 1; the bounds are wide, for a short time.
weights() {
	local i light=0 heavy ratio before=()
	start --policy fair --stats 0
	busy 11
	busy 1 nice -n -5
	all_run "${loads[@]}"
	nap 1
	for i in "${!loads[@]}"; do
		before[i]=$(used_by "${loads[i]}")
	done
	nap 5
	for ((i = 0; i < 11; i++)); do
		light=$((light + $(used_by "${loads[i]}") - before[i]))
	done
	heavy=$(($(used_by "${loads[11]}") - before[11]))
	((light > 0)) || fail "the loops did not run"
	ratio=$((heavy * 1100 / light))
	note "$((ratio / 100)).$(printf %02d $((ratio % 100))) : 1"
	((ratio >= 250 && ratio <= 370)) || complain "nice -5 to nice 0 is as $ratio : 100, not as 305 : 100"
	end_loads
	stop
	expect_clean
}

# Ten loops a CPU: in turn, the task would wait for ten slices. It may wait for a tick or two.
preference() {
	probe_limit_ms=120
	start --policy interactive --stats 0
	busy 40
	all_run "${loads[@]}"
	probe
	nap 3
	expect_probe
	end_loads
	stop
	expect_clean
}

taken_cpu() {
	local name
	need_program cyclictest
	start --policy fair --stats 0
	# One way or the other, but not both: the callback is deprecated where the other one is.
	name=$(bpftool prog show | grep -oE 'name sp_(cpu_release|sched_switch)' | paste -sd ' ')
	note "${name#name }"
	[[ $name == "name sp_cpu_release" || $name == "name sp_sched_switch" ]] || complain "programs for a CPU that is taken: '$name'"
	busy 6
	probe
	cyclictest --quiet --policy=fifo --priority=50 --interval=2000 --duration=2 >/dev/null 2>"$dir/err-cyclictest" ||
		complain "cyclictest: $(tail -n 1 "$dir/err-cyclictest")"
	expect_probe
	end_loads
	stop
	expect_clean
	expect_equal "the kernel's word on deprecated callbacks" "" "$(dmesg | grep 'are deprecated')"
}

# Asked for by test-kernels on a kernel whose BTF is broken (docs/GUEST.md, "Broken builds"), and there alone.
[[ -z ${SCHED_PROTO_BROKEN_KERNEL:-} ]] || {
	case_names=() case_texts=() case_commands=()
	both broken-kernel "a broken build of the kernel: status 69, the cause is named, nothing is loaded" broken_kernel
}

broken_kernel() {
	try --mode "$mode" --policy fair --duration 1
	expect_equal status 69 "$status"
	expect_in "pahole 1.30 or older" "$dir/err"
	expect_in "$(uname -r)" "$dir/err"
	expect_equal "lines of errors" 1 "$(wc -l <"$dir/err")"
	expect_equal state disabled "$(state)"
	expect_equal "programs of ours" "" "$(bpftool prog show | grep -E 'name sp_' | head -n 1)"
}
