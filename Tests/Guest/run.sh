#!/usr/bin/env bash
# Tests of the schedulers, in guests whose kernel has sched_ext.
#   run.sh [OPTION...] [PATTERN...]      only cases whose name contains a PATTERN (a glob)
#
#   --basic | --survival   one of the two groups only
#   --all                  both groups, with more cases and more repetitions than by default
#   --clock real|virtual   virtual: a busy machine makes no test late (default: virtual)
#   --kernel SERIES        the guests' kernel (default: 6.18, or $KERNEL)
#   --jobs N               guests at a time (default: one a CPU, at most 4; one with --clock real)
#   --program FILE         the program to test (default: the release build, made if it is missing or old)
#   --keep FOLDER          keep what the cases left: output, dmesg
#   --list                 name the cases, and run none
#
# Each file in cases/ is a guest, each of its cases a line of output. Status: 0 all passed or were skipped,
# 1 one failed, 64 wrong usage; or that of the build.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)

usage_error() {
	printf 'run.sh: %s; --help says what there is\n' "$1" >&2
	exit 64
}

clock=virtual group='' thorough='' kernel=${KERNEL:-} jobs='' program='' keep='' list='' patterns=()
while (($#)); do
	case $1 in
	--clock | --kernel | --jobs | --program | --keep)
		(($# >= 2)) || usage_error "$1 needs a value"
		printf -v "${1#--}" %s "$2"
		shift
		;;
	--basic | --survival) group=${1#--} ;;
	--all) thorough=1 ;;
	--list) list=1 ;;
	--help | -h) sed -nE '2,/^set/{/^set/d;s/^# ?//p}' "${BASH_SOURCE[0]}" && exit 0 ;;
	-*) usage_error "unknown option '$1'" ;;
	*) patterns+=("$1") ;;
	esac
	shift
done
[[ $clock == real || $clock == virtual ]] || usage_error "--clock is real or virtual, not '$clock'"
if [[ -z $jobs ]]; then
	jobs=$(nproc)
	((jobs <= 4)) || jobs=4
	[[ $clock == virtual ]] || jobs=1
fi
[[ $jobs =~ ^[1-9][0-9]?$ ]] || usage_error "--jobs needs a whole number from 1 to 99, not '$jobs'"

# cases LANE: "NAME<tab>DESCRIPTION" of each that is wanted.
cases() {
	THOROUGH=$thorough "$here/inside.sh" --list "$1" | while IFS=$'\t' read -r name description; do
		wanted "$name" && printf '%s\t%s\n' "$name" "$description"
	done || true
}

wanted() {
	local pattern
	((${#patterns[@]})) || return 0
	for pattern in "${patterns[@]}"; do
		# shellcheck disable=SC2053  # a glob
		[[ $1 != *$pattern* ]] || return 0
	done
	return 1
}

lanes=() names=()
for file in "$here/cases/${group}"*.sh; do
	lane=$(basename "$file" .sh)
	listed=$(cases "$lane")
	[[ -n $listed ]] || continue
	lanes+=("$lane")
	names+=("$(cut -f 1 <<<"$listed")")
	[[ -z $list ]] || printf '%s:\n%s\n' "$lane" "$(sed 's/^/  /' <<<"$listed" | expand -t 36)"
done
[[ -z $list ]] || exit 0
((${#lanes[@]})) || usage_error "no case is called like ${patterns[*]}"

# The release build, if nothing that goes into it is newer.
if [[ -z $program ]]; then
	cd "$root"
	program=$(swift build -c release --show-bin-path)/sched-proto
	if [[ ! -x $program || -n $(find Package.swift Sources Plugins bpf policies -newer "$program" -type f -print -quit) ]]; then
		swift build -c release --product sched-proto
	fi
fi
[[ -x $program ]] || usage_error "there is no program '$program'"

cc=$(command -v cc || command -v gcc || command -v clang) || {
	echo "run.sh: needs a C compiler (cc, gcc or clang) for Tests/Guest/tasks.c; found none on PATH" >&2
	exit 69
}
work=$(mktemp -d "${TMPDIR:-/tmp}/sched-proto-suite.XXXXXX")
clean() {
	trap - EXIT
	# A guest's script takes its guest down with it.
	[[ -z $(jobs -p) ]] || kill $(jobs -p) 2>/dev/null || true
	wait
	[[ -z $keep ]] || {
		mkdir -p "$keep" && cp -r "$work"/. "$keep"
	}
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# stage LANE NAMES: what its guest is given. Copies, so that nobody who edits or builds disturbs it.
cp "$program" "$work/sched-proto"
"$cc" -O2 -static -pthread -o "$work/tasks" "$here/tasks.c" || {
	echo "run.sh: '$cc' cannot compile Tests/Guest/tasks.c; it needs libc's static library and Linux's headers" >&2
	exit 69
}
stage() {
	mkdir -p "$work/$1/suite/cases"
	cp "$here"/*.sh "$work/$1/suite"
	cp "$here/cases/$1.sh" "$work/$1/suite/cases"
	ln "$work/sched-proto" "$work/tasks" "$work/$1/suite"
	printf '%s\n' "$2" >"$work/$1/wanted"
}

# guest LANE: runs its cases; their results go to standard output as they come.
guest() {
	local options=() status=0
	read -ra options < <("$here/inside.sh" --options "$1")
	THOROUGH=$thorough SCHED_PROTO_ROOT=$root setpriv --pdeathsig TERM "$root/scripts/guest.sh" --clock "$clock" ${kernel:+--kernel "$kernel"} \
		"${options[@]}" --out "$work/$1" --time-limit 3600 -- "\$SCHED_PROTO_OUT/suite/inside.sh $1" \
		2>"$work/$1/errors" | tee "$work/$1/results" || status=$?
	echo "$status" >"$work/$1/status"
}

for i in "${!lanes[@]}"; do
	stage "${lanes[i]}" "${names[i]}"
done
for lane in "${lanes[@]}"; do
	while (($(jobs -pr | wc -l) >= jobs)); do
		wait -n || true
	done
	guest "$lane" &
done
wait

# What went wrong, in full; and a case without a result is one that failed.
passed=0 failed=0 skipped=0
for i in "${!lanes[@]}"; do
	lane=${lanes[i]}
	missing=()
	while read -r name; do
		case $(grep -oE "^(ok|FAIL|skip) $name( |:)" "$work/$lane/results" || true) in
		ok*) passed=$((passed + 1)) ;;
		skip*) skipped=$((skipped + 1)) ;;
		FAIL*)
			failed=$((failed + 1))
			printf '\n==== %s\n' "$name"
			cat "$work/$lane/logs/${name/\//-}" 2>/dev/null || true
			;;
		*) missing+=("$name") ;;
		esac
	done <<<"${names[i]}"
	((${#missing[@]})) || continue
	failed=$((failed + ${#missing[@]}))
	printf '\n==== %s: its guest ended early, with status %s\n' "$lane" "$(<"$work/$lane/status")"
	tail -n 80 "$work/$lane/errors"
	printf 'FAIL %s: no result\n' "${missing[@]}"
done
printf '\n%d passed, %d failed, %d skipped (%d min %d s, %s clock)\n' \
	"$passed" "$failed" "$skipped" $((SECONDS / 60)) $((SECONDS % 60)) "$clock"
((failed == 0))
