# shellcheck shell=bash
# Debian packages that building, testing and measuring need, installed system-wide.

# clang-format and friends for `make lint`; rt-tests, stress-ng, schedtool, numactl as workloads in the guest;
# z3 for `sched-proto prove`.
host_packages=(
	libelf-dev zlib1g-dev pkg-config bpftool rt-tests stress-ng schedtool numactl cpio
	clang-format z3 util-linux procps xz-utils zstd iproute2 make git ca-certificates
)

libbpf_version() {
	pkg-config --modversion libbpf 2>/dev/null || true
}

libbpf_works() {
	[[ -e /usr/include/bpf/bpf.h ]] && version_at_least "$(libbpf_version)" "$NEED_LIBBPF"
}

packages_install() {
	local missing
	missing=$(apt_missing "${host_packages[@]}")
	[[ -e /bin/busybox || -e /usr/bin/busybox ]] || missing+=" busybox-static"
	# shellcheck disable=SC2086
	[[ -z ${missing// /} ]] || {
		apt_open debian
		apt_install --no-upgrade $missing
	}
}

libbpf_install() {
	apt_open debian
	apt_install libbpf1/bookworm-backports libbpf-dev/bookworm-backports
	libbpf_works ||
		die "$EX_UNAVAILABLE" "libbpf: found '$(libbpf_version)', needed $NEED_LIBBPF or newer, with headers in /usr/include/bpf"
}
