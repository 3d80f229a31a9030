# shellcheck shell=bash
# Control groups.

both group-limits "limits of control groups that have no effect are named at attachment" group_limits

group_limits() {
	mkdir "$cgroup/limited" "$cgroup/empty"
	echo "10000 100000" >"$cgroup/limited/cpu.max"
	echo 300 >"$cgroup/limited/cpu.weight"
	echo 300 >"$cgroup/empty/cpu.weight"
	busy 1
	echo "${loads[0]}" >"$cgroup/limited/cgroup.procs"
	start --policy fair --stats 0
	expect_equal "lines of notes" 1 "$(grep -c '^sched-proto: note: CPU limits of control groups' "$dir/err")"
	expect_in "cpu.max of case/limited (10000 100000), cpu.weight of case/limited (300)" "$dir/err"
	! grep -q case/empty "$dir/err" || complain "a group without tasks is named"
	stop
	mv "$dir/err" "$dir/out-notes" && : >"$dir/err"
	expect_clean
}
