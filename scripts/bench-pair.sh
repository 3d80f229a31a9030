#!/usr/bin/env bash
# Whether a pair in a package of its own decides as fast as the same pair inside this project: builds a pair of
# Examples/ both ways, from a copy of the checkout, and lets both decide the same traces, in turn, on one core.
#   bench-pair.sh [PAIR [ROUNDS]]      stride, 9 rounds of 4 million events
# Markdown: million events a second of the Swift twin and of the C twin, and the ratios. Asserts nothing.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib/common.sh"
cd "$repo_root"

pair=${1:-stride} rounds=${2:-9}
[[ $pair =~ ^[a-z][a-z0-9-]*$ && -n $(compgen -G "Examples/$pair/Sources/*/*.yaml") ]] ||
	die "$EX_USAGE" "no pair ${pair@Q}; there are: $(compgen -G 'Examples/*/Sources/*/*.yaml' | cut -d / -f 2 | paste -sd ' ')"
[[ $rounds =~ ^[1-9][0-9]{0,2}$ ]] || die "$EX_USAGE" "rounds: 1 to 999, not ${rounds@Q}"
sources=Examples/$pair/Sources
program=$(basename "$sources"/*Program)
module=${program%Program}
# Optimised as the author's package asks for it; in a release build that is the same.
targets="
        .target(
            name: \"$module\",
            dependencies: [
                \"CSchedProto\", \"PolicyModel\", \"PolicyText\", \"KernelLink\", \"Conformance\", \"Session\",
                \"Output\", \"Pairs\", \"CPolicy\", \"ShippedBPF\",
            ],
            path: \"$sources/$module\",
            plugins: [\"PolicyInKernel\"]),
        .executableTarget(
            name: \"$pair\",
            dependencies: [\"$module\", \"Commands\", \"CAllocations\"],
            path: \"$sources/$program\"),
"

work=$(mktemp -d "${TMPDIR:-/tmp}/sched-proto-bench-pair.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree"
git ls-files -z | tar -c --null -T - | tar -x -C "$work/tree"
TARGETS=$targets perl -0777 -i -pe 's/\n( *\.testTarget\()/$ENV{TARGETS}\n$1/' "$work/tree/Package.swift"
say "building $pair inside the project and in its package, in release configuration; some 10 minutes on two cores"
swift build -c release --package-path "$work/tree" --product "$pair" >&2
inside=$work/inside
cp "$work/tree/.build/release/$pair" "$inside"
cp Package.swift "$work/tree/Package.swift"
swift build -c release --package-path "$work/tree/Examples/$pair" --product "$pair" >&2
package=$work/tree/Examples/$pair/.build/release/$pair

# rates PROGRAM SEED: million events a second of swift and of native.
rates() {
	taskset -c 0 "$1" conform --lanes swift,native --events 4000000 --seed "$2" --json |
		perl -MJSON::PP -0777 -ne 'my $it = decode_json($_);
			print join(" ", map { sprintf "%.3f", $it->{events} / 1e6 / $_->{seconds} } @{ $it->{lanes} }), "\n"'
}
for ((round = 1; round <= rounds; round++)); do
	echo "$round inside $(rates "$inside" "$round")"
	echo "$round package $(rates "$package" "$round")"
done | tee "$work/rounds" >&2
perl -ane '
	($round, $where, $swift, $native) = @F;
	push @{ $all{$where}{swift} }, $swift;
	push @{ $all{$where}{native} }, $native;
	sub median { my @s = sort { $a <=> $b } @_; $s[int(@s / 2)] }
	sub line { my @s = sort { $a <=> $b } @_; sprintf "%.2f (%.2f...%.2f)", median(@s), $s[0], $s[-1] }
	END {
		print "| million events/s, median (least...most) | inside | in its package | package / inside |\n|---|--:|--:|--:|\n";
		for my $lane (qw(swift native)) {
			my ($in, $out) = map { $all{$_}{$lane} } qw(inside package);
			my @ratios = map { $out->[$_] / $in->[$_] } 0 .. $#$in;
			print "| $lane | ", line(@$in), " | ", line(@$out), " | ", line(@ratios), " |\n";
		}
	}' "$work/rounds"
