# shellcheck shell=bash
# Tests that start no guest: what guest.sh and setup.sh refuse, and what they read.

# A cache that looks complete, with a QEMU that says it is of VERSION.
fake_cache() {
	local cache=$folder/cache
	rm -rf "$cache"
	mkdir -p "$cache/qemu/usr/bin" "$cache/virtiofsd/usr/lib/qemu" "$cache/kernels/6.18"
	printf '#!/bin/sh\necho QEMU emulator version %s\n' "$1" >"$cache/qemu/usr/bin/qemu-system-x86_64"
	printf '#!/bin/sh\nexit 1\n' >"$cache/virtiofsd/usr/lib/qemu/virtiofsd"
	chmod +x "$cache"/qemu/usr/bin/* "$cache"/virtiofsd/usr/lib/qemu/*
	echo kernel >"$cache/kernels/6.18/vmlinuz"
	echo CONFIG_SCHED_CLASS_EXT=y >"$cache/kernels/6.18/config"
	echo 6.18 >"$cache/kernels/6.18/release"
	export SCHED_PROTO_CACHE=$cache
	unset KERNEL SCHED_PROTO_QEMU SCHED_PROTO_VIRTIOFSD
}

guest() {
	run "$scripts/guest.sh" "$@"
}

test_help_lists_every_option() {
	local option
	guest --help
	expect_status 0
	for option in $(sed -nE 's/^\t(--[a-z |-]+)\).*/\1/p' "$scripts/guest.sh" | tr -d '|'); do
		[[ $option == --help || $option == -h || $option == -- ]] || expect_in "$option" "$output"
	done
}

# Help that nobody can read ends the script as well: it does not read its arguments for ever, and begins no work.
test_help_that_cannot_be_written() {
	local script how
	fake_cache 10.0.2
	for script in guest.sh setup.sh test-kernels.sh bench-apps.sh lint.sh tests/new-policy.sh ../Tests/Guest/run.sh; do
		run "$scripts/$script" --help
		expect_status 0
		[[ -n $output ]] || complain "$script --help says nothing"
		for how in '>/dev/full' '>&-' '>&"$pipe"'; do
			# shellcheck disable=SC2016
			run timeout -k 1 10 bash -c 'exec {pipe}> >(exit 0); wait $!; eval "\"\$1\" --help $2"' x "$scripts/$script" "$how"
			[[ $status == 74 ]] || complain "status of $script --help $how: $status, not 74: $errors"
		done
	done
}

test_wrong_arguments() {
	local words
	fake_cache 10.0.2
	while read -r words; do
		# shellcheck disable=SC2086
		guest $words
		[[ $status == 64 ]] || complain "status of 'guest.sh $words': expected 64, found $status: $errors"
		[[ $errors == guest.sh:* ]] || complain "'guest.sh $words' explains nothing: $errors"
	done <<-'END'

		--
		--cpus
		--cpus 0 true
		--cpus x true
		--cpus 65 true
		--cpus 99999999999999999999 true
		--time-limit -1 true
		--time-limit 1.5 true
		--memory 2 true
		--memory 2T true
		--memory 10M true
		--clock fast true
		--accel hvf true
		--clock virtual --accel kvm true
		--kernel ../6.18 true
		--kernel six true
		--topology 2 true
		--topology 0,1,1 true
		--topology 2,2,1,3 true
		--topology 1,3,1,2 true
		--topology 2,2,1 --cpus 3 true
		--topology 9,9,9 true
		--unknown true
	END
}

test_missing_kernel() {
	fake_cache 10.0.2
	guest --kernel 7.9 true
	expect_status 69
	expect_in "make setup KERNEL=7.9" "$errors"
	expect_in "6.18" "$errors"
}

test_kernel_without_configuration() {
	. "$scripts/lib/common.sh"
	. "$scripts/lib/kernel.sh"
	{ echo header && echo scx_bpf_create_dsq | xz; } >"$folder/with"
	{ echo header && echo nothing | xz; } >"$folder/without"
	kernel_has_sched_ext "$folder/with" "" || complain "not found in a compressed kernel"
	! kernel_has_sched_ext "$folder/without" "" || complain "found in a kernel that has it not"
}

test_kernel_is_decompressed_once() {
	. "$scripts/lib/common.sh"
	. "$scripts/lib/kernel.sh"
	. "$scripts/lib/checks.sh"
	local kernel=$folder/kernel
	mkdir "$kernel"
	{ echo header && printf '\x7fELF and more' | xz; } >"$kernel/vmlinuz"
	kernel_decompress "$kernel"
	expect_equal "without a configuration" "$kernel/vmlinuz" "$(kernel_bootable "$kernel")"
	echo '# CONFIG_PVH is not set' >"$kernel/config"
	kernel_decompress "$kernel"
	expect_equal "one that cannot be started so" "$kernel/vmlinuz" "$(kernel_bootable "$kernel")"
	echo CONFIG_PVH=y >"$kernel/config"
	kernel_decompress "$kernel"
	expect_equal "one that can" "$kernel/vmlinux" "$(kernel_bootable "$kernel")"
	expect_equal "what is in it" $'\x7fELF and more' "$(<"$kernel/vmlinux")"
	rm "$kernel/vmlinux"
	{ echo header && echo 'of another kind' | xz; } >"$kernel/vmlinuz"
	kernel_decompress "$kernel"
	expect_equal "one that is not found inside" "$kernel/vmlinuz" "$(kernel_bootable "$kernel")"
	expect_equal "nothing is left" "config vmlinuz" "$(find "$kernel" -type f -printf '%f\n' | sort | paste -sd ' ')"
}

test_kernel_without_sched_ext() {
	fake_cache 10.0.2
	echo '# CONFIG_SCHED_CLASS_EXT is not set' >"$SCHED_PROTO_CACHE/kernels/6.18/config"
	guest true
	expect_status 69
	expect_in "CONFIG_SCHED_CLASS_EXT=y" "$errors"
}

test_old_qemu() {
	fake_cache 7.2.15
	guest true
	expect_status 69
	expect_in "found 7.2.15, needed 10.0" "$errors"
}

test_missing_qemu() {
	fake_cache 10.0.2
	rm "$SCHED_PROTO_CACHE/qemu/usr/bin/qemu-system-x86_64"
	guest true
	expect_status 69
	expect_in "make setup" "$errors"
}

test_qemu_that_does_not_start() {
	fake_cache 10.0.2
	printf '#!/bin/sh\nexit 127\n' >"$SCHED_PROTO_CACHE/qemu/usr/bin/qemu-system-x86_64"
	guest true
	expect_status 69
	expect_in "does not start" "$errors"
}

test_missing_virtiofsd() {
	fake_cache 10.0.2
	rm "$SCHED_PROTO_CACHE/virtiofsd/usr/lib/qemu/virtiofsd"
	guest true
	expect_status 69
	expect_in "no virtiofsd" "$errors"
}

test_too_little_memory() {
	fake_cache 10.0.2
	need_root || return
	echo 'MemAvailable: 1048576 kB' >"$folder/meminfo"
	SCHED_PROTO_MEMINFO=$folder/meminfo guest --memory 2G true
	expect_status 75
	expect_in "1024 MB available, 2448 MB needed" "$errors"
}

test_virtiofsd_that_fails_leaves_nothing() {
	fake_cache 10.0.2
	need_root || return
	guest true
	expect_status 69
	expect_in "virtiofsd did not start" "$errors"
	expect_equal "temporary folders" "" "$(ls -d "$TMPDIR"/sched-proto-* 2>/dev/null)"
}

test_versions_compare() {
	. "$scripts/lib/common.sh"
	version_at_least 10.0.2 10.0 || complain "10.0.2 is newer than 10.0"
	version_at_least 10.0 10.0 || complain "10.0 is 10.0"
	version_at_least 1.10 1.4 || complain "1.10 is newer than 1.4"
	! version_at_least 9.2 10.0 || complain "9.2 is older than 10.0"
	! version_at_least 1.1.2 1.4 || complain "1.1.2 is older than 1.4"
}

test_kernel_choice() {
	local offered=$'6.18.9 a\n6.18.12 b\n6.19.3 c\n7.1.3 d'
	. "$scripts/lib/common.sh"
	. "$scripts/lib/kernel.sh"
	expect_equal "newest of 6.18" "6.18.12 b" "$(kernel_choose 6.18 <<<"$offered")"
	expect_equal "one version" "6.18.9 a" "$(kernel_choose 6.18.9 <<<"$offered")"
	expect_equal "6.1 is not 6.18" "" "$(kernel_choose 6.1 <<<"$offered")"
}

test_kernel_packages_prefer_the_binary() {
	. "$scripts/lib/common.sh"
	. "$scripts/lib/kernel.sh"
	apt_cache() {
		printf '%s - text\n' linux-image-7.0.10+deb13-cloud-amd64 linux-binary-7.0.10+deb13-cloud-amd64 \
			linux-image-6.18.9+deb13-cloud-amd64 linux-binary-unsigned-7.0.10+deb13-cloud-amd64
	}
	expect_equal packages $'6.18.9 linux-image-6.18.9+deb13-cloud-amd64\n7.0.10 linux-binary-7.0.10+deb13-cloud-amd64' \
		"$(kernel_packages)"
}

test_newest_kernel_of_all_suites() {
	local state chosen offered wanted
	. "$scripts/lib/common.sh"
	. "$scripts/lib/kernel.sh"
	apt_open() { state=$1 && [[ $state != unstable || -z ${no_unstable:-} ]]; }
	kernel_packages() {
		if [[ $state == unstable ]]; then
			printf '%s\n' '7.2.12 u' '7.2.13 u'
		else
			printf '%s\n' '6.18.15 k' '7.2.12 k'
		fi
	}
	while read -r series wanted; do
		kernel_offered "$series"
		expect_equal "of $series" "$wanted" "$chosen"
	done <<-'END'
		7.2 7.2.13 u unstable
		7.2.12 7.2.12 k kernels
		6.18 6.18.15 k kernels
		6.12
	END
	expect_equal "all series" "6.18 7.2" "$offered"
	no_unstable=1
	kernel_offered 7.2 2>"$folder/errors"
	expect_equal "without unstable" "7.2.12 k kernels" "$chosen"
	expect_in "could not be read" "$(<"$folder/errors")"
	unset -f apt_open kernel_packages
}

# What bpftool prints of a kernel whose functions take a pointer to ARGUMENT, with LINE besides.
btf_text() {
	printf '%s\n' "[1] INT 'unsigned int' size=4 bits_offset=0 nr_bits=32 encoding=(none)" \
		"[2] STRUCT '$1' size=8 vlen=0" "[3] CONST '(anon)' type_id=2" "[4] PTR '(anon)' type_id=3" \
		"[5] FUNC_PROTO '(anon)' ret_type_id=1 vlen=2" $'\t'"'dsq_id' type_id=1" $'\t'"'aux' type_id=4" \
		"[6] FUNC 'scx_bpf_create_dsq$2' type_id=5 linkage=static" \
		"[7] FUNC 'bpf_wq_set_callback' type_id=5 linkage=static" \
		"[8] FUNC_PROTO '(anon)' ret_type_id=0 vlen=0" "[9] FUNC 'bpf_iter_scx_dsq_next' type_id=8 linkage=static"
}

test_kernel_built_with_an_old_pahole() {
	. "$scripts/lib/common.sh"
	. "$scripts/lib/kernel.sh"
	expect_equal "without the tags" scx_bpf_create_dsq "$(btf_text bpf_prog_aux '' | btf_implicit_arguments)"
	expect_equal "with them" "" "$(btf_text bpf_prog_aux _impl | btf_implicit_arguments)"
	expect_equal "another argument" "" "$(btf_text task_struct '' | btf_implicit_arguments)"
	kernel_implicit_arguments() { echo scx_bpf_create_dsq; }
	kernels_dir=$folder/kernels
	mkdir -p "$kernels_dir/7.1" && echo 7.1.13-test >"$kernels_dir/7.1/release"
	run kernel_warn 7.1
	expect_in "warning: Linux 7.1.13-test cannot load sched_ext schedulers" "$errors"
	expect_in "pahole 1.30" "$errors"
	unset -f kernel_implicit_arguments
}

test_configuration_of_a_kernel_to_build() {
	local config=$folder/config option
	. "$scripts/lib/common.sh"
	. "$scripts/lib/kernel-build.sh"
	printf '%s\n' '# CONFIG_SCHED_CLASS_EXT is not set' CONFIG_VIRTIO_FS=m CONFIG_E1000=m CONFIG_HZ=250 \
		'CONFIG_SYSTEM_TRUSTED_KEYS="debian/certs/x.pem"' CONFIG_MODULE_SIG=y | kernel_build_config >"$config"
	for option in CONFIG_SCHED_CLASS_EXT=y CONFIG_VIRTIO_FS=y '# CONFIG_E1000 is not set' CONFIG_HZ=250 \
		'CONFIG_SYSTEM_TRUSTED_KEYS=""' '# CONFIG_MODULE_SIG is not set'; do
		[[ $(grep -xF -- "$option" "$config" | wc -l) == 1 ]] || complain "expected '$option' once in: $(<"$config")"
	done
	# The last word counts, for Linux's own build as well.
	expect_equal "nothing lacks" "" "$(kernel_build_check "$config")"
	sed -i '/DEBUG_INFO_BTF=y/d' "$config"
	expect_equal "what lacks" CONFIG_DEBUG_INFO_BTF "$(kernel_build_check "$config")"
}

test_source_too_old_for_sched_ext_is_not_built() {
	. "$scripts/lib/common.sh"
	. "$scripts/lib/kernel-build.sh"
	apt_cache() { printf ' linux-source-x | %s | mirror\n' 6.12.9-1 6.12.117-1~deb12u1; }
	expect_equal "6.12" 6.12.117-1~deb12u1 "$(kernel_build_offered 6.12)"
	expect_equal "6.1" "" "$(kernel_build_offered 6.1)"
	unset -f apt_cache
}

# kernel_result SERIES RELEASE STATUS LINE...: as test-kernels.sh leaves it.
kernel_result() {
	local at=$folder/results/$1
	mkdir -p "$at"
	echo "$2" >"$at/release" && echo "$3" >"$at/status"
	printf '%s\n' "${@:4}" >"$at/results"
}

test_table_of_kernels() {
	local table
	. "$scripts/lib/common.sh"
	. "$scripts/lib/kernel-table.sh"
	kernel_result 6.12 6.12.9-test 1 "FAIL bpf/weights: nice -5 to nice 0 is as 404 : 100" "ok user/weights: fair (3.0 s; 3.04 : 1)" \
		"ok bpf/verdict-fair: f (1.0 s)" "FAIL user/verdict-fair: lost 3" "ok user/verdict-fair: f (1.0 s)"
	kernel_result 7.3 7.3.4-test 0 "ok bpf/weights: fair (3.0 s; 3.06 : 1)" "ok user/weights: fair (3.0 s; 3.10 : 1)" \
		"ok bpf/preference: p (2.0 s; longest wait 7 ms)" "skip user/preference: needs x" \
		"ok bpf/taken-cpu: t (2.0 s; sp_sched_switch, longest wait 9 ms)"
	printf '%s\n' "sp_enqueue 100 7 5" "sp_exit 20 2 2" >"$folder/results/7.3/verifier-bpf-fair"
	printf '%s\n' "sp_enqueue 150 9 5" >"$folder/results/7.3/verifier-bpf-interactive"
	kernel_result 7.1 7.1.13-test 0 "" && : >"$folder/results/7.1/broken"
	kernel_result 7.2 7.2.12-test 1 "" && : >"$folder/results/7.2/broken"
	mkdir -p "$folder/results/6.14" && echo "no kernel of series 6.14" >"$folder/results/6.14/reason"
	table=$(kernel_table "$folder"/results/{6.12,6.14,7.1,7.2,7.3})
	expect_in "| 6.12 | 6.12.9-test | FAILED: weights | passed | – | 3.04 : 1 |" "$table"
	expect_in "| 6.14 | – | not to be had: no kernel of series 6.14 |" "$table"
	expect_in "| 7.1 | 7.1.13-test | broken build of the kernel, recognised: status 69 |" "$table"
	expect_in "| 7.2 | 7.2.12-test | FAILED: a broken build" "$table"
	expect_in "| 7.3 | 7.3.4-test | passed | passed (skipped: preference) | 3.06 : 1 | 3.10 : 1 | 7 ms | – | 150 | – | sp_sched_switch |" "$table"
	expect_in $'| sp_enqueue | 150 (9) |\n| sp_exit | 20 (2) |' "$table"
	printf '%s\n' "$table" >"$folder/document"
	expect_equal "for CI" "6.18 7.3" "$(ci_series "$folder/document")"
	expect_equal "for CI without a table" "6.18" "$(ci_series /dev/null)"
}

test_kernels_to_test_are_series() {
	run "$scripts/test-kernels.sh" ../x
	expect_status 64
	run "$scripts/test-kernels.sh" --nonsense
	expect_status 64
}

test_apt_sources_of_both_formats() {
	local etc=$folder/etc
	. "$scripts/lib/common.sh"
	. "$scripts/lib/apt.sh"
	mkdir -p "$etc/sources.list.d"
	cat >"$etc/sources.list" <<-'END'
		# deb http://commented.test/debian bookworm main
		deb-src http://source.test/debian bookworm main
		deb [arch=amd64 signed-by=/k.gpg] http://list.test/debian bookworm main contrib
		deb http://other.test/apt bookworm stable
	END
	cat >"$etc/sources.list.d/x.sources" <<-'END'
		Types: deb deb-src
		URIs: http://stanza.test/debian
		Suites: bookworm bookworm-updates
		 bookworm-backports
		Components: main
		Signed-By: /usr/share/keyrings/k.gpg

		Enabled: no
		Types: deb
		URIs: http://disabled.test/debian
		Suites: bookworm
		Components: main
	END
	expect_equal entries "[arch=amd64 signed-by=/k.gpg]|http://list.test/debian|bookworm
[signed-by=/usr/share/keyrings/k.gpg]|http://stanza.test/debian|bookworm
[signed-by=/usr/share/keyrings/k.gpg]|http://stanza.test/debian|bookworm-updates
[signed-by=/usr/share/keyrings/k.gpg]|http://stanza.test/debian|bookworm-backports" \
		"$(SCHED_PROTO_APT_ETC=$etc apt_entries bookworm)"
	rm "$etc/sources.list"
	expect_equal "the main entry" "[signed-by=/usr/share/keyrings/k.gpg]|http://stanza.test/debian|bookworm" \
		"$(SCHED_PROTO_APT_ETC=$etc apt_main_entry)"
	rm "$etc"/sources.list.d/*
	run env SCHED_PROTO_APT_ETC="$etc" bash -c '. "$1/lib/common.sh"; . "$1/lib/apt.sh"; apt_main_entry' x "$scripts"
	expect_status 69
}

test_setup_elsewhere_says_what_is_missing() {
	fake_cache 7.2.0
	rm -r "$SCHED_PROTO_CACHE/kernels"
	printf 'ID=other\nVERSION_ID=1\n' >"$folder/os-release"
	SCHED_PROTO_OS_RELEASE=$folder/os-release run "$scripts/setup.sh"
	expect_status 69
	expect_in "found 7.2.0" "$errors"
	expect_in "needed 10.0" "$errors"
	expect_in "CONFIG_SCHED_CLASS_EXT=y" "$errors"
}

test_setup_refuses_unknown_arguments() {
	local purpose
	run "$scripts/setup.sh" --nonsense
	expect_status 64
	for purpose in "" tests; do
		run "$scripts/setup.sh" --for "$purpose"
		expect_status 64
		expect_in "build or run" "$errors"
	done
	run "$scripts/guest.sh" --try-kvm true
	expect_status 64
	ARGS="--verbose --duration=3" run "$scripts/run-in-guest.sh"
	expect_status 64
	expect_in "DURATION=" "$errors"
	CONFIG=fast run "$scripts/run-in-guest.sh"
	expect_status 64
	expect_in "debug or release" "$errors"
}

# Not one of the three does anything there.
test_places_that_are_no_cache() {
	local place
	fake_cache 10.0.2
	for place in . kernels "" / "$HOME" "$HOME/." "$(dirname "$HOME")" "$scripts/.." "$scripts/../.."; do
		[[ -n $place ]] || continue
		SCHED_PROTO_CACHE=$place guest true
		expect_status 64
		expect_in "cache" "$errors"
		SCHED_PROTO_CACHE=$place run "$scripts/setup.sh"
		expect_status 64
		SCHED_PROTO_CACHE=$place run "$scripts/distclean.sh"
		expect_status 64
	done
}

test_cache_that_others_may_change() {
	local place
	for place in "" qemu/usr/bin/qemu-system-x86_64 kernels/6.18 kernels/6.18/vmlinuz ..; do
		fake_cache 10.0.2
		chmod o+w "$SCHED_PROTO_CACHE/$place"
		guest true
		expect_status 64
		expect_in "others may change" "$errors"
		run "$scripts/setup.sh"
		expect_status 64
		chmod o-w "$SCHED_PROTO_CACHE/$place"
	done
	for place in apps apps/nginx/usr kvm; do
		fake_cache 10.0.2
		mkdir -p "$SCHED_PROTO_CACHE/$place" && chmod 777 "$SCHED_PROTO_CACHE/$place"
		guest true
		expect_status 64
		expect_in "others may change '$SCHED_PROTO_CACHE/$place'" "$errors"
	done
	need_root || return
	fake_cache 10.0.2
	chown 1234 "$SCHED_PROTO_CACHE/virtiofsd/usr/lib/qemu/virtiofsd"
	guest true
	expect_status 64
	SUDO_UID=1234 guest --memory 999999G true
	[[ $status != 64 ]] || complain "the caller of sudo is no other: $errors"
}

# What a link leads to is run as well: nobody else may change it, put something else in its place, or make it.
test_links_out_of_the_cache() {
	local kept=$folder/kept place
	# leads_to PLACE TARGET: the cache's PLACE is a link now.
	leads_to() {
		fake_cache 10.0.2
		rm -rf "${SCHED_PROTO_CACHE:?}/$1" "$kept" "$folder/open"
		mkdir -p "$kept/usr/bin" "$folder/open/usr/bin" && chmod 1777 "$folder/open"
		ln -s "$2" "$SCHED_PROTO_CACHE/$1"
	}
	for place in qemu kernels kernels/6.18 apps qemu/usr/bin/qemu-system-x86_64; do
		leads_to "$place" "$kept"
		guest --memory 999999G true
		[[ $status != 64 ]] || complain "$place is all ours: $errors"
		leads_to "$place" "$folder/open"
		guest true
		expect_status 64
		expect_in "others may change '$SCHED_PROTO_CACHE/$place'" "$errors"
		# It is not there, and anybody can make it.
		leads_to "$place" "$folder/open/later"
		guest true
		expect_status 64
		expect_in "others may change '$folder/open'" "$errors"
		# Through a link that others may replace.
		leads_to "$place" "$folder/open/link"
		chmod 777 "$folder/open" && ln -s "$kept" "$folder/open/link"
		guest true
		expect_status 64
		expect_in "others may change '$folder/open'" "$errors"
	done
	leads_to qemu "$kept"
	chmod o+w "$kept/usr/bin"
	guest true
	expect_status 64
	expect_in "usr/bin'" "$errors"
}

test_cache_in_a_folder_that_all_may_write_but_not_replace() {
	mkdir -p "$folder/sticky" && chmod 1777 "$folder/sticky"
	SCHED_PROTO_CACHE=$folder/sticky/cache guest true
	[[ $errors != *"others may change"* ]] || complain "$errors"
	chmod 0777 "$folder/sticky"
	SCHED_PROTO_CACHE=$folder/sticky/cache guest true
	expect_status 64
	expect_in "others may change '$folder/sticky'" "$errors"
}

# distclean_in CACHE: by make, in a copy of the checkout, whose build is removed too.
distclean_in() {
	local copy=$folder/distclean
	mkdir -p "$copy/.build"
	cp -r "$scripts" "$scripts/../Makefile" "$copy"
	SCHED_PROTO_CACHE=$1 run env -u MAKEFLAGS -u MAKELEVEL make -C "$copy" distclean
}

test_distclean_removes_what_is_ours() {
	local cache=$folder/"it's; \$(touch $folder/broken-out) #here"
	mkdir -p "$cache"/{qemu/usr,kernels/6.18,apt/debian,build-kernel-6.12,mine/kernels}
	touch "$cache"/{setup.lock,setup.stamp,notes}
	distclean_in "$cache"
	expect_status 0
	expect_equal "what is left" "mine notes" "$(ls "$cache" | paste -sd ' ')"
	expect_in "mine" "$errors"
	[[ ! -e $folder/broken-out ]] || complain "the name was run as a command"
	[[ -d $cache/mine/kernels ]] || complain "it looked into folders that are not ours"
	[[ ! -e $folder/distclean/.build ]] || complain "the build is still there"
	rm -r "$cache/mine" "$cache/notes" && touch "$cache/setup.lock"
	distclean_in "$cache"
	expect_status 0
	[[ ! -e $cache ]] || complain "the empty folder is still there"
}

test_distclean_waits_for_a_guest() {
	local cache=$folder/of\ guest guest
	mkdir -p "$cache/qemu/usr/bin" "$cache/kernels/6.18"
	touch "$cache/setup.lock"
	cp "$(command -v sleep)" "$cache/qemu/usr/bin/qemu-system-x86_64"
	"$cache/qemu/usr/bin/qemu-system-x86_64" 100 &
	guest=$!
	distclean_in "$cache"
	[[ $status != 0 ]] || complain "status 0"
	expect_in "a guest of '$cache' runs (process $guest): nothing was removed" "$errors"
	expect_equal "what is left" "kernels qemu setup.lock" "$(ls "$cache" | paste -sd ' ')"
	kill "$guest"
	wait "$guest" 2>/dev/null
	distclean_in "$cache"
	expect_status 0
	expect_in "removed what setup put into '$cache'" "$errors"
}

# What the guest called its files acts on nothing here.
test_set_uid_files_are_named_in_quotes() {
	local names
	mkdir -p "$folder/out" "$folder/work/control"
	touch -d '1 minute ago' "$folder/work/control/init"
	for names in "a b" $'c\n\e[31md' e; do touch "$folder/out/$names" && chmod u+s "$folder/out/$names"; done
	# shellcheck disable=SC2016
	run bash -c '. "$1/lib/common.sh"; . "$1/lib/vm.sh"; out=$2/out work=$2/work; vm_defuse; vm_tell_defused' x "$scripts" "$folder"
	expect_status 0
	for names in "'a b'" "\$'c\n\E[31md'" "'e'"; do expect_in "$names" "$errors"; done
	expect_equal lines 1 "$(wc -l <<<"$errors")"
	expect_equal "set-uid files" "" "$(find "$folder/out" -perm /6000)"
}

# However it ends: by a signal as well, and by a second one that comes meanwhile.
test_what_the_guest_wrote_is_defused_by_signals_too() {
	local signal
	mkdir -p "$folder/signals"
	for signal in INT TERM HUP; do
		# Where the tests run in the background they are ignored, which nobody could undo behind this.
		# shellcheck disable=SC2016
		run env --default-signal=INT,TERM,HUP bash -c '. "$1/lib/common.sh"; . "$1/lib/vm.sh"; out=$2/signals work=$(mktemp -d)
			eval "$(declare -f vm_defuse | sed "1s/vm_defuse/vm_defuse_now/")"
			vm_defuse() { kill -'"$signal"' $$; sleep 0.1; vm_defuse_now; }
			mkdir "$work/control" && touch -d "1 minute ago" "$work/control/init"
			trap vm_clean EXIT; trap "exit 9" '"$signal"'
			cp /bin/true "$out/rooted" && chmod 6755 "$out/rooted"
			sleep 100 & kill -'"$signal"' $$; sleep 5' x "$scripts" "$folder"
		expect_status 9
		expect_in "taken from what the guest wrote: 'rooted'" "$errors"
		expect_equal "rights after SIG$signal" 755 "$(stat -c %a "$folder/signals/rooted")"
	done
}

test_distclean_leaves_what_is_not() {
	mkdir -p "$folder/work/kernels" "$folder/work/apt"
	distclean_in "$folder/work"
	[[ $status != 0 ]] || complain "status 0"
	expect_in "is no cache of ours" "$errors"
	expect_equal "what is left" "apt kernels" "$(ls "$folder/work" | paste -sd ' ')"
	[[ -e $folder/distclean/.build ]] || complain "it says that nothing was removed, and the build is gone"
	distclean_in "$folder/nowhere"
	expect_status 0
}

test_mounts_that_stay_writable_are_fatal() {
	fake_cache 10.0.2
	need_root || return
	mkdir -p "$folder/path"
	printf '#!/bin/sh\ncase "$*" in *remount,bind,ro*) echo refused >&2; exit 32;; esac\nexec %s "$@"\n' "$(command -v mount)" >"$folder/path/mount"
	chmod +x "$folder/path/mount"
	printf '#!/bin/sh\ntouch %s\n' "$folder/served" >"$SCHED_PROTO_CACHE/virtiofsd/usr/lib/qemu/virtiofsd"
	PATH=$folder/path:$PATH guest true
	expect_status 69
	expect_in "cannot be made read-only for the guest" "$errors"
	[[ ! -e $folder/served ]] || complain "the files were served all the same"
}

# fake_machine LINE...: a QEMU that runs these lines of shell in place of a guest, $work is guest.sh's folder.
fake_machine() {
	fake_cache 10.0.2
	need_root || return
	command -v python3 >/dev/null || {
		skip="needs python3"
		return 1
	}
	cat >"$SCHED_PROTO_CACHE/virtiofsd/usr/lib/qemu/virtiofsd" <<-'END'
		#!/usr/bin/env python3
		import socket, sys, time
		path = [word.split("=", 1)[1] for word in sys.argv if word.startswith("--socket-path=")][0]
		listening = socket.socket(socket.AF_UNIX)
		listening.bind(path)
		time.sleep(1000)
	END
	cat >"$SCHED_PROTO_CACHE/qemu/usr/bin/qemu-system-x86_64" <<-'END'
		#!/bin/bash
		[[ $1 != --version ]] || exec echo QEMU emulator version 10.0.2
		for word; do [[ $word != file,id=status,path=* ]] || work=$(dirname "${word#*path=}"); done
		: >"$work/console"
		exec 3>"$work/stdout" 4>"$work/stderr"
	END
	printf '%s\n' "$@" >>"$SCHED_PROTO_CACHE/qemu/usr/bin/qemu-system-x86_64"
}

test_output_that_cannot_be_written_is_not_lost_silently() {
	local how
	fake_machine 'echo hi >&3; seq 20000 >&3; echo oh >&4; echo "$SCHED_PROTO_TEST_STATUS" >"$work/status"' || return
	export SCHED_PROTO_TEST_STATUS=0
	guest --accel tcg true
	expect_status 0
	expect_equal "lines" 20001 "$(wc -l <<<"$output")"
	expect_equal errors oh "$errors"
	for how in '>/dev/full' '>&-' '| exit'; do
		run bash -c "set -o pipefail; \"\$1\" --accel tcg true $how" x "$scripts/guest.sh"
		expect_status 74
		expect_in "standard output (it cannot be written)" "$errors"
	done
	run bash -c '"$1" --accel tcg true 2>&-' x "$scripts/guest.sh"
	expect_status 74
	export SCHED_PROTO_TEST_STATUS=3
	run bash -c '"$1" --accel tcg true >/dev/full' x "$scripts/guest.sh"
	expect_status 3
	unset SCHED_PROTO_TEST_STATUS
	expect_equal "temporary folders" "" "$(ls -d "$TMPDIR"/sched-proto-* 2>/dev/null)"
}

# A pipe that nobody reads, whoever waits for it: the guest, or what stands behind it when it has ended.
test_the_time_limit_holds_under_a_blocked_pipe() {
	local last begin
	for last in 'seq 100000 >&3; sleep 100' 'seq 20000 >&3; echo 0 >"$work/status"'; do
		fake_machine "$last" || return
		mkfifo "$folder/pipe"
		exec 7<>"$folder/pipe"
		begin=$SECONDS
		run timeout 30 bash -c '"$1" --accel tcg --time-limit 2 true >"$2" 2>&1' x "$scripts/guest.sh" "$folder/pipe"
		exec 7>&-
		rm "$folder/pipe"
		if [[ $last == *status* ]]; then expect_status 74; else expect_status 124; fi
		((SECONDS - begin < 20)) || complain "it took $((SECONDS - begin)) s"
	done
}

test_numbers_are_decimal() {
	fake_cache 10.0.2
	need_root || return
	SCHED_PROTO_MEMINFO=/dev/null guest --cpus 08 --topology 8,1,1 --memory 1000G true
	[[ $errors != *"value too great"* && $errors != *"--cpus says"* ]] || complain "$errors"
	guest --cpus 065 true
	expect_status 64
	expect_in "at most 64 CPUs, got 65" "$errors"
	guest --instruction-ns 8 --kernel 7.9 true
	expect_in "--instruction-ns 8 has no effect" "$errors"
}

test_nothing_acts_on_the_terminal() {
	local cache=$folder/$'c\e[31m'
	guest $'--x\e[31m' true
	guest --memory $'1\e[31m' true
	[[ $errors != *$'\e'* ]] || complain "guest.sh prints an escape"
	SCHED_PROTO_CACHE=$'x\e[31m' guest true
	expect_status 64
	[[ $errors != *$'\e'* ]] || complain "the cache's name has an escape: $errors"
	mkdir -p "$cache" && touch "$cache/setup.lock" "$cache/"$'mine\e[31m'
	SCHED_PROTO_CACHE=$cache run "$scripts/distclean.sh"
	expect_status 0
	[[ $errors != *$'\e'* ]] || complain "distclean prints an escape"
	expect_in mine "$errors"
}

test_distclean_follows_the_cache_to_where_it_is() {
	mkdir -p "$folder/disk/kernels" && touch "$folder/disk/setup.lock"
	ln -s "$folder/disk" "$folder/link"
	distclean_in "$folder/link"
	expect_status 0
	expect_equal "what is left" "" "$(ls "$folder/disk")"
	[[ -d $folder/link ]] || complain "the link leads nowhere now"
}

test_locks_that_are_none_are_refused() {
	local what
	fake_cache 10.0.2
	for what in "$scripts/distclean.sh" "$scripts/setup.sh --list"; do
		rm -rf "$SCHED_PROTO_CACHE/setup.lock"
		echo mine >"$folder/keep"
		ln -s "$folder/keep" "$SCHED_PROTO_CACHE/setup.lock"
		# shellcheck disable=SC2086
		run $what
		expect_status 64
		expect_in "setup.lock' is a link, or no regular file" "$errors"
		expect_equal "what the link leads to" mine "$(<"$folder/keep")"
		rm "$SCHED_PROTO_CACHE/setup.lock"
		mkfifo "$SCHED_PROTO_CACHE/setup.lock"
		# shellcheck disable=SC2086
		run timeout 10 $what
		expect_status 64
		rm "$SCHED_PROTO_CACHE/setup.lock"
		mkdir "$SCHED_PROTO_CACHE/setup.lock"
		# shellcheck disable=SC2086
		run $what
		expect_status 64
	done
	[[ -d $SCHED_PROTO_CACHE/kernels/6.18 ]] || complain "something was removed"
}

# DESTDIR and a relative PREFIX would be glued to one name.
test_install_wants_a_whole_prefix() {
	local prefix
	for prefix in usr ./usr; do
		DESTDIR=$folder/at PREFIX=$prefix run "$scripts/install.sh"
		expect_status 64
		expect_in "PREFIX '$prefix' is no absolute path" "$errors"
	done
	expect_equal "what was made" "" "$(ls -d "$folder"/at* 2>/dev/null)"
}

test_install_takes_its_folders_as_typed() {
	local copy=$folder/installing
	mkdir -p "$copy/scripts" "$copy/bin"
	cp "$scripts/../Makefile" "$copy"
	printf '#!/bin/sh\nexit 0\n' | tee "$copy/scripts/setup.sh" >"$copy/bin/swift"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nprintf "%%s|%%s|" "$DESTDIR" "${PREFIX:-none}"\n' >"$copy/scripts/install.sh"
	chmod +x "$copy"/*/*
	# shellcheck disable=SC2016
	PATH=$copy/bin:$PATH run env -u MAKEFLAGS -u MAKELEVEL make -C "$copy" install DESTDIR="/tmp/it's \$HOME #1"
	expect_status 0
	# shellcheck disable=SC2016
	expect_in '/tmp/it'"'"'s $HOME #1|none|' "$output"
}

# A guest.sh that shows what it got, beside the real wrapper.
test_make_guest_passes_the_command_untouched() {
	local copy=$folder/copy command="echo \"a  b\" '\$HOME' \$((1 + 2)) \`x\` | cat"
	mkdir -p "$copy/scripts"
	cp -r "$scripts/lib" "$scripts/make-guest.sh" "$scripts/make-exit.c" "$copy/scripts/"
	cp "$scripts/../Makefile" "$copy/"
	printf '#!/bin/sh\nexit 0\n' >"$copy/scripts/setup.sh"
	printf '#!/bin/bash\nprintf "%%s|" "$@"\nexit 7\n' >"$copy/scripts/guest.sh"
	chmod +x "$copy"/scripts/*.sh
	fake_cache 10.0.2
	run env -u MAKEFLAGS -u MAKELEVEL make -C "$copy" guest CMD="$command" CPUS=3 KERNEL=
	expect_in "--cpus|3|--clock|real|--|$command|" "$output"
	if command -v cc clang >/dev/null; then
		expect_status 7
	fi
}
