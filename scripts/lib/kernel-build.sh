# shellcheck shell=bash
# Guest kernels that no Debian package offers with sched_ext: built once from Debian's own source and its
# configuration for clouds, with that one option more, into the cache.

# Installed only when such a kernel is built: compiler, what Linux's build calls, pahole for its BTF.
kernel_build_packages=(gcc make bc bison flex libelf-dev libssl-dev dwarves cpio kmod python3-minimal perl)
KERNEL_BUILD_MB=6000 # measured: 3.4 GB of sources and objects

# What the guests need built in, since they load no module; and what sched_ext and its programs need.
kernel_build_needs=(
	SCHED_CLASS_EXT DEBUG_INFO_BTF BPF_SYSCALL BPF_JIT VIRTIO_PCI VIRTIO_CONSOLE VIRTIO_FS FUSE_FS
	SERIAL_8250_CONSOLE DEVTMPFS TMPFS CGROUPS CGROUP_SCHED CFS_BANDWIDTH CPUSETS MEMCG HOTPLUG_CPU
	FTRACE DEBUG_FS MAGIC_SYSRQ IKCONFIG_PROC
)

# kernel_build_offered SERIES: the newest version of the series whose source Debian 12 has; empty if there is none, or
# if it is too old to have sched_ext.
kernel_build_offered() {
	version_at_least "$1" "$BUILT_KERNEL" || return 0
	apt_cache madison "linux-source-$1" 2>/dev/null | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' | sort -V | tail -n 1
}

# kernel_build_config: Debian's configuration on stdin to what is built: no modules, no signatures, and ours.
kernel_build_config() {
	local option
	sed -E -e 's/^(CONFIG_[A-Z0-9_]+)=m$/# \1 is not set/' \
		-e '/^(# )?CONFIG_(MODULE_SIG|SYSTEM_TRUSTED_KEYS|LOCALVERSION|BUILD_SALT|DEBUG_INFO_BTF_MODULES|SECURITY_(SELINUX|SMACK|TOMOYO)|IMA|EVM)[= ]/d'
	for option in "${kernel_build_needs[@]}" IKCONFIG; do
		echo "CONFIG_$option=y"
	done
	for option in MODULE_SIG DEBUG_INFO_BTF_MODULES SECURITY_SELINUX SECURITY_SMACK SECURITY_TOMOYO IMA EVM LOCALVERSION_AUTO; do
		echo "# CONFIG_$option is not set"
	done
	echo 'CONFIG_SYSTEM_TRUSTED_KEYS=""'
	echo 'CONFIG_LOCALVERSION="-sched-proto"'
}

# kernel_build_check CONFIG: what it lacks, one a line. Linux's build drops silently what it cannot have.
kernel_build_check() {
	local option
	for option in "${kernel_build_needs[@]}"; do
		grep -qx "CONFIG_$option=y" "$1" || echo "CONFIG_$option"
	done
}

# kernel_build SERIES VERSION: into $kernels_dir/SERIES.
kernel_build() {
	local series=$1 version=$2 folder=$cache_dir/build-kernel-$1 log=$cache_dir/build-kernel-$1.log missing source begin=$SECONDS
	check_space "$cache_dir" "$KERNEL_BUILD_MB"
	missing=$(apt_missing "${kernel_build_packages[@]}")
	# shellcheck disable=SC2086
	[[ -z $missing ]] || apt_install --no-upgrade $missing
	apt_extract "$folder" "linux-source-$series" "linux-config-$series"
	say "guest kernel of series $series: building it from Debian's source $version, once; some 12 minutes on two cores (see $log)"
	source=$folder/source
	mkdir "$source"
	tar -xf "$folder/usr/src/linux-source-$series.tar.xz" -C "$source" --strip-components 1
	rm "$folder/usr/src/linux-source-$series.tar.xz"
	xz -dc "$folder/usr/src/linux-config-$series/config.amd64_none_cloud-amd64.xz" | kernel_build_config >"$source/.config"
	kernel_build_run "$source" "$log" || {
		tail -n 15 "$log" >&2
		die "$EX_UNAVAILABLE" "the kernel of series $series could not be built; all of its log is in $log" \
			"choose another series with KERNEL=; $DEFAULT_KERNEL is known to work"
	}
	rm -rf "${kernels_dir:?}/$series.new"
	mkdir -p "$kernels_dir/$series.new"
	cp "$source/arch/x86/boot/bzImage" "$kernels_dir/$series.new/vmlinuz"
	cp "$source/.config" "$kernels_dir/$series.new/config"
	cp "$source/include/config/kernel.release" "$kernels_dir/$series.new/release"
	rm -rf "${kernels_dir:?}/$series" "$folder" "$log"
	mv "$kernels_dir/$series.new" "$kernels_dir/$series"
	kernel_warn "$series"
	say "Linux $(<"$kernels_dir/$series/release") is built, in $(((SECONDS - begin + 59) / 60)) minutes"
}

# kernel_build_run SOURCE LOG: beside other work, without the caller's make.
kernel_build_run() (
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
	export KBUILD_BUILD_USER=sched-proto KBUILD_BUILD_HOST=sched-proto
	cd "$1"
	{
		make olddefconfig || exit 1
		lacking=$(kernel_build_check .config)
		if [[ -n $lacking ]]; then
			echo "the configuration lacks, against our wish: ${lacking//$'\n'/ }"
			exit 1
		fi
		nice -n 10 make -j "$(nproc)" bzImage
	} >"$2" 2>&1 </dev/null
)
