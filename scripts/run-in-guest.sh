#!/usr/bin/env bash
# Schedules a guest by a policy while a mixed load runs in it, and judges what it saw.
# Variables: MODE=user|bpf POLICY= KERNEL= CPUS= DURATION= ARGS= (more options of sched-proto), and CONFIG=debug|release:
# a debug build takes half as long, and what decides and schedules is optimised in it as well.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${DURATION:-10}
[[ $seconds =~ ^[0-9]{1,5}$ ]] && ((10#$seconds >= 2)) || {
	echo "run: DURATION is a whole number from 2 to 99999, not ${seconds@Q}" >&2
	exit 64
}
seconds=$((10#$seconds)) # else a leading zero would make it octal
config=${CONFIG:-debug}
[[ $config == debug || $config == release ]] || {
	echo "run: CONFIG is debug or release, not ${config@Q}" >&2
	exit 64
}

[[ -z ${KERNEL:-} || $KERNEL =~ ^[0-9]+\.[0-9]+(\.[0-9]+)?$ ]] || {
	echo "run: KERNEL is a series such as 6.18, not ${KERNEL@Q}" >&2
	exit 64
}

# Said twice they would be refused, minutes from now.
for option in mode policy duration; do
	[[ " ${ARGS:-} " != *" --$option"[\ =]* ]] || {
		echo "run: ARGS has --$option: say ${option^^}= instead" >&2
		exit 64
	}
done

# What the guest needs is fetched beside the build, which waits for its own libraries only. In groups of their own:
# whoever is interrupted takes the other one with it, but for a package that is being installed.
scripts/setup.sh --for build
set -m
(
	scripts/setup.sh --for run
	scripts/guest.sh ${KERNEL:+--kernel "$KERNEL"} --try-kvm
) </dev/null &
guest=$!
swift build --configuration "$config" --product sched-proto </dev/null &
build=$!
set +m
stop() {
	kill -TERM -- "-$guest" 2>/dev/null || true
	kill -TERM -- "-$build" 2>/dev/null || true
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for _ in 1 2; do
	status=0
	wait -n -p ended "$guest" "$build" || status=$?
	((status == 0)) || {
		what='the build'
		[[ $ended != "$guest" ]] || what='getting ready for the guest'
		echo "run: $what failed, see above" >&2
		exit "$status"
	}
	[[ $ended != "$guest" ]] || guest=$build
	[[ $ended != "$build" ]] || build=$guest
done
trap - EXIT INT TERM

program=$(swift build --configuration "$config" --show-bin-path)/sched-proto
export SP_PROGRAM=$program SP_MODE=${MODE:-user} SP_POLICY=${POLICY:-fifo} SP_SECONDS=$seconds
export SP_ARGS=${ARGS:-}
exec scripts/guest.sh ${KERNEL:+--kernel "$KERNEL"} --cpus "${CPUS:-4}" --time-limit $((seconds * 4 + 120)) \
	-- scripts/guest-run.sh
