# shellcheck shell=bash
# Guest kernels: Debian's cloud kernels from trixie-backports, unpacked into the cache by series.

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

kernel_install() {
	local series=$1 offered chosen version package folder vmlinuz config packages base
	[[ $series =~ ^[0-9]+\.[0-9]+(\.[0-9]+)?$ ]] ||
		die "$EX_USAGE" "kernel series '$series' is not of the form 6.18 or 6.18.15"
	apt_open kernels
	offered=$(kernel_packages)
	chosen=$(kernel_choose "$series" <<<"$offered")
	[[ -n $chosen ]] || die "$EX_UNAVAILABLE" \
		"no kernel of series $series in trixie-backports" \
		"there are: $(awk '{ split($1, v, "."); print v[1] "." v[2] }' <<<"$offered" | uniq | paste -sd ' ')"
	read -r version package <<<"$chosen"
	say "guest kernel of series $series: $version ($package)"
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
}
