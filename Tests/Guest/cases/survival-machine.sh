# shellcheck shell=bash
# A machine that changes under the scheduler: two sockets and NUMA nodes, two threads a core, little memory.
guest_options=(--topology "2,1,2,2" --memory 768M)

user topology "sockets, threads and NUMA nodes: every CPU is used" topology
both hotplug "CPUs go and come back under load" hotplug
user freezer "a group of tasks is frozen and thawed" freezer
user cpuset "a group of tasks is moved from CPU to CPU" cpuset
user hog "a real-time task takes one CPU after another" hog
user memory "memory runs short, in a group and in the machine" memory
add none cycles "attached and detached in alternating modes" cycles

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

has_run_on_every_cpu() {
	local cpu
	for cpu in "${!idle_before[@]}"; do
		(($(awk -v cpu="cpu$cpu" '$1 == cpu { print $2 + $3 }' /proc/stat) > idle_before[cpu])) || return 1
	done
}

topology() {
	local cpu idle_before=()
	expect_equal "NUMA nodes" 2 "$(find /sys/devices/system/node -maxdepth 1 -name 'node[0-9]*' | wc -l)"
	expect_equal "threads beside CPU 0" "0-1" "$(cat /sys/devices/system/cpu/cpu0/topology/thread_siblings_list)"
	for ((cpu = 0; cpu < 4; cpu++)); do
		idle_before[cpu]=$(awk -v cpu="cpu$cpu" '$1 == cpu { print $2 + $3 }' /proc/stat)
	done
	begin_survival --policy interactive
	busy 6
	wait_for 120 has_run_on_every_cpu || complain "not every CPU runs tasks: $(grep ^cpu /proc/stat)"
	survived
}

hotplug() {
	local i cpu
	surviving
	for ((i = 0; i < $(more 2 10); i++)); do
		for cpu in 3 1 2; do
			echo 0 >"/sys/devices/system/cpu/cpu$cpu/online" || complain "CPU $cpu does not go"
			((cpu == 1)) || tasks_complete
		done
		for cpu in 1 2 3; do
			echo 1 >"/sys/devices/system/cpu/cpu$cpu/online" || complain "CPU $cpu does not come back"
		done
	done
	survived
}

freezer() {
	local frozen i before
	frozen=$(group frozen)
	surviving
	for ((i = 0; i < 2; i++)); do
		into "$frozen" bash -c 'while :; do :; done' &
		into "$frozen" bash -c 'while :; do sleep 0.01; done' &
	done
	for ((i = 0; i < $(more 3 30); i++)); do
		wait_for 60 has_run "$frozen" "$(cpu_time "$frozen")" || complain "the group does not run"
		echo 1 >"$frozen/cgroup.freeze"
		wait_for 60 grep -q '^frozen 1' "$frozen/cgroup.events" || complain "the group does not freeze"
		echo 0 >"$frozen/cgroup.freeze"
	done
	before=$(cpu_time "$frozen")
	wait_for 60 has_run "$frozen" $((before + 50000)) || complain "the group does not run after it"
	survived
}

cpuset() {
	local moved i cpus
	moved=$(group moved)
	surviving
	for ((i = 0; i < 2; i++)); do
		into "$moved" bash -c 'while :; do :; done' &
		into "$moved" bash -c 'while :; do sleep 0.01; done' &
	done
	for ((i = 0; i < $(more 4 40); i++)); do
		for cpus in 0 2-3 1 0-1 3 0-3; do
			echo "$cpus" >"$moved/cpuset.cpus" || complain "cpuset.cpus does not take $cpus"
		done
	done
	wait_for 60 has_run "$moved" $(($(cpu_time "$moved") + 50000)) || complain "the group does not run after it"
	survived
}

# It ends by itself: whoever would end it may need something that waits for this very CPU.
hog() {
	local cpu
	echo -1 >"$rt_runtime"
	surviving
	for cpu in 0 1 2 3; do
		taskset --cpu-list "$cpu" chrt --fifo 50 perl -e '1 while time < $^T + 2' &
		taskset --cpu-list "$cpu" bash -c 'for ((i = 0; i < 1000; i++)); do :; done' || complain "the task on CPU $cpu failed"
		tasks_complete
		wait $! || complain "the real-time task failed"
	done
	survived
}

available() { awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo; }
scanned() { awk '/^pgscan_(kswapd|direct) / { sum += $2 } END { print sum }' /proc/vmstat; }

memory() {
	local small before=0 files
	need_program stress-ng
	small=$(group small)
	echo 48M >"$small/memory.max"
	before=$(scanned)
	mapfile -t files < <(find /usr/lib /usr/bin -xdev -type f -size +512k -size -8M 2>/dev/null | head -n 60)
	surviving
	# In a group of its own: its page cache is taken from it again.
	(into "$small" cat "${files[@]:0:30}" >/dev/null) || complain "reading files in a small group failed"
	# And in the machine: memory is filled, and then files are read and memory is wanted.
	head -c "$(($(available) - 90))M" /dev/zero >"$dir/filling" || complain "there was no memory to fill"
	cat "${files[@]}" >/dev/null || complain "reading files failed"
	stress-ng --quiet --no-rand-seed --timeout 2 --vm 1 --vm-bytes 32M >"$dir/stress" 2>&1 || complain "stress-ng: $(tail -n 2 "$dir/stress")"
	(($(scanned) > before)) || complain "memory did not run short: $(available) MB are available"
	note "$(($(scanned) - before)) pages scanned"
	survived
	rm -f "$dir/filling"
}

cycles() {
	local i count policies=(fifo fair deadline interactive)
	count=$(more 20 50)
	for ((i = 0; i < count; i++)); do
		mode=user
		((i % 2)) || mode=bpf
		start --policy "${policies[i / 2 % 4]}" --stats 0
		stop
		expect_equal "status of cycle $i" 0 "$status"
		wait_for 60 is_disabled || fail "sched_ext is $(state) after cycle $i"
		expect_counter lost 0
	done
	tasks_complete
	note "$count cycles"
}
