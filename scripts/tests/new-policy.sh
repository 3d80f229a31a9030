#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Follows the README's tour and docs/NEW-POLICY.md to the letter, one after the other in a copy of the checkout: each
# of their blocks is a step.
#   new-policy.sh [--all]       --all: the steps marked as slow too, which build a release
#
# What a block is for stands behind its language:
#   diff patch                  is applied
#   LANGUAGE file=PATH          becomes that file
#   LANGUAGE of=PATH            has to be a part of that file
#   sh run [status=N] [slow]    is run, and has to end with 0 or N
#   text                        lines that the run before has to have printed, in this order; "…" is anything
# Variable: KEEP=FOLDER, where the copy is made and left. Without it, and where root may mount, the copy is a layer over
# the checkout that nobody else sees, so that what is built already is not built again; else a temporary folder.
set -euo pipefail

all=
case ${1:-} in
'') ;;
--all) all=1 ;;
*)
	sed -nE '2,/^set/{/^set/d;/SPDX/d;s/^# ?//p}' "${BASH_SOURCE[0]}" || [[ $1 != --help && $1 != -h ]] || exit 74
	[[ $1 == --help || $1 == -h ]] && exit 0
	exit 64
	;;
esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# Mounts of this script's own end with it.
if [[ -z ${KEEP:-}${GUIDE_OWN_MOUNTS:-} ]] && unshare --mount true 2>/dev/null; then
	GUIDE_OWN_MOUNTS=1 exec unshare --mount --propagation private "$BASH" "$root/scripts/tests/new-policy.sh" "$@"
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/sched-proto-guide.XXXXXX")
copy=${KEEP:-$work/sched-proto}
clean() {
	cd /
	[[ $copy != "$root" ]] || umount --lazy "$root"
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$work"/{blocks,bin,upper,work}

# cover_checkout: a layer over it that takes what is written, without what git ignores but for what was built.
cover_checkout() {
	[[ -n ${GUIDE_OWN_MOUNTS:-} && -z ${KEEP:-} ]] || return 1
	mount -t overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/work" overlay "$root" 2>/dev/null || return 1
	# What follows removes files: not of the checkout itself, whatever became of the mount.
	cd "$root" && [[ $(findmnt --noheadings --output FSTYPE --target .) == overlay ]] || return 1
	git ls-files -z --others --ignored --exclude-standard --directory |
		while IFS= read -rd '' file; do
			[[ $file == .build/ || $file == Package.resolved ]] || rm -rf "${file%/}"
		done
	copy=$root
}

# copy_checkout: without what git ignores, but for the packages that were fetched for it.
copy_checkout() {
	mkdir -p "$copy/.build"
	cd "$root"
	git ls-files -z --cached --others --exclude-standard |
		while IFS= read -rd '' file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done |
		tar --create --null --files-from - | tar --extract --overwrite --directory "$copy"
	for file in .build/{repositories,checkouts,artifacts,workspace-state.json} Package.resolved; do
		[[ ! -e $file || -e $copy/$file ]] || cp -a "$file" "$copy/$file"
	done
}
cover_checkout || copy_checkout
# The example, and the package that the page makes, are built where the copy is, so that what they share is built once.
export SWIFTPM_BUILD_DIR=$copy/.build
for example in own-policy llc halves layers bandwidth lottery; do
	ln -sfn ../../.build "$copy/Examples/$example/.build"
	[[ ! -e Package.resolved ]] || cp Package.resolved "$copy/Examples/$example/"
done
cd "$copy"

# Root needs no sudo, and may have none.
if ((EUID == 0)); then
	printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
	chmod +x "$work/bin/sudo"
	PATH=$work/bin:$PATH
fi
# Make's variables are for this script, not for the guide's own calls of make.
unset MAKEFLAGS MFLAGS MAKELEVEL MODE POLICY CPUS DURATION ARGS CMD TOPOLOGY MEMORY CLOCK OUT
# `git apply` is to see a folder, not a part of some checkout around it.
export GIT_CEILING_DIRECTORIES=$copy/..

passed=0 failed=0 skipped=0

result() { # ok|FAILED|skipped TEXT
	printf '%-7s %s\n' "$1" "$2"
	case $1 in
	ok) passed=$((passed + 1)) ;;
	skipped) skipped=$((skipped + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
}

# may_run BLOCK: or says why not.
may_run() {
	if [[ $marks == *" slow "* && -z $all ]]; then
		echo "slow; --all does it too"
	elif grep -qE '^sudo |^make (guest|run)' "$1" && ((EUID != 0)) && ! sudo -n true 2>/dev/null; then
		echo "needs root"
	fi
}

# printed EXPECTED OUTPUT: whether the lines expected are among those printed, in this order.
printed() {
	local expected pattern lines at=0
	mapfile -t lines <"$2"
	while IFS= read -r expected; do
		[[ -n $expected && $expected != … ]] || continue
		pattern=$(sed 's/[][\\*?]/\\&/g; s/…/*/g' <<<"$expected")
		while :; do
			if ((at >= ${#lines[@]})); then
				printf '        not printed, or not here: %s\n' "$expected"
				return 1
			fi
			at=$((at + 1))
			# shellcheck disable=SC2053  # a glob
			[[ ${lines[at - 1]} != *$pattern* ]] || break
		done
	done <"$1"
}

# Else the package tool may take the plan that it made last, for another package in the same folder.
forget_plan() {
	rm -f .build/debug.yaml .build/*/debug/description.json
}

# follow BLOCK: runs it, and compares its end and what it printed.
follow() {
	local wanted=0 status=0 begin=$SECONDS what last why
	# Its last command, without what is set in or only ends a loop.
	last=$(grep -v '^[[:space:]]\|^done$' "$1" | tail -n 1)
	last=${last% \\}
	[[ ! $marks =~ status=([0-9]+) ]] || wanted=${BASH_REMATCH[1]}
	why=$(may_run "$1")
	if [[ -n $why ]]; then
		result skipped "$last ($why)"
		return
	fi
	bash -e -o pipefail "$1" >"$work/output" 2>"$work/errors" </dev/null || status=$?
	cat "$work/errors" >>"$work/output"
	what="$last (status $status, $((SECONDS - begin)) s)"
	if ((status != wanted)); then
		result FAILED "$what; it has to be $wanted"
	elif [[ -e $1.text ]] && ! printed "$1.text" "$work/output"; then
		result FAILED "$what"
	else
		result ok "$what"
		return
	fi
	tail -n 60 "$work/output" | sed 's/^/        /'
}

# part_of BLOCK FILE
part_of() {
	[[ $(<"$2") == *"$(<"$1")"* ]]
}

sed -n '/^## In three minutes$/,/^## Is this safe?$/p' README.md >"$work/tour.md"
# The blocks, one file each with its marks beside it; a text belongs to the run before it.
awk -v folder="$work/blocks" '
	/^```/ && !inside {
		inside = 1
		if ($0 == "```text") file = file ".text"
		else { file = sprintf("%s/%02d", folder, ++count); print substr($0, 4) " " >(file ".marks") }
		printf "" >file
		next
	}
	/^```$/ { inside = 0; close(file); next }
	inside { print >file }' "$work/tour.md" docs/NEW-POLICY.md

# First what needs no build: a page that quotes an example as it was is wrong whatever the steps do.
for block in "$work"/blocks/??; do
	marks=" $(<"$block.marks")"
	[[ $marks =~ " patch "|" file="|" of="|" run " ]] || result FAILED "a block that says nothing of what it is for:$marks"
	[[ $marks == *" of=Examples/"* ]] || continue
	file=${marks##* of=}
	file=${file%% *}
	part_of "$block" "$file" || result FAILED "part of $file"
done

for block in "$work"/blocks/??; do
	# The steps build on one another.
	((failed == 0)) || break
	marks=" $(<"$block.marks")"
	case $marks in
	*" patch "*)
		file=$(sed -n 's|^+++ b/||p' "$block" | paste -sd ' ')
		if git apply "$block" >"$work/output" 2>&1; then
			result ok "patch of $file"
		else
			result FAILED "patch of $file"
			sed 's/^/        /' "$work/output"
		fi
		;;
	*" file="*)
		file=${marks##* file=}
		cp "$block" "${file%% *}"
		result ok "file ${file%% *}"
		;;
	*" of="*)
		file=${marks##* of=}
		file=${file%% *}
		if part_of "$block" "$file"; then result ok "part of $file"; else result FAILED "part of $file"; fi
		;;
	*" run "*)
		[[ $(<"$block") != *"--package-path Examples/"* ]] || forget_plan
		follow "$block"
		;;
	*) result FAILED "a block that says nothing of what it is for:$marks" ;;
	esac
	# The package that a step has made is built there too.
	if [[ -d mine && ! -e mine/.build ]]; then
		ln -sfn ../.build mine/.build
		forget_plan
		[[ ! -e Package.resolved ]] || cp Package.resolved mine/
	fi
done
printf '%d passed, %d failed, %d skipped (%d min %d s)\n' "$passed" "$failed" "$skipped" $((SECONDS / 60)) $((SECONDS % 60))
((failed == 0 && passed > 0))
