#!/usr/bin/env bash
# Checks the formatting of Swift and C and the syntax of scripts; with --fix, formats Swift and C.
#   lint.sh [--fix]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

failures=0
check() {
	printf '== %s\n' "$1"
	shift
	"$@" || failures=$((failures + 1))
}

files() {
	git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
		[[ ! -e $file ]] || printf '%s\n' "$file"
	done
}

mapfile -t swift < <(files '*.swift')
mapfile -t c < <(files '*.c' '*.h')
mapfile -t scripts < <(files '*.sh')

if [[ ${1:-} == --fix ]]; then
	((${#swift[@]} == 0)) || swift format --in-place --parallel "${swift[@]}"
	((${#c[@]} == 0)) || clang-format -i "${c[@]}"
	exit 0
fi

((${#swift[@]} == 0)) || check "swift format" swift format lint --strict --parallel "${swift[@]}"
((${#c[@]} == 0)) || check "clang-format" clang-format --dry-run -Werror "${c[@]}"
for script in "${scripts[@]}"; do
	bash -n "$script" || failures=$((failures + 1))
done
if command -v shellcheck >/dev/null; then
	check shellcheck shellcheck -x -P SCRIPTDIR "${scripts[@]}"
else
	echo "shellcheck: skipped, it is not installed"
fi
((failures == 0))
