# shellcheck shell=bash
# Little memory: the kernel takes pages back all the time, and the daemon must not need one of them. In BPF mode nobody
# has to be in memory but the kernel: with --all only.
guest_options=(--memory 768M)
lasts=4

add user no-faults "while memory is taken back, the deciding thread has no page fault" no_faults
user small-group "memory is taken back in a control group of its own" small_group
user short-memory "memory is short in the machine: files are read and stress-ng wants memory" short_memory

available() { awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo; }

# Pages that were looked at to be taken back, in the machine or in a group.
scanned() { awk '/^pgscan_(kswapd|direct) / { sum += $2 } END { print sum }' /proc/vmstat; }
scanned_in() { awk '$1 == "pgscan" { print $2 }' "$1/memory.stat"; }

# expect_scanned BEFORE NOW
expect_scanned() {
	(($2 > $1 + 1000)) || complain "memory did not run short: $(($2 - $1)) pages were scanned, $(available) MB are available"
	note "$((($2 - $1) / 1000)) thousand pages scanned"
}

no_faults() {
	local before seconds
	seconds=$(more 15 60)
	before=$(scanned)
	begin_survival
	busy 1
	"$tasks" lazy "$(available)" "$seconds" >"$dir/out-lazy" 2>"$dir/err-lazy" &
	run_tasks lazy 200 "$seconds"
	wait $! || complain "tasks lazy failed: $(tail -n 1 "$dir/err-lazy")"
	expect_scanned "$before" "$(scanned)"
	survived
	expect_positive passes
}

small_group() {
	local small=$cgroup/small before
	mkdir "$small" && echo 24M >"$small/memory.max"
	surviving
	before=$(scanned_in "$small")
	(echo "$BASHPID" >"$small/cgroup.procs" && exec "$tasks" lazy 64 5) >"$dir/out-lazy" 2>&1 || complain "tasks lazy failed"
	expect_scanned "$before" "$(scanned_in "$small")"
	survived
}

# scanned_since BEFORE
scanned_since() { (($(scanned) > $1 + 1000)); }

short_memory() {
	local before files lazy moves=/proc/sys/vm/compact_unevictable_allowed
	need_program stress-ng
	before=$(scanned)
	echo 1 >$moves # a daemon that crashed may have left 0
	mapfile -t files < <(find /usr/lib /usr/bin -xdev -type f -size +512k -size -8M 2>/dev/null | head -n 15)
	begin_survival
	[[ $mode != user ]] || expect_equal "$moves under a daemon" 0 "$(cat $moves)"
	busy 1
	"$tasks" lazy "$(available)" 900 >"$dir/out-lazy" 2>"$dir/err-lazy" &
	lazy=$!
	wait_for 300 scanned_since "$before" || complain "memory does not run short: $(available) MB are available"
	before=$(scanned)
	cat "${files[@]}" >/dev/null || complain "reading files failed"
	stress-ng --quiet --no-rand-seed --timeout 2 --vm 2 --vm-bytes 32M --temp-path "$dir" >"$dir/out-stress" 2>&1 ||
		complain "stress-ng: $(tail -n 2 "$dir/out-stress")"
	expect_scanned "$before" "$(scanned)"
	kill -KILL $lazy || complain "tasks lazy failed: $(tail -n 1 "$dir/err-lazy")"
	survived
	expect_equal $moves 1 "$(cat $moves)"
}
