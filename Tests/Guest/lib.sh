# shellcheck shell=bash
# What the cases are written with. A case is a command that runs in a guest, in a process and a control group
# of its own; what it leaves running is ended. It complains about what is wrong and goes on, or fails and ends.

state_file=/sys/kernel/sched_ext/state
rt_runtime=/proc/sys/kernel/sched_rt_runtime_us
rt_runtime_before=$(cat $rt_runtime 2>/dev/null)

case_names=()
declare -A case_texts case_commands

# ---- Declaring

# add MODE NAME DESCRIPTION COMMAND...: MODE is user, bpf or none; the case finds it in $mode.
add() {
	case_names+=("$1/$2")
	case_texts[$1/$2]=$3
	case_commands[$1/$2]=${*:4}
}

# by_swift COMMAND...: in BPF mode, the Swift policy decides in the place of the C twin.
by_swift() {
	twin=swift
	"$@"
}

# both NAME DESCRIPTION COMMAND...: a case for each mode.
both() {
	add user "$@"
	add bpf "$@"
}

# user NAME..., bpf NAME...: for that mode; for the other one as well with --all. What is the same code in both.
user() {
	add user "$@"
	[[ -z ${THOROUGH:-} ]] || add bpf "$@"
}
bpf() {
	add bpf "$@"
	[[ -z ${THOROUGH:-} ]] || add user "$@"
}

# more DEFAULT ALL: a number of repetitions.
more() { if [[ -n ${THOROUGH:-} ]]; then echo "$2"; else echo "$1"; fi; }

# ---- Judging

complain() { printf '%s\n' "$*" >>"$dir/complaints"; }

fail() {
	complain "$*"
	exit 1
}

# note TEXT: shown in the case's line.
note() { printf '%s\n' "$*" >>"$dir/notes"; }

skip() {
	printf '%s\n' "$*" >"$dir/skip"
	exit 0
}

# known_defect TEXT: what was found wrong so far in this case, if anything, is known.
known_defect() {
	[[ -s $dir/complaints ]] || return 0
	printf 'known defect: %s (%s)\n' "$1" "$(paste -sd ';' "$dir/complaints")" >"$dir/skip"
	: >"$dir/complaints"
	exit 0
}

# kernel_may_say EXPRESSION: such lines in its log are meant to be there.
kernel_may_say() { printf '%s\n' "$1" >"$dir/kernel-may-complain"; }

expect_equal() { # WHAT EXPECTED FOUND
	[[ $2 == "$3" ]] || complain "$1 is '$3', not '$2'"
}

expect_in() { # TEXT FILE
	grep -qF -- "$1" "$2" || complain "no '$1' in ${2##*/}: $(head -c 300 "$2")"
}

need_program() {
	command -v "$1" >/dev/null || skip "needs $1"
}

# ---- Waiting: for what is to be, and never for a time

# nap SECONDS: without a process of its own.
exec {nap_pipe}<> <(:)
nap() { read -rt "$1" -u "$nap_pipe" || true; }

# wait_for SECONDS COMMAND...: until it succeeds; fails when the time is up.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS <= end)) || return 1
		nap 0.05
	done
}

# ---- The scheduler

state() { cat "$state_file"; }
is_disabled() {
	local state
	read -r state <"$state_file" && [[ $state == disabled ]]
}
ops() { cat /sys/kernel/sched_ext/root/ops 2>/dev/null; }

# How the program is to print: json, or text where that is what is tested.
format=json

# start [OPTION...]: attaches in $mode, and returns once it said so. Its output: $dir/out and $dir/err.
start() {
	: >"$dir/out" # of the one before, which said that it attached
	"$program" --mode "$mode" --stats-format "$format" "$@" >"$dir/out" 2>"$dir/err" &
	scheduler=$!
	wait_for 120 has_begun_or_ended || fail "not attached after 120 s"
	is_attached || fail "it did not attach: $(tail -n 3 "$dir/err")"
}

# Asked for often, so without a process.
is_attached() {
	local text=''
	[[ -e $dir/out ]] && IFS= read -rd '' text <"$dir/out"
	[[ $text == *'"type":"attached"'* || $text == attached:\ * || $text == *$'\n''attached: '* ]]
}
has_begun_or_ended() { is_attached || ! is_running; }
is_running() { kill -0 "$scheduler" 2>/dev/null; }
is_over() { ! is_running; }

# finish: waits for the scheduler's end; its status is in $status.
finish() {
	wait_for 120 is_over || {
		complain "still running 120 s later"
		where_it_is >>"$dir/complaints"
		kill -KILL "$scheduler"
	}
	wait "$scheduler" 2>/dev/null
	status=$?
}

# where_it_is: what each thread of the scheduler waits for.
where_it_is() {
	local task
	tail -n 3 "$dir/out" "$dir/err"
	for task in /proc/"$scheduler"/task/*; do
		printf 'thread %s (%s): %s\n' "${task##*/}" "$(<"$task/comm")" "$(awk '$1 == "State:"' "$task/status")"
		cat "$task/wchan" "$task/syscall" "$task/stack" 2>/dev/null
	done
}

# stop [SIGNAL]
stop() {
	kill "-${1:-INT}" "$scheduler" || complain "it ended before it was asked to: $(tail -n 3 "$dir/err")"
	finish
}

# try OPTION...: runs the program to its end, whatever it says; leaves $status.
try() {
	"$program" "$@" >"$dir/out" 2>"$dir/err"
	status=$?
}

# told TYPE: the lines of that type. Without it: each line of the output.
told() { grep "^{\"version\":1,\"type\":\"$1\"" "$dir/out"; }

# number NAME: of that field, in each of the lines that are read.
number() { sed -nE "s/.*\"$1\":([0-9]+).*/\\1/p"; }

# last_told TYPE [BEFORE]: the last line of that type, or of so many before it, in $line. Asked for often and beside busy
# loops, where each process of its own would wait for its turns: so without one.
last_told() {
	local lines=()
	mapfile -t lines <"$dir/out"
	local i=${#lines[@]} left=${2:-0}
	while ((--i >= 0)); do
		line=${lines[i]}
		[[ $line != '{"version":1,"type":"'"$1"'"'* ]] || ((left-- > 0)) || return 0
	done
	line=
	return 1
}

# number_of NAME: of that field in $line; nothing if it has none.
number_of() { [[ ! $line =~ \"$1\":([0-9]+) ]] || echo "${BASH_REMATCH[1]}"; }

# counter NAME: from the summary; empty if it is not there.
counter() {
	local line
	if [[ $format == json ]]; then
		last_told summary
		number_of "$1"
	else
		awk -v name="$1" '/^counters:/ { in_counters = 1 } in_counters && $1 == name { print $2 }' "$dir/out"
	fi
}

# recent NAME: from the last line of statistics.
recent() {
	local line
	last_told statistics
	number_of "$1"
}

lines_of_statistics() {
	local count=0 line
	while IFS= read -r line; do
		[[ ! $line =~ ^(\{\"version\":1,\"type\":\"statistics\"|\ *[0-9]+s\ \ ) ]] || count=$((count + 1))
	done <"$dir/out"
	echo $count
}

# expect_ended BY: request or kernel; it told so last of all.
expect_ended() {
	case $format-$1 in
	text-request) expect_in "detached after" "$dir/out" ;;
	text-kernel) expect_in "ended by the kernel after" "$dir/out" ;;
	*) told ended | tail -n 1 | grep -qF "\"by\":\"$1\"" || complain "it did not say that it ended by $1: $(tail -n 1 "$dir/out" | head -c 300)" ;;
	esac
}

has_lines_of_statistics() { (($(lines_of_statistics) >= $1)); }

# more_statistics COUNT: waits for as many lines more.
more_statistics() {
	wait_for 120 has_lines_of_statistics $(($(lines_of_statistics) + $1)) || complain "no more lines of statistics"
}

expect_counter() { # NAME VALUE
	expect_equal "counter $1" "$2" "$(counter "$1")"
}

expect_positive() { # NAME
	(($(counter "$1") > 0)) || complain "counter $1 is '$(counter "$1")', not above 0"
}

# expect_clean: it ended because it was asked to, nothing was lost, and it did work.
expect_clean() {
	end_loads # what follows is as well looked at without them, in less time
	expect_equal status 0 "$status"
	wait_for 60 is_disabled || complain "sched_ext is $(state) afterwards"
	expect_ended request
	[[ ! -s $dir/err ]] || complain "it said: $(head -n 3 "$dir/err")"
	expect_counter lost 0
	expect_counter no-state 0
	(($(counter dispatched) + $(counter direct) + $(counter sole) > 0)) || complain "the policy dispatched nothing"
	[[ $mode != user ]] || expect_daemon_well
}

expect_daemon_well() {
	expect_counter strange 0
	# Before its first turn the daemon has not yet taken stock of them.
	(($(counter passes) <= 1)) || {
		expect_counter page-faults 0
		expect_counter daemon-allocs 0
	}
	[[ -e $dir/notes-may-be-lost ]] || expect_counter notes-lost 0
}

# taken: how often a task that waited was taken from a queue, by whichever way.
taken() {
	local name sum=0
	for name in dispatched direct sole fallback lost given-up; do
		sum=$((sum + $(counter $name)))
	done
	echo $sum
}

# expect_sums [LEFT]: a task is taken once for each time it waited, but for those that wait at the end, and LEFT that
# left their queue. The counters are read one after another while tasks go on: hence a hundred.
expect_sums() {
	local waited taken left=$((${1:-0} + 100))
	waited=$(counter enqueued)
	taken=$(taken)
	((taken <= waited + 100)) || complain "$taken tasks taken from the queues, only $waited waited"
	((waited <= taken + left)) || complain "$waited tasks waited, only $taken taken from the queues"
}

# ---- Loads

loads=()

# busy COUNT [COMMAND...]: loops in the background, each started by COMMAND.
busy() {
	local i count=$1
	shift
	for ((i = 0; i < count; i++)); do
		"$@" bash -c 'while :; do :; done' &
		loads+=($!)
	done
}

# talk: four tasks that wake each other, for as long as the case lasts.
talk() {
	need_program hackbench
	while :; do hackbench --groups 1 --fds 2 --loops 500 >/dev/null 2>&1; done &
	loads+=($!)
}

# tasks_complete: eight tasks that wake each other get to their end.
tasks_complete() {
	need_program hackbench
	hackbench --groups 1 --fds 4 --loops 5 >"$dir/hackbench" 2>&1 || complain "hackbench: $(tail -n 1 "$dir/hackbench")"
}

# run_tasks NAME [NUMBER...]: tasks.c to its end.
run_tasks() {
	"$tasks" "$@" >"$dir/out-$1" 2>"$dir/err-$1" || complain "tasks $* failed: $(tail -n 1 "$dir/err-$1")"
}

# probe: a task that wants to run every 5 to 15 ms.
probe() {
	"$tasks" probe >"$dir/probe" 2>&1 &
	prober=$!
}

# The longest wait of a probe, and where it does not say otherwise, of every case. Some 4 ticks of the guest's
# clock for each of the busy tasks that may go first; ten times what was seen.
probe_limit_ms=1000

# expect_probe: notes its longest wait, which is not above $probe_limit_ms.
expect_probe() {
	local us when
	kill -INT "$prober" 2>/dev/null
	wait "$prober"
	read -r us when < <(sed -nE 's/^longest ([0-9]+) us, after ([0-9]+) ms.*/\1 \2/p' "$dir/probe")
	[[ -n ${us:-} ]] || fail "the probe found nothing: $(tail -n 2 "$dir/probe")"
	note "longest wait $((us / 1000)) ms"
	((us <= probe_limit_ms * 1000)) ||
		complain "the probe waited $((us / 1000)) ms, which is above $probe_limit_ms ms, $((when / 1000)) s after it began"
}

end_loads() {
	((${#loads[@]} == 0)) || kill -KILL "${loads[@]}" 2>/dev/null
	loads=()
}

# switches: context switches of the machine so far.
switches() { awk '$1 == "ctxt" { print $2 }' /proc/stat; }
have_switched() { (($(switches) >= $1)); }

# cpu_time CGROUP: microseconds that its tasks ran.
cpu_time() { awk '$1 == "usage_usec" { print $2 }' "$1/cpu.stat"; }
has_run() { (($(cpu_time "$1") > $2)); } # CGROUP MICROSECONDS

# policy_works: the last two lines of statistics tell of tasks that the policy picked in between.
policy_works() {
	local line now before
	last_told statistics && [[ $line =~ \"dispatched\":([0-9]+) ]] || return 1
	now=${BASH_REMATCH[1]}
	last_told statistics 1 && [[ $line =~ \"dispatched\":([0-9]+) ]] || return 1
	before=${BASH_REMATCH[1]}
	((now > before))
}

# ---- Survival

# surviving [OPTION...]: the scheduler, some load, and a probe.
surviving() {
	begin_survival "$@"
	busy 2
	talk
}

# begin_survival [OPTION...]: the same without the load, where the case itself is load enough.
begin_survival() {
	start --stats 0.3 "$@"
	probe
}

# goes_on: everybody does, and the policy decides; but where the daemon is $too_slow for that.
goes_on() {
	is_running || fail "the scheduler ended: $(tail -n 3 "$dir/err")"
	busy 4
	tasks_complete
	more_statistics 1
	[[ ${too_slow:-} ]] || wait_for 60 policy_works || complain "the policy does not dispatch any more"
	end_loads # the probe is looked at without them, in less time
	expect_probe
}

# survived [LEFT]: they go on, and the counters add up: LEFT tasks may have left a queue without being taken from
# it, since they ended there, or changed their class or their CPUs.
survived() {
	goes_on
	stop
	expect_clean
	expect_sums "${1:-0}"
	note_if_positive fallback
	note_if_positive rescued
}

note_if_positive() { # COUNTER
	local count
	count=$(counter "$1")
	((count == 0)) || note "$1 $count"
}

# tells_no_loss: of a scheduler that gave no summary, as its last line of statistics has it.
tells_no_loss() {
	expect_equal "the last line's 'lost'" 0 "$(recent lost)"
}

# all_run ID...: each of these busy tasks runs from now on.
all_run() { run_tasks all-run "$@"; }

# busy_on CPU: what it ran tasks, in ticks.
busy_on() { awk -v cpu="cpu$1" '$1 == cpu { print $2 + $3 }' /proc/stat; }

has_run_on() { (($(busy_on "$1") > $2 + 10)); } # CPU TICKS

# What stands in the way of others there: its ticks, and who runs, with the kernel's stack.
who_has() { # CPU
	local task
	grep "^cpu$1" /proc/stat | paste -sd ';'
	ps -eLo psr,stat,tid,times,comm | awk -v cpu="^$1\$" '$1 ~ cpu && $2 ~ /^[RD]/ { print $3 }' | while read -r task; do
		echo "$(ps -o comm=,psr=,stat=,times= "$task"): $(paste -sd ' ' "/proc/$task/stack");"
	done
}

every_cpu_is_used() {
	local cpu
	for ((cpu = 0; cpu < 4; cpu++)); do
		wait_for 60 has_run_on $cpu "$(busy_on $cpu)" || complain "CPU $cpu runs no tasks: $(who_has $cpu)"
	done
}
