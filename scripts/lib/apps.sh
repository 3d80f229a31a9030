# shellcheck shell=bash
# The applications of `make bench-apps`: Debian's own packages, unpacked into the cache with whatever they need
# and this machine does not have. Nothing is installed.

# shellcheck disable=SC2154 # of common.sh
apps_dir=$cache_dir/apps
all_apps="pgbench nginx ffmpeg apache"
export apps_dir all_apps

# app_packages APP: after apt_open.
app_packages() {
	case $1 in
	# The server's own name has its version in it.
	pgbench) apt_cache depends postgresql | sed -nE 's/^ *Depends: (postgresql-[0-9]+)$/\1/p' ;;
	nginx) printf '%s\n' nginx wrk ;;
	ffmpeg) printf '%s\n' ffmpeg ;;
	apache) printf '%s\n' apache2-bin apache2-utils ;;
	esac
}

# app_programs APP ROOT: the programs that a run starts.
app_programs() {
	case $1 in
	pgbench) printf '%s\n' "$2"/usr/lib/postgresql/*/bin/{initdb,postgres,pg_ctl,pgbench} ;;
	nginx) printf '%s\n' "$2"/usr/sbin/nginx "$2"/usr/bin/wrk ;;
	ffmpeg) printf '%s\n' "$2"/usr/bin/ffmpeg ;;
	apache) printf '%s\n' "$2"/usr/sbin/apache2 "$2"/usr/bin/ab ;;
	esac
}

# app_libraries ROOT: every folder with libraries in it, for LD_LIBRARY_PATH. Some lie one level deeper, where
# the package's installation would have made a link.
app_libraries() {
	find "$1"/lib/x86_64-linux-gnu "$1"/usr/lib/x86_64-linux-gnu -maxdepth 2 -name 'lib*.so*' -printf '%h\n' 2>/dev/null |
		LC_ALL=C sort -u | paste -sd :
}

# app_problem APP: why it would not start; nothing if it would.
app_problem() {
	local root=$apps_dir/$1 program libraries missing
	[[ -e $root/packages ]] || {
		echo "not unpacked"
		return
	}
	libraries=$(app_libraries "$root")
	while read -r program; do
		[[ -x $program ]] || {
			echo "no program ${program#"$root"}"
			return
		}
		missing=$(LD_LIBRARY_PATH=$libraries ldd "$program" 2>&1 | awk '/not found/ { print $1 }' | LC_ALL=C sort -u | paste -sd ' ')
		[[ -z $missing ]] || {
			echo "${program##*/} lacks $missing"
			return
		}
	done < <(app_programs "$1" "$root")
}

# app_install APP: unless it is there.
app_install() (
	local named needed simulation problem
	[[ -n $(app_problem "$1") ]] || exit 0
	if ! is_debian_12 || [[ $(uname -m) != x86_64 ]]; then
		die "$EX_UNAVAILABLE" "this is not Debian 12 on x86-64, whose packages it would take"
	fi
	mkdir -p "$apps_dir"
	cache_lock
	flock 9
	apt_open debian
	mapfile -t named < <(app_packages "$1")
	((${#named[@]})) || die "$EX_UNAVAILABLE" "no such package in the machine's apt sources"
	# What an installation would add to this machine; what it has already is used where it is.
	# shellcheck disable=SC2154 # of apt_open
	simulation=$(apt-get "${apt_options[@]}" --simulate --no-install-recommends install "${named[@]}" 2>&1) ||
		die "$EX_UNAVAILABLE" "its packages cannot be resolved: $(grep -m 1 '^E:' <<<"$simulation")"
	mapfile -t needed < <({
		printf '%s\n' "${named[@]}"
		sed -nE 's/^Inst ([^ ]+) .*/\1/p' <<<"$simulation" | grep -v -e '-dev$'
	} | LC_ALL=C sort -u)
	apt_extract "$apps_dir/$1" "${needed[@]}"
	chmod -R a+rX,go-w "$apps_dir/$1" # servers run as an unprivileged user
	problem=$(app_problem "$1")
	[[ -z $problem ]] || die "$EX_UNAVAILABLE" "$1: $problem"
)
