# shellcheck shell=bash
# What the cases of cases/basic-kernel-log*.sh are written with.

# kernel_log NAME...: of loads.sh. With several CPUs the log of a load may be refused, and another be taken: what CPUs
# did at the same moment stands in it in one order of several, and the model does not know each of them. A wrong model
# refuses all. Each refused one is named, and kept.
kernel_log() {
	local name policy words tries=1 left
	(($(nproc) == 1)) || tries=4
	. "$here/loads.sh"
	while read -r name policy words; do
		[[ " $* " == *" $name "* ]] || continue
		for ((left = tries - 1; left >= 0; left--)); do
			record_log "$name" "$policy" "$words"
			"$program" simulate --log "$dir/log-$name" >"$dir/out-$name" 2>"$dir/err-$name" && break
			cp "$dir/log-$name" "$logs/kernel-log-$mode-$name-$left"
			if ((left)); then
				note "$name refused ($(tail -n 1 "$dir/err-$name"))"
			else
				complain "$name ($policy): $(tail -n 1 "$dir/err-$name")"
			fi
		done
		note "$name: $(grep -oE '^[0-9]+ lines' "$dir/out-$name"), $(grep -oE '[0-9]+ races' "$dir/out-$name")"
	done < <(kernel_log_loads)
}

# record_log NAME POLICY WORDS: what the kernel does under this load, in $dir/log-NAME.
record_log() {
	local words
	start --policy "$2" --stats 0
	read -ra words <<<"$3"
	"$here/record" "$here/record.bpf.o" "$mode" 20000 -- "$here/load" "${words[@]}" \
		>"$dir/log-$1" 2>"$dir/err-$1" </dev/null || fail "record: $(tail -n 1 "$dir/err-$1")"
	stop
	expect_clean
	! grep missed "$dir/err-$1" || complain "the tracer: $(grep -m 1 missed "$dir/err-$1")"
}
