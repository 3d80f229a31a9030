# shellcheck shell=bash
# The ways in which a session ends, or does not begin. The process that watches is the same in both modes, and so most of
# these take turns; what the kernel does with a scheduler whose process was killed, cases/survival-daemon.sh sees in both.
lasts=2

user signal-INT "SIGINT detaches, with status 0" ends_by_signal INT
bpf signal-TERM "SIGTERM detaches, with status 0" ends_by_signal TERM
user signal-HUP "SIGHUP detaches, with status 0" ends_by_signal HUP
bpf duration "--duration ends it, with status 0" ends_by_duration
bpf killed "kill -9: the kernel takes the tasks back" ends_by_kill
bpf second "a second one is refused with status 75 and the first one's name" second
user no-reader "whoever reads its output goes away: it still detaches" no_reader
both blocked-term "nobody reads its output: SIGTERM detaches all the same" blocked TERM
bpf blocked-int "nobody reads its output: SIGINT detaches all the same" blocked INT
bpf blocked-duration "nobody reads its output: --duration ends it all the same" blocked duration
user blocked-sysrq "nobody reads its output: it notices that the kernel ended it, with status 3" blocked sysrq
both blocked-restart "nobody reads its output: ended by the watchdog, it attaches again" blocked_restart
user streams "streams that are closed, full or without a reader: it schedules, and ends with 74 if output is lost" streams
both asleep "without statistics its process sleeps until it is asked to end" asleep
bpf sysrq "SysRq-S ends it" ends_by_sysrq
user watchdog "a task that waits too long: status 3, the kernel's reason and its dump" ends_by_watchdog
both nobody "without rights: status 77, and the capability is named" nobody
add none refused "wrong options, settings and descriptions: the right status, nothing attached" refused

ends_by_signal() { # SIGNAL
	start --stats 0.2
	busy 6
	more_statistics 1
	stop "$1"
	expect_clean
}

ends_by_duration() {
	start --duration 1000ms --stats 0
	busy 6
	finish
	expect_clean
	expect_equal "lines of statistics" 0 "$(lines_of_statistics)"
}

ends_by_kill() {
	start --stats 0.2
	busy 6
	more_statistics 1
	kill -KILL "$scheduler"
	finish
	expect_equal status 137 "$status"
	wait_for 60 is_disabled || complain "sched_ext is $(state)"
	tasks_complete
}

second() {
	start
	busy 1
	"$program" --mode bpf --policy fair >"$dir/out-second" 2>"$dir/err-second"
	expect_equal "status of the second" 75 $?
	expect_in "'sched_proto_${mode}_fifo'" "$dir/err-second"
	expect_equal state enabled "$(state)"
	is_running || complain "the first one ended"
	stop
	expect_clean
}

no_reader() {
	mkfifo "$dir/pipe"
	(exec head -n 2 <"$dir/pipe" >"$dir/out-first") &
	local reader=$!
	"$program" --mode "$mode" --stats 0.1 >"$dir/pipe" 2>"$dir/err" &
	scheduler=$!
	busy 1
	wait_for 120 has_ended "$reader" || complain "the first two lines did not come"
	expect_in "attached: sched_proto_${mode}_fifo" "$dir/out-first"
	expect_equal state enabled "$(state)"
	tasks_complete
	is_running || complain "it ended with its reader"
	stop
	# As asked, but what it said is lost.
	expect_equal status 74 "$status"
	expect_in "standard output cannot be written: Broken pipe" "$dir/err"
	wait_for 60 is_disabled || complain "sched_ext is $(state)"
}

# start_blocked [OPTION...]: attaches with both streams into a pipe that nobody reads and that is full; its errors too.
start_blocked() {
	mkfifo "$dir/pipe"
	exec {pipe}<>"$dir/pipe"
	"$program" --mode "$mode" --stats 0.1 "$@" >&"$pipe" 2>&1 &
	scheduler=$!
	wait_for 120 is_enabled || fail "not attached after 120 s"
	# As full as a pipe gets: what it writes from now on has to wait.
	timeout 2 cat /dev/zero >&"$pipe"
	busy 1
	nap 1
	is_running || fail "it ended by itself"
}
is_enabled() { [[ $(state) == enabled ]]; }
nobody_attached() { [[ $(state) == disabled ]] || [[ -z $(ops) ]]; }

blocked() { # HOW
	kernel_may_say "^\\[[^]]*\\] (sched_ext: |sysrq: )"
	local limit=()
	[[ $1 != duration ]] || limit=(--duration 12)
	start_blocked ${limit[@]+"${limit[@]}"}
	local begin=$EPOCHREALTIME
	case $1 in
	sysrq) echo S >/proc/sysrq-trigger ;;
	duration) ;;
	*) kill "-$1" "$scheduler" ;;
	esac
	wait_for 30 nobody_attached || complain "sched_ext is $(state) 30 s later"
	# How soon is a figure and no condition: the machine may be busy.
	[[ $1 == duration ]] || note "detached after $(((${EPOCHREALTIME/./} - ${begin/./}) / 1000)) ms"
	wait_for 30 is_over || complain "its process does not end"
	finish
	wanted=0
	[[ $1 != sysrq ]] || wanted=3
	expect_equal status "$wanted" "$status"
	tasks_complete
}

blocked_restart() {
	local before file
	kernel_may_say "^\\[[^]]*\\] (sched_ext: |sysrq: )"
	# A task that waits for too long, behind a real-time task on its CPU.
	for file in /sys/kernel/debug/sched/ext_server/cpu*/runtime; do
		[[ ! -e $file ]] || echo 0 >"$file"
	done
	echo -1 >"$rt_runtime"
	start_blocked --watchdog 1 --restart 2
	before=$(enabled_count)
	busy 1 taskset --cpu-list 2
	# It ends by itself: who was preempted by it may hold up the next attachment, and that whoever would end it.
	taskset --cpu-list 2 chrt --fifo 50 "$tasks" busy-for 4 &
	loads+=($!)
	# No look at the second between: this script may stand still just then.
	wait_for 60 attached_since "$before" || complain "not attached again: sched_ext is $(state)"
	wait_for 60 is_enabled || complain "sched_ext is $(state)"
	stop
	expect_equal status 0 "$status"
	wait_for 60 is_disabled || complain "sched_ext is $(state) afterwards"
}
enabled_count() { cat /sys/kernel/sched_ext/enable_seq; }
attached_since() { (($(enabled_count) > $1)); }

ends_by_sysrq() {
	kernel_may_say "^\\[[^]]*\\] (sched_ext: |sysrq: )"
	start
	busy 6
	echo S >/proc/sysrq-trigger
	finish
	wait_for 60 is_disabled || complain "sched_ext is $(state)"
	expect_equal status 3 "$status"
	expect_in "the kernel ended the scheduler: disabled by sysrq-S" "$dir/err"
	expect_ended kernel
}

streams() {
	local what how pipe
	: >"$dir/out"
	mkfifo "$dir/broken"
	for what in out err both; do
		for how in closed full broken; do
			wait_for 60 is_disabled || fail "sched_ext is $(state)"
			(
				exec >"$dir/out" 2>"$dir/err"
				if [[ $how == broken ]]; then
					exec {pipe}<>"$dir/broken" {writer}>"$dir/broken" {pipe}<&-
				fi
				case $what-$how in
				out-closed) exec >&- ;;
				err-closed) exec 2>&- ;;
				both-closed) exec >&- 2>&- ;;
				out-full) exec >/dev/full ;;
				err-full) exec 2>/dev/full ;;
				both-full) exec >/dev/full 2>/dev/full ;;
				out-broken) exec >&"$writer" ;;
				err-broken) exec 2>&"$writer" ;;
				both-broken) exec >&"$writer" 2>&1 ;;
				esac
				exec "$program" --mode "$mode" --duration 1 --stats 0.2
			)
			status=$?
			if [[ $what == err ]]; then
				expect_equal "status with $what $how" 0 "$status"
				expect_in "attached: sched_proto_${mode}_fifo" "$dir/out"
			else
				expect_equal "status with $what $how" 74 "$status"
			fi
			[[ $what != out ]] || expect_in "standard output cannot be written" "$dir/err"
		done
	done
}

# The thread that watches, which is the first one: how often it went to sleep.
sleeps() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$scheduler/status"; }

asleep() {
	local before
	start --stats 0
	nap 1
	before=$(sleeps)
	nap 5
	expect_equal "times that it woke up in 5 s" 0 $(($(sleeps) - before))
	stop
	expect_clean_but_idle
}

# expect_clean_but_idle: as expect_clean, where nothing had to be scheduled.
expect_clean_but_idle() {
	expect_equal status 0 "$status"
	expect_ended request
	expect_counter lost 0
}

ends_by_watchdog() {
	local file
	kernel_may_say "^\\[[^]]*\\] (sched_ext: |sysrq: )"
	# Later kernels keep some time for such tasks whatever real-time tasks do.
	for file in /sys/kernel/debug/sched/ext_server/cpu*/runtime; do
		[[ ! -e $file ]] || echo 0 >"$file"
	done
	echo -1 >"$rt_runtime"
	start --watchdog 1
	busy 1 taskset --cpu-list 2
	# It ends by itself: whoever would end it may need something that waits for this very CPU.
	taskset --cpu-list 2 chrt --fifo 50 "$tasks" busy-for 6 &
	loads+=($!)
	wait_for 60 is_over || complain "still running 60 s later: the kernel did not end it"
	finish
	end_loads
	expect_equal status 3 "$status"
	wait_for 60 is_disabled || complain "sched_ext is $(state)"
	expect_in "the kernel ended the scheduler: runnable task stall" "$dir/err"
	expect_in "failed to run for" "$dir/err"
	expect_in "its dump:" "$dir/err"
	grep -qE '^\| CPU 2 ' "$dir/err" || complain "its dump does not tell of CPU 2"
	expect_ended kernel
	expect_counter lost 0
	tasks_complete
}

nobody() {
	need_program setpriv
	setpriv --reuid 65534 --regid 65534 --clear-groups "$program" --mode "$mode" >"$dir/out" 2>"$dir/err"
	expect_equal status 77 $?
	expect_in CAP_SYS_ADMIN "$dir/err"
	[[ $mode == bpf ]] || expect_in CAP_IPC_LOCK "$dir/err"
	expect_equal state disabled "$(state)"
	# Root without the one capability that locks memory.
	[[ $mode == user ]] || return 0
	setpriv --bounding-set -ipc_lock "$program" --mode user >"$dir/out" 2>"$dir/err"
	expect_equal "status without CAP_IPC_LOCK" 77 $?
	expect_in CAP_IPC_LOCK "$dir/err"
}

# refuses STATUS TEXT OPTION...
refuses() {
	local wanted=$1 text=$2
	shift 2
	try "$@"
	[[ $status == "$wanted" ]] || complain "status of $* is $status, not $wanted: $(head -c 200 "$dir/err")"
	grep -qF -- "$text" "$dir/err" || complain "no '$text' in what $* says: $(head -c 200 "$dir/err")"
	grep -q attached "$dir/out" && complain "$* attached"
	expect_equal state disabled "$(state)"
}

refused() {
	printf 'name: wrong\norder: {rule: fifo}\nslice: {rule: fixed, max: 20 ms}\n' >"$dir/wrong.yaml"
	printf 'name: wrong\norder: {rule: lottery}\nslice: {rule: fixed, max: 20ms}\n' >"$dir/rule.yaml"
	printf '{' >"$dir/syntax.yaml"
	refuses 66 nonesuch --policy nonesuch
	refuses 66 nonesuch.yaml --policy "$dir/nonesuch.yaml"
	refuses 65 "20 ms" --policy "$dir/wrong.yaml"
	refuses 65 lottery --policy "$dir/rule.yaml"
	refuses 65 syntax.yaml --policy "$dir/syntax.yaml"
	refuses 64 slice.maximum --set slice.maximum=3ms
	refuses 64 3parsecs --set slice.max=3parsecs
	refuses 64 slice.max --set slice.max
	refuses 64 --stats --stats 0.01
	refuses 64 --duration --duration 0
	refuses 64 --duration --duration 2d
	refuses 64 --duration --duration 50ms
	refuses 64 --watchdog --watchdog 31
	refuses 64 --max-tasks --max-tasks 4
	refuses 64 --max-tasks --mode bpf --max-tasks 100
	refuses 64 sideways --mode sideways
}
