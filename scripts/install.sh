#!/usr/bin/env bash
# Installs the release build: the program, its manual pages, its shell completions, its documents.
#   install.sh              into $DESTDIR$PREFIX (PREFIX: /usr/local)
#   install.sh --man FOLDER only makes the manual pages, there
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ ${PREFIX:-/} == /* ]] || {
	echo "install.sh: PREFIX ${PREFIX@Q} is no absolute path; it goes behind DESTDIR as it is" >&2
	exit 64
}
work=$(mktemp -d "${TMPDIR:-/tmp}/sched-proto-install.XXXXXX")
trap 'rm -rf "$work"' EXIT

# pages FOLDER: made by argument-parser's own tool from what --help says (its plugin would build all programs of the
# package first); named as man looks for them ("man sched-proto run"), paragraphs as mdoc wants them, lists begun before
# their items are.
pages() {
	local page name date
	date=$(git log -1 --format=%cs 2>/dev/null || date +%F)
	mkdir -p "$1" "$work/pages"
	{
		swift build -c release --product sched-proto && swift build -c release --product generate-manual &&
			"${program%/*}/generate-manual" "$program" --multi-page --date "$date" --output-directory "$work/pages"
	} >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		exit 70
	}
	for page in "$work"/pages/*.1; do
		name=${page##*/} name=${name%.1}
		[[ $name != *.help ]] || continue
		sed -E -e 's/^$/.Pp/' -e '/^\.(Dt|Xr) /{:a;s/(sched-proto[A-Za-z-]*)\.([a-z])/\1-\2/I;ta}' \
			-e '/^\.Xr sched-proto-help 1/d' -e '/^\.Sh "EXIT STATUS"$/d' -e '/^\.Ex -std$/d' -e 's/^(Exit status: )/\1/' \
			"$page" >"$1/${name//./-}.1"
	done
}

program=$(swift build -c release --show-bin-path)/sched-proto
if [[ ${1:-} == --man ]]; then
	pages "${2:?install.sh --man needs a folder}"
	exit
fi
(($# == 0)) || {
	echo "install.sh: unknown argument ${1@Q}" >&2
	exit 64
}

prefix=${DESTDIR:-}${PREFIX:-/usr/local}
pages "$work/man1"
install -D -m 755 "$program" "$prefix/bin/sched-proto"
install -D -m 644 -t "$prefix/share/man/man1" "$work"/man1/*.1
for shell in bash zsh fish; do
	"$program" --generate-completion-script $shell >"$work/$shell"
done
install -D -m 644 "$work/bash" "$prefix/share/bash-completion/completions/sched-proto"
install -D -m 644 "$work/zsh" "$prefix/share/zsh/site-functions/_sched-proto"
install -D -m 644 "$work/fish" "$prefix/share/fish/vendor_completions.d/sched-proto.fish"
install -D -m 644 -t "$prefix/share/doc/sched-proto" README.md CHANGELOG.md LICENSE
install -D -m 644 -t "$prefix/share/doc/sched-proto/docs" docs/*.md \
	Sources/PolicyModel/Shipped/{POLICY.md,policy.schema.json}
install -D -m 644 -t "$prefix/share/doc/sched-proto/policies" policies/*.yaml
echo "installed in $prefix; it needs the Swift runtime of the toolchain that built it, where that is now"
