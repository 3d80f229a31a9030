# shellcheck shell=bash
# cpu.weight of control groups, where all tasks have the same CPU.
guest_options=(--cpus 1 --instruction-ns 8) # loops need little of a CPU that is theirs alone
lasts=3

both weights-1cpu "fair, one CPU: groups get CPU time by their weights, however many tasks they have" group_weights
both weights-change "a weight that changes, a task that moves, groups that come and go" group_changes
both weights-within "nice counts within a group" group_within
if [[ -n ${THOROUGH:-} ]]; then
	add none weights-1cpu "the same groups under the kernel's own scheduler" group_weights
	add none weights-change "the same under the kernel's own scheduler" group_changes
	add none weights-within "the same under the kernel's own scheduler" group_within
fi

. "$here/effects.sh"

# group NAME WEIGHT LOOPS [COMMAND...]: a group below the case's, with so many more busy loops in it.
group() {
	local i
	mkdir -p "$cgroup/$1"
	echo "$2" >"$cgroup/$1/cpu.weight"
	for ((i = 0; i < $3; i++)); do
		busy 1 "${@:4}"
		echo "${loads[-1]}" >"$cgroup/$1/cgroup.procs"
	done
}

# used WHO...: CPU time of each group or task so far, us.
used() {
	local who
	for who in "$@"; do
		if [[ $who =~ ^[0-9]+$ ]]; then
			awk '{ printf "%.0f\n", $1 / 1000 }' "/proc/$who/schedstat"
		else
			cpu_time "$cgroup/$who"
		fi
	done
}

# expect_ratio WHAT PERCENT A B: the first group's or task's CPU time beside the second's over four seconds (or
# $seconds), within 12 %: turns of a heavy task come several in a row.
expect_ratio() {
	local before after ratio
	nap 0.5 # so that who was ahead or behind is not any more
	mapfile -t before < <(used "$3" "$4")
	nap "${seconds:-4}"
	mapfile -t after < <(used "$3" "$4")
	((after[1] > before[1])) || fail "$1: $4 did not run"
	ratio=$((100 * (after[0] - before[0]) / (after[1] - before[1])))
	((ratio * 100 >= $2 * 88 && ratio * 100 <= $2 * 112)) || complain "$1: $3 has $ratio % of $4's CPU time, not $2"
	note "$1 $ratio %"
}

remove() { # GROUP, which is empty
	wait_for 60 is_empty "$cgroup/$1" || fail "$1 is not empty"
	rmdir "$cgroup/$1" || fail "$1 cannot be removed"
}

# empty GROUP: ends what is in it.
empty() {
	echo 1 >"$cgroup/$1/cgroup.kill"
	wait_for 60 is_empty "$cgroup/$1" || fail "$1 is not empty"
}

freeze() { # 1|0 GROUP...
	local group
	for group in "${@:2}"; do
		echo "$1" >"$cgroup/$group/cgroup.freeze"
	done
}

group_weights() {
	local seconds=7 # a turn of all of them takes up to 0.4 s
	group one 100 1
	group ten 100 10
	group three 300 1
	# They are there when it attaches; they need not run while it is loaded.
	freeze 1 one ten three
	scheduled --policy fair
	freeze 0 one ten three
	expect_ratio "weights 300 and 100, 1 loop each," 300 three one
	empty three
	expect_ratio "1 and 10 loops," 100 one ten
	empty ten
	# Others are made while it is attached.
	group much 300 3
	expect_ratio "weights 300 and 100," 300 much one
	empty one
	empty much
	mkdir -p "$cgroup/outer"
	echo +cpu >"$cgroup/outer/cgroup.subtree_control"
	group outer/a 100 2
	group outer/b 300 1
	group alone 100 1
	expect_ratio "nested, 300 and 100," 300 outer/b outer/a
	expect_ratio "their parent," 100 outer alone
	at_rest
}

group_changes() {
	local i
	scheduled --policy fair
	for ((i = 0; i < 45; i++)); do
		mkdir "$cgroup/passing" && rmdir "$cgroup/passing"
	done
	group a 100 1
	group b 100 1
	group c 100 4
	echo 200 >"$cgroup/a/cpu.weight"
	expect_ratio "weight changed," 200 a b
	for i in 0 1 2; do
		echo "${loads[2 + i]}" >"$cgroup/a/cgroup.procs"
	done
	expect_ratio "tasks moved," 200 a c
	empty b
	remove b
	expect_ratio "a group removed," 200 a c
	# Few: beside the loops this shell waits for its turn each time.
	for ((i = 0; i < 5; i++)); do
		mkdir "$cgroup/passing" && rmdir "$cgroup/passing"
	done
	group b 100 1
	expect_ratio "made again," 100 b c
	at_rest
	[[ $mode == none ]] || expect_counter groups-left-out 0
}

group_within() {
	scheduled --policy fair
	group a 100 1
	group a 100 1 nice -n -5
	group b 100 1
	expect_ratio "nice -5 and 0," 305 "${loads[1]}" "${loads[0]}"
	expect_ratio "their groups," 100 a b
	at_rest
}
