# shellcheck shell=bash
# What can be known to fail before the guest is started, each with the next step.

check_files() {
	local version
	[[ -e $qemu_binary ]] || die "$EX_UNAVAILABLE" "no QEMU at $qemu_binary: found none, needed $NEED_QEMU or newer" \
		"run 'make setup', or name yours in SCHED_PROTO_QEMU"
	version=$(qemu_version "$qemu_binary")
	[[ -n $version ]] || die "$EX_UNAVAILABLE" "QEMU at $qemu_binary does not start" \
		"run 'ldd $qemu_binary' to see which libraries are missing, or 'make distclean setup'"
	version_at_least "$version" "$NEED_QEMU" || die "$EX_UNAVAILABLE" \
		"QEMU at $qemu_binary is too old: found $version, needed $NEED_QEMU or newer (older ones crash such guests)" \
		"run 'make setup', or name a newer one in SCHED_PROTO_QEMU"
	[[ -x $virtiofsd_binary ]] || die "$EX_UNAVAILABLE" "no virtiofsd at $virtiofsd_binary" \
		"run 'make setup', or name one in SCHED_PROTO_VIRTIOFSD (the one in C, of QEMU 5 to 7)"
	[[ -s $kernel_folder/vmlinuz ]] || die "$EX_UNAVAILABLE" \
		"no guest kernel of series $kernel in $kernels_dir (there: $(find "$kernels_dir" -mindepth 1 -maxdepth 1 -printf '%f ' 2>/dev/null || true))" \
		"run 'make setup KERNEL=$kernel'"
	[[ ! -s $kernel_folder/config ]] || grep -qx CONFIG_SCHED_CLASS_EXT=y "$kernel_folder/config" || die "$EX_UNAVAILABLE" \
		"guest kernel $kernel has no sched_ext: CONFIG_SCHED_CLASS_EXT=y is needed" \
		"run 'make setup KERNEL=$DEFAULT_KERNEL' and use that"
}

# kernel_bootable FOLDER: the file that QEMU starts.
kernel_bootable() {
	if [[ -s $1/vmlinux ]]; then
		printf '%s\n' "$1/vmlinux"
	else
		printf '%s\n' "$1/vmlinuz"
	fi
}

# check_memory MEGABYTES: the guest's memory plus what QEMU itself takes.
check_memory() {
	local need=$(($1 + 400)) free limit used
	free=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' "${SCHED_PROTO_MEMINFO:-/proc/meminfo}")
	((free >= need)) || die "$EX_TEMPFAIL" \
		"not enough memory: $free MB available, $need MB needed for a guest of $1 MB" \
		"pass a smaller --memory, or end something else"
	limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
	used=$(cat /sys/fs/cgroup/memory.current 2>/dev/null || echo 0)
	[[ $limit == max ]] || (((limit - used) / 1048576 >= need)) || die "$EX_TEMPFAIL" \
		"not enough memory: this control group may use $(((limit - used) / 1048576)) MB more, $need MB needed" \
		"pass a smaller --memory, or raise the limit"
}

# check_space FOLDER MEGABYTES
check_space() {
	local free
	free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	((free >= $2)) || die "$EX_TEMPFAIL" "no disk space: $free MB free in $1, $2 MB needed" "free some, then try again"
}
