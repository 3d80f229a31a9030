# shellcheck shell=bash
# What the cases of cases/basic-effects*.sh are written with: programs of effects.c, and what they say.

# tell WORD...: runs effects.c; what it said is in $dir/effects, and the seed that repeats it in its first line.
tell() {
	"$effects" "$@" >"$dir/effects" 2>"$dir/err-effects" || fail "effects $* failed: $(tail -n 1 "$dir/err-effects")"
}

# said WORD: the number behind this word of what they said.
said() { sed -nE "s/^(.* )?$1 (-?[0-9]+).*/\\2/p" "$dir/effects" | tail -n 1; }

# The whole of it, for a complaint.
all_said() { paste -sd ' ' "$dir/effects"; }

# expect_within WHAT FROM TO FOUND
expect_within() {
	[[ $4 =~ ^-?[0-9]+$ ]] && (($4 >= $2 && $4 <= $3)) || complain "$1 is '$4', not $2 to $3: $(all_said)"
}

# scheduled OPTION...: attaches; in a case without a mode the kernel's own scheduler does it all.
scheduled() { [[ $mode == none ]] || start --stats 0 ${twin:+--twin "$twin"} "$@"; }

# at_rest: detaches, and all was well.
at_rest() {
	[[ $mode != none ]] || return 0
	stop
	expect_clean
}

# expect_shares CPUS SECONDS NICE...: CPU times are as the weights within 10 %.
expect_shares() {
	local off
	tell shares "$@"
	off=$(said off)
	((${off:-1000} <= 10)) || fail "nice ${*:3} on CPUs $1: $off % off: $(all_said)"
	note "${*:3}: $off %"
}

# expect_stretches NICE FROM TO: half of the times that the loops of this nice value ran at a stretch are not above
# TO us, and half of them not below FROM.
expect_stretches() {
	local count tenth half most
	read -r count tenth half most < <(sed -nE "s/^nice $1 stretches (.*)/\\1/p" "$dir/effects")
	((${count:-0} >= 8)) || fail "only ${count:-0} stretches: $(all_said)"
	((half >= $2 && half <= $3)) || fail "the loops of nice $1 ran for $half us at a stretch, not $2 to $3: $(all_said)"
	note "$half us"
}
