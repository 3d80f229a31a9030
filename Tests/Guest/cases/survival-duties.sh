# shellcheck shell=bash
# A scheduler's duties, after the kernel's own tests of sched_ext.
lasts=4

both sums "every wait is taken from a queue once, and none twice" sums
both alone "a task alone on its CPU goes on, and nobody else has to ask for it" alone
both latecomer "a task that had a CPU to itself goes on when another one comes" latecomer
both idle-machine "tasks that wake on idle CPUs get them at once" idle_machine
both rt-stall "a real-time task on every CPU: all others go on after it" rt_stall
both queues "each policy in turn, with tasks of every kind: the kernel finds no rule of its queues broken" queues
both changing "--partial: tasks enter the class and leave it again and again" changing

sums() {
	local waited taken
	begin_survival
	busy 6
	run_tasks pinned 200
	run_tasks forks 100
	goes_on
	stop
	expect_clean
	waited=$(counter enqueued)
	taken=$(taken)
	# 40 tasks may be under way while the counters are read.
	((waited <= taken + 40 && taken <= waited + 40)) || complain "$waited tasks waited, and $taken were taken"
	((waited > 2000)) || complain "only $waited tasks waited"
	note "$waited waits, $taken taken"
}

has_used() { (($(cut -d ' ' -f 1 "/proc/$1/schedstat") >= $2)); } # PID NANOSECONDS

# By fair, a latecomer could go first until it had used as much; what the first one owes is bounded.
latecomer() {
	local used
	begin_survival --policy fair
	busy 1 taskset --cpu-list 3
	wait_for 60 has_used "${loads[0]}" 1000000000 || complain "the task alone on its CPU does not run"
	busy 1 taskset --cpu-list 3
	wait_for 60 has_used "${loads[1]}" 100000000 || complain "the latecomer does not run"
	used=$(cut -d ' ' -f 1 "/proc/${loads[0]}/schedstat")
	wait_for 1 has_used "${loads[0]}" $((used + 50000000)) || complain "the first one does not go on"
	survived
}

alone() {
	local us
	begin_survival
	run_tasks alone 50 # until the kernel has settled after the attachment
	taskset --cpu-list 3 "$tasks" alone 1500 >"$dir/out-alone" || complain "it failed"
	us=$(sed -nE 's/^longest ([0-9]+) us.*/\1/p' "$dir/out-alone")
	note "longest gap ${us:-?} us"
	((${us:-1000000} < 100000)) || complain "the task alone on its CPU stood still for $us us"
	survived
}

idle_machine() {
	local direct fallback
	begin_survival
	"$tasks" probe >"$dir/out-probe" &
	more_statistics 5
	kill -INT $!
	expect_equal fallback 0 "$(recent fallback)"
	survived
	expect_positive direct
}

# They end by themselves, all at the same time.
rt_stall() {
	local cpu hogs=() pinned=()
	echo -1 >"$rt_runtime"
	begin_survival
	for cpu in 0 1 2 3; do
		busy 1 taskset --cpu-list $cpu
	done
	pinned=("${loads[@]}")
	for cpu in 0 1 2 3; do
		taskset --cpu-list $cpu chrt --fifo 50 "$tasks" busy-for 1 &
		hogs+=($!)
	done
	wait "${hogs[@]}" || complain "a real-time task failed"
	all_run "${pinned[@]}"
	probe_limit_ms=3000 # for the second in which every CPU is taken, and what starting and ending them needs
	survived
}

# Each policy has its own way with the queues: by arrival, by a key, two of them. They must not be mixed in one, nor
# a task be put where it may not run; the kernel ends a scheduler that does.
queues() {
	local policy
	for policy in fifo fair deadline interactive; do
		start --policy $policy --stats 0.3
		[[ ${prober:-} ]] || probe
		busy 2
		run_tasks pinned 50
		run_tasks bind 30
		run_tasks kills 2
		run_tasks classes 30
		tasks_complete
		end_loads
		stop
		expect_clean
		[[ ! -s $dir/complaints ]] || fail "with $policy"
	done
	expect_probe
}

# No loops of the class above: a task that has just entered this one may be left behind one for good (seen in 6.18,
# which tells a scheduler of a CPU that was taken from it only after it has served there).
changing() {
	begin_survival --partial
	busy 2 "$program" exec
	run_tasks change "$(more 300 3000)"
	"$program" exec -- "$tasks" forks 100 || complain "tasks of 'exec' failed"
	all_run "${loads[@]}"
	more_statistics 1
	expect_probe
	end_loads
	stop
	expect_clean
	expect_sums 2000
}
