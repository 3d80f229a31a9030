# shellcheck shell=bash
# The table of docs/KERNELS.md, from the folders that test-kernels.sh left, one for each series.

# ci_series DOCUMENT: the default series and the newest one that passed in the document's table.
ci_series() {
	local newest
	newest=$(sed -nE 's/^\| ([0-9]+\.[0-9]+) \| .*\| passed.*/\1/p' "$1" | sort -V | tail -n 1)
	printf '%s\n' "$DEFAULT_KERNEL" ${newest:+"$newest"} | sort -u -V | paste -sd ' '
}

# result FOLDER CASE: its last line among the results; empty if there is none.
result() {
	grep -E "^(ok|FAIL|skip) $2(:| )" "$1/results" | tail -n 1
}

# mode_verdict FOLDER MODE: "passed", or what failed.
mode_verdict() {
	local lines failed skipped
	lines=$(grep -E "^(ok|FAIL|skip) $2/" "$1/results" | awk '{ name = $2; sub(/:$/, "", name); at[name] = $1 }
		END { for (name in at) print at[name], name }' | sort)
	failed=$(sed -nE 's/^FAIL [a-z]+\///p' <<<"$lines" | paste -sd ' ')
	skipped=$(sed -nE 's/^skip [a-z]+\///p' <<<"$lines" | paste -sd ' ')
	if [[ -n $failed ]]; then
		echo "FAILED: $failed"
	elif [[ -z $lines ]]; then
		echo "no result"
	else
		echo "passed${skipped:+ (skipped: $skipped)}"
	fi
}

# noted FOLDER CASE EXPRESSION: what the case noted; "–" if it did not.
noted() {
	local found
	found=$(result "$1" "$2" | sed -nE "s/.*$3.*/\1/p")
	echo "${found:-–}"
}

# verified FOLDER MODE: instructions of all programs, the larger of the two policies.
verified() {
	local file most=0 sum
	for file in "$1"/verifier-"$2"-*; do
		[[ -e $file ]] || continue
		sum=$(awk '{ sum += $2 } END { print sum + 0 }' "$file")
		((sum <= most)) || most=$sum
	done
	((most == 0)) && echo – || echo "$most"
}

kernel_table() {
	local folder mode
	echo "| Series | Kernel | bpf | user | nice -5 : nice 0, bpf | user | interactive's wait, bpf | user | instructions verified, bpf | user | a CPU that is taken |"
	echo "|---|---|---|---|--:|--:|--:|--:|--:|--:|---|"
	for folder in "$@"; do
		kernel_row "$folder"
	done
	for mode in bpf swift user; do
		printf '\nWhat the verifier looked at in %s: instructions processed and, in brackets, states kept; the larger of fair and interactive.\n\n' \
			"$([[ $mode == swift ]] && echo 'bpf mode, by the Swift twin' || echo "$mode mode")"
		program_table "$mode" "$@"
	done
}

kernel_row() {
	local folder=$1 series=${1##*/} broken
	if [[ -e $folder/reason ]]; then
		echo "| $series | – | not to be had: $(<"$folder/reason") | | | | | | | | |"
		return
	fi
	if [[ -e $folder/broken ]]; then
		broken="broken build of the kernel, recognised: status 69"
		[[ $(<"$folder/status") == 0 ]] || broken="FAILED: a broken build of the kernel, not recognised"
		echo "| $series | $(<"$folder/release") | $broken | the same | | | | | | | |"
		return
	fi
	printf '| %s ' "$series" "$(<"$folder/release")" "$(mode_verdict "$folder" bpf)" "$(mode_verdict "$folder" user)" \
		"$(noted "$folder" bpf/weights '; ([0-9.]+ : 1).*')" "$(noted "$folder" user/weights '; ([0-9.]+ : 1).*')" \
		"$(noted "$folder" bpf/preference 'longest wait ([0-9]+ ms)')" "$(noted "$folder" user/preference 'longest wait ([0-9]+ ms)')" \
		"$(verified "$folder" bpf)" "$(verified "$folder" user)" "$(noted "$folder" bpf/taken-cpu '(sp_cpu_release|sp_sched_switch)')"
	echo '|'
}

# program_table MODE FOLDER...: a row for each program, a column for each series.
program_table() {
	local mode=$1 folder files=()
	shift
	for folder in "$@"; do
		[[ ! -e $folder/verifier-$mode-fair ]] || files+=("$folder/verifier-$mode-fair" "$folder/verifier-$mode-interactive")
	done
	((${#files[@]})) || return 0
	awk '
	FNR == 1 {
		n = split(FILENAME, parts, "/"); series = parts[n - 1]
		if (!(series in seen)) { seen[series] = 1; columns[++width] = series }
	}
	{
		if (!($1 in known)) { known[$1] = 1; rows[++height] = $1 }
		if ($2 + 0 > most[$1, series] + 0) { most[$1, series] = $2; states[$1, series] = $3 }
	}
	END {
		printf "| Program |"
		for (i = 1; i <= width; i++) printf " %s |", columns[i]
		printf "\n|---|"
		for (i = 1; i <= width; i++) printf "--:|"
		print ""
		for (j = 1; j <= height; j++) {
			printf "| %s |", rows[j]
			for (i = 1; i <= width; i++)
				if ((rows[j], columns[i]) in most) printf " %d (%d) |", most[rows[j], columns[i]], states[rows[j], columns[i]]
				else printf " – |"
			print ""
		}
	}' "${files[@]}"
}
