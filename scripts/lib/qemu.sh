# shellcheck shell=bash
# QEMU 10 and virtiofsd, unpacked into the cache: the machine's own QEMU, if any, stays as it is.

qemu_ready() {
	[[ -x $qemu_binary && -x $virtiofsd_binary ]]
}

# qemu_installed_works: both start, and QEMU is new enough.
qemu_works() {
	qemu_ready || return 1
	version_at_least "$(qemu_version "$qemu_binary")" "$NEED_QEMU" &&
		! ldd "$virtiofsd_binary" | grep -q 'not found'
}

qemu_install() {
	local libraries missing
	apt_open debian
	apt_extract "$qemu_root" qemu-system-x86/bookworm-backports qemu-system-data/bookworm-backports \
		qemu-system-common/bookworm-backports seabios
	# Later QEMU packages do not have the C virtiofsd; it speaks to QEMU 10 all the same.
	apt_extract "$cache_dir/virtiofsd" qemu-system-common/bookworm
	libraries=$(apt_cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
		--no-enhances qemu-system-x86/bookworm-backports |
		sed -nE 's/^ +Depends: (lib[^ ]+)$/\1/p')
	# shellcheck disable=SC2086
	missing=$(apt_missing $libraries libcap-ng0 libseccomp2 libglib2.0-0)
	# shellcheck disable=SC2086
	[[ -z $missing ]] || apt_install --no-upgrade $missing
	qemu_works || die "$EX_UNAVAILABLE" \
		"QEMU or virtiofsd do not start: found QEMU '$(qemu_version "$qemu_binary")', needed $NEED_QEMU or newer" \
		"missing libraries: $(ldd "$qemu_binary" "$virtiofsd_binary" | awk '/not found/ { print $1 }' | sort -u | paste -sd ' ')"
	say "QEMU $(qemu_version "$qemu_binary") is in $qemu_root"
}
