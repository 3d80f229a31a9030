# shellcheck shell=bash
# Tests that start guests, one at a time. Nothing here measures time.

guest() {
	local cpus=(--cpus 2) # boots sooner than with more
	[[ " $* " != *" --topology "* ]] || cpus=()
	run "$scripts/guest.sh" --time-limit 600 ${cpus[@]+"${cpus[@]}"} "$@"
}

test_status_and_streams() {
	guest 'echo out; echo err >&2; echo again >/dev/stdout; exit 7'
	expect_status 7
	expect_equal output $'out\nagain' "$output"
	expect_equal errors err "$errors"
}

test_words_are_run_as_they_are() {
	guest -- printf '%s|' 'a  b' "it's" '$HOME' '*'
	expect_status 0
	expect_equal output "a  b|it's|\$HOME|*|" "$output"
}

test_death_by_signal_and_processes_left_running() {
	guest 'sleep 100000 & kill -KILL $$'
	expect_status 137
}

test_environment_and_mounts() {
	export SCHED_PROTO_TEST="two words, a 'quote' and \$dollar"
	guest 'echo "$SCHED_PROTO_TEST"; pwd; echo "$SCHED_PROTO_GUEST $SCHED_PROTO_CLOCK"
		for f in /sys/kernel/sched_ext/state /sys/kernel/btf/vmlinux /sys/kernel/tracing/trace /sys/kernel/debug/sched \
			/sys/fs/cgroup/cgroup.controllers /boot/config-$(uname -r) "$HOME"; do
			[ -e "$f" ] || echo "missing: $f"
		done
		[ "$(stat -f -c %T /sys/fs/bpf)" = bpf_fs ] || echo no bpf
		for d in /tmp /run /var/tmp /dev/shm; do echo x >$d/x || echo "not writable: $d"; done
		command -v hackbench insmod swift >/dev/null || echo PATH: $PATH'
	expect_status 0
	expect_equal output "$SCHED_PROTO_TEST"$'\n'"$(cd "$scripts/.." && pwd -P)"$'\n''1 real' "$output"
	unset SCHED_PROTO_TEST
}

test_output_folder() {
	guest --out "$folder/a b" 'echo 1 >$SCHED_PROTO_OUT/file; mkdir $SCHED_PROTO_OUT/d; head -c 3000000 /dev/zero | tee $SCHED_PROTO_OUT/d/large'
	expect_status 0
	expect_equal "the file" 1 "$(cat "$folder/a b/file" 2>&1)"
	expect_equal "the large file" 3000000 "$(stat -c %s "$folder/a b/d/large" 2>&1)"
	expect_equal "the large output" 3000000 "$(stat -c %s "$folder/output")"
}

test_output_folder_lends_no_rights() {
	guest --out "$folder/rights" 'cd $SCHED_PROTO_OUT && findmnt -no OPTIONS -T . && cp /bin/true rooted && chmod 6755 rooted
		mknod device c 1 3 2>/dev/null; mount -o remount,suid,dev . && mknod device c 1 3; ls'
	expect_in nosuid,nodev "$output"
	expect_in "Operation not permitted" "$errors"
	expect_in "taken from what the guest wrote: 'rooted'" "$errors"
	expect_equal "what is there" "755 rooted" "$(cd "$folder/rights" && stat -c '%a %n' *)"
}

# As root of this machine does: below another mount nothing would be nosuid, nor looked through at the end.
test_output_folder_has_no_mount_below_it() {
	need_root || return
	mkdir -p "$folder/mounted/below it"
	mount -t tmpfs tmpfs "$folder/mounted/below it" || {
		skip="nothing can be mounted here"
		return
	}
	guest --out "$folder/mounted" true
	umount "$folder/mounted/below it"
	expect_status 69
	expect_in "a mount lies below the output folder, /below it" "$errors"
}

test_nothing_is_written_to_this_machine() {
	local name=sched-proto-was-here-$$ place
	guest "mount -o remount,rw / 2>/dev/null
		for d in / /etc /usr /var/lib \$SCHED_PROTO_HOST/tmp \$SCHED_PROTO_HOST/dev/shm '$folder' .; do echo x >\$d/$name; done 2>/dev/null; true"
	expect_status 0
	for place in / /etc /usr /var/lib /tmp /dev/shm "$folder" "$scripts/.."; do
		[[ ! -e $place/$name ]] || complain "the guest wrote $place/$name"
	done
}

# What a guest.sh has left: its processes, if $folder/children lists them, and its folders.
left_of() {
	local pid
	for pid in $(cat "$folder/children" 2>/dev/null); do
		[[ ! -e /proc/$pid || $(awk '{ print $3 }' "/proc/$pid/stat" 2>/dev/null) == Z ]] || ps -o pid=,args= -p "$pid"
	done
	find "$TMPDIR" -mindepth 1 -maxdepth 1 -name "sched-proto-*" -printf "%f\n"
}

# Nobody waits for the processes of a guest.sh that was killed: they end when they notice.
await_end_of_children() {
	local tries
	for ((tries = 0; tries < 300; tries++)); do
		[[ -n $(left_of | grep -v '^sched-proto') ]] || break
		sleep 0.1
	done
}

test_time_limit() {
	rm -f "$folder/children"
	run "$scripts/guest.sh" --time-limit 12 'echo started; sleep 100000'
	expect_status 124
	expect_in "time limit of 12 s" "$errors"
	expect_equal left "" "$(left_of)"
}

# Ends a guest by SIGNAL once its command runs, and expects STATUS and that nothing is left.
end_guest_by() {
	local guest tries status=0
	# shellcheck disable=SC2016
	"$scripts/guest.sh" --time-limit 600 --out "$folder/ended" \
		'cp /bin/true $SCHED_PROTO_OUT/rooted; chmod 6755 $SCHED_PROTO_OUT/rooted; echo started; sleep 100000' >"$folder/output" 2>"$folder/errors" &
	guest=$!
	for ((tries = 0; tries < 600; tries++)); do
		! grep -q started "$folder/output" || break
		sleep 0.1
	done
	pgrep -P "$guest" >"$folder/children"
	[[ $(wc -l <"$folder/children") -ge 4 ]] || complain "expected the guest's processes, found: $(cat "$folder/children" "$folder/errors")"
	kill -"$1" "$guest"
	wait "$guest" 2>/dev/null || status=$?
	expect_equal status "$2" "$status"
	await_end_of_children
}

test_termination_leaves_nothing() {
	end_guest_by TERM 143
	expect_equal left "" "$(left_of)"
	expect_equal "rights of what it wrote" 755 "$(stat -c %a "$folder/ended/rooted")"
}

test_even_kill_leaves_no_process() {
	end_guest_by KILL 137
	expect_equal "processes left" "" "$(left_of | grep -v '^sched-proto-guest')"
	rm -rf "$TMPDIR"/*
}

test_panic_shows_the_console() {
	guest 'echo c >/proc/sysrq-trigger; sleep 10'
	expect_status 70
	expect_in "Kernel panic" "$errors"
	expect_in "ended without a status" "$errors"
}

test_topology_with_two_nodes() {
	guest --topology 2,2,2,2 --memory 1G 'lscpu -p=CPU,CORE,SOCKET,NODE | grep -v "#"; cat /sys/devices/system/node/online'
	expect_status 0
	expect_equal output $'0,0,0,0\n1,0,0,0\n2,1,0,0\n3,1,0,0\n4,2,1,1\n5,2,1,1\n6,3,1,1\n7,3,1,1\n0-1' "$output"
}

test_virtual_clock() {
	guest --clock virtual --cpus 4 'nproc; a=$(date +%s); sleep 60; echo $(($(date +%s) - a >= 60)); echo $SCHED_PROTO_CLOCK; exit 3'
	expect_status 3
	expect_equal output $'4\n1\nvirtual' "$output"
}

test_make_guest_ends_with_the_status() {
	run env -u MAKEFLAGS -u MAKELEVEL make -C "$scripts/.." guest CMD='echo "$((3 + 4))"; exit 7'
	expect_status 7
	expect_equal output 7 "$(grep -v '^make' <<<"$output")"
}
