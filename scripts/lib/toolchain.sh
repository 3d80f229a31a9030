# shellcheck shell=bash
# Swift and a clang that compiles for BPF: found, never installed.

swift_version() {
	swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9][0-9.]*).*/\1/p' | head -n 1
}

# bpf_clang: the clang to compile BPF with. Swift's own, else one on PATH that is new enough.
bpf_clang() {
	local swift candidate version
	swift=$(command -v swift || true)
	[[ -z $swift ]] || swift=$(dirname "$(readlink -f "$swift")")
	for candidate in ${swift:+"$swift/clang"} clang clang-{21,20,19,18,17,16}; do
		version=$("$candidate" --version 2>/dev/null | sed -nE '1s/.*clang version ([0-9]+).*/\1/p') || true
		[[ -n $version ]] && ((version >= NEED_CLANG)) || continue
		"$candidate" --print-targets 2>/dev/null | grep -qw bpfel || continue
		command -v "$candidate"
		return 0
	done
	return 1
}

# toolchain_problems: one line for each thing that is missing, with the found and the needed version.
toolchain_problems() {
	local version
	version=$(swift_version || true)
	if [[ -z $version ]] || ! version_at_least "$version" "$NEED_SWIFT"; then
		echo "swift: found ${version:-none}, needed $NEED_SWIFT or newer (swift.org/install; put its usr/bin on PATH)"
	fi
	bpf_clang >/dev/null ||
		echo "clang with the bpf target: found none of version $NEED_CLANG or newer (Swift's toolchain has one; or install clang-$NEED_CLANG)"
}
