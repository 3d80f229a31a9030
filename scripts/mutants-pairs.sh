#!/usr/bin/env bash
# Wrong versions of what only pairs use (Tests/Mutants/pairs.tsv): each has to be noticed by a campaign of the pair's own
# program, whose backends are compiled with it.
#   mutants-pairs.sh [--machines N] [WORD]      N random machines of each mode, 100 if not said; only rows
#                                               that contain WORD
# Status: 0 all were noticed or are explained, 1 one was not, 64 wrong usage, 65 a row does not fit its file.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
machines=100
if [[ ${1:-} == --machines ]]; then
	machines=${2:-}
	[[ $machines =~ ^[1-9][0-9]{0,5}$ ]] || {
		echo "mutants-pairs.sh: --machines: a number from 1 on" >&2
		exit 64
	}
	shift 2
fi
word=${1:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/sched-proto-mutants.XXXXXX")
trap 'rm -rf "$work"' EXIT

# wrong FILE ORIGINAL REPLACEMENT: a copy of the sources with that line changed, in $work/tree.
wrong() {
	rm -rf "$work/tree"
	mkdir -p "$work/tree/Sources/PolicyModel"
	cp -r bpf "$work/tree/bpf"
	cp -r Sources/CSimKernel "$work/tree/Sources/CSimKernel"
	cp -r Sources/PolicyModel/Shipped "$work/tree/Sources/PolicyModel/Shipped"
	FILE=$work/tree/bpf/$1 ORIGINAL=$2 REPLACEMENT=$3 perl -0777 -i -pe '
		BEGIN { for my $name (qw(ORIGINAL REPLACEMENT)) { $ENV{$name} =~ s/\\n/\n/g; $ENV{$name} =~ s/\\t/\t/g } }
		my $count = () = /\Q$ENV{ORIGINAL}\E/g;
		if ($count != 1) { print STDERR "$ARGV has its original $count times, not once\n"; $wrong = 1 }
		s/\Q$ENV{ORIGINAL}\E/$ENV{REPLACEMENT}/;
		END { exit($wrong ? 1 : 0) }' "$work/tree/bpf/$1"
}

# judge PAIR: sets `verdict`.
judge() {
	local pair=$1 status=0
	timeout 600 "Examples/$pair/.build/debug/$pair" simulate --package "$work/$pair" --sources "$work/tree" \
		--campaign "$machines" --seed 1 --keep-going >"$work/said" 2>"$work/errors" || status=$?
	case $status in
	0) verdict=survived ;;
	4) verdict="noticed ($(sed -n '2s/ at .*//p' "$work/said"))" ;;
	65) verdict="not compiled" ;;
	124) verdict="noticed (it never ends)" ;;
	*) verdict="noticed (status $status)" ;;
	esac
}

built=" " number=0 unclear=0
while IFS=$'\t' read -r pair file original replacement what explained; do
	[[ -n $pair && $pair != \#* && "$pair $file $original $what" == *"$word"* ]] || continue
	if [[ $built != *" $pair "* ]]; then
		swift build --package-path "Examples/$pair" --product "$pair" >/dev/null
		# What is kept of it is ours, and gone at the end.
		mkdir -p "$work/$pair"
		ln -s "$PWD/Examples/$pair/Sources" "$work/$pair/Sources"
		built+="$pair "
	fi
	wrong "$file" "$original" "$replacement" || exit 65
	judge "$pair"
	number=$((number + 1))
	if [[ $verdict == survived && -n $explained ]]; then
		verdict="survived, explained: $explained"
	elif [[ $verdict == survived || $verdict == "not compiled" ]]; then
		unclear=$((unclear + 1))
		verdict=${verdict^^}
	fi
	printf '%s %s: %s: %s\n' "$pair" "$file" "$what" "$verdict"
done <Tests/Mutants/pairs.tsv
printf '%d wrong mechanisms of pairs, %d neither noticed nor explained\n' "$number" "$unclear"
((number > 0 && unclear == 0))
