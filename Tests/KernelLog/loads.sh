# shellcheck shell=bash
# What logs are recorded of: NAME, the policy, and words for load.c, one a line.
kernel_log_loads() {
	cat <<-'END'
		loops fair 300 loop:6 pinned:3
		sleep interactive 120 sleeper:12 loop:3 pair:2
		forks fifo 100 forker:3 yielder:2 sleeper:2
		changes deadline 200 victim:8 affinities weights loop:2
		classes interactive 200 victim:6 classes loop:3 realtime:2 sleeper:3
	END
}
