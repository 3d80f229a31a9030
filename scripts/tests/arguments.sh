# shellcheck shell=bash
# Tests of command lines: what is proposed for them, what is refused, and what a failure prints. Uses $program.

# completes POINT WORD...: what bash's function proposes, for words as bash splits the line LINE (default: at blanks
# only), and what bash takes for the one to complete.
completes() {
	local typed=$1
	shift
	PATH=$(dirname "$program"):$PATH bash -c '. "$1"; typed=$2 COMP_LINE=$3; shift 3
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_POINT=${#COMP_LINE} COMP_TYPE=9
		"$(complete -p sched-proto | sed "s/.* -F //; s/ .*//")" sched-proto "$typed" "${*: -2:1}"
		((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"' x "$folder/completion" "$typed" "$line" "$@" 2>&1 | sed 's/ *$//'
}

# proposed LINE WORD: WORD is proposed for the line's end, however bash splits it.
proposed() {
	local line=$1 whole=() split=() rest word typed
	IFS=' ' read -ra whole <<<"$line"
	[[ $line != *' ' ]] || whole+=('')
	expect_in "|$2|" "|$(completes "${whole[-1]}" "${whole[@]}" | paste -sd '|')|"
	# At "=" too: one is a word of its own, and nothing is typed behind it yet.
	for word in "${whole[@]}"; do
		rest=$word
		while [[ $rest == *=* ]]; do
			[[ $rest == =* ]] || split+=("${rest%%=*}")
			split+=(=) rest=${rest#*=}
		done
		[[ -z $rest && -n $word ]] || split+=("$rest")
	done
	typed=${split[-1]}
	[[ $typed != = ]] || typed=
	((${#split[@]} == ${#whole[@]})) ||
		expect_in "|${2##*=}|" "|$(completes "$typed" "${split[@]}" | paste -sd '|')|"
}

test_completion_of_split_words() {
	"$program" --generate-completion-script bash >"$folder/completion"
	proposed "sched-proto run --set slice.ru" slice.rule=weighted
	proposed "sched-proto run --set slice.ma" slice.max=
	proposed "sched-proto run --set slice.rule=" slice.rule=weighted
	proposed "sched-proto run --set slice.rule=we" slice.rule=weighted
	proposed "sched-proto policy show fifo --set order.rule=vr" order.rule=vruntime
	proposed "sched-proto run --policy=inter" --policy=interactive
	proposed "sched-proto run --policy=" --policy=interactive
	proposed "sched-proto run --set=slice.rule=we" --set=slice.rule=weighted
	proposed "sched-proto simulate --mode=us" --mode=user
	# Of the default command, as the README has it.
	proposed "sched-proto --policy inter" interactive
	proposed "sched-proto --mo" --mode
	proposed "sched-proto --mode bpf --policy inter" interactive
	proposed "sched-proto --mode bpf --po" --policy
	proposed "sched-proto --set=slice.rule=we" --set=slice.rule=weighted
	proposed "sched-proto --ver" --version
	proposed "sched-proto help " conform
	proposed "sched-proto help con" conform
	proposed "sched-proto help policy " check
	proposed "sched-proto --help tr" trace
	proposed "sched-proto " simulate
	local line="sched-proto help run "
	expect_equal "behind a command without commands" "" "$(completes "" sched-proto help run "")"
}

# The same in a shell that somebody types into.
test_completion_as_typed() {
	command -v python3 >/dev/null || {
		skip="needs python3"
		return
	}
	"$program" --generate-completion-script bash >"$folder/completion"
	# typed WORDS: the line after a tab.
	typed() {
		PATH=$(dirname "$program"):$PATH HISTFILE=$folder/history python3 - "$folder/completion" "$1" <<-'END'
			import os, pty, select, sys, time
			def read(until, seconds=20):
			    text, end = b'', time.time() + seconds
			    while until not in text and time.time() < end:
			        if not select.select([terminal], [], [], 0.1)[0]: continue
			        try: text += os.read(terminal, 4096)
			        except OSError: break # the shell ended
			    return text
			try: os.unlink(os.environ['HISTFILE'])
			except OSError: pass
			child, terminal = pty.fork()
			if child == 0: os.execvpe('bash', ['bash', '--norc', '--noprofile', '-i'], dict(os.environ, PS1='READY>', TERM='dumb'))
			read(b'READY>')
			os.write(terminal, b'. "%s"\n' % sys.argv[1].encode())
			read(b'READY>')
			os.write(terminal, sys.argv[2].encode() + b'\t')
			time.sleep(1.5)
			os.write(terminal, b'\x01#\n')
			read(b'READY>')
			os.write(terminal, b'history -a; exit\n')
			read(b'never', 1)
		END
		sed -n 's/^#//p' "$folder/history"
	}
	expect_equal typed "sched-proto run --set slice.rule=" "$(typed "sched-proto run --set slice.ru")"
	expect_equal typed "sched-proto run --set slice.rule=weighted " "$(typed "sched-proto run --set slice.rule=we")"
	expect_equal typed "sched-proto --policy=interactive " "$(typed "sched-proto --policy=inter")"
	expect_equal typed "sched-proto --mode " "$(typed "sched-proto --mo")"
	expect_equal typed "sched-proto run --set slice.max=" "$(typed "sched-proto run --set slice.ma")"
}

# usage TEXT WORD...: wrong usage, which says so.
usage() {
	local text=$1
	shift
	run "$program" "$@"
	[[ $status == 64 ]] || complain "status of $*: $status, not 64: $errors"
	expect_in "$text" "$errors"
}

test_what_is_said_twice_is_refused() {
	usage "--policy is given twice" --policy fifo --policy fair
	usage "--policy is given twice" run --policy=fifo --policy fair
	usage "--mode is given twice" --mode user --mode bpf
	usage "--events is given twice" conform --lanes swift,native --events 5 --events 50
	usage "--seed is given twice" simulate --seed 1 --seed 1 --load loop:1
	usage "--effort is given twice" prove --effort 1000000 --effort 2000000
	usage "--library is given twice" new x --library a --library b
	usage "--group-weights and --no-group-weights exclude each other" --policy fair --no-group-weights --group-weights
	usage "--no-group-weights and --group-weights exclude each other" --policy fair --group-weights --no-group-weights
	usage "--group-weights has no effect: 'fifo' does not go by weight" --group-weights --policy fifo
	usage "slice.max=2ms: the key is given twice" --set slice.max=1ms --set slice.max=2ms
	usage "the key is given twice" policy show fifo --set slice.max=1ms --set slice.max=2ms
	run "$program" conform --lanes swift,native --policy fifo --policy fair --set slice.max=2ms --set wait-max=1s --events 5000
	expect_status 0
	run "$program" simulate --load loop:1 --load sleeper:1 --fault affinity=5ms --fault kick-late=5ms --fault kick-late-ppm=9 --seconds 0.1
	expect_status 0
	run "$program" policy show --json --json fifo
	expect_status 0
	run "$program" --policy fifo --policy fair --help
	expect_status 0
}

test_refusals_say_what_to_do() {
	usage "--seed -1: no number here is negative" conform --seed -1
	usage "--restart -1: no number here is negative" --restart -1
	usage "--stats -0.5: no number here is negative" --stats -0.5
	usage "did you mean --version?" --versio
	usage "did you mean --help?" conform --hepl
	usage "did you mean --version?" version
	usage "did you mean --help?" exec --hlp
	usage "'sched-proto help policy show'" policy help show
	usage "'sched-proto help trace'" trace help
	usage "Did you mean '--policy'?" --polcy fifo
}

# Less than was asked for is no success.
test_time_that_was_up_is_told() {
	run "$program" conform --lanes swift,native --events 1000000000 --for 1s --json
	expect_status 5
	expect_in '"verdict": "incomplete"' "$output"
	expect_in '"complete": false' "$output"
	expect_in '"missing": "time is up: ' "$output"
	expect_in "this proves little: time is up: " "$errors"
	run "$program" conform --lanes swift,native --events 5000 --for 1h
	expect_status 0
	run "$program" simulate --campaign 1000000 --for 1s --mode bpf --policy fifo --seed 1
	expect_status 5
	expect_in "time is up: " "$errors"
	expect_in " of 1000000 seeds" "$errors"
	run "$program" simulate --campaign 1 --for 1h --mode bpf --policy fifo --seed 1
	expect_status 0
}

# An argument's line break makes no line of its own, whoever quotes it.
test_arguments_make_no_lines() {
	local bad=$'x\nsched-proto: forged' words
	for words in "run --stats|$bad" "run --$bad" "--mode|$bad" "simulate --load|$bad" "simulate --load|loop:1,$bad=1" \
		"simulate --load|loop:1|--fault|$bad" "simulate --load|loop:1|--limit|$bad" "simulate --load|loop:1|--fault|daemon=$bad" \
		"prove --replace|$bad" "prove --replace|native=$bad" "prove --effort|$bad" "conform --lanes|$bad" "conform --shard|$bad" \
		"--policy|$bad" "--set|$bad" "--set|slice.max=$bad" "policy show|$bad" "policy check|$bad" "policy diff|fifo|$bad" \
		"trace show|$bad" "conform --replay|$bad" "conform --record|$bad/x|--policy|fifo|--lanes|swift,native" "new|$bad" "exec|--$bad" \
		"exec|$bad" "new x --library|$bad" "new x --library|$bad|--tag|1.2.3" "simulate --replay|$bad" "simulate --log|$bad" \
		"prove --solver|$bad" "policy show|--json|$bad" "run -$bad" "simulate --mode|$bad|--load|loop:1" "help|$bad" "$bad"; do
		run_words "$words"
		[[ $status != 0 ]] || complain "'${words//[^[:print:]]/.}' is taken"
		! grep -q '^sched-proto: forged' "$folder/output" "$folder/errors" ||
			complain "'${words//[^[:print:]]/.}' makes a line of its own: $(<"$folder/errors")"
	done
}

# A copy of the program whose C for this machine returns at once.
test_a_difference_as_json_says_what_was_not_compared() {
	command -v python3 >/dev/null && [[ $(uname -m) == x86_64 ]] || {
		skip="needs python3 and x86-64"
		return
	}
	cp "$program" "$folder/wrong"
	python3 - "$folder/wrong" <<-'END'
		import struct, sys
		data = bytearray(open(sys.argv[1], 'rb').read())
		at, = struct.unpack_from('<Q', data, 40)
		size, count = struct.unpack_from('<HH', data, 58)
		sections = [struct.unpack_from('<IIQQQQIIQQ', data, at + size * i) for i in range(count)]
		for kind, offset, length, link in [(s[1], s[4], s[5], s[6]) for s in sections]:
		    if kind != 2: continue
		    names = sections[link][4]
		    for symbol in range(offset, offset + length, 24):
		        name, _, _, section, value = struct.unpack_from('<IBBHQ', data, symbol)
		        if data[names + name:names + name + 17] == b'sp_native_decide\0':
		            home = sections[section]
		            data[value - home[3] + home[4]] = 0xc3
		open(sys.argv[1], 'wb').write(data)
	END
	cd "$folder" || return
	run ./wrong conform --lanes swift,native --policy fifo --events 50000 --seed 1 --json
	expect_status 4
	expect_in '"verdict": "different"' "$output"
	expect_in '"complete": false' "$output"
	expect_in '"missing": "what comes behind the difference"' "$output"
	# The trace that it kept ends with the difference, so all of it was compared.
	run ./wrong conform --lanes swift,native --replay "$(find . -name 'divergence-*.trace')" --json
	expect_status 4
	expect_in '"verdict": "different"' "$output"
	expect_in '"complete": true' "$output"
	cd - >/dev/null || return
}

# json STATUS WORD...: one object on standard output, of type error.
json() {
	local wanted=$1
	shift
	run "$program" "$@"
	[[ $status == "$wanted" ]] || complain "status of $*: $status, not $wanted: $errors"
	expect_equal "lines of $*" 1 "$(wc -l <<<"$output")"
	expect_in '{"version":1,"type":"error","status":'"$wanted"',"message":"' "$output"
	[[ -n $errors ]] || complain "$*: nothing on standard error"
	! command -v python3 >/dev/null || python3 -c 'import json, sys; json.load(sys.stdin)' <<<"$output" 2>/dev/null || complain "it is no JSON"
}

test_each_failure_is_json_where_that_is_asked_for() {
	json 64 conform --json --events 0
	json 64 conform --json --events x
	json 64 conform --json --events 5 --events 6
	json 64 conform --json --seed -1
	json 64 conform --events 5 --nonsense --json
	json 64 prove --json --effort 1
	json 64 policy show --json
	json 66 policy show --json nonesuch
	json 64 policy show --json fifo --set x
	json 66 trace show --json /nonesuch
	json 65 trace show --json "$scripts/../README.md"
	run "$program" conform --events 0
	expect_equal "output without --json" "" "$output"
	run "$program" new --json x
	expect_equal "output of what has no --json" "" "$output"
	run "$program" policy check --json nonesuch
	expect_status 66
	expect_in '"ok": false' "$output"
}
