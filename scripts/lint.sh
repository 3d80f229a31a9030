#!/usr/bin/env bash
# Checks the formatting of Swift and C and the syntax of scripts; with --fix, formats Swift and C.
#   lint.sh [--fix] [FILE...]      default: every file that git does not ignore
# Swift is checked by the toolchain's own `swift format`, C by clang-format, scripts by bash and shellcheck.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

fix=
case ${1:-} in
--fix) fix=1 && shift ;;
-*)
	sed -nE '2,/^set/{/^set/d;s/^# ?//p}' "${BASH_SOURCE[0]}" || [[ $1 != --help && $1 != -h ]] || exit 74
	[[ $1 == --help || $1 == -h ]] && exit 0
	exit 64
	;;
esac

failures=0
check() {
	printf '== %s\n' "$1"
	shift
	"$@" || failures=$((failures + 1))
}

# need PROGRAM...: or the check would say nothing about the files.
need() {
	"$@" --version >/dev/null 2>&1 || {
		echo "lint: '$*' does not start; run 'make setup', and put Swift's toolchain on PATH" >&2
		exit 69
	}
}

all=("$@")
if ((${#all[@]} == 0)); then
	# A list that fails must not look like one without files.
	list=$(git ls-files --cached --others --exclude-standard) || exit 69
	mapfile -t all <<<"$list"
fi
swift=() c=() scripts=()
for file in "${all[@]}"; do
	[[ -f $file ]] || continue
	case $file in
	*.swift) swift+=("$file") ;;
	*.c | *.h) c+=("$file") ;;
	*.sh | .ci/run) scripts+=("$file") ;;
	esac
done
((${#swift[@]} == 0)) || need swift format
((${#c[@]} == 0)) || need clang-format

if [[ $fix ]]; then
	((${#swift[@]} == 0)) || swift format --in-place --parallel "${swift[@]}"
	((${#c[@]} == 0)) || clang-format -i "${c[@]}"
	exit 0
fi

((${#swift[@]} == 0)) || check "swift format" swift format lint --strict --parallel "${swift[@]}"
((${#c[@]} == 0)) || check "clang-format" clang-format --dry-run -Werror "${c[@]}"
((${#scripts[@]} == 0)) || check "bash -n" bash -c 'for script; do bash -n "$script" || exit 1; done' - "${scripts[@]}"
if ((${#scripts[@]})); then
	if command -v shellcheck >/dev/null; then
		check shellcheck shellcheck -x -P SCRIPTDIR "${scripts[@]}"
	else
		echo "== shellcheck: skipped, it is not installed"
	fi
fi
((failures == 0))
