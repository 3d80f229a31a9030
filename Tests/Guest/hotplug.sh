# shellcheck shell=bash
# CPUs that go and come: the cases of cases/survival-hotplug-*.sh. A guest for each mode, and the one that takes CPUs away
# under load last: in Linux 6.18 a grace period that the kernel waits for before it frees a scheduler's maps may never
# end afterwards, and the next CPU that goes waits for it.
guest_options=(--topology "2,1,2,2")
lasts=2

# hotplug_cases MODE
hotplug_cases() {
	add "$1" late-cpu "a CPU that was off when the scheduler attached is used when it comes" late_cpu
	add "$1" hotplug "CPUs go and come back under load" hotplug
}

# switch_cpu CPU 0|1
switch_cpu() { echo "$2" >"/sys/devices/system/cpu/cpu$1/online" || complain "CPU $1 does not become $2"; }

# The kernel frees the maps of a scheduler that was detached a while later, and until then the worker that does so
# must not migrate. A CPU that goes off-line meanwhile waits for that worker, which waits for a grace period, which
# waits for the CPU: seen in 6.18, for any program with task storage.
settle() {
	nap 2
	wait_for 60 no_map_is_freed || fail "the kernel does not free the maps of the last scheduler: $(who_has '[0-9]')"
}
no_map_is_freed() { ! grep -qs bpf_map_free /proc/[0-9]*/stack; }

hotplug() {
	local i cpu
	settle
	surviving
	busy 2 taskset --cpu-list 3 # one of them waits there when the CPU goes: the kernel moves both
	for ((i = 0; i < $(more 2 20); i++)); do
		for cpu in 3 1 2; do
			switch_cpu $cpu 0
			((cpu == 1)) || tasks_complete
		done
		for cpu in 1 2 3; do
			switch_cpu $cpu 1
		done
	done
	busy 4
	every_cpu_is_used
	survived 200
}

late_cpu() {
	# Switched off under another session: the kernel still frees what belonged to the last one a while after its end,
	# and must not be disturbed in it.
	settle
	start --stats 0
	switch_cpu 1 0
	switch_cpu 3 0
	stop
	wait_for 60 is_disabled || fail "sched_ext is $(state)"
	begin_survival
	busy 4
	tasks_complete
	switch_cpu 3 1
	switch_cpu 1 1
	every_cpu_is_used
	survived
}
