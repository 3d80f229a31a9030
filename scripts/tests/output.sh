# shellcheck shell=bash
# Tests of what the program does with its streams, as a process; they need it built, in debug or release.

program=$scripts/../.build/debug/sched-proto
[[ -x $program && ! $scripts/../.build/release/sched-proto -nt $program ]] || program=$scripts/../.build/release/sched-proto
[[ -x $program ]] || {
	echo "run.sh: there is no $program: run 'make build' first" >&2
	exit 69
}
program=$(readlink -f "$program")

. "$here/arguments.sh"

# A trap, an abort or a signal: never.
expect_no_trap() { # STATUS WHAT
	(($1 < 128)) || complain "$2: it ended by a signal, with status $1"
}

# run_with WHAT HOW COMMAND...: WHAT is out, err or both, HOW is closed, full or broken; leaves $status, and
# what the streams that still work got in $output and $errors.
run_with() {
	local what=$1 how=$2
	shift 2
	: >"$folder/output" >"$folder/errors"
	status=0
	(
		cd "$folder" || exit
		exec </dev/null >"$folder/output" 2>"$folder/errors"
		if [[ $how == broken ]]; then
			# A pipe whose reader is gone.
			exec {pipe}> >(exit 0)
			wait $!
		fi
		case $what-$how in
		out-closed) exec >&- ;;
		err-closed) exec 2>&- ;;
		both-closed) exec >&- 2>&- ;;
		out-full) exec >/dev/full ;;
		err-full) exec 2>/dev/full ;;
		both-full) exec >/dev/full 2>/dev/full ;;
		out-broken) exec >&"$pipe" ;;
		err-broken) exec 2>&"$pipe" ;;
		both-broken) exec >&"$pipe" 2>&1 ;;
		esac
		[[ -z ${pipe:-} ]] || exec {pipe}>&-
		exec "$@"
	) || status=$?
	output=$(tr -d '\000' <"$folder/output") errors=$(<"$folder/errors")
}

# expect_everywhere NAME STATUS STATUS_WITHOUT_OUTPUT COMMAND...: with standard error out of order it ends as ever,
# without standard output with the other one.
expect_everywhere() {
	local name=$1 well=$2 unwritten=$3 what how wanted
	shift 3
	for what in out err both; do
		for how in closed full broken; do
			run_with $what $how "$@"
			wanted=$well
			[[ $what == err ]] || wanted=$unwritten
			[[ $status == "$wanted" ]] || complain "$name, $what $how: status $status, not $wanted: $errors"
			[[ $what != out || $status != 74 ]] || expect_in "standard output cannot be written: " "$errors"
		done
	done
}

test_policy_with_streams_out_of_order() {
	expect_everywhere "policy list" 0 74 "$program" policy list
	expect_everywhere "policy show" 0 74 "$program" policy show fifo
	expect_everywhere "policy check" 0 74 "$program" policy check --json fifo
	expect_everywhere "policy reference" 0 74 "$program" policy reference
	# What fails keeps its own status.
	expect_everywhere "policy check nonesuch" 66 66 "$program" policy check nonesuch
	expect_everywhere "--help" 0 74 "$program" --help
	expect_everywhere "--version" 0 74 "$program" --version
	expect_everywhere "wrong usage" 64 64 "$program" --stats x
	expect_everywhere "trace show" 0 74 "$program" trace show "$scripts/../Sources/PolicyModel/Shipped/traces/fifo-realistic-9.trace"
}

test_conform_with_streams_out_of_order() {
	expect_everywhere conform 0 74 "$program" conform --lanes swift,native --events 5000
	expect_everywhere "conform --json" 0 74 "$program" conform --lanes swift,native --events 5000 --json
	expect_everywhere "conform of a policy that is not there" 66 66 "$program" conform --policy nonesuch
	if ((EUID == 0)); then
		# The maps of the bytecode lane must not take the number of a closed stream.
		expect_everywhere "conform, all lanes" 0 74 "$program" conform --events 5000 --policy fifo
	fi
}

test_run_with_streams_out_of_order() {
	if [[ -e /sys/kernel/sched_ext/state && $EUID == 0 ]]; then
		skip="this kernel could be scheduled for real"
		return
	fi
	# Without rights 77, without sched_ext 69: nothing is printed to standard output.
	run "$program" --duration 1
	local wanted=$status
	[[ $wanted == 69 || $wanted == 77 ]] || complain "status $wanted"
	expect_everywhere run "$wanted" "$wanted" "$program" --duration 1
	expect_everywhere "run of a policy that is not there" 66 66 "$program" --policy nonesuch
}

test_a_limit_on_file_sizes_is_no_death() {
	run bash -c 'ulimit -f 1 && "$1" policy reference >"$2/limited"' x "$program" "$folder"
	expect_status 74
	expect_in "File too large" "$errors"
}

test_lines_of_both_streams_do_not_mix() {
	local i
	run bash -c '"$1" policy check fifo fair /nonesuch deadline nonesuch >"$2/one" 2>&1' x "$program" "$folder"
	expect_status 66
	expect_equal "lines" "fifo: ok (name fifo)
fair: ok (name fair)
deadline: ok (name deadline)
sched-proto: /nonesuch: there is no such file (No such file or directory)
\"nonesuch\": no such policy; deadline, fair, fifo and interactive are known, a file is written with a slash or .yaml" \
		"$(<"$folder/one")"
	run bash -c '"$1" conform --lanes swift,native --for 3s --json >"$2/two" 2>&1' x "$program" "$folder"
	# The notes on progress and the summary: each a whole line.
	expect_equal "broken lines" "" "$(grep -vE '^(seed [0-9]+|[0-9.]+ M events, .* events/s|[][{} ].*|[{}])$' "$folder/two")"
}

# full_pipe: a pipe that takes nothing, and that nobody reads, as descriptor 7 and $folder/pipe.
full_pipe() {
	rm -f "$folder/pipe"
	mkfifo "$folder/pipe"
	exec 7<>"$folder/pipe"
	timeout 1 cat /dev/zero >&7
}

test_the_time_limit_holds_whoever_reads() {
	local words lines
	full_pipe
	for words in "conform --lanes swift,native --for 3s" "simulate --for 3s --mode bpf --policy fifo --seed 1"; do
		# shellcheck disable=SC2086
		run timeout -k 1 20 bash -c '"$@" 2>&7' x "$program" $words
		[[ $status == 0 ]] || complain "status of $words: $status"
		[[ -n $output ]] || complain "no figures of $words"
	done
	# What is printed at first waits until the end, and the work does not.
	(
		sleep 4
		exec timeout 20 cat "$folder/pipe" 7>&-
	) 2>/dev/null | tr -d '\000' >"$folder/read" 7>&- &
	run timeout -k 1 20 bash -c '"${@:2}" >"$1" 7>&-' x "$folder/pipe" "$program" simulate --for 1s --mode bpf --policy fifo --seed 1
	exec 7>&-
	wait
	expect_status 0
	lines=$(<"$folder/read")
	[[ $lines == "seed "*$'\n'[1-9]*" runs, "* ]] || complain "no runs, or in another order: $lines"
}

# Ctrl-C, and kill: the figures so far, and the end by that signal.
test_an_interrupted_run_tells_its_figures() {
	local words wanted signal
	for words in "130 INT conform --lanes swift,native --for 1h" "143 TERM conform --lanes swift,native" \
		"130 INT conform --lanes swift,native --exhaustive 8" "143 TERM simulate --for 1h --mode bpf --policy fifo --seed 1" "130 INT simulate --campaign 1000000000 --mode bpf --policy fifo --seed 1"; do
		read -r wanted signal words <<<"$words"
		# shellcheck disable=SC2086
		run timeout --foreground --preserve-status -k 20 -s "$signal" 2 "$program" $words
		[[ $status == "$wanted" ]] || complain "status of $words: $status, not $wanted"
		expect_in "interrupted by SIG$signal" "$output"
		grep -qE '^events +[1-9]|^[1-9][0-9]* runs' <<<"$output" || complain "no figures of $words: $output"
	done
	# It reaches the process twice here, itself and with its group, and is one all the same.
	run timeout --preserve-status -k 20 1 "$program" conform --lanes swift,native --json
	expect_status 143
	expect_in '"interrupted": true' "$output"
	expect_in '"verdict": "incomplete"' "$output"
	# What is ignored stays so.
	run bash -c 'trap "" INT; "$1" conform --lanes swift,native --for 2s & sleep 1; kill -INT $!; wait $!' x "$program"
	expect_status 0
}

# Nobody reads: figures are waited for until a signal comes, whether it comes before they are printed or meanwhile.
test_one_signal_ends_what_nobody_reads() {
	local words wanted signal began
	full_pipe
	for words in "143 TERM 1.5 conform --lanes swift,native --events 5000" "130 INT 1.5 conform --lanes swift,native --events 5000 --json" \
		"143 TERM 1 conform --lanes swift,native --for 1h" "130 INT 1 conform --lanes swift,native --exhaustive 8" \
		"143 TERM 1.5 simulate --campaign 1 --mode bpf --policy fifo --seed 1" "130 INT 1 simulate --for 1h --mode bpf --policy fifo --seed 1"; do
		read -r wanted signal began words <<<"$words"
		# In the background they would be ignored, as nohup has it.
		# shellcheck disable=SC2016,SC2086
		run env --default-signal=INT,TERM bash -c 'set -m; "${@:4}" >&7 2>"$3/words" & sleep "$1"; kill -"$2" $!; begin=${EPOCHREALTIME/./}
			timeout 20 tail -s 0.1 --pid=$! -f /dev/null || kill -KILL $!
			wait $!; status=$?; echo $((${EPOCHREALTIME/./} - begin)); exit $status' \
			x "$began" "$signal" "$folder" "$program" $words
		[[ $status == "$wanted" ]] || complain "status of $words: $status, not $wanted"
		# Half of a second, and what a busy machine takes.
		((output < 1500000)) || complain "$words: it took $output us"
	done
	exec 7>&-
}

test_an_interrupted_proof_says_so() {
	command -v z3 >/dev/null || {
		skip="needs z3"
		return
	}
	run timeout --foreground --preserve-status -k 20 -s TERM 2 "$program" prove --json
	expect_status 143
	expect_in '"verdict": "not proven"' "$output"
	expect_in '"reason": "interrupted by SIGTERM after ' "$output"
	run timeout --foreground --preserve-status -k 20 -s INT 2 "$program" prove
	expect_status 130
	expect_in "not proven: interrupted by SIGINT after " "$output"
}

# Nothing that a terminal acts on may reach it, wherever it comes from.
test_nothing_acts_on_the_terminal() {
	local name=$'a\e[31mb\u202ec\nd.yaml' words
	printf 'name: x\norder: {rule: lottery}\n' >"$folder/$name"
	printf 'no trace' >"$folder/x.trace"
	for words in "policy check|./$name" "policy check|/nonesuch/$name" "policy show|$name" "policy diff|./$name|fifo" \
		"policy check|--json|./$name" "conform --policy|./$name" "conform --replay|./$name" "conform --record|/nonesuch/$name|--policy|fifo" \
		"trace show|$name" "--policy|./$name" "--set|$name" "--mode|$name" "--$name" "$name" "policy|$name" "exec|--$name" \
		"conform --policy fifo --lanes swift,native --events 100 --record|$name.trace" "conform --policy|$name"; do
		run_words "$words"
		! grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xae' "$folder/output" "$folder/errors" ||
			complain "'${words//[^[:print:]]/.}' prints what a terminal acts on: $(cat -v "$folder/errors" "$folder/output")"
		expect_no_trap "$status" "$words"
	done
}

# run_words WORDS: in $folder; blanks separate words before the first "|", only "|" behind it.
run_words() {
	local first=${1%%|*} rest=() words=()
	read -ra words <<<"$first"
	[[ $first != *$'\n'* && $first != *$'\e'* ]] || words=("$first")
	[[ $1 != *"|"* ]] || IFS='|' read -rd '' -a rest <<<"${1#*|}"
	((${#rest[@]} == 0)) || rest[-1]=${rest[-1]%$'\n'}
	cd "$folder" || exit
	run "$program" "${words[@]}" ${rest[@]+"${rest[@]}"}
	cd - >/dev/null || exit
}

test_arguments_that_are_no_text() {
	run "$program" policy check $'\xff.yaml'
	expect_status 64
	expect_in 'argument 3 is not UTF-8 text: \xff.yaml' "$errors"
}

test_unknown_commands_are_named() {
	run "$program" runn
	expect_status 64
	expect_in "did you mean run?" "$errors"
	run "$program" help conformm
	expect_status 64
	expect_in "did you mean conform?" "$errors"
	run "$program" policy lst
	expect_status 64
	expect_in "did you mean list?" "$errors"
	run "$program" --help polcy
	expect_status 64
	expect_in "did you mean policy?" "$errors"
	run "$program" policy --help lst
	expect_status 64
	expect_in "did you mean list?" "$errors"
	local words
	for words in "policy show" "conform" "policy" "run"; do
		# shellcheck disable=SC2086
		run "$program" --help $words
		expect_status 0
		expect_in "USAGE: sched-proto $words" "$output"
	done
	run "$program" -h --policy nonesuch
	expect_status 0
	expect_in "USAGE: sched-proto" "$output"
	run "$program" help run extra
	expect_status 64
	run "$program" help conform
	expect_status 0
	expect_in "--exhaustive" "$output"
}

test_exec_has_help_and_leaves_arguments_alone() {
	run "$program" exec --help
	expect_status 0
	expect_in "USAGE: sched-proto exec" "$output"
	run "$program" exec --nonsense
	expect_status 64
	run "$program" exec
	expect_status 64
}

test_the_version_is_that_of_the_changelog() {
	run "$program" --version
	expect_status 0
	expect_equal version "$(sed -nE 's/^## \[([0-9.]+)\].*/\1/p' "$scripts/../CHANGELOG.md" | head -n 1)" "$output"
}

# refuses TEXT WORDS...: wrong usage of conform.
refuses() {
	local text=$1
	shift
	run "$program" conform "$@"
	[[ $status == 64 ]] || complain "status of conform $*: $status, not 64: $errors"
	expect_in "$text" "$errors"
}

test_options_that_would_be_ignored_are_refused() {
	local trace=$scripts/../Sources/PolicyModel/Shipped/traces/fifo-realistic-9.trace
	refuses "--events would be ignored with --exhaustive" --exhaustive 2 --events 5
	refuses "--shard would be ignored with --exhaustive" --exhaustive 2 --shard 0/2
	refuses "--seed would be ignored with --exhaustive" --exhaustive 2 --policy fifo --seed 1
	refuses "--hostile is for --record" --hostile
	refuses "--policy would be ignored with --replay" --replay "$trace" --policy fifo
	refuses "--set, --seed would be ignored with --replay" --replay "$trace" --set slice.max=3ms --seed 1
	refuses "--for would be ignored with --record" --record "$folder/x" --policy fifo --for 1s
	refuses "--json would be ignored with --record" --record "$folder/x" --policy fifo --json
	refuses "--events, --shard would be ignored with --round" --round 1 --seed 1 --events 4 --shard 0/2
	refuses "--round needs the --seed" --round 1
	refuses "random policies have no settings" --policy random --set slice.max=3ms
	refuses "--set would be ignored by the random policies" --set slice.max=3ms
	refuses "--for" --for 366d
	run "$program" --mode user --twin swift
	expect_status 64
	expect_in "--twin swift is for BPF mode" "$errors"
}

# simulating STATUS TEXT WORDS...: how simulate ends, and what it says.
simulating() {
	local wanted=$1 text=$2
	shift 2
	run "$program" simulate "$@"
	[[ $status == "$wanted" ]] || complain "status of simulate $*: $status, not $wanted: $errors"
	expect_in "$text" "$errors"
}

test_simulate_refuses_what_it_would_ignore() {
	local option
	for option in --cpus=2 --seconds=1 --load=loop:1 --fault=affinity=5ms --overlap=3 --ask-always --max-tasks=20; do
		simulating 64 "${option%%=*} would be ignored with --campaign" --campaign 1 "$option"
		simulating 64 "${option%%=*} would be ignored with --replay" --replay x "$option"
		simulating 64 "${option%%=*} would be ignored with --log" --log x "$option"
	done
	for option in --cpus=2 --load=loop:1 --mode=bpf --limit=wait=1s --keep-going; do
		simulating 64 "${option%%=*} would be ignored with --bench" --bench "$option"
	done
	simulating 64 "--set would be ignored by random policies" --campaign 1 --set slice.max=5ms
	simulating 64 "--keep-going is for" --load loop:1 --keep-going
	simulating 64 "is for --mode user" --load loop:1 --ask-always
	simulating 64 "is for --mode user" --load loop:1 --max-tasks 20
	simulating 64 "is for --mode user" --load loop:1 --fault daemon=spins
	for option in daemon-at daemon-for daemon-every; do
		simulating 64 "--fault $option has no effect without daemon=" --mode user --load loop:1 --fault $option=5ms
	done
	simulating 64 "kick-late has no effect without kick-late-ppm" --load loop:1 --fault kick-late=5ms
	simulating 64 "kick-late-ppm has no effect without kick-late" --load loop:1 --fault kick-late-ppm=5
	for option in 4294967295 -1 0 15 1048577; do
		simulating 64 "allowed are 16...1048576" --mode user --load loop:2 --max-tasks="$option"
	done
	simulating 64 "run is given twice" --load loop:1,run=1ms,run=2ms
	simulating 64 "affinity is given twice" --load loop:1 --fault affinity=1ms --fault affinity=2ms
	simulating 0 "" --campaign 1 --mode user --seed 4 --keep-going
	simulating 0 "" --mode user --load loop:2 --seconds 0.05 --max-tasks 16
	run "$program" prove --replace native=a --replace native=b
	expect_status 64
	expect_in "native is replaced twice" "$errors"
}

test_a_benchmark_of_a_policy_is_one_in_both_modes() {
	simulating 0 "" --bench --policy deadline --seconds 0.05
	expect_equal "modes and policies" "bpf/deadline user/deadline" "$(sed 's/:.*//' <<<"$output" | paste -sd ' ')"
	simulating 0 "" --bench --seconds 0.05
	expect_equal "modes and policies" "bpf/fifo bpf/fair bpf/interactive user/fifo user/fair user/interactive" \
		"$(sed 's/:.*//' <<<"$output" | paste -sd ' ')"
}

test_a_simulation_of_nothing_is_none() {
	local title="sched-proto simulation 1" logs=$scripts/../Tests/KernelLog/Logs
	simulating 64 "without --load" --seconds 0.05
	simulating 64 "--seconds" --load loop:1 --seconds 1e-12
	simulating 5 "nothing was compared" --load loop:1 --seconds 1e-9
	printf '%s\n' "$title" >"$folder/x.txt"
	simulating 5 "there is no load" --replay "$folder/x.txt"
	printf '%s\n' "$title" "load loop:2" "time 0" >"$folder/x.txt"
	simulating 5 "nothing was compared" --replay "$folder/x.txt"
	printf '%s\n' "$title" "load loop:2" "cpus 4" "cpus 8" >"$folder/x.txt"
	simulating 65 "cpus is given twice" --replay "$folder/x.txt"
	printf '%s\n' "$title" "load loop:2" "mode bpf" "fault daemon=spins" >"$folder/x.txt"
	simulating 65 "line 4: 'fault daemon=spins' is for mode user" --replay "$folder/x.txt"
	printf '\xef\xbb\xbf%s\r\n' "$title" "load loop:2" "time 10ms" | sed '2,$s/^\xef\xbb\xbf//' >"$folder/x.txt"
	simulating 0 "" --replay "$folder/x.txt"
	printf '%s\n' "$title" "load loop:2" "policy nonesuch" "set slice.max=5ms" >"$folder/x.txt"
	simulating 65 "no such policy" --replay "$folder/x.txt"
	zcat "$logs/linux-6.18-1-changes-bpf.log.gz" | head -n 1 >"$folder/title.log"
	simulating 5 "nothing was compared" --log "$folder/title.log"
	sed 's/ bpf / foo /' "$folder/title.log" >"$folder/foo.log"
	simulating 65 "foo.log: line 1: its mode is neither bpf nor user" --log "$folder/foo.log"
	sed '1p; s/.*/1 2 3/' "$folder/title.log" >"$folder/short.log"
	simulating 65 "short.log: line 2: it has fewer than 7 fields" --log "$folder/short.log"
	simulating 65 "unpack it first (gunzip)" --log "$logs/linux-6.18-1-changes-bpf.log.gz"
}

test_a_kept_scenario_runs_again_without_its_policy() {
	"$program" policy show fair | sed 's/^name:.*/name: mine/' >"$folder/mine.yaml"
	mkdir -p "$folder/kept"
	cd "$folder/kept" || return
	simulating 4 wait --campaign 1 --seed 1 --policy ../mine.yaml --limit wait=1ns
	rm ../mine.yaml
	simulating 4 wait --replay simulation-1-bpf.txt
	cd - >/dev/null || return
}

test_files_that_cannot_be_read_say_why() {
	local option
	mkfifo "$folder/fifo"
	printf '\xff' >"$folder/bytes"
	for option in --replay --log; do
		simulating 66 "No such file or directory" "$option" /nonesuch
		simulating 66 "not a regular file" "$option" "$folder/fifo"
		simulating 66 "a folder" "$option" "$folder"
		simulating 65 "bytes: " "$option" "$folder/bytes"
	done
	run "$program" trace show ""
	expect_status 66
	expect_in '"": No such file' "$errors"
	truncate -s 1500M "$folder/sparse"
	run "$program" trace show "$folder/sparse"
	expect_status 65
	# What may not be read: as somebody who is not root.
	((EUID == 0)) && command -v setpriv >/dev/null || {
		skip="that a file may not be read needs root and setpriv"
		return
	}
	mkdir "$folder/open" && chmod 755 "$folder" "$folder/open" && echo x >"$folder/open/secret"
	chmod 600 "$folder/open/secret" && cp "$program" "$folder/open/program"
	for option in "simulate --replay" "simulate --log" "trace show" "conform --lanes swift,native --replay"; do
		# shellcheck disable=SC2086
		run setpriv --reuid 65534 --regid 65534 --clear-groups "$folder/open/program" $option "$folder/open/secret"
		[[ $status != 126 && $status != 127 ]] || {
			skip="nobody else can run the program: its libraries are out of reach"
			return
		}
		expect_status 77
	done
}

test_a_new_package_is_whole_or_not_there() {
	local name
	for name in any self u_int64 default Upper ""; do
		run "$program" new "$name"
		expect_status 64
	done
	cd "$folder" || return
	(
		ulimit -f 1
		exec "$program" new halfway 2>errors-halfway
	)
	expect_equal "status with a full disk" 73 $?
	expect_in "File too large" "$(<errors-halfway)"
	expect_equal "what is left" "" "$(find . -name 'halfway*' -o -name '.sched-proto-*')"
	run "$program" new halfway --library "$scripts/.."
	expect_status 0
	[[ -x halfway/effect.sh && -s halfway/Package.swift ]] || complain "files lack"
	run "$program" new halfway --library "$scripts/.."
	expect_status 73
	expect_in "exists already" "$errors"
	# By a version of a repository.
	run "$program" new tagged --library https://example.org/there/Sched-Proto.git --tag 1.2.3
	expect_status 0
	expect_in 'url: "https://example.org/there/Sched-Proto.git", exact: "1.2.3"' "$(<tagged/Package.swift)"
	expect_in 'package: "sched-proto"' "$(<tagged/Package.swift)"
	expect_in "make -C .build/checkouts/Sched-Proto guest" "$output"
	for name in "--library https://example.org/x.git" "--tag 1.2.3" "--library $scripts --tag 1.2" "--library $scripts --tag v1.2.3"; do
		# shellcheck disable=SC2086  # words
		run "$program" new other $name
		expect_status 64
	done
	run "$program" new other --library "$folder/nowhere" --tag 1.2.3
	expect_status 66
	cd - >/dev/null || return
}

test_a_proof_of_nothing_is_none() {
	run "$program" conform --lanes swift,native --exhaustive 8 --for 1s --json
	expect_status 5
	expect_in '"verdict": "incomplete"' "$output"
	expect_in '"identical": false' "$output"
	expect_in "time is up: " "$output"
	expect_in "and none of fair, fifo, interactive" "$errors"
	run "$program" conform --lanes swift,native --exhaustive 2 --policy fifo --json
	expect_status 0
	expect_in '"verdict": "identical"' "$output"
	grep -qE '"traces": [1-9]' <<<"$output" || complain "no traces"
}

test_a_trace_is_shown() {
	local trace=$scripts/../Sources/PolicyModel/Shipped/traces/fifo-realistic-9.trace
	run "$program" trace show "$trace"
	expect_status 0
	expect_in "events: 150, digest" "$output"
	expect_equal "lines of events" 150 "$(grep -cE ' (ENQUEUE|RUNNING|DISPATCH|EXIT) ' <<<"$output")"
	run "$program" trace show --json "$trace"
	expect_status 0
	expect_equal "objects" 151 "$(grep -c '^{"' <<<"$output")"
	if command -v python3 >/dev/null; then
		python3 -c 'import json, sys; [json.loads(line) for line in sys.stdin]' <<<"$output" 2>/dev/null || complain "it is no JSON"
	fi
	run "$program" trace show "$scripts/../README.md"
	expect_status 65
}

# The same as of a pair: its numbers mean something else, which another program makes no policy of.
test_a_trace_of_another_policy_is_not_shown() {
	command -v python3 >/dev/null || {
		skip="needs python3"
		return
	}
	python3 - "$scripts/../Sources/PolicyModel/Shipped/traces/fifo-realistic-9.trace" "$folder/other.trace" <<-'END'
		import struct, sys
		data = bytearray(open(sys.argv[1], 'rb').read())
		size, = struct.unpack_from('<I', data, 20)
		count, = struct.unpack_from('<Q', data, 32)
		struct.pack_into('<I', data, 48 + 11 * 4, 7) # sp_policy.pair
		check = 0xcbf29ce484222325
		def seal(begin, end):
		    global check
		    for byte in data[begin:end]:
		        check = (check ^ byte) * 0x100000001b3 % 2**64
		    struct.pack_into('<Q', data, end, check)
		seal(0, 48 + size)
		begin = 56 + size
		record = (len(data) - 16 - begin) // count
		for number in range(count):
		    seal(begin + number * record, begin + (number + 1) * record - 8)
		seal(begin + count * record, len(data) - 8)
		open(sys.argv[2], 'wb').write(data)
	END
	local words
	for words in "trace show" "trace show --json" "conform --lanes swift,native --replay"; do
		# shellcheck disable=SC2086
		run "$program" $words "$folder/other.trace"
		[[ $status == 65 ]] || complain "status of $words: $status"
		[[ -z $output || $output == '{"version":1,"type":"error",'* ]] || complain "$words shows it"
		expect_in "other.trace: a trace of a pair in a package of its own" "$errors"
	done
}

# What is recorded is written as a whole or not at all, and never through a link.
test_traces_are_written_as_a_whole() {
	cd "$folder" || return
	local name record=("$program" conform --lanes swift,native --policy fifo --events 5000 --record)
	run "${record[@]}" whole.trace
	expect_status 0
	run "${record[@]}" whole.trace
	expect_status 0
	echo mine >linked
	ln -sf linked link.trace
	run "${record[@]}" link.trace
	expect_status 73
	expect_in "a symbolic link" "$errors"
	expect_equal "what the link leads to" mine "$(<linked)"
	run "${record[@]}" /dev/full
	expect_status 73
	[[ -c /dev/full ]] || complain "/dev/full is gone"
	cp whole.trace before.trace
	(
		ulimit -f 8
		exec "${record[@]}" whole.trace 2>errors-limited
	)
	expect_equal "status with a full disk" 73 $?
	expect_in "File too large" "$(<errors-limited)"
	cmp -s whole.trace before.trace || complain "the file that was there changed"
	expect_equal "files left" "" "$(find . -name '.sched-proto-*')"
	printf 'SPTRACEd by hand: mine' >mine
	for name in mine linked; do
		cp "$name" mine.before
		run "${record[@]}" "$name"
		expect_status 73
		expect_in "$name: there is a file that is no trace" "$errors"
		cmp -s "$name" mine.before || complain "$name was replaced"
	done
	# Of another version, or cut, it is one all the same; of an empty file nothing is lost.
	head -c 40 before.trace >whole.trace
	: >empty.trace
	for name in whole.trace empty.trace; do
		run "${record[@]}" "$name"
		expect_status 0
	done
	chmod 640 whole.trace
	run "${record[@]}" whole.trace
	expect_equal "the file's mode" 640 "$(stat -c %a whole.trace)"
	chmod 400 whole.trace
	run "${record[@]}" whole.trace
	expect_status 73
	expect_in "write-protected" "$errors"
	cd - >/dev/null || return
}

# completed SHELL_WORDS...: what bash proposes for the last word.
completed() {
	"$program" --generate-completion-script bash >"$folder/completion"
	PATH=$(dirname "$program"):$PATH bash -c '. "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
		"$(complete -p sched-proto | sed "s/.* -F //; s/ .*//")" sched-proto "${*: -1}" "${*: -2:1}"; printf "%s\n" "${COMPREPLY[@]}"' x "$folder/completion" "$@" 2>&1
}

test_completion_knows_policies_and_keys() {
	local shell
	expect_equal policies interactive "$(completed sched-proto run --policy inter | tr -d ' ')"
	expect_in slice.max= "$(completed sched-proto policy show fifo --set slice.m)"
	expect_in order.rule=vruntime "$(completed sched-proto run --set order)"
	expect_equal "policies of simulate" interactive "$(completed sched-proto simulate --policy inter | tr -d ' ')"
	expect_in slice.max= "$(completed sched-proto simulate --set slice.m)"
	expect_in swift,native "$(completed sched-proto conform --lanes swift,n)"
	expect_in conform "$(completed sched-proto con)"
	for shell in bash zsh fish; do
		run "$program" --generate-completion-script $shell
		expect_status 0
		expect_in exhaustive "$output"
	done
}

# bash expands what it is to propose: a file's name must be nothing that it would run.
test_completion_runs_nothing() {
	local name shell
	mkdir -p "$folder/typed/sub"
	cd "$folder/typed" || return
	for name in '$(id>PROOF)' '`id>PROOF`' '${x[$(id>PROOF)]}' 'a;id>PROOF;b' 'a b' "it's" '"x' '\$(id>PROOF)' 'x$(($(id>PROOF)))' \
		'~root' '*' $'two\nlines' 'a(b' 'e\:f' 'ü'; do
		touch "$name.yaml" "sub/$name.yml"
	done
	touch plain.yaml sub/plain-2.yml
	expect_equal "in the folder" "./plain.yaml" "$(completed sched-proto policy show "" | tr -d ' ' | grep /)"
	expect_equal "below" "sub/plain-2.yml" "$(completed sched-proto run --policy sub/ | tr -d ' ')"
	expect_equal "of conform" "sub/plain-2.yml" "$(completed sched-proto conform --policy sub/ | tr -d ' ')"
	mv sub '$(id>PROOF)'
	expect_equal "behind a folder that is none" "" "$(completed sched-proto policy show '$(id>PROOF)/' | tr -d ' ')"
	expect_equal "behind a lane that is none" "" "$(completed sched-proto conform --lanes '$(id>PROOF),' | tr -d ' ')"
	[[ -z $(find . -name 'PROOF*') ]] || complain "bash ran what files are called"
	for shell in bash zsh fish; do
		expect_equal "what $shell is told" "" "$(SAP_SHELL=$shell "$program" ---completion policy show -- positional@0 4 0 sched-proto policy show "" |
			tr -d '[:alnum:]._/+@%:,= \n-')"
	done
	cd - >/dev/null || return
}

test_install_and_manual_pages() {
	local at=$folder/a\ b page
	run env -u MAKEFLAGS -u MAKELEVEL DESTDIR="$at" PREFIX=/usr "$scripts/install.sh"
	expect_status 0
	run "$at/usr/bin/sched-proto" --version
	expect_status 0
	for page in sched-proto sched-proto-run sched-proto-conform sched-proto-policy-check sched-proto-trace-show; do
		[[ -s $at/usr/share/man/man1/$page.1 ]] || complain "no page $page"
	done
	expect_in stats-format "$(<"$at/usr/share/man/man1/sched-proto-run.1")"
	[[ -s $at/usr/share/bash-completion/completions/sched-proto ]] || complain "no completion"
	expect_equal "files elsewhere" "" "$(find "$at" -type f ! -path '*/usr/bin/*' ! -path '*/usr/share/*')"
	command -v man >/dev/null || return 0
	run man -M "$at/usr/share/man" sched-proto run
	expect_status 0
	expect_in "--watchdog" "$output"
	expect_equal "warnings of the formatter" "" "$(man --warnings -l "$at"/usr/share/man/man1/*.1 2>&1 >/dev/null | head -n 3)"
}

# What the build says when a BPF program does not compile, and when the compiler cannot.
test_build_of_bpf_code_names_the_cause() {
	local tool
	tool=$(find "$scripts/../.build/" -maxdepth 4 -name build-bpf-tool -type f -perm /u+x 2>/dev/null | head -n 1)
	[[ -n $tool ]] || tool=$(find "$scripts/../.build/" -maxdepth 4 -name build-bpf -type f -perm /u+x | head -n 1)
	mkdir -p "$folder/bpf"
	echo 'int wrong = "text" +;' >"$folder/bpf/wrong.bpf.c"
	run "$tool" compile wrong "$folder/bpf/wrong.bpf.c" "$folder/wrong.swift"
	expect_status 1
	expect_in "bpf/wrong.bpf.c, or a header that it includes, is not right" "$errors"
	[[ $errors != *"make setup"* ]] || complain "it blames the tools: $errors"
	run "$tool" compile none "$folder/bpf/none.bpf.c" "$folder/none.swift"
	expect_status 1
	expect_equal "errors" "error: bpf/none.bpf.c is not there" "$errors"
	# What is no file stays what it is.
	mkfifo "$folder/device.swift"
	echo 'int right = 1;' >"$folder/bpf/right.bpf.c"
	run timeout 20 "$tool" compile right "$folder/bpf/right.bpf.c" "$folder/device.swift"
	expect_status 1
	expect_in "device.swift cannot be written: it is there, and no file" "$errors"
	[[ -p $folder/device.swift ]] || complain "it was replaced"
	CLANG=/bin/false run "$tool" compile wrong "$folder/bpf/wrong.bpf.c" "$folder/wrong.swift"
	expect_status 1
	expect_in "make setup" "$errors"
}

# Without a Swift policy for the kernel the build goes on, and says why: no toolchain, another one's IR, half a one.
test_build_without_swift_for_the_kernel_goes_on() {
	local tool root real
	root=$(cd "$scripts/.." && pwd -P)
	tool=$(find "$root/.build/" -maxdepth 4 -name build-bpf-tool -type f -perm /u+x 2>/dev/null | head -n 1)
	[[ -n $tool ]] || tool=$(find "$root/.build/" -maxdepth 4 -name build-bpf -type f -perm /u+x | head -n 1)
	real=$(command -v swiftc)
	# compiles PATH: what the plugin has it do.
	compiles() {
		run env PATH="$1" "$tool" compile-swift "$root" "$root/bpf" "$folder/twin.swift" "$root"/Sources/PolicyModel/{,Shipped/}*.swift
		expect_status 0
	}
	# obstructed TEXT: it was not made, for this reason, which the build and the program are told.
	obstructed() {
		expect_in "warning: no Swift policy for the kernel: $1" "$errors"
		expect_in 'let swift_obstacle: StaticString? = "' "$(<"$folder/twin.swift")"
	}
	compiles "$PATH"
	expect_in 'let swift_mode_traps: StaticString? = ""' "$(<"$folder/twin.swift")"
	expect_in 'let swift_obstacle: StaticString? = nil' "$(<"$folder/twin.swift")"

	mkdir "$folder/none" "$folder/other" "$folder/half"
	ln -s "$(command -v env)" "$folder/none/env"
	compiles "$folder/none"
	obstructed "there is no 'swift' with a 'swiftc' on PATH"

	printf '#!/bin/sh\n' | tee "$folder/other/swift" "$folder/half/swift" >/dev/null
	cat >"$folder/other/swiftc" <<-END
		#!/bin/bash
		"$real" "\$@" || exit
		while ((\$#)); do
			[[ \$1 != -o ]] || sed -i 's/^target triple = .*/target triple = "m68k-unknown-none"/' "\$2"
			shift
		done
	END
	printf '#!/bin/sh\necho "{\\"paths\\": {\\"runtimeResourcePath\\": \\"/nowhere/lib/swift\\"}}"\n' >"$folder/half/swiftc"
	chmod +x "$folder"/{other,half}/*
	compiles "$folder/other:$PATH"
	obstructed "the LLVM IR of Swift version"
	expect_in "it is for m68k-unknown-none, not for x86_64-unknown-none-elf" "$errors"
	compiles "$folder/half:$PATH"
	obstructed "there is no /nowhere/bin/clang"
}

test_what_ends_early_is_json_too() {
	local wanted words
	printf 'name: x\norder: {rule: lottery}\n' >"$folder/wrong.yaml"
	for words in "66 conform --json --policy nonesuch" "65 conform --json --policy $folder/wrong.yaml" \
		"65 conform --json --lanes swift,native --replay $scripts/../README.md" \
		"66 conform --json --lanes swift,native --replay /nonesuch" "66 prove --json --replace native=/nonesuch"; do
		read -r wanted words <<<"$words"
		[[ $words != prove* ]] || command -v z3 >/dev/null || continue
		# shellcheck disable=SC2086
		run "$program" $words
		expect_status "$wanted"
		expect_equal "lines of $words" 1 "$(wc -l <<<"$output")"
		expect_in '{"version":1,"type":"error","status":'"$wanted"',"message":"' "$output"
		! command -v python3 >/dev/null || python3 -c 'import json, sys; json.load(sys.stdin)' <<<"$output" 2>/dev/null || complain "it is no JSON"
		expect_in "sched-proto: " "$errors"
	done
	run "$program" conform --policy nonesuch
	expect_equal "output without --json" "" "$output"
	expect_everywhere "a failure as JSON" 66 66 "$program" conform --json --policy nonesuch
}

# A trace with another digest of its answers, and right checks: what it was recorded of decides otherwise now.
test_a_changed_trace_is_told_in_json_too() {
	command -v python3 >/dev/null || {
		skip="needs python3"
		return
	}
	python3 - "$scripts/../Sources/PolicyModel/Shipped/traces/fifo-realistic-9.trace" "$folder/changed.trace" <<-'END'
		import struct, sys
		data = bytearray(open(sys.argv[1], 'rb').read())
		size, = struct.unpack_from('<I', data, 20)
		count, = struct.unpack_from('<Q', data, 32)
		data[40] ^= 1
		check = 0xcbf29ce484222325
		def seal(begin, end):
		    global check
		    for byte in data[begin:end]:
		        check = (check ^ byte) * 0x100000001b3 % 2**64
		    struct.pack_into('<Q', data, end, check)
		seal(0, 48 + size)
		begin = 56 + size
		record = (len(data) - 16 - begin) // count
		for number in range(count):
		    seal(begin + number * record, begin + (number + 1) * record - 8)
		seal(begin + count * record, len(data) - 8)
		open(sys.argv[2], 'wb').write(data)
	END
	run "$program" conform --lanes swift,native --replay "$folder/changed.trace" --json
	expect_status 4
	expect_in '"verdict": "changed"' "$output"
	expect_in '"identical": false' "$output"
	expect_in "record it again" "$errors"
}

# A trace of no events, made from one that has some: its header says 0, and the checks are right.
test_a_trace_without_events_proves_nothing() {
	command -v python3 >/dev/null || {
		skip="needs python3"
		return
	}
	python3 - "$scripts/../Sources/PolicyModel/Shipped/traces/fifo-realistic-9.trace" "$folder/empty.trace" <<-'END'
		import struct, sys
		data = bytearray(open(sys.argv[1], 'rb').read())
		size = struct.unpack_from('<I', data, 20)[0]
		header = data[:48 + size]
		struct.pack_into('<QQ', header, 32, 0, 0)
		check = 0xcbf29ce484222325
		def add(part):
		    global check
		    for byte in part:
		        check = (check ^ byte) * 0x100000001b3 % 2**64
		add(header)
		out = header + struct.pack('<Q', check)
		add(b'SPTREND\n')
		out += b'SPTREND\n' + struct.pack('<Q', check)
		open(sys.argv[2], 'wb').write(out)
	END
	run "$program" trace show "$folder/empty.trace"
	expect_status 0
	expect_in "events: 0" "$output"
	run "$program" conform --lanes swift,native --replay "$folder/empty.trace" --json
	expect_status 5
	expect_in '"identical": false' "$output"
	expect_in "the trace has no events" "$errors"
}
