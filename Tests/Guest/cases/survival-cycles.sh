# shellcheck shell=bash
# Attaching and detaching again and again; a guest of its own, since loading the programs takes long. It has the time of
# this machine, which costs half as much as counting instructions. Only the probe's bound depends on it, and is wide.
guest_options=(--cpus 1 --clock real)
lasts=3

add none cycles "attached and detached 8 times in alternating modes and policies" cycles

cycles() {
	local i count policies=(fifo fair deadline interactive)
	count=$(more 8 400)
	probe_limit_ms=10000
	probe
	for ((i = 0; i < count; i++)); do
		mode=user
		((i % 2)) || mode=bpf
		start --policy "${policies[i / 2 % 4]}" --stats 0
		stop
		expect_equal "status of cycle $i" 0 "$status"
		wait_for 60 is_disabled || fail "sched_ext is $(state) after cycle $i"
		expect_counter lost 0
		[[ ! -s $dir/complaints ]] || fail "in cycle $i"
	done
	tasks_complete
	expect_probe
	note "$count cycles"
}
