#!/usr/bin/env bash
# Measures the kernel's own scheduler and every policy in both modes, on the same loads in the same guest.
# docs/BENCHMARKS.md says what is measured and what the figures mean. Variables:
#
#   VARIANT=deterministic|real   virtual time (the default), or real time with all schedulers interleaved
#   BENCH_SCHEDULERS=            such as "eevdf user/fifo" (default: eevdf and every policy in both modes)
#   BENCH_OTHERS=                schedulers that are not ours, beside ours in the same boots: lines of NAME=COMMAND, such
#                                as "scx_simple=/usr/bin/scx_simple -f"; programs that run until SIGINT; they come last
#   BENCH_LOADS=                 of pipe hackbench schbench fork batch interactive (default: all)
#   BENCH_CPUS=                  virtual CPUs (default: "1 4"; real: 4)
#   OFFSETS=5 REPS=7             runs of a load: deterministic; real
#   JOBS=                        guests at a time, deterministic only (default: this machine's CPUs)
#   OUT=                         where results.json, pictures and tables go (default: docs/bench, and the tables to
#                                docs/BENCHMARKS.md; elsewhere to OUT/BENCHMARKS.md); raw results below out/bench
#   KERNEL= BENCH_PROGRAM=       guest kernel's series; the sched-proto to measure
#   ON=host YES=1                on this machine's own kernel instead of in a guest
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib/common.sh"
. "$here/lib/checks.sh"
cd "$repo_root"

variant=${VARIANT:-deterministic}
loads=${BENCH_LOADS:-pipe hackbench schbench fork batch interactive}
schedulers=${BENCH_SCHEDULERS:-eevdf bpf/fifo bpf/fair bpf/deadline bpf/interactive user/fifo user/fair user/deadline user/interactive}
kernel=${KERNEL:-$DEFAULT_KERNEL}
kernel_folder=$kernels_dir/$kernel
out=${OUT:-docs/bench}
offsets=${OFFSETS:-5}
reps=${REPS:-7}
jobs=${JOBS:-$(nproc)}
default_cpus="1 4"
[[ $variant == deterministic ]] || default_cpus=4
cpu_counts=${BENCH_CPUS:-$default_cpus}

others=()
while IFS= read -r line; do
	[[ -n $line ]] || continue
	[[ $line =~ ^([A-Za-z0-9._-]+)=(/[^ ]+)( .*)?$ ]] || die "$EX_USAGE" "BENCH_OTHERS: '$line' is not NAME=/PROGRAM OPTIONS"
	[[ -x ${BASH_REMATCH[2]} ]] || die "$EX_USAGE" "BENCH_OTHERS: no program at ${BASH_REMATCH[2]}"
	others+=("$line")
	schedulers+=" other/${BASH_REMATCH[1]}"
done <<<"${BENCH_OTHERS:-}"
for word in $loads; do
	[[ " pipe hackbench schbench fork batch interactive " == *" $word "* ]] || die "$EX_USAGE" "BENCH_LOADS: no load '$word'"
done
for word in $schedulers; do
	[[ $word == eevdf || $word =~ ^(user|bpf|other)/[A-Za-z0-9._-]+$ ]] || die "$EX_USAGE" "BENCH_SCHEDULERS: '$word' is neither eevdf nor user/POLICY nor bpf/POLICY"
done
for word in $cpu_counts "$offsets" "$reps" "$jobs"; do
	[[ $word =~ ^[1-9][0-9]?$ ]] || die "$EX_USAGE" "BENCH_CPUS, OFFSETS, REPS, JOBS: whole numbers from 1 to 99, not '$word'"
done
[[ $variant == deterministic || $variant == real ]] || die "$EX_USAGE" "VARIANT is deterministic or real, not '$variant'"

on_host=
case ${ON:-guest} in
guest) ;;
host)
	[[ -d /sys/kernel/sched_ext ]] || die "$EX_UNAVAILABLE" "ON=host: this machine's kernel $(uname -r) has no sched_ext (/sys/kernel/sched_ext is missing)" \
		"leave ON away to measure in a guest"
	[[ ${YES:-} == 1 ]] || die "$EX_USAGE" "ON=host replaces this machine's own scheduler while it measures; say YES=1 if that is meant"
	((EUID == 0)) || die "$EX_UNAVAILABLE" "ON=host needs root"
	on_host=1
	variant=real
	cpu_counts=$(nproc)
	;;
*) die "$EX_USAGE" "ON is guest or host, not '$ON'" ;;
esac

command -v python3 >/dev/null || die "$EX_UNAVAILABLE" "no python3 on PATH: the report is made by it (standard library only)"
[[ -n $on_host ]] || check_files
program=${BENCH_PROGRAM:-$(swift build -c release --show-bin-path)/sched-proto}
[[ -x $program ]] || die "$EX_UNAVAILABLE" "no program at $program" "run 'make build'"

work=$(mktemp -d "${TMPDIR:-/tmp}/sched-proto-bench.XXXXXX")
raw=$repo_root/out/bench/$variant
mkdir -p "$raw" "$out"
children=()
clean() {
	local child
	trap - EXIT INT TERM HUP
	for child in ${children[@]+"${children[@]}"}; do
		kill "$child" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

compiler=$(command -v gcc || command -v clang) || die "$EX_UNAVAILABLE" "neither gcc nor clang on PATH"
"$compiler" -O2 -Wall -static -pthread -o "$work/loads" bench/loads.c

# put_others FOLDER ROOT: command lines in FOLDER; the programs, with their libraries, below ROOT ("": where they are).
put_others() {
	local folder=$1 root=$2 line name program options library
	mkdir -p "$folder"
	for line in ${others[@]+"${others[@]}"}; do
		name=${line%%=*} program=${line#*=} options=
		[[ $program != *" "* ]] || options=${program#* } program=${program%% *}
		if [[ -z $root ]]; then
			echo "$program $options" >"$folder/$name"
			continue
		fi
		cp -L "$program" "$root/bin/other-$name"
		echo "other-$name $options" >"$folder/$name"
		ldd "$program" 2>/dev/null | sed -nE 's/.*=> (\/[^ ]+) .*/\1/p; s/^[[:space:]]*(\/[^ ]*ld-linux[^ ]*) .*/\1/p' |
			while read -r library; do
				cp -L "$library" "$root/lib64/${library##*/}"
			done
	done
}

# The same files give the same bytes, in whatever folder and whenever it is made.
make_root() {
	local root=$work/root library name
	mkdir -p "$root/bin" "$root/lib64" "$root/dev"
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$work/loads" "$root/bin/loads"
	cp "$program" "$root/bin/sched-proto"
	ldd "$program" >"$work/libraries"
	! grep -F 'not found' "$work/libraries" >&2 || die "$EX_UNAVAILABLE" "the program lacks a library"
	while read -r library; do
		name=${library##*/}
		cp -L "$library" "$root/lib64/$name"
		strip --strip-unneeded "$root/lib64/$name" 2>/dev/null || true
	done < <(sed -nE 's/.*=> (\/[^ ]+) .*/\1/p; s/^[[:space:]]*(\/[^ ]*ld-linux[^ ]*) .*/\1/p' "$work/libraries")
	put_others "$root/other" "$root"
	strip "$root/bin/sched-proto"
	cp bench/guest-init.sh "$root/init"
	chmod 755 "$root/init" "$root"/bin/*
}

# initramfs PLAN FILE
initramfs() {
	local root=$2.root
	mkdir "$root"
	cp -al "$work/root/." "$root"
	cp "$1" "$root/plan"
	find "$root" -exec touch -h -d @0 {} +
	(cd "$root" && find . | LC_ALL=C sort | cpio --quiet --reproducible --owner=0:0 -o -H newc) >"$2"
	rm -rf "$root"
}

# boot NAME CPUS PLAN: the guest's second serial port goes to $raw/NAME.
boot() {
	local name=$1 cpus=$2 plan=$3 accel append=() arguments
	initramfs "$plan" "$work/$name.cpio"
	append=(console=ttyS0 quiet panic=-1 tsc=reliable cryptomgr.notests=1 mitigations=off rdinit=/init)
	if [[ $variant == deterministic ]]; then
		append+=(nokaslr norandmaps random.trust_cpu=off random.trust_bootloader=off)
		accel=(-accel "tcg,thread=single" -icount "shift=1,sleep=off" -rtc "clock=vm,base=2026-01-01T00:00:00"
			-seed 1 -cpu "max,-rdrand,-rdseed")
	else
		accel=(-accel "tcg,thread=multi" -cpu max)
	fi
	arguments=(
		-nodefaults -no-user-config -display none -no-reboot -machine q35
		-L "$qemu_root/usr/share/qemu" -L "$qemu_root/usr/share/seabios"
		-kernel "$(kernel_bootable "$kernel_folder")" -initrd "$work/$name.cpio" -m 1G -smp "$cpus"
		-serial "file:$work/$name.console" -serial "file:$raw/$name.part"
		"${accel[@]}" -append "${append[*]}"
	)
	# Whatever ends this script ends timeout, and that ends QEMU.
	QEMU_MODULE_DIR=$qemu_root/usr/lib/x86_64-linux-gnu/qemu setpriv --pdeathsig TERM \
		timeout 3000 setpriv --pdeathsig KILL "$qemu_binary" "${arguments[@]}" </dev/null >"$work/$name.qemu" 2>&1 || true
	rm -f "$work/$name.cpio"
	tr -d '\r' <"$raw/$name.part" >"$raw/$name"
	rm -f "$raw/$name.part"
	if ! grep -qx '@ end' "$raw/$name"; then
		say "guest $name ended early; the end of its console:"
		tail -n 15 "$work/$name.console" "$work/$name.qemu" >&2 || true
		return 1
	fi
	grep -F '"error"' "$raw/$name" >&2 || true
}

progress() {
	say "$(printf '%3d s  %s' $((SECONDS - started)) "$*")"
}

started=$SECONDS
failed=0
rm -f "$raw"/*

list() { tr -s ' ' , <<<"$1"; }

deterministic() {
	local cpus scheduler name running=0 total=0 done=0
	for cpus in $cpu_counts; do
		for scheduler in $schedulers; do
			total=$((total + 1))
		done
	done
	total=$((total + 1))
	for cpus in again $cpu_counts; do
		for scheduler in $schedulers; do
			name=$cpus-${scheduler/\//-}
			# One guest a second time, to show that it gives the same figures.
			if [[ $cpus == again ]]; then
				[[ $scheduler == "${schedulers##* }" ]] || continue
				name=again-${cpu_counts##* }-${scheduler/\//-}
			fi
			echo "$scheduler $(list "$loads") $(seq -s , 0 $((offsets - 1))) ms=2000" >"$work/$name.plan"
			if ((running >= jobs)); then
				wait -n || failed=$((failed + 1))
				running=$((running - 1)) done=$((done + 1))
				progress "$done of $total guests done"
			fi
			(boot "$name" "${cpus/again/${cpu_counts##* }}" "$work/$name.plan") &
			children+=($!)
			running=$((running + 1))
		done
	done
	while ((running > 0)); do
		wait -n || failed=$((failed + 1))
		running=$((running - 1)) done=$((done + 1))
		progress "$done of $total guests done"
	done
}

# All schedulers in turn, again and again, in one boot: what the machine does besides hits all of them.
real() {
	local cpus scheduler rep
	for cpus in $cpu_counts; do
		for ((rep = 0; rep < reps; rep++)); do
			for scheduler in $schedulers; do
				echo "$scheduler $(list "$loads") $rep ms=5000"
			done
		done >"$work/real-$cpus.plan"
		(boot "real-$cpus" "$cpus" "$work/real-$cpus.plan") &
		children+=($!)
		tail -n +1 -F --pid=$! "$raw/real-$cpus.part" 2>/dev/null | while read -r at scheduler _; do
			[[ $at != @ ]] || progress "$scheduler"
		done || true
		wait "${children[-1]}" || failed=$((failed + 1))
	done
}

host() {
	local rep scheduler
	for ((rep = 0; rep < reps; rep++)); do
		for scheduler in $schedulers; do
			echo "$scheduler $(list "$loads") $rep ms=5000"
		done
	done >"$work/plan"
	mkdir "$work/bin"
	cp "$work/loads" "$work/bin/loads"
	ln -s "$program" "$work/bin/sched-proto"
	put_others "$work/other" ""
	BENCH_PLAN=$work/plan BENCH_RESULTS=$raw/host BENCH_BIN=$work/bin BENCH_TMP=$work bash bench/guest-init.sh
}

if [[ -n $on_host ]]; then
	host || failed=1
else
	make_root
	$variant
fi
document=docs/BENCHMARKS.md
if [[ $out != docs/bench ]]; then
	document=$out/BENCHMARKS.md
	printf '<!-- bench %s -->\n<!-- end of bench %s -->\n' "$variant" "$variant" >"$document"
fi
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
release=$([[ -n $on_host ]] && uname -r || cat "$kernel_folder/release")
python3 bench/report.py --raw "$raw" --variant "$variant" --out "$out" --document "$document" \
	--commit "$commit" --kernel "$release" --qemu "$([[ -n $on_host ]] && echo none || qemu_version "$qemu_binary")"
progress "done; $out/results.json, $document"
((failed == 0)) || die "$EX_SOFTWARE" "$failed guests failed; their results are missing"
