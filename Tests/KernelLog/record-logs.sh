#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Records the logs in Logs anew: of Linux 6.18 with 4 CPUs and with 1, and of 7.3. As root, in the checkout. Each log
# is the beginning of a longer one, and the model has to accept it: docs/KERNEL-LOG.md.
#   record-logs.sh [KERNEL:CPUS...]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
. "$here/loads.sh"
LINES_KEPT=3000

swift build --package-path "$root" -c release --product sched-proto
work=$(mktemp -d "${TMPDIR:-/tmp}/sched-proto-log.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp "$(swift build --package-path "$root" -c release --show-bin-path)/sched-proto" "$work"
"$here/build.sh" "$work"
cat >"$work/inside.sh" <<'END'
set -euo pipefail
cd "$SCHED_PROTO_OUT"
cp sched-proto load /tmp
while read -r name policy words; do
	for mode in bpf user; do
		/tmp/sched-proto --mode "$mode" --policy "$policy" --stats 0 >/tmp/out 2>/tmp/err &
		for ((i = 0; i < 300; i++)); do
			! grep -q '^attached' /tmp/out || break
			sleep 0.1
		done
		sleep 1
		read -ra words_of <<<"$words"
		./record record.bpf.o "$mode" "$LINES_KEPT" -- /tmp/load "${words_of[@]}" >"$name-$mode.log" </dev/null
		kill %%
		wait
	done
done <loads
END
kernel_log_loads >"$work/loads"
mkdir -p "$here/Logs"
for machine in "${@:-6.18:4 6.18:1 7.3:4}"; do
	for one in $machine; do
		kernel=${one%:*} cpus=${one#*:}
		rm -f "$work"/*.log
		"$root/scripts/guest.sh" --kernel "$kernel" --cpus "$cpus" --clock virtual --out "$work" -- \
			"LINES_KEPT=$LINES_KEPT bash \$SCHED_PROTO_OUT/inside.sh"
		for log in "$work"/*.log; do
			name=$(basename "$log" .log)
			if "$work/sched-proto" simulate --log "$log"; then
				gzip -9nc "$log" >"$here/Logs/linux-$kernel-$cpus-$name.log.gz"
			else
				echo "not kept: $kernel with $cpus CPUs, $name" >&2
			fi
		done
	done
done
du -sh "$here/Logs"
