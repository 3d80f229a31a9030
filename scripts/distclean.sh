#!/usr/bin/env bash
# Removes what setup put into the cache, and the cache's folder if nothing else is in it.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib/common.sh"
. "$here/lib/cache.sh"

cache_check
[[ -e $cache_dir ]] || {
	say "there is no cache ${cache_dir@Q}: nothing was removed"
	exit 0
}
link=
[[ ! -L $cache_dir ]] || link=1
cache_dir=$(realpath -- "$cache_dir") # whatever links lead to it
[[ -e $cache_dir/setup.lock || -L $cache_dir/setup.lock ]] ||
	die "$EX_USAGE" "${cache_dir@Q} is no cache of ours, since setup.lock is not in it: nothing was removed" \
		"name the right folder in SCHED_PROTO_CACHE, or remove it by hand"
cache_lock
flock --nonblock 9 || die "$EX_TEMPFAIL" "a setup is at work in ${cache_dir@Q}: nothing was removed" "try again when it has ended"
# Of a guest that runs, files would go that it has yet to open.
for process in /proc/[0-9]*; do
	[[ $(readlink -- "$process/exe" 2>/dev/null) != "$cache_dir"/@(qemu|virtiofsd)/* ]] ||
		die "$EX_TEMPFAIL" "a guest of ${cache_dir@Q} runs (process ${process##*/}): nothing was removed" "try again when it has ended"
done
for name in "${cache_names[@]}"; do
	find "$cache_dir" -mindepth 1 -maxdepth 1 -name "$name" -exec rm -rf -- {} +
done
say "removed what setup put into ${cache_dir@Q}"
mapfile -d '' left < <(find "$cache_dir" -mindepth 1 -maxdepth 1 -printf '%f\0')
if ((${#left[@]})); then
	say "left what is not ours in ${cache_dir@Q}: ${left[*]@Q}"
elif [[ -n $link ]]; then
	say "left the empty folder ${cache_dir@Q}, since a link leads to it"
else
	rmdir -- "$cache_dir"
fi
