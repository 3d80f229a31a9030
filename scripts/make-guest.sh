#!/usr/bin/env bash
# What `make guest` runs: turns its variables into options of guest.sh, and writes the status to FILE,
# because make itself loses it. Without FILE it ends with the status.
#   make-guest.sh [FILE]
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib/common.sh"

[[ -n ${CMD:-} ]] || die "$EX_USAGE" "no command given" "such as: make guest CMD='uname -r' CPUS=4"

options=()
option() {
	[[ -z $2 ]] || options+=("$1" "$2")
}
option --kernel "${KERNEL:-}"
option --cpus "${CPUS:-}"
option --topology "${TOPOLOGY:-}"
option --memory "${MEMORY:-}"
option --clock "${CLOCK:-}"
option --out "${OUT:-}"

status=0
"$here/guest.sh" "${options[@]}" -- "$CMD" || status=$?
[[ -n ${1:-} ]] || exit "$status"
printf '%s\n' "$status" >"$1"
