# shellcheck shell=bash
# Debian packages that building, testing and measuring need, installed system-wide.

build_packages=(libelf-dev zlib1g-dev pkg-config make git ca-certificates)

# The guest's first processes, the load of `make run`, and a look at a kernel's types.
guest_packages=(bpftool rt-tests cpio util-linux procps xz-utils zstd iproute2)

# clang-format and friends for `make lint`; stress-ng, schedtool, numactl as workloads in the guest; z3 for
# `sched-proto prove`.
test_packages=(stress-ng schedtool numactl clang-format z3)

libbpf_version() {
	pkg-config --modversion libbpf 2>/dev/null || true
}

libbpf_works() {
	[[ -e /usr/include/bpf/bpf.h ]] && version_at_least "$(libbpf_version)" "$NEED_LIBBPF"
}

# packages_install PACKAGE...: those that are missing.
packages_install() {
	local missing
	missing=$(apt_missing "$@")
	# shellcheck disable=SC2086
	[[ -z ${missing// /} ]] || {
		apt_open debian
		apt_install --no-upgrade $missing
	}
}

# Any busybox will do: the full one where it is, else the static one.
busybox_install() {
	[[ -e /bin/busybox || -e /usr/bin/busybox ]] || packages_install busybox-static
}

libbpf_install() {
	apt_open debian
	apt_install libbpf1/bookworm-backports libbpf-dev/bookworm-backports
	libbpf_works ||
		die "$EX_UNAVAILABLE" "libbpf: found '$(libbpf_version)', needed $NEED_LIBBPF or newer, with headers in /usr/include/bpf"
}
