#!/usr/bin/env bash
# Tries both modes on one kernel of each series that can be had here, and shows what was seen as a table.
#   test-kernels.sh [--newest | --write | --table] [SERIES...]
#
#   SERIES...   only these (default: every series on offer, or $KERNELS)
#   --newest    the newest in docs/KERNELS.md; the default one has all of Tests/Guest
#   --write     put the table into docs/KERNELS.md; all series have to be there
#   --table     run nothing: the table of what earlier runs of the same program left in out/kernels
#
# A series that cannot be had is a row with the reason, and no failure. Status: 0 every one that could be had passed.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib/common.sh"
. "$here/lib/cache.sh"
. "$here/lib/kernel.sh"
. "$here/lib/kernel-table.sh"

document=$repo_root/docs/KERNELS.md
results=$repo_root/out/kernels
# The group of cases in Tests/Guest that is tried on each kernel.
cases=(--verdict)

write='' table='' series=()
read -ra series <<<"${KERNELS:-}"
while (($#)); do
	case $1 in
	--newest) read -ra series < <(ci_series "$document" | awk '{ print $NF }') ;;
	--write) write=1 ;;
	--table) table=1 ;;
	--help | -h) show_help ;;
	-*) die "$EX_USAGE" "unknown option '$1'; --help says what there is" ;;
	*) series+=("$1") ;;
	esac
	shift
done
for one in ${series[@]+"${series[@]}"}; do
	[[ $one =~ ^[0-9]+\.[0-9]+(\.[0-9]+)?$ ]] || die "$EX_USAGE" "a series is written as 6.18 or 6.18.15, not '$one'"
done

# The program is built by run.sh if it is old; here only its name is needed.
cd "$repo_root"
program=$(swift build -c release --show-bin-path)/sched-proto

# try SERIES: leaves what was seen in $results/SERIES.
try() {
	local series=$1 folder=$results/$1 vmlinuz=$kernels_dir/$1/vmlinuz status=0
	rm -rf "$folder" && mkdir -p "$folder"
	if ! KERNEL=$series "$here/setup.sh" 2> >(tee "$folder/setup" >&2); then
		# The reason is the line after what was tried, without the script's name.
		sed -E 's/^[^:]*: //' "$folder/setup" | grep -vE '^(reading|downloading|installing|attempt|guest kernel)' | head -n 1 >"$folder/reason"
		return 0
	fi
	cp "$kernels_dir/$series/release" "$folder/release"
	if [[ -n $(kernel_implicit_arguments "$vmlinuz") ]]; then
		: >"$folder/broken"
		SCHED_PROTO_BROKEN_KERNEL=1 "$repo_root/Tests/Guest/run.sh" --kernel "$series" --keep "$folder/kept" broken-kernel || status=$?
	else
		"$repo_root/Tests/Guest/run.sh" --kernel "$series" --keep "$folder/kept" "${cases[@]}" || status=$?
	fi
	# The second try's word counts, as in run.sh.
	cat "$folder"/kept/first/*/results "$folder"/kept/again/*/results 2>/dev/null >"$folder/results" || true
	cp "$folder"/kept/first/verdict-kernel/verifier-* "$folder" 2>/dev/null || true
	echo "$status" >"$folder/status"
}

if [[ -z $table ]]; then
	if ((${#series[@]} == 0)); then
		mapfile -t series < <("$here/setup.sh" --list)
		((${#series[@]})) || die "$EX_UNAVAILABLE" "setup.sh --list named no series"
	fi
	for one in "${series[@]}"; do
		printf '\n==== Linux %s\n' "$one"
		try "$one"
	done
fi

shown=()
for folder in $(find "$results" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort -V); do
	[[ -e $folder/reason || (-e $folder/status && $folder/status -nt $program) ]] && shown+=("$folder")
done
((${#shown[@]})) || die "$EX_USAGE" "no results of this program in $results"
printf '\n'
kernel_table "${shown[@]}" | tee "$results/table.md"
if [[ -n $write ]]; then
	[[ $(grep -c '^<!-- made by make test-kernels' "$document") == 2 ]] || die "$EX_USAGE" "no marked part in $document"
	sed -i -e "/^<!-- made by make test-kernels: begin/r $results/table.md" \
		-e '/^<!-- made by make test-kernels: begin/,/^<!-- made by make test-kernels: end/{/^<!--/!d}' "$document"
fi
failed=()
for folder in "${shown[@]}"; do
	[[ -e $folder/reason || $(<"$folder/status") == 0 ]] || failed+=("${folder##*/}")
done
((${#failed[@]} == 0)) || die 1 "failed on: ${failed[*]}"
