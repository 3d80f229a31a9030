# shellcheck shell=bash
# What the cases of cases/basic-kernel-log*.sh are written with.

# kernel_log NAME...: of loads.sh.
kernel_log() {
	local name policy words
	. "$here/loads.sh"
	while read -r name policy words; do
		[[ " $* " == *" $name "* ]] || continue
		start --policy "$policy" --stats 0
		read -ra words <<<"$words"
		"$here/record" "$here/record.bpf.o" "$mode" 20000 -- "$here/load" "${words[@]}" \
			>"$dir/log-$name" 2>"$dir/err-$name" </dev/null || fail "record: $(tail -n 1 "$dir/err-$name")"
		stop
		expect_clean
		! grep missed "$dir/err-$name" || complain "the tracer: $(grep -m 1 missed "$dir/err-$name")"
		"$program" simulate --log "$dir/log-$name" >"$dir/out-$name" 2>"$dir/err-$name" ||
			complain "$name ($policy): $(tail -n 1 "$dir/err-$name")"
		note "$name: $(grep -oE '^[0-9]+ lines' "$dir/out-$name"), $(grep -oE '[0-9]+ races' "$dir/out-$name")"
		[[ ! -s $dir/complaints ]] || cp "$dir/log-$name" "$logs/kernel-log-$mode-$name"
	done < <(kernel_log_loads)
}
