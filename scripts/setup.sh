#!/usr/bin/env bash
# Installs what the project needs on Debian 12; does nothing, silently, when all of it is there.
#   setup.sh [--kernel SERIES]     or KERNEL=SERIES setup.sh
#   setup.sh --for build|run       only what a build needs, or what 'make run' needs besides; no tools of tests
#   setup.sh --list                names the series of guest kernels that can be had, one a line
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib/common.sh"
. "$here/lib/cache.sh"
. "$here/lib/apt.sh"
. "$here/lib/toolchain.sh"
. "$here/lib/packages.sh"
. "$here/lib/qemu.sh"
. "$here/lib/kernel.sh"
. "$here/lib/kernel-build.sh"
. "$here/lib/checks.sh"

# What was checked last time: these scripts, the toolchain, the machine's package state.
fingerprint() {
	{
		cat "$here"/setup.sh "$here"/lib/*.sh
		stat -L -c '%n %s %Y' "$(command -v swift)" /var/lib/dpkg/status 2>&1 || true
		printf '%s\n' "$PATH" "$qemu_binary" "$virtiofsd_binary"
	} | sha256sum | cut -d ' ' -f 1
}

all_there() {
	[[ -f $cache_dir/setup.stamp && $(<"$cache_dir/setup.stamp") == "$(fingerprint)" ]] &&
		kernel_ready "$kernel" && qemu_ready && libbpf_works
}

# On other systems nothing is installed: say what is missing.
check_only() {
	local problems version
	problems=$(toolchain_problems)
	version=$(libbpf_version)
	libbpf_works || problems+=$'\n'"libbpf with headers: found ${version:-none}, needed $NEED_LIBBPF or newer"
	if [[ $purpose == build ]]; then
		report_problems "$problems"
		return
	fi
	version=$(qemu_version "$qemu_binary")
	version_at_least "${version:-0}" "$NEED_QEMU" ||
		problems+=$'\n'"qemu-system-x86_64: found ${version:-none} at $qemu_binary, needed $NEED_QEMU or newer (name yours in SCHED_PROTO_QEMU)"
	[[ -x $virtiofsd_binary ]] ||
		problems+=$'\n'"virtiofsd, the one in C of QEMU 5 to 7: found none at $virtiofsd_binary (name yours in SCHED_PROTO_VIRTIOFSD)"
	kernel_ready "$kernel" ||
		problems+=$'\n'"guest kernel with CONFIG_SCHED_CLASS_EXT=y, series $kernel: found none; needed are vmlinuz, config and release (its uname -r) in $kernels_dir/$kernel"
	report_problems "$problems"
}

report_problems() {
	local problems
	problems=$(sed '/^$/d' <<<"$1")
	[[ -z $problems ]] || {
		say "this is not Debian 12 on x86-64, so nothing is installed for you. Missing:"
		die "$EX_UNAVAILABLE" "$problems"
	}
}

install_all() {
	local problems
	problems=$(toolchain_problems)
	[[ -z $problems ]] || die "$EX_UNAVAILABLE" "$problems"
	((EUID == 0)) || command -v sudo >/dev/null ||
		die "$EX_UNAVAILABLE" "installing Debian packages needs root: found neither root nor sudo"
	packages_install "${build_packages[@]}"
	libbpf_works || libbpf_install
	[[ $purpose != build ]] || return 0
	packages_install "${guest_packages[@]}"
	busybox_install
	qemu_works || qemu_install
	kernel_ready "$kernel" || kernel_install "$kernel"
	kernel_decompress "$kernels_dir/$kernel"
	[[ $purpose != run ]] || return 0
	packages_install "${test_packages[@]}"
}

kernel=${KERNEL:-$DEFAULT_KERNEL}
list= purpose=
while (($#)); do
	case $1 in
	--kernel) kernel=${2:?--kernel needs a series} && shift 2 ;;
	--for)
		[[ ${2:-} == build || ${2:-} == run ]] || die "$EX_USAGE" "--for takes build or run, got '${2:-}'" "$(usage)"
		purpose=$2 && shift 2
		;;
	--list) list=1 && shift ;;
	--help | -h) show_help ;;
	*) die "$EX_USAGE" "unknown argument ${1@Q}" "$(usage)" ;;
	esac
done

umask go-w
cache_check
[[ -n $list ]] || ! all_there || exit 0
mkdir -p "$cache_dir" || die "$EX_UNAVAILABLE" "cannot write the cache folder $cache_dir" "name another one in SCHED_PROTO_CACHE"
cache_lock
flock --nonblock 9 || {
	say "waiting for another setup that is at work"
	flock 9
}
if [[ -n $list ]]; then
	kernel_list
	exit 0
fi
if is_debian_12 && [[ $(uname -m) == x86_64 ]]; then
	install_all
else
	check_only
fi
rm -f "$cache_dir"/apt/*/fresh.*
[[ -z $purpose ]] || exit 0
rm -rf "$cache_dir/setup.stamp" # it may be a link
fingerprint >"$cache_dir/setup.stamp"
