# shellcheck shell=bash
# The same with one CPU, where no line can stand in another order than what it tells of.
guest_options=(--cpus 1)
lasts=3

both kernel-log-1cpu "the same with one CPU" kernel_log loops $(more "" "sleep forks") changes classes

. "$here/kernel-log.sh"
