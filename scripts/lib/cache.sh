# shellcheck shell=bash
# The cache folder holds programs and kernels that are run as root: so nobody else may write it, and what removes it
# removes only what is known to be ours.

# Names in the cache that setup, the guests and the benchmarks make. setup.lock also says that a folder is a cache.
cache_names=(
	apt apps kernels kvm qemu virtiofsd 'unpack-kernel-*' 'build-kernel-*' 'guest-status.*'
	make-exit.so setup.stamp setup.lock
)

# cache_others FOLDER: the first of what is there, or holds it, that somebody else may change; empty if there is none.
cache_others() {
	local path=$1 mine=(-uid 0 -o -uid "$EUID") folder found
	[[ -z ${SUDO_UID:-} ]] || mine+=(-o -uid "$SUDO_UID")
	if [[ -e $path ]]; then
		find "$path" -maxdepth 0 '(' -perm /022 -o ! '(' "${mine[@]}" ')' ')' -print
		find "$path/qemu" "$path/virtiofsd" "$path/kernels" "$path/apt" "$path/make-exit.so" ! -type l \
			'(' -perm /022 -o ! '(' "${mine[@]}" ')' ')' ! -path "$path/apt/*/partial*" -print 2>/dev/null
	fi | head -n 1
	# In a folder that all may write, such as /tmp, its sticky bit keeps others from replacing what is not theirs.
	folder=$(dirname "$path")
	while :; do
		[[ ! -e $folder ]] || {
			found=$(find "$folder" -maxdepth 0 '(' -perm /022 ! -perm -1000 -o ! '(' "${mine[@]}" ')' ')' -print)
			[[ -z $found ]] || echo "$found"
		}
		[[ $folder != / ]] || break
		folder=$(dirname "$folder")
	done
}

# cache_problem: why the cache cannot be where it is said to be; empty if it can.
cache_problem() {
	local path others home
	if [[ $cache_dir != /* ]]; then
		echo "the cache's folder has to be an absolute path, not ${cache_dir@Q}"
		return
	fi
	path=$(realpath -m -- "$cache_dir")
	home=$(realpath -m -- "${HOME:-/root}")
	if [[ $path == / || $path == "$home" || "$home/" == "$path"/* || "$repo_root/" == "$path"/* ]]; then
		echo "the cache needs a folder of its own, not ${path@Q}"
		return
	fi
	others=$(cache_others "$path" | head -n 1)
	[[ -z $others ]] ||
		echo "others may change ${others@Q}, and what is in the cache ${path@Q} is run as root: chown it to you, and 'chmod -R go-w' it"
}

# cache_lock: opens the cache's lock as descriptor 9. Through a link another file would be locked, or emptied.
cache_lock() {
	local lock=$cache_dir/setup.lock
	[[ ! -L $lock && (! -e $lock || -f $lock) ]] ||
		die "$EX_USAGE" "${lock@Q} is a link, or no regular file: nothing was changed" "remove it if the folder is a cache of ours"
	{ exec 9>>"$lock"; } 2>/dev/null ||
		die "$EX_UNAVAILABLE" "cannot write ${lock@Q}" "see whose it is, or name another folder in SCHED_PROTO_CACHE"
}

# cache_check: before anything of it is used.
cache_check() {
	local problem
	problem=$(cache_problem)
	[[ -z $problem ]] || die "$EX_USAGE" "$problem" "or name another folder in SCHED_PROTO_CACHE (now: ${SCHED_PROTO_CACHE-not set})"
}
