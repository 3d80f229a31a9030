#!/bin/bash
# Process 1 of the guest. The host's root file system is mounted read-only; whatever is written goes to
# memory, except what goes to the output folder. Runs the command and reports its status to the host.
# $SCHED_PROTO_CONTROL, from the kernel's command line, is a folder of the host with what to do.

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# Read all of it now: the mounts below may cover the folder.
environment=$(<"$SCHED_PROTO_CONTROL/environment")
command=$(<"$SCHED_PROTO_CONTROL/command")
folder=$(<"$SCHED_PROTO_CONTROL/folder")
config=$(<"$SCHED_PROTO_CONTROL/config")

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /run
mkdir -p /run/lock /run/sched-proto/out /run/sched-proto/host
# The host's files as they are, below the mounts that follow.
mount --bind / /run/sched-proto/host
for target in /dev/shm /tmp /var/tmp /boot; do
	mount -t tmpfs -o mode=1777 tmpfs "$target"
done
if [[ ! -e $folder ]]; then
	mkdir -p "$folder" && mount --bind "/run/sched-proto/host$folder" "$folder"
fi
mount -t bpf bpf /sys/fs/bpf
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ln -sfn /proc/self/fd /dev/fd
ln -sf fd/0 /dev/stdin
ln -sf fd/1 /dev/stdout
ln -sf fd/2 /dev/stderr
mount -t virtiofs -o nosuid,nodev sched-proto-out /run/sched-proto/out
# libbpf reads the kernel's configuration here.
[[ -z $config ]] || printf '%s\n' "$config" >"/boot/config-$(</proc/sys/kernel/osrelease)"
ip link set lo up
echo sched-proto >/proc/sys/kernel/hostname
# "quiet" hides warnings of the kernel from the console log; from here on they count.
echo 5 >/proc/sys/kernel/printk

port() {
	local name
	for name in /sys/class/virtio-ports/*/name; do
		if [[ $(<"$name") == "$1" ]]; then
			name=${name%/name}
			echo "/dev/${name##*/}"
		fi
	done
}

# A port can be opened once only, but a command may open /dev/stdout again: so a pipe in between. The
# real-time class keeps the two readers out of the hands of the scheduler under test.
mkfifo /run/sched-proto/stdout /run/sched-proto/stderr
readers=()
for stream in stdout stderr; do
	chrt -f 1 cat "/run/sched-proto/$stream" >"$(port $stream)" &
	readers+=($!)
done

(
	eval "$environment"
	export SCHED_PROTO_OUT=/run/sched-proto/out SCHED_PROTO_HOST=/run/sched-proto/host TMPDIR=/tmp
	cd "$folder" || exit 125
	exec bash -c "$command"
) </dev/null >/run/sched-proto/stdout 2>/run/sched-proto/stderr &
main=$!
wait "$main"
status=$?

# What the command left running goes now, so that the readers see the end of their pipes.
for process in /proc/[0-9]*; do
	id=${process#/proc/}
	[[ $id != 1 && " ${readers[*]} " != *" $id "* && -e $process/exe ]] && kill -KILL "$id" 2>/dev/null
done
wait "${readers[@]}"
sync
umount /run/sched-proto/out
echo "$status" >"$(port status)"
echo b >/proc/sysrq-trigger
sleep 60
