#!/usr/bin/env bash
# Feeds the reader of traces and the parser of descriptions with inputs that libFuzzer makes of good ones.
# Ends with 1 if one crashed; the inputs that did are kept below out/fuzz, and named.
#
#   FUZZ_SECONDS=60                          for each target
#   FUZZ_TARGETS="trace description"
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib/common.sh"
cd "$repo_root"

seconds=${FUZZ_SECONDS:-60}
targets=${FUZZ_TARGETS:-trace description}
[[ $seconds =~ ^[1-9][0-9]{0,5}$ ]] || die "$EX_USAGE" "FUZZ_SECONDS: whole seconds, not '$seconds'"
for target in $targets; do
	[[ $target == trace || $target == description ]] || die "$EX_USAGE" "FUZZ_TARGETS: no target '$target'"
done

# Not --sanitize fuzzer: that takes main.swift away from the tools of the build as well. libFuzzer has a
# main of its own, the package manager another one: the first wins.
build=(swift build --package-path Fuzz --scratch-path .build/fuzz -c release
	-Xswiftc -use-ld=lld -Xswiftc -sanitize=fuzzer -Xcc -fsanitize=fuzzer-no-link
	-Xlinker -z -Xlinker muldefs)
# Swift's own handler of crashes would end the process before libFuzzer has kept the input.
export SWIFT_BACKTRACE=enable=no
failures=0
for target in $targets; do
	"${build[@]}" --product "fuzz-$target" >&2
	program=$("${build[@]}" --show-bin-path)/fuzz-$target
	found=out/fuzz/$target
	mkdir -p "$found/corpus"
	case $target in
	trace) seeds=Sources/PolicyModel/Shipped/traces most=65536 ;;
	description) seeds=policies most=4096 ;;
	esac
	log=$found/log
	if timeout -k 10 $((seconds + 120)) "$program" -max_total_time="$seconds" -max_len="$most" -timeout=10 \
		-malloc_limit_mb=256 -artifact_prefix="$found/" "$found/corpus" "$seeds" </dev/null >"$log" 2>&1; then
		echo "$target: $(grep -E '^Done ' "$log" || tail -n 1 "$log")"
	else
		failures=$((failures + 1))
		echo "$target: crashed; the input: $(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)"
		grep -vE '^#[0-9]|^INFO' "$log" | tail -n 30
	fi
done
((failures == 0)) || exit 1
