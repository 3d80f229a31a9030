# shellcheck shell=bash
# Where tasks may run, and a machine that changes under the scheduler: two sockets and NUMA nodes, two threads a core.
guest_options=(--topology "2,1,2,2")
lasts=4

both topology "sockets, threads and NUMA nodes: every CPU is used" topology
both affinity "threads change their own and each other's CPUs all the time" affinity
both pinned "tasks of one CPU each wake one another" pinned
both undisturbed "tasks sleep and wake while they must not be migrated" undisturbed
both cpuset "a group of tasks is moved from CPU to CPU" cpuset
both freezer "a group of tasks is frozen and thawed" freezer
both hog "a real-time task takes one CPU after another" hog

# group NAME: a control group of the case; its path.
group() {
	mkdir -p "$cgroup/$1"
	echo "$cgroup/$1"
}

# into GROUP COMMAND...: becomes the command, in the group.
into() {
	echo "$BASHPID" >"$1/cgroup.procs"
	shift
	exec "$@"
}

topology() {
	expect_equal "NUMA nodes" 2 "$(find /sys/devices/system/node -maxdepth 1 -name 'node[0-9]*' | wc -l)"
	expect_equal "threads beside CPU 0" "0-1" "$(cat /sys/devices/system/cpu/cpu0/topology/thread_siblings_list)"
	begin_survival --policy interactive
	# What the kernel takes away for a moment, to see which node uses it, the deciding thread would have to wait for.
	[[ $mode != user ]] || ! grep -q ' default ' "/proc/$scheduler/numa_maps" ||
		complain "memory that NUMA balancing may take away: $(grep -m 1 ' default ' "/proc/$scheduler/numa_maps")"
	busy 6
	every_cpu_is_used
	survived
}

affinity() {
	surviving
	run_tasks bind "$(more 300 4000)"
	# A task that waits is taken out of its queue, and waits anew.
	survived "$(more 3000 40000)"
}

pinned() {
	surviving
	run_tasks pinned "$(more 400 15000)"
	survived
}

undisturbed() {
	surviving
	run_tasks undisturbed "$(more 150 1500)"
	survived 200
}

# A group of two busy tasks, and two that sleep; their ids are in $members.
populate() { # GROUP
	local i
	members=()
	for ((i = 0; i < 2; i++)); do
		into "$1" bash -c 'while :; do :; done' &
		members+=($!)
		into "$1" bash -c 'while :; do sleep 0.01; done' &
	done
}

cpuset() {
	local moved i cpus members
	moved=$(group moved)
	surviving
	populate "$moved"
	for ((i = 0; i < $(more 3 40); i++)); do
		for cpus in 0 2-3 1 0-1 3 0-3; do
			echo "$cpus" >"$moved/cpuset.cpus" || complain "cpuset.cpus does not take $cpus"
		done
	done
	all_run "${members[@]}"
	survived 500
}

freezer() {
	local frozen i members before
	frozen=$(group frozen)
	surviving
	populate "$frozen"
	for ((i = 0; i < $(more 3 40); i++)); do
		all_run "${members[@]}"
		echo 1 >"$frozen/cgroup.freeze"
		wait_for 60 grep -q '^frozen 1' "$frozen/cgroup.events" || complain "the group does not freeze"
		before=$(cpu_time "$frozen")
		nap 0.1
		expect_equal "CPU time of the frozen group" "$before" "$(cpu_time "$frozen")"
		echo 0 >"$frozen/cgroup.freeze"
	done
	all_run "${members[@]}"
	survived 200
}

# They end by themselves: whoever would end them may need something that waits for this very CPU.
hog() {
	local cpu
	echo -1 >"$rt_runtime"
	surviving
	for cpu in 0 1 2 3; do
		taskset --cpu-list "$cpu" chrt --fifo 50 "$tasks" busy-for 1 &
		taskset --cpu-list "$cpu" "$tasks" alone 10 >"$dir/out-alone" || complain "the task on CPU $cpu failed"
		tasks_complete
		wait $! || complain "the real-time task failed"
	done
	# 6.18 does not tell a scheduler each time that a CPU was taken from it: what stands there waits for the end of the
	# real-time task, which is 1 s. With 2 s of it 1499 ms were seen.
	probe_limit_ms=2500
	survived
}
