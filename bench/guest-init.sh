#!/bin/busybox sh
# Process 1 of a benchmark guest: runs the plan in /plan and sends what was measured to the second serial port.
# The root file system is an initramfs with this script, busybox, sched-proto and the loads; nothing comes from
# outside while something is measured.
#
# A line of the plan is one attachment: SCHEDULER LOADS OFFSETS OPTIONS, words of a list joined by commas;
# SCHEDULER is "eevdf", "MODE/POLICY", or "other/NAME": a scheduler that is not ours, started by the command
# line in the file /other/NAME.

if [ -n "${BENCH_PLAN:-}" ]; then # ON=host: this machine's own kernel; bench.sh names the files
	plan=$BENCH_PLAN results=$BENCH_RESULTS out=/dev/null report=$BENCH_TMP/report errors=$BENCH_TMP/errors
	other=$BENCH_TMP/other
	export PATH="$BENCH_BIN:$PATH"
else
	/bin/busybox mkdir -p /proc /sys /dev /tmp /bin
	/bin/busybox --install -s /bin
	export PATH=/bin:/usr/bin LD_LIBRARY_PATH=/lib64
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
	mount -t tmpfs tmpfs /tmp
	mount -t bpf bpf /sys/fs/bpf
	plan=/plan results=/tmp/results out=/dev/ttyS1 report=/tmp/report errors=/tmp/errors other=/other
	stty -F $out raw -echo 2>/dev/null
fi

state() { cat /sys/kernel/sched_ext/state; }

# The CPU time of all threads of a process, in ns.
cpu_ns() {
	cat /proc/"$1"/task/*/schedstat 2>/dev/null | awk '{ sum += $1 } END { printf "%.0f", sum }'
}

# interrupts KIND: of all CPUs since boot. IWI: a CPU's work for itself (as a kick); RES: another CPU is to reschedule.
interrupts() {
	awk -v kind="$1:" '$1 == kind { for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) sum += $i } END { printf "%d", sum }' /proc/interrupts
}

memory_kb() {
	awk -v field="$2:" '$1 == field { print $2 }' /proc/"$1"/status
}

fail() {
	echo "{\"error\":\"$*\"}" >>"$results"
	echo "bench: $*" >&2
}

# attach SCHEDULER: sets $daemon.
attach() {
	local tries=0
	daemon=
	[ "$1" != eevdf ] || return 0
	if [ "${1%%/*}" = other ]; then
		# The command line is of the one who runs the benchmark.
		sh -c "exec $(cat "$other/${1#*/}")" >"$report" 2>&1 &
	else
		sched-proto --mode "${1%/*}" --policy "${1#*/}" --stats 0 >"$report" 2>&1 &
	fi
	daemon=$!
	until [ "$(state)" = enabled ]; do
		tries=$((tries + 1))
		if [ $tries -gt 400 ] || ! kill -0 $daemon 2>/dev/null; then
			fail "$1 did not attach: $(head -c 300 "$report" | tr '\n"' '  ')"
			kill -9 $daemon 2>/dev/null
			return 1
		fi
		sleep 0.05
	done
	sleep 0.3 # it has printed that, and settled
}

detach() {
	[ -n "$daemon" ] || return 0
	[ "$(state)" = enabled ] || fail "$1: sched_ext is $(state) after the loads: $(tail -c 300 "$report" | tr '\n"' '  ')"
	kill -INT $daemon
	wait $daemon || fail "$1 ended with status $?"
	[ "${1%%/*}" != other ] || return 0
	awk -v scheduler="$1" -v loads="$2" '
		NF >= 2 && $1 ~ /^[a-z][a-z-]*$/ && $2 ~ /^[0-9]+$/ { list = list (list ? "," : "") "\"" $1 "\":" $2 }
		END { printf "{\"scheduler\":\"%s\",\"loads\":\"%s\",\"counters\":{%s}}\n", scheduler, loads, list }
	' "$report" >>"$results"
}

run() {
	local load offset line before=0 after=0 iwi=0 res=0
	for load in $(echo "$2" | tr , ' '); do
		for offset in $(echo "$3" | tr , ' '); do
			[ -z "$daemon" ] || before=$(cpu_ns $daemon)
			iwi=$(interrupts IWI) res=$(interrupts RES)
			line=$(loads "$load" offset="$offset" $4 2>"$errors")
			iwi=$(($(interrupts IWI) - iwi)) res=$(($(interrupts RES) - res))
			if [ -z "$line" ]; then
				fail "$1 $load: no result: $(head -c 200 "$errors" | tr '\n"' '  ')"
				continue
			fi
			[ -z "$daemon" ] || after=$(cpu_ns $daemon)
			line="{\"scheduler\":\"$1\",\"irq_work\":$iwi,\"reschedule\":$res,${line#\{}"
			[ -z "$daemon" ] || line="${line%\}},\"daemon_cpu_ns\":$((after - before))}"
			echo "$line" >>"$results"
		done
	done
}

while read -r scheduler loads offsets options; do
	echo "@ $scheduler $loads" >>$out
	attach "$scheduler" || continue
	run "$scheduler" "$loads" "$offsets" "$options"
	[ -z "$daemon" ] || echo "{\"scheduler\":\"$scheduler\",\"loads\":\"$loads\",\"resident_kb\":$(memory_kb $daemon VmRSS),\"peak_kb\":$(memory_kb $daemon VmHWM)}" >>"$results"
	detach "$scheduler" "$loads"
	[ -n "${BENCH_PLAN:-}" ] || { cat "$results" >>$out && : >"$results"; }
done <"$plan"
[ -z "${BENCH_PLAN:-}" ] || exit 0
dmesg | grep -E 'BUG:|WARNING:|Oops|Call Trace|sched_ext:.*(error|stall|failed)' | head -n 5 | tr '"' ' ' |
	while read -r line; do echo "{\"error\":\"kernel: $line\"}" >>"$results"; done
cat "$results" >$out
echo "@ end" >$out
sleep 1 # the port is slow
poweroff -f
