# shellcheck shell=bash
# What every script here shares: where things are, how to speak, how to fail.

EX_UNAVAILABLE=69 # something that is needed is missing
EX_SOFTWARE=70    # the guest died
EX_IOERR=74       # output cannot be written
EX_TEMPFAIL=75    # the machine is short of something right now
EX_USAGE=64
export EX_UNAVAILABLE EX_SOFTWARE EX_IOERR EX_TEMPFAIL EX_USAGE

# Oldest versions that work; docs/GUEST.md says why.
NEED_SWIFT=6.1
NEED_CLANG=16
NEED_LIBBPF=1.4
NEED_QEMU=10.0
DEFAULT_KERNEL=6.18
BUILT_KERNEL=6.12 # the one whose packages come without sched_ext
export NEED_SWIFT NEED_CLANG NEED_LIBBPF NEED_QEMU DEFAULT_KERNEL BUILT_KERNEL

repo_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache_dir=${SCHED_PROTO_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/sched-proto}
export repo_root cache_dir

# Whatever TEXT was made of, nothing in it acts on a terminal. What somebody typed is quoted besides, by ${x@Q}.
say() {
	local LC_ALL=C text=$* acts=$'[\001-\010\013-\037\177]'
	# shellcheck disable=SC2295 # it is a pattern
	printf '%s: %s\n' "${0##*/}" "${text//$acts/?}" >&2 || true # the status is what counts
}

# die STATUS TEXT...: one line a TEXT.
die() {
	local status=$1 line
	shift
	for line in "$@"; do
		say "$line"
	done
	exit "$status"
}

# usage: the comment at the head of the script.
usage() {
	sed -nE '2,/^set/{/^set/d;s/^# ?//p}' "$0"
}

# show_help: for --help, and the end of the script, whether or not somebody can read it: what follows would do the work.
show_help() {
	[[ -e /dev/fd/1 ]] || exec >/dev/full
	usage || die "$EX_IOERR" "standard output cannot be written"
	exit 0
}

# version_at_least FOUND NEEDED
version_at_least() {
	[[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]
}

# retry TIMES COMMAND...: mirrors hiccup.
retry() {
	local times=$1 try
	shift
	for ((try = 1; try <= times; try++)); do
		"$@" && return 0
		((try == times)) || {
			say "attempt $try of $times failed; trying again"
			sleep "$((try * 2))"
		}
	done
	return 1
}

as_root() {
	if ((EUID == 0)); then
		"$@"
	else
		sudo "$@"
	fi
}

is_debian_12() (
	ID='' VERSION_ID=''
	# shellcheck disable=SC1091
	. "${SCHED_PROTO_OS_RELEASE:-/etc/os-release}" 2>/dev/null || return 1
	[[ $ID == debian && $VERSION_ID == 12 ]]
)

# Where setup puts things; each can be overridden to use one's own.
qemu_root=$cache_dir/qemu
qemu_binary=${SCHED_PROTO_QEMU:-$qemu_root/usr/bin/qemu-system-x86_64}
virtiofsd_binary=${SCHED_PROTO_VIRTIOFSD:-$cache_dir/virtiofsd/usr/lib/qemu/virtiofsd}
kernels_dir=$cache_dir/kernels
export qemu_root qemu_binary virtiofsd_binary kernels_dir

# The version of a QEMU binary, empty if it does not start.
qemu_version() {
	"$1" --version 2>/dev/null | sed -nE '1s/.*version ([0-9][0-9.]*).*/\1/p' || true
}
