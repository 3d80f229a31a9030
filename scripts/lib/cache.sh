# shellcheck shell=bash
# The cache folder holds programs and kernels that are run as root: so nobody else may write it, and what removes it
# removes only what is known to be ours.

# Names in the cache that setup, the guests and the benchmarks make. setup.lock also says that a folder is a cache.
cache_names=(
	apt apps kernels kvm qemu virtiofsd 'unpack-kernel-*' 'build-kernel-*' 'guest-status.*'
	make-exit.so setup.stamp setup.lock
)

# cache_way PATH STICKY: what leads to PATH and somebody else may change. In a folder that all may write, such as /tmp,
# its sticky bit keeps others from replacing what is not theirs: STICKY is yes if there is something of ours.
cache_way() {
	local folder=$1 sticky=(! -perm -1000)
	[[ $2 == yes ]] || sticky=()
	while [[ $folder != / ]]; do
		folder=$(dirname "$folder")
		# The last one of them, in which the next would be made.
		[[ ! -e $folder ]] || {
			find "$folder" -maxdepth 0 '(' -perm /022 "${sticky[@]}" -o ! '(' "${cache_mine[@]}" ')' ')' -print
			sticky=(! -perm -1000)
		}
	done
}

# cache_links FOLDER TREE...: the links there that lead out of FOLDER to what somebody else may change or make.
cache_links() {
	local cache=$1 link target way
	shift
	# Through other links, each of which may lie elsewhere, and to the end.
	while IFS= read -rd '' target; do
		[[ $target/ != "$cache"/* ]] || continue
		way=yes
		[[ -e $target || -L $target ]] || way=no
		find "$target" -maxdepth 0 '(' ! -type l -perm /022 -o ! '(' "${cache_mine[@]}" ')' ')' -print 2>/dev/null
		cache_way "$target" "$way"
	done < <(
		find "$@" -type l -print0 2>/dev/null | while IFS= read -rd '' link; do
			target=$(readlink "$link")
			[[ $target == /* ]] || target=${link%/*}/$target
			printf '%s\0' "$target"
		done | xargs -0r sh -c 'realpath -zms -- "$@"; realpath -zm -- "$@"' x | sort -zu
	)
}

# cache_others FOLDER: the first of what is there, or holds it, that somebody else may change; empty if there is none.
cache_others() {
	local path=$1 trees=() tree others cache_mine
	cache_mine=(-uid 0 -o -uid "$EUID")
	[[ -z ${SUDO_UID:-} ]] || cache_mine+=(-o -uid "$SUDO_UID")
	others=('(' -perm /022 -o ! '(' "${cache_mine[@]}" ')' ')')
	for tree in qemu virtiofsd kernels apt apps kvm make-exit.so; do
		[[ ! -e $path/$tree && ! -L $path/$tree ]] || trees+=("$path/$tree")
	done
	{
		if [[ -e $path ]]; then find "$path" -maxdepth 0 "${others[@]}" -print; fi
		if ((${#trees[@]} > 0)); then
			# What links lead to as well, however far; those of the applications' packages may lead to this machine's files.
			find "${trees[@]}" ! -type l "${others[@]}" ! -path "$path/apt/*/partial*" -print 2>/dev/null || true
			find -L "${trees[@]}" -path "$path/apps/*/*" -prune -o ! -type l "${others[@]}" ! -path "$path/apt/*/partial*" -print 2>/dev/null || true
			cache_links "$path" "${trees[@]}"
		fi
		cache_way "$path" yes
	} | sed -n 1p
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
	others=$(cache_others "$path")
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
