#!/usr/bin/env bash
# Branch coverage of the C policy under the conformance traces, by the compiler's own counters;
# then the same traces once more under the address and undefined-behaviour sanitizers.
# Ends with 1 if a branch was never taken that scripts/coverage-exceptions.txt does not name.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# All of one toolchain, the one that swift is of: other versions do not read its counters.
PATH=$(dirname "$(readlink -f "$(command -v swift)")"):$PATH
for tool in clang llvm-profdata llvm-cov; do
	command -v "$tool" >/dev/null || {
		echo "coverage: no $tool on PATH: it comes with the Swift toolchain" >&2
		exit 69
	}
done
echo "coverage: building the judge"
swift build -c release --product mutants >/dev/null
judge=$(swift build -c release --show-bin-path)/mutants
work=$(mktemp -d)
shipped=Sources/PolicyModel/Shipped
trap 'rm -rf "$work"' EXIT

clang -O1 -g -Wall -Wextra -fPIC -shared -fprofile-instr-generate -fcoverage-mapping \
	bpf/policy_native.c -o "$work/policy.so"
echo "coverage: deciding the traces"
LLVM_PROFILE_FILE=$work/policy.profraw "$judge" --judge-library "$work/policy.so"
llvm-profdata merge -o "$work/policy.profdata" "$work/policy.profraw"
llvm-cov report "$work/policy.so" -instr-profile="$work/policy.profdata" --show-branch-summary \
	--show-region-summary=false | sed "s|$PWD/||"

# A branch line of llvm-cov's: "  |  Branch (LINE:COLUMN): [True: 12, False: 0]".
llvm-cov show "$work/policy.so" -instr-profile="$work/policy.profdata" --show-branches=count |
	awk '/^[^ |].*:$/ { file = $0; sub(/:$/, "", file); sub(/.*\//, "", file) }
		/Branch \(/ && /(True|False): 0[],]/ {
			match($0, /\([0-9]+:[0-9]+\)/)
			place = substr($0, RSTART + 1, RLENGTH - 2)
			print file ":" place " " ($0 ~ /True: 0[],]/ ? "never true" : "never false")
		}' | sort -u >"$work/untaken"
unexplained=0
while read -r place verdict; do
	file=${place%%:*} line=${place#*:}
	path=$shipped/$file
	[[ -e $path ]] || path=bpf/$file
	text=$(sed -n "${line%%:*}p" "$path" | sed 's/^[[:space:]]*//')
	if reason=$(grep -F "$file|$text|$verdict|" scripts/coverage-exceptions.txt 2>/dev/null); then
		echo "exception: $place: $verdict: ${reason##*|}"
	else
		echo "not taken: $place: $verdict: $text"
		unexplained=$((unexplained + 1))
	fi
done <"$work/untaken"

echo "coverage: the same traces under the sanitizers"
if clang -O1 -g -fPIC -shared -fsanitize=undefined -fsanitize-trap=undefined \
	bpf/policy_native.c -o "$work/ubsan.so" 2>"$work/log"; then
	"$judge" --judge-library "$work/ubsan.so"
	echo "undefined behaviour: none"
else
	echo "skipped: undefined behaviour: $(tail -n 1 "$work/log")"
fi
if clang -O1 -g -fsanitize=address scripts/sanitize-driver.c bpf/policy_native.c -I bpf -o "$work/asan" 2>"$work/log"; then
	"$work/asan"
	echo "addresses: clean"
else
	echo "skipped: addresses: $(tail -n 1 "$work/log")"
fi
((unexplained == 0)) || {
	echo "coverage: $unexplained branches were never taken, without a reason" >&2
	exit 1
}
echo "coverage: every branch of the C policy was taken, or is explained"
