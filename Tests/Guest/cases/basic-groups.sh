# shellcheck shell=bash
# Control groups.

both group-limits "limits of control groups that have no effect are named at attachment" group_limits
both group-limits-later "limits that are set while it is attached are named as well" group_limits_later

group_limits() {
	mkdir "$cgroup/limited" "$cgroup/empty"
	echo "10000 100000" >"$cgroup/limited/cpu.max"
	echo 300 >"$cgroup/limited/cpu.weight"
	echo 300 >"$cgroup/empty/cpu.weight"
	sleep 1000 &
	echo $! >"$cgroup/limited/cgroup.procs"
	start --policy fair --stats 0
	expect_equal "lines of notes" 1 "$(grep -c '^sched-proto: note: CPU limits of control groups' "$dir/err")"
	expect_in "cpu.max of case/limited (10000 100000)" "$dir/err"
	expect_in '"group_weights":true' "$dir/out"
	! grep -q cpu.weight "$dir/err" || complain "cpu.weight is named, and has an effect"
	! grep -q case/empty "$dir/err" || complain "a group without tasks is named"
	stop
	mv "$dir/err" "$dir/out-notes" && : >"$dir/err"
	expect_clean
	# By arrival, nothing depends on what a task weighs.
	start --policy fifo --stats 0
	expect_in "cpu.max of case/limited (10000 100000), cpu.weight of case/limited (300)" "$dir/err"
	stop
	mv "$dir/err" "$dir/out-notes-fifo" && : >"$dir/err"
	expect_clean
	start --policy fair --no-group-weights --stats 0
	expect_in "cpu.max of case/limited (10000 100000), cpu.weight of case/limited (300)" "$dir/err"
	stop
	mv "$dir/err" "$dir/out-notes-fair" && : >"$dir/err"
	expect_clean
}

has_note() { grep -qF -- "$1" "$dir/err"; }

group_limits_later() {
	start --policy fifo --stats 0.3 # a note comes with the next line of statistics
	[[ ! -s $dir/err ]] || complain "it said: $(head -n 1 "$dir/err")"
	mkdir "$cgroup/later"
	echo 300 >"$cgroup/later/cpu.weight"
	wait_for 60 has_note "cpu.weight of case/later (300)" || complain "no note of cpu.weight: $(<"$dir/err")"
	echo "10000 100000" >"$cgroup/later/cpu.max"
	if [[ $(bpftool prog show) == *"name sp_cgroup_set_b"* ]]; then
		wait_for 60 has_note "cpu.max of case/later (10000 100000)" || complain "no note of cpu.max: $(<"$dir/err")"
	else
		note "this kernel does not tell of cpu.max"
	fi
	stop
	mv "$dir/err" "$dir/out-notes" && : >"$dir/err"
	expect_clean
}
