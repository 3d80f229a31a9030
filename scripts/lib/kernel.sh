# shellcheck shell=bash
# Guest kernels: Debian's cloud kernels from trixie-backports, or from unstable where that has a newer one of the
# series, unpacked into the cache by series. One that is in neither, but whose source Debian 12 has, is built: see
# kernel-build.sh.

# kernel_ready SERIES: the kernel is there. Its configuration may be missing: see kernel_packages.
kernel_ready() {
	[[ -s $kernels_dir/$1/vmlinuz && -s $kernels_dir/$1/release ]]
}

# kernel_packages: "VERSION PACKAGE" of every kernel on offer, oldest first. Up to 6.18 the kernel is in
# linux-image-VERSION; later ones have linux-binary-VERSION and linux-base-VERSION (its configuration), of
# which the suite keeps the former for longer.
kernel_packages() {
	apt_cache search --names-only '^linux-(image|binary)-[0-9].*-cloud-amd64$' |
		sed -nE 's/^(linux-(image|binary)-([0-9.]+)\+deb[^ ]*)( .*)?$/\3 \1/p' |
		sort -k1,1V |
		awk '{ if (!($1 in at)) order[++n] = $1; if (!($1 in at) || $2 ~ /binary/) at[$1] = $2 }
		     END { for (i = 1; i <= n; i++) print order[i], at[order[i]] }'
}

# kernel_choose SERIES: the newest "VERSION PACKAGE" of the series, from kernel_packages on stdin.
kernel_choose() {
	awk -v series="$1" '$1 == series || index($1, series ".") == 1' | tail -n 1
}

# kernel_unpacked VMLINUZ: the kernel inside, decompressed, on stdout.
kernel_unpacked() {
	local offset
	for offset in $(LC_ALL=C grep -abo $'\xfd7zXZ' "$1" | cut -d : -f 1); do
		tail -c "+$((offset + 1))" "$1" | xz -dc --single-stream 2>/dev/null || true
	done
	for offset in $(LC_ALL=C grep -aboP '\x28\xb5\x2f\xfd' "$1" | cut -d : -f 1); do
		tail -c "+$((offset + 1))" "$1" | zstd -dc 2>/dev/null || true
	done
}

# kernel_has_sched_ext VMLINUZ CONFIG: by its configuration, else by a function it has then only.
kernel_has_sched_ext() {
	if [[ -s $2 ]]; then
		grep -qx CONFIG_SCHED_CLASS_EXT=y "$2"
	else
		(($(kernel_unpacked "$1" | grep -ac scx_bpf_create_dsq) > 0))
	fi
}

# kernel_decompress FOLDER: puts vmlinux beside the vmlinuz there, so that no guest has to decompress it, which takes an
# emulated machine a quarter of its boot. Only of a kernel that can be started so (the PVH boot protocol); without
# vmlinux guests take vmlinuz, so it is no error if that cannot be had.
kernel_decompress() {
	[[ ! -s $1/vmlinux ]] || return 0
	grep -qsx CONFIG_PVH=y "$1/config" || return 0
	check_space "$1" 200 # half of it would look right
	kernel_unpacked "$1/vmlinuz" >"$1/vmlinux.new"
	if [[ $(head -c 4 "$1/vmlinux.new") == $'\x7fELF' ]]; then
		mv "$1/vmlinux.new" "$1/vmlinux"
	else
		rm -f "$1/vmlinux.new"
	fi
}

# kernel_implicit_arguments VMLINUZ: functions of sched_ext that its BTF describes with an argument that no program
# passes, one a line: none for a kernel that is built right. Sources/KernelLink/KernelBTF.swift has the reason.
kernel_implicit_arguments() {
	local work
	work=$(mktemp "${TMPDIR:-/tmp}/sched-proto-kernel.XXXXXX")
	kernel_unpacked "$1" >"$work"
	bpftool btf dump file "$work" format raw 2>/dev/null | btf_implicit_arguments | sort
	rm -f "$work"
}

# btf_implicit_arguments: the same from what bpftool prints of a BTF.
btf_implicit_arguments() {
	awk '
	function target(id, tries) {
		for (tries = 0; tries < 8 && id in means; tries++)
			id = means[id]
		return id
	}
	# Of the type in this line, the one it is made of.
	function type(text) { text = $0; sub(/.*type_id=/, "", text); sub(/ .*/, "", text); return text }
	/^\[/ { id = substr($1, 2, length($1) - 2); prototype = "" }
	/^\[[0-9]+\] (CONST|VOLATILE|TYPEDEF) / { means[id] = type() }
	/^\[[0-9]+\] PTR / { points[id] = type() }
	/^\[[0-9]+\] (STRUCT|FWD) .bpf_prog_aux. / { aux[id] = 1 }
	/^\[[0-9]+\] FUNC_PROTO / { prototype = id }
	/^[ \t]/ && prototype != "" { last[prototype] = type() }
	/^\[[0-9]+\] FUNC .(scx_bpf_|bpf_iter_scx_dsq_)/ { prototypes[substr($3, 2, length($3) - 2)] = type() }
	END {
		for (name in prototypes)
			if (name !~ /_impl$/ && target(points[target(last[prototypes[name]])]) in aux)
				print name
	}'
}

# kernel_offered SERIES: sets $chosen to the newest "VERSION PACKAGE STATE" of the series, empty if there is none, and
# $offered to all series on offer. The suite of the default has it: so the long lists of the other one are not read.
kernel_offered() {
	local series=$1 all=''
	if [[ $series != "$DEFAULT_KERNEL" ]]; then
		if apt_open unstable optional; then
			all+=$(kernel_packages | sed 's/$/ unstable/')$'\n'
		else
			say "note: the mirror's unstable could not be read, so its kernels are not looked at"
		fi
	fi
	apt_open kernels
	all+=$(kernel_packages | sed 's/$/ kernels/')
	all=$(sort -s -k 1,1V <<<"$all")
	chosen=$(kernel_choose "$series" <<<"$all")
	offered=$(awk 'NF { split($1, v, "."); print v[1] "." v[2] }' <<<"$all" | uniq | paste -sd ' ')
}

# kernel_list: every series that can be had here, one a line; elsewhere than on Debian 12 those that lie in the cache.
kernel_list() {
	local offered chosen
	if is_debian_12; then
		kernel_offered 0.0
		apt_open debian
		[[ -z $(kernel_build_offered "$BUILT_KERNEL") ]] || offered+=" $BUILT_KERNEL"
		tr ' ' '\n' <<<"$offered"
	else
		find "$kernels_dir" -mindepth 1 -maxdepth 1 -printf '%f\n'
	fi | sort -u -V
}

kernel_install() {
	local series=$1 offered chosen version package state folder vmlinuz config packages base
	[[ $series =~ ^[0-9]+\.[0-9]+(\.[0-9]+)?$ ]] ||
		die "$EX_USAGE" "kernel series '$series' is not of the form 6.18 or 6.18.15"
	kernel_offered "$series"
	if [[ -z $chosen ]]; then
		apt_open debian
		version=$(kernel_build_offered "$series")
		[[ -n $version ]] || die "$EX_UNAVAILABLE" \
			"no kernel of series $series in Debian's trixie-backports or unstable, and no linux-source-$series in Debian 12" \
			"there are: $offered; $BUILT_KERNEL can be built"
		kernel_build "$series" "$version"
		return
	fi
	read -r version package state <<<"$chosen"
	apt_open "$state"
	say "guest kernel of series $series: $version ($package, $(apt_suites "$state"))"
	packages=("$package")
	if [[ $package == linux-binary-* ]]; then
		base=linux-base-${package#linux-binary-}
		if [[ -n $(apt_cache madison "$base" 2>/dev/null) ]]; then
			packages+=("$base")
		else
			say "note: $base is no longer on offer, so the guest has no kernel configuration file"
		fi
	fi
	folder=$cache_dir/unpack-kernel-$series
	apt_extract "$folder" "${packages[@]}"
	vmlinuz=$(find "$folder/boot" "$folder/usr/lib/modules" -name 'vmlinuz*' -print -quit 2>/dev/null || true)
	config=$(find "$folder/boot" "$folder/usr/lib/modules" -maxdepth 2 -name 'config*' -type f -print -quit 2>/dev/null || true)
	[[ -n $vmlinuz ]] || die "$EX_UNAVAILABLE" "no vmlinuz in ${packages[*]}: its layout changed"
	kernel_has_sched_ext "$vmlinuz" "$config" || die "$EX_UNAVAILABLE" \
		"kernel $version has no sched_ext: needed CONFIG_SCHED_CLASS_EXT=y, found '$([[ -z $config ]] || grep SCHED_CLASS_EXT "$config" || true)'" \
		"choose another series with KERNEL=; $DEFAULT_KERNEL is known to work"
	rm -rf "${kernels_dir:?}/$series.new"
	mkdir -p "$kernels_dir/$series.new"
	cp "$vmlinuz" "$kernels_dir/$series.new/vmlinuz"
	[[ -z $config ]] || cp "$config" "$kernels_dir/$series.new/config"
	printf '%s\n' "${package#linux-*-}" >"$kernels_dir/$series.new/release"
	rm -rf "${kernels_dir:?}/$series" "$folder"
	mv "$kernels_dir/$series.new" "$kernels_dir/$series"
	kernel_warn "$series"
}

# kernel_warn SERIES: says so if no scheduler can be loaded there.
kernel_warn() {
	local functions
	functions=$(kernel_implicit_arguments "$kernels_dir/$1/vmlinuz")
	[[ -z $functions ]] || {
		say "warning: Linux $(<"$kernels_dir/$1/release") cannot load sched_ext schedulers that make queues, ours or any other:"
		say "  its BTF was made with pahole 1.30 or older, which leaves out tags that this series needs ($(wc -l <<<"$functions") functions, $(head -n 1 <<<"$functions") is one)."
		say "  Not affected: series up to 7.0, 7.3 and newer, and builds with a newer pahole."
	}
}
