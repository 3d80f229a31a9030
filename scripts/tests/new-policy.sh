#!/usr/bin/env bash
# Follows docs/NEW-POLICY.md: applies its blocks and runs them, one by one, in a copy of the checkout.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
guide=$PWD/docs/NEW-POLICY.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checkout=$work/sched-proto
mkdir "$checkout"
git ls-files -z | xargs -0 cp --parents -t "$checkout"
cd "$checkout" || exit 70

passed=0 failed=0
ok() { echo "ok      $1" && passed=$((passed + 1)); }
not_ok() { echo "FAILED  $1" && failed=$((failed + 1)); }

# block KIND=NAME: the text of the guide's block that is marked so.
block() {
	awk -v mark="$1" '
		/^```/ { if (inside) exit; split($0, words, " "); for (i in words) if (words[i] == mark) { inside = 1; next } }
		inside' "$guide"
}

apply() {
	block "patch=$1" >"$work/$1.patch"
	if patch --quiet -p1 --fuzz 2 <"$work/$1.patch" >"$work/log" 2>&1; then
		ok "patch $1"
	else
		not_ok "patch $1"
		cat "$work/log"
	fi
}

# follow NAME STATUS [TEXT]: the block ends with that status, and its output holds the text.
follow() {
	local status
	block "run=$1" >"$work/$1.sh"
	echo "        $1: $(tail -n 1 "$work/$1.sh")"
	bash -e "$work/$1.sh" >"$work/log" 2>&1
	status=$?
	if ((status == $2)) && [[ -z ${3:-} || $(<"$work/log") == *"$3"* ]]; then
		ok "$1 (status $2)"
	else
		not_ok "$1: status $status, $2 was to be"
		tail -n 20 "$work/log"
	fi
}

apply name
apply swift
block file=burst.yaml >burst.yaml
follow checked 0 'burst.yaml: ok'
follow refused 78 'order.rule: shortest-burst'
follow unproven 78 'order.rule: shortest-burst'
apply twin
follow proven 0 identical
apply wrong
follow diverged 4 'order'
follow example 0 passed
echo "$passed passed, $failed failed"
((failed == 0))
