#!/usr/bin/env bash
# Runs lanes of tests, which are targets of the Makefile, one after another, and sums up.
#   test.sh TARGET...
# A lane whose tests are not in this checkout is skipped and named; with CI=true that is a failure.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# needs LANE: the file without which there is nothing to run.
needs() {
	case $1 in
	test-swift) echo Package.swift ;;
	test-new-policy) echo scripts/tests/new-policy.sh ;;
	test-guest | test-newest | test-survival) echo Tests/Guest/run.sh ;;
	*) echo scripts/tests/run.sh ;;
	esac
}

passed=() failed=() skipped=()
for lane in "$@"; do
	printf '\n==== %s ====\n' "$lane"
	if [[ ! -e $(needs "$lane") ]]; then
		printf 'skipped: there is no %s\n' "$(needs "$lane")"
		skipped+=("$lane")
	elif "${MAKE:-make}" --no-print-directory "$lane"; then
		passed+=("$lane")
	else
		failed+=("$lane")
	fi
done

printf '\n==== summary ====\n'
printf 'passed:  %s\n' "${passed[*]:-none}"
printf 'failed:  %s\n' "${failed[*]:-none}"
printf 'skipped: %s\n' "${skipped[*]:-none}"
if [[ ${CI:-} == true ]] && ((${#skipped[@]})); then
	echo 'CI has to have every lane' >&2
	exit 1
fi
((${#failed[@]} == 0))
