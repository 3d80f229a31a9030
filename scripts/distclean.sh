#!/usr/bin/env bash
# Removes what setup put into the cache, and the cache's folder if nothing else is in it.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib/common.sh"
. "$here/lib/cache.sh"

cache_check
[[ -e $cache_dir ]] || exit 0
[[ -e $cache_dir/setup.lock ]] ||
	die "$EX_USAGE" "'$cache_dir' is no cache of ours, since setup.lock is not in it: nothing was removed" \
		"name the right folder in SCHED_PROTO_CACHE, or remove it by hand"
exec 9>"$cache_dir/setup.lock"
flock --nonblock 9 || die "$EX_TEMPFAIL" "a setup is at work in '$cache_dir': nothing was removed" "try again when it has ended"
for name in "${cache_names[@]}"; do
	find "$cache_dir" -mindepth 1 -maxdepth 1 -name "$name" -exec rm -rf -- {} +
done
rmdir --ignore-fail-on-non-empty -- "$cache_dir"
[[ ! -e $cache_dir ]] || say "left what is not ours in '$cache_dir': $(find "$cache_dir" -mindepth 1 -maxdepth 1 -printf '%f ')"
