#!/usr/bin/env bash
# Tests of the scripts. Without --guest they need neither QEMU nor root; with it each starts a guest; with --output
# they test the streams of the program, which has to be built.
#   run.sh [--guest|--output] [WORD]      only tests whose name contains WORD
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scripts=$(dirname "$here")
folder=$(mktemp -d /tmp/sched-proto-tests.XXXXXX)
trap 'rm -rf "$folder"' EXIT
export TMPDIR=$folder/tmp
mkdir "$TMPDIR"
passed=0 failed=0 skipped=0 again=0
status=0 output= errors=

# run COMMAND...: leaves $status, $output and $errors.
run() {
	status=0
	"$@" >"$folder/output" 2>"$folder/errors" </dev/null || status=$?
	output=$(tr -d '\000' <"$folder/output") errors=$(<"$folder/errors")
}

complain() {
	printf '    %s\n' "$*"
	complaints=$((complaints + 1))
}

# need_root: the rest of the test needs it.
need_root() {
	((EUID == 0)) || skip="needs root"
	[[ -z $skip ]]
}

expect_status() {
	[[ $status == "$1" ]] || complain "status: expected $1, found $status; errors: $errors"
}

expect_equal() { # WHAT EXPECTED FOUND
	[[ $2 == "$3" ]] || complain "$1: expected '$2', found '$3'"
}

expect_in() { # WORDS TEXT
	[[ $2 == *"$1"* ]] || complain "expected '$1' in: $2"
}

kind=host
case ${1:-} in
--guest | --output)
	kind=${1#--}
	shift
	;;
esac
. "$here/$kind.sh"
# try TEST: runs it; leaves $complaints and $skip.
try() {
	complaints=0 skip=
	"$1"
}

for test in $(declare -F | awk '{ print $3 }' | grep "^test_.*${1:-}"); do
	try "$test"
	# Shown and counted, and no failure if it passes then: these start guests and time limits on machines that have
	# much else to do, and QEMU has an assertion of its own (once in some hundred guests, in msix_table_mmio_write).
	if ((complaints > 0)); then
		printf 'AGAIN   %s: failed at first\n' "${test#test_}"
		again=$((again + 1))
		try "$test"
	fi
	if [[ -n $skip ]]; then
		skipped=$((skipped + 1))
		printf 'skipped %s: %s\n' "${test#test_}" "$skip"
	elif ((complaints == 0)); then
		passed=$((passed + 1))
		printf 'ok      %s\n' "${test#test_}"
	else
		failed=$((failed + 1))
		printf 'FAILED  %s\n' "${test#test_}"
	fi
done
printf '%d passed, %d failed, %d skipped, %d tried again\n' "$passed" "$failed" "$skipped" "$again"
((failed == 0 && passed > 0))
