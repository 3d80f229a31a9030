# shellcheck shell=bash
# Tasks that come, go, wake and change all at once.
lasts=5

both fork-storm "thousands of short tasks" fork_storm
both wakeup-storm "thousands of sleepers wake at once" wakeup_storm "$(more 5000 10000)"
both killed-tasks "tasks are killed while they wait" killed_tasks
both pid-reuse "tasks get the pid of one that just ended, some while it waited" pid_reuse
both classes "tasks change between classes and weights" classes
both mixture "processes, forks, yields, switches and semaphores at once" mixture
both aggressive "stress-ng --aggressive: CPU, memory and files" aggressive

fork_storm() {
	local count
	count=$(more 2000 10000)
	begin_survival
	busy 1
	run_tasks forks "$count"
	note "$count tasks"
	survived
}

wakeup_storm() { # COUNT
	begin_survival
	run_tasks wake "$1"
	note "$(cat "$dir/out-wake")"
	survived
}

killed_tasks() {
	local rounds
	rounds=$(more 12 200)
	begin_survival
	run_tasks kills "$rounds"
	# Each of these may have waited when it was killed.
	survived $((rounds * 30))
}

pid_reuse() {
	local count
	count=$(more 600 20000)
	begin_survival
	busy 4
	run_tasks reuse "$count"
	survived "$count"
}

classes() {
	surviving
	run_tasks classes "$(more 300 3000)"
	# Whoever changes while it waits is taken out of its queue, and waits anew.
	survived "$(more 6000 60000)"
}

# stress NAME OPTION...: stress-ng for so long that each of its tasks gets to work.
stress() {
	local name=$1
	shift
	need_program stress-ng
	stress-ng --quiet --no-rand-seed --temp-path "$dir" "$@" >"$dir/out-$name" 2>&1 ||
		complain "stress-ng: $(tail -n 2 "$dir/out-$name")"
}

mixture() {
	begin_survival
	stress mixture --timeout "$(more 2 20)" --cpu 2 --fork 1 --yield 2 --switch 1 --sem 1 --futex 1 --pipe 1
	survived 500
}

aggressive() {
	begin_survival
	stress aggressive --timeout "$(more 2 20)" --aggressive --cpu 2 --vm 2 --vm-bytes 32M --hdd 2 --hdd-bytes 8M --iomix 1 \
		--iomix-bytes 8M
	# It moves its tasks from CPU to CPU while they wait: each of those waits anew.
	survived 5000
}
