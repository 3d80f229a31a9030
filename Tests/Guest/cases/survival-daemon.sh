# shellcheck shell=bash
# A daemon that does not answer, that dies, that has too little room; a kernel that ends its scheduler.
lasts=5

add user stopped "the daemon is stopped for seconds under load: others go on, and then it decides again" stopped
add user stop-and-go "the daemon is stopped again and again while tasks wait in its run queue: each of them runs" stop_and_go
both killed "kill -9 under load: the kernel takes the tasks back" killed
add user crashed "the daemon crashes between an answer and its publication" crashed
add user slow "the daemon sleeps 100 ms between deciding and publishing, each time" slow
add user full-ring "the daemon is stopped until its ring overflows" full_ring
add user reclassed "the deciding thread is made a real-time one, again and again: it goes back, and decides" reclassed
add user reclassed-partial "--partial: the deciding thread is taken out of SCHED_EXT: it goes back, and decides" reclassed_partial
add user few-tasks "--max-tasks 16, and more tasks than that: counted, none lost" few_tasks
user second "others try to attach under load: refused, and the first goes on" second
user restart "--restart: it comes back after an eviction, and after a second one" restart
both watchdog "a task is kept from its CPU on purpose: status 3 and the kernel's reason, and all go on" watchdog

stopped() {
	local before
	surviving
	wait_for 60 policy_works || complain "the policy does not dispatch"
	more_statistics 2
	before=$(recent fallback)
	kill -STOP "$scheduler"
	nap "$(more 6 10)"
	tasks_complete
	expect_equal state enabled "$(state)"
	kill -CONT "$scheduler"
	more_statistics 2
	(($(recent fallback) > before + 100)) || complain "fallback only grew from $before to $(recent fallback) without the daemon"
	survived
}

# The run queue of the daemon is not empty: busy tasks wait in it.
has_queue() { (($(recent queue) > 2)); }

stop_and_go() {
	local i
	begin_survival
	busy 10
	for ((i = 0; i < $(more 2 50); i++)); do
		wait_for 60 has_queue || complain "no task waits in the daemon"
		kill -STOP "$scheduler"
		all_run "${loads[@]}"
		kill -CONT "$scheduler"
		more_statistics 1
	done
	survived
}

deciding_thread() {
	local task
	for task in /proc/"$scheduler"/task/*; do
		[[ $(<"$task/comm") != sched-proto-dec ]] || echo "${task##*/}"
	done
}

# reclass CLASS PRIORITY: somebody else gives the deciding thread another class, and again when it went back.
reclass() {
	local thread before i
	wait_for 60 policy_works || complain "the policy does not dispatch"
	thread=$(deciding_thread)
	for ((i = 0; i < $(more 3 30); i++)); do
		before=$(recent out-of-class)
		chrt "--$1" --pid "$2" "$thread"
		more_statistics 2
		(($(recent out-of-class) > before)) || complain "nobody saw the deciding thread leave its class"
		wait_for 60 policy_works || complain "the policy does not dispatch any more"
	done
}

reclassed() {
	surviving
	reclass fifo 50
	[[ $(chrt --pid "$(deciding_thread)") == *SCHED_OTHER* ]] || complain "the deciding thread stays a real-time one"
	survived
}

reclassed_partial() {
	begin_survival --partial
	busy 8 "$program" exec
	reclass other 0
	all_run "${loads[@]}"
	expect_probe
	end_loads
	stop
	expect_clean
}

killed() {
	surviving
	more_statistics 2
	kill -KILL "$scheduler"
	is_gone 137
}

# is_gone STATUS: without a farewell, and the kernel's own scheduler goes on with everybody.
is_gone() {
	finish
	expect_equal status "$1" "$status"
	wait_for 60 is_disabled || complain "sched_ext is $(state)"
	tells_no_loss
	all_run "${loads[@]:0:2}"
	tasks_complete
	expect_probe
}

# This answer comes when the load has begun, some moments after the start: more of it than CPUs, since who has a CPU to
# itself needs no answer.
crashed() {
	# Swift's runtime writes a backtrace first, which takes the emulator most of a minute.
	SWIFT_BACKTRACE=enable=no begin_survival --fault crash:2000
	busy 6
	talk
	wait_for 60 is_over || fail "it did not crash"
	is_gone 134
}

# Whoever waits does not wait for a daemon that sleeps: all its answers are stale.
slow() {
	local too_slow=1
	surviving --fault slow:100
	more_statistics 5
	survived
	expect_positive fallback
	expect_positive stale
	note "stale $(counter stale)"
}

# The ring has room for some 58000 events, and each of these yields is one.
full_ring() {
	local try
	need_program stress-ng
	: >"$dir/notes-may-be-lost"
	begin_survival
	stress-ng --quiet --no-rand-seed --yield 8 >"$dir/stress" 2>&1 &
	loads+=($!)
	for ((try = 0; try < 3; try++)); do
		kill -STOP "$scheduler"
		wait_for 120 have_switched $(($(switches) + 100000)) || complain "the load hardly runs without the daemon"
		kill -CONT "$scheduler"
		more_statistics 2
		(($(recent ring-full) == 0)) || break
	done
	kill -INT "${loads[0]}"
	survived
	expect_positive ring-full
	note "ring-full $(counter ring-full)"
}

few_tasks() {
	surviving --max-tasks 16
	survived
	expect_positive overflows
	note "overflows $(counter overflows)"
}

second() {
	local i other
	surviving
	for ((i = 0; i < $(more 2 50); i++)); do
		other=user
		((i % 2)) || other=bpf
		"$program" --mode $other --policy fair >"$dir/out-second" 2>"$dir/err-second"
		expect_equal "status of the second" 75 $?
		expect_in "'sched_proto_${mode}_fifo'" "$dir/err-second"
		expect_equal state enabled "$(state)"
	done
	survived
}

# As long as a real-time task loops on CPU 2, the task beside it waits. It ends by itself: whoever would end it may
# need something that waits for this very CPU.
keep_waiting() { # SECONDS
	local file
	kernel_may_say '^\[[^]]*\] sched_ext: '
	# Later kernels keep some time for such tasks whatever real-time tasks do.
	for file in /sys/kernel/debug/sched/ext_server/cpu*/runtime; do
		[[ ! -e $file ]] || echo 0 >"$file"
	done
	echo -1 >"$rt_runtime"
	busy 1 taskset --cpu-list 2
	taskset --cpu-list 2 chrt --fifo 50 "$tasks" busy-for "$1" &
	hog=$!
}

# was_evicted STATUS: for that reason, and nothing was lost.
was_evicted() {
	expect_equal status "$1" "$status"
	wait_for 60 is_disabled || complain "sched_ext is $(state)"
	expect_in "the kernel ended the scheduler: runnable task stall" "$dir/err"
	# The task, or what watches over it: that may stand on the very CPU that was taken away.
	grep -qE 'failed to (run|check in) for' "$dir/err" || complain "no such reason: $(head -c 300 "$dir/err")"
	told ended | grep -qF '"by":"kernel"' || complain "it did not say that the kernel ended it"
	expect_equal "counter lost, of each session" 0 "$(counter lost | sort -u)"
	expect_equal "counter no-state, of each session" 0 "$(counter no-state | sort -u)"
}

watchdog() {
	local hog
	surviving --watchdog 1
	more_statistics 1
	keep_waiting 6
	wait_for 60 is_over || fail "still running 60 s later: the kernel did not end it"
	finish
	was_evicted 3
	wait "$hog" || complain "the real-time task failed"
	all_run "${loads[0]}" "${loads[1]}" "${loads[-1]}"
	tasks_complete
	expect_probe
}

# evicted COUNT: so many times; restarted COUNT.
evicted() { (($(told ended | grep -cF '"by":"kernel"') >= $1)); }
restarted() { (($(told attached | wc -l) > $1)); }

restart() {
	local hog i
	begin_survival --watchdog 1 --restart 3
	for i in 1 2; do
		more_statistics 1
		keep_waiting 3
		wait_for 60 evicted $i || fail "the kernel did not end it for the ${i}th time"
		wait "$hog" || complain "the real-time task failed"
		wait_for 60 restarted $i || fail "it did not come back: $(tail -n 3 "$dir/out")"
		expect_in "\"type\":\"restarting\",\"seconds\":$i,\"restart\":$i,\"of\":3" "$dir/out"
	done
	goes_on
	stop
	was_evicted 0
	expect_ended request
	expect_equal attachments 3 "$(told attached | wc -l)"
}
