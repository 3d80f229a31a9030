#!/usr/bin/env bash
# Measures the kernel's own scheduler and policies in both modes under real applications, in real time, all
# schedulers in turn in one guest. docs/BENCHMARKS.md says what is measured. Variables:
#
#   BENCH_SCHEDULERS=   such as "eevdf user/fifo" (default: eevdf, and fifo and interactive in both modes)
#   BENCH_APPS=         of pgbench nginx ffmpeg apache (default: all)
#   REPS=3 CPUS=4       turns of every scheduler; virtual CPUs
#   BENCH_SECONDS=5     of a run (make bench-apps takes SECONDS= as well)
#   OUT=                where apps.json goes (default: docs/bench); raw results below out/bench/apps
#   KERNEL= BENCH_PROGRAM=   guest kernel's series; the sched-proto to measure
#
# The applications are Debian's packages, unpacked into the cache when they are first asked for, never installed.
# Status: 0; 69 an application could not be had (the others were measured); 70 a run failed.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib/common.sh"
. "$here/lib/cache.sh"
. "$here/lib/checks.sh"
. "$here/lib/apt.sh"
. "$here/lib/apps.sh"

[[ ${1:-} != --help && ${1:-} != -h ]] || show_help
(($# == 0)) || die "$EX_USAGE" "everything is said by variables, not by ${1@Q}"
cd "$repo_root"

schedulers=${BENCH_SCHEDULERS:-eevdf bpf/fifo bpf/interactive user/fifo user/interactive}
apps=${BENCH_APPS:-$all_apps}
kernel=${KERNEL:-$DEFAULT_KERNEL}
kernel_folder=$kernels_dir/$kernel
out=${OUT:-docs/bench}
reps=${REPS:-3}
cpus=${CPUS:-4}
seconds=${BENCH_SECONDS:-5}

for word in $apps; do
	[[ " $all_apps " == *" $word "* ]] || die "$EX_USAGE" "BENCH_APPS: no application ${word@Q} (there are: $all_apps)"
done
for word in $schedulers; do
	[[ $word == eevdf || $word =~ ^(user|bpf)/[A-Za-z0-9._-]+$ ]] || die "$EX_USAGE" "BENCH_SCHEDULERS: ${word@Q} is neither eevdf nor user/POLICY nor bpf/POLICY"
done
for word in "$reps" "$cpus" "$seconds"; do
	[[ $word =~ ^[1-9][0-9]?$ ]] || die "$EX_USAGE" "REPS, CPUS, SECONDS: whole numbers from 1 to 99, not ${word@Q}"
done
command -v python3 >/dev/null || die "$EX_UNAVAILABLE" "no python3 on PATH: the report is made by it (standard library only)"
check_files
program=${BENCH_PROGRAM:-$(swift build -c release --show-bin-path)/sched-proto}
[[ -x $program ]] || die "$EX_UNAVAILABLE" "no program at $program" "run 'make build'"
program=$(readlink -f "$program")

missing=() usable=()
for app in $apps; do
	if app_install "$app"; then
		usable+=("$app")
	else
		missing+=("$app")
		say "MISSING: $app could not be had (see above); going on without it"
	fi
done
((${#usable[@]})) || die "$EX_UNAVAILABLE" "none of the applications could be had"

raw=$repo_root/out/bench/apps
mkdir -p "$raw" "$out"
rm -f "$raw"/*
count=$(($(wc -w <<<"$schedulers") * ${#usable[@]} * reps))
say "$count runs of $seconds s"
status=0
# A run and what is around it take several times its seconds where CPUs are emulated.
# shellcheck disable=SC2016 # for the guest's shell
"$here/guest.sh" --kernel "$kernel" --cpus "$cpus" --out "$raw" --time-limit $((900 + count * (30 + 5 * seconds))) -- \
	bash -c 'bash bench/apps-guest.sh "$1" "$2" "$SCHED_PROTO_OUT/real-$3" "${@:4}"' apps-guest \
	"$program" "$apps_dir" "$cpus" "$schedulers" "${usable[*]}" "$reps" "$seconds" || status=$?

accel=TCG
if [[ -w /dev/kvm ]] && grep -qsx yes "$cache_dir/kvm/$kernel-$(</proc/sys/kernel/random/boot_id)"; then
	accel=KVM
fi
python3 bench/report_apps.py --raw "$raw" --out "$out" --document docs/BENCHMARKS.md --reps "$reps" --seconds "$seconds" \
	--commit "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" --kernel "$(<"$kernel_folder/release")" \
	--qemu "$(qemu_version "$qemu_binary")" --accel "$accel" --missing "${missing[*]-}"
say "done; $out/apps.json, docs/BENCHMARKS.md"
((status == 0)) || die "$EX_SOFTWARE" "the guest ended with status $status; what is missing is said above"
((${#missing[@]} == 0)) || die "$EX_UNAVAILABLE" "could not be had: ${missing[*]}"
