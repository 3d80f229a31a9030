# shellcheck shell=bash
# A daemon that does not answer, and tasks that do what tasks should not.

user stopped-daemon "the daemon is stopped for 3 s under load: others go on, and then it decides again" stopped_daemon
user killed-daemon "the daemon is killed under load" killed_daemon
add user full-ring "the daemon is stopped until its ring overflows" full_ring
add user few-tasks "--max-tasks 16, and more tasks than that: counted, none lost" few_tasks
user fork-storm "3000 short tasks" fork_storm 3000
user wakeup-storm "2000 sleepers wake at once" wakeup_storm 2000
user killed-tasks "tasks are killed while they wait" killed_tasks
user affinity "tasks that change their affinity all the time, and tasks of one CPU" affinity
user classes "tasks change between classes and weights" classes
user mixture "processes, forks, yields, switches and semaphores at once" mixture

stopped_daemon() {
	local before
	surviving
	more_statistics 2
	wait_for 60 policy_works || complain "the policy does not dispatch"
	before=$(recent fallback)
	kill -STOP "$scheduler"
	nap 3
	tasks_complete
	expect_equal state enabled "$(state)"
	kill -CONT "$scheduler"
	more_statistics 2
	[[ $mode == bpf ]] || (($(recent fallback) > before)) || complain "fallback stayed $before while the daemon was stopped"
	note "fallback $before to $(recent fallback)"
	survived
}

killed_daemon() {
	surviving
	more_statistics 2
	kill -KILL "$scheduler"
	finish
	expect_equal status 137 "$status"
	wait_for 60 is_disabled || complain "sched_ext is $(state)"
	tasks_complete
	expect_probe
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

fork_storm() { # COUNT
	begin_survival
	perl -e '
		for (1 .. $ARGV[0]) {
			my $child = fork // die "fork: $!";
			if (!$child) { my $sum = 0; $sum += $_ for 1 .. 100; exit($sum == 5050 ? 0 : 1) }
			if (++$running > 60) { wait; $bad++ if $?; $running-- }
		}
		while (wait != -1) { $bad++ if $? }
		exit($bad ? 1 : 0)' "$1" || complain "some of the tasks failed"
	survived
}

wakeup_storm() { # COUNT
	begin_survival
	perl -e '
		pipe(my $read, my $write) or die;
		pipe(my $answers, my $answer) or die;
		for (1 .. $ARGV[0]) {
			my $child = fork // die "fork: $!";
			next if $child;
			close $write;
			syswrite $answer, "a";
			sysread $read, my $byte, 1; # until the last writer is gone
			exit 0;
		}
		close $answer;
		for (my $got = 0; $got < $ARGV[0];) { $got += sysread($answers, my $bytes, 4096) // die }
		close $write;
		my $ended = 0;
		$ended++ while wait != -1;
		exit($ended == $ARGV[0] ? 0 : 1)' "$1" || complain "not all of the sleepers woke"
	survived
}

killed_tasks() {
	begin_survival
	perl -e '
		for my $round (1 .. $ARGV[0]) {
			my @children;
			for (1 .. 30) {
				my $child = fork // die "fork: $!";
				if (!$child) { 1 while 1 }
				push @children, $child;
			}
			kill "KILL", @children;
			waitpid $_, 0 for @children;
		}' "$(more 12 200)" || complain "the killer failed"
	survived
}

affinity() {
	local i id ids
	surviving
	for ((i = 0; i < $(nproc); i++)); do
		busy 1 taskset --cpu-list "$i"
	done
	ids=("${loads[@]:0:2}")
	for ((i = 0; i < $(more 20 400); i++)); do
		for id in "${ids[@]}"; do
			taskset --cpu-list --pid "$(((i + id) % $(nproc)))" "$id" >/dev/null || complain "taskset failed"
		done
	done
	for id in "${ids[@]}"; do
		taskset --cpu-list --pid "0-$(($(nproc) - 1))" "$id" >/dev/null
	done
	survived
}

# The real-time class is for the probe only, which sleeps: a loop in it would keep a CPU from what the commands
# that are to end it need.
classes() {
	local i id
	surviving
	for ((i = 0; i < $(more 8 120); i++)); do
		for id in "${loads[0]}" "${loads[1]}" "$prober"; do
			[[ $id != "$prober" ]] || chrt --fifo --pid 1 "$id" || complain "chrt --fifo failed"
			chrt --batch --pid 0 "$id" && renice -n $((i % 19)) -p "$id" >/dev/null && chrt --idle --pid 0 "$id" &&
				chrt --other --pid 0 "$id" || complain "chrt or renice failed"
		done
	done
	survived
}

mixture() {
	need_program stress-ng
	begin_survival
	stress-ng --quiet --no-rand-seed --timeout "$(more 3 20)" --cpu 2 --fork 1 --yield 2 --switch 1 --sem 1 --futex 1 --pipe 1 \
		>"$dir/stress" 2>&1 || complain "stress-ng: $(tail -n 2 "$dir/stress")"
	survived
}
