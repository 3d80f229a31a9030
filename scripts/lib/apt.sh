# shellcheck shell=bash
# A private apt state in the cache: backports can be read without touching the machine's own sources.

apt_dir=$cache_dir/apt

# apt_entries CODENAME: one line per suite of CODENAME in the machine's own sources that offers
# "main", as "OPTIONS|URI|SUITE". OPTIONS is empty or "[...]". Reads .list and .sources files.
apt_entries() {
	local codename=$1 etc=${SCHED_PROTO_APT_ETC:-/etc/apt} files=()
	shopt -s nullglob
	files=("$etc"/sources.list "$etc"/sources.list.d/*.list)
	[[ -e ${files[0]} ]] || files=("${files[@]:1}")
	if ((${#files[@]})); then
		sed -nE 's/^[[:space:]]*deb[[:space:]]+(\[[^]]*\])?[[:space:]]*([^[:space:]]+)[[:space:]]+([^[:space:]]+)[[:space:]]+(.*)$/\1|\2|\3|\4/p' \
			"${files[@]}" | awk -F'|' -v code="$codename" '
			index($3, code) == 1 && (" " $4 " ") ~ /[ \t]main[ \t]/ { print $1 "|" $2 "|" $3 }'
	fi
	files=("$etc"/sources.list.d/*.sources)
	shopt -u nullglob
	((${#files[@]})) || return 0
	local file
	for file in "${files[@]}"; do
		awk -v code="$codename" '
		function flush(   i, j, n, m, uris, suites, option) {
			if (f["types"] ~ /(^| )deb( |$)/ && f["components"] ~ /(^| )main( |$)/ &&
			    f["enabled"] !~ /^(no|false|0)$/) {
				option = f["signed-by"] ~ /^\// ? "[signed-by=" f["signed-by"] "]" : ""
				if (f["trusted"] == "yes") option = "[trusted=yes]"
				n = split(f["uris"], uris, " "); m = split(f["suites"], suites, " ")
				for (i = 1; i <= n; i++) for (j = 1; j <= m; j++)
					if (index(suites[j], code) == 1) print option "|" uris[i] "|" suites[j]
			}
			delete f; key = ""
		}
		/^#/ { next }
		/^[ \t]*$/ { flush(); next }
		/^[^ \t]/ { key = tolower($1); sub(/:.*/, "", key); sub(/^[^:]*:[ \t]*/, ""); f[key] = $0; next }
		{ sub(/^[ \t]+/, " "); f[key] = f[key] $0 }
		END { flush() }' "$file"
	done
}

# apt_main_entry: the entry that serves the main suite; backports are on the same mirror.
apt_main_entry() {
	local codename entry
	for codename in bookworm trixie; do
		entry=$(apt_entries "$codename" | awk -F'|' -v code="$codename" '$3 == code { print; exit }')
		[[ -z $entry ]] || {
			printf '%s\n' "$entry"
			return 0
		}
	done
	die "$EX_UNAVAILABLE" "no Debian mirror in /etc/apt: neither bookworm nor trixie with component main" \
		"add one to /etc/apt/sources.list.d, then run setup again"
}

# apt_suites STATE: what the state is about, for people.
apt_suites() {
	case $1 in
	kernels) echo trixie-backports ;;
	unstable) echo unstable ;;
	*) echo "bookworm and bookworm-backports" ;;
	esac
}

# apt_open STATE [optional]: prepare and refresh the state "debian" (Debian 12 and its backports), "kernels"
# (trixie-backports) or "unstable", once a run; then apt_get and apt_cache act on it. Fails if the lists of an
# optional one cannot be read: not every mirror has that suite.
apt_open() {
	local state=$1 optional=${2:-} entry options uri suite
	apt_state=$apt_dir/$state
	apt_options=(
		-oDir::Etc::sourcelist="$apt_state/sources.list" -oDir::Etc::sourceparts=-
		-oDir::State::Lists="$apt_state/lists" -oDir::Cache="$apt_state/cache"
		-oAPT::Sandbox::User=root -oAcquire::Retries=3 -oAcquire::Languages=none
		-oDPkg::Lock::Timeout=120 -oDpkg::Use-Pty=0
	)
	[[ ! -e $apt_state/fresh.$$ ]] || return 0
	mkdir -p "$apt_state/lists/partial" "$apt_state/cache/archives/partial"
	rm -f "$apt_state"/fresh.*
	entry=$(apt_main_entry)
	IFS='|' read -r options uri _ <<<"$entry"
	{
		if [[ $state == kernels ]]; then
			printf 'deb %s %s trixie-backports main\n' "$options" "$uri"
		elif [[ $state == unstable ]]; then
			printf 'deb %s %s sid main\n' "$options" "$uri"
		else
			while IFS='|' read -r options uri suite; do
				[[ $suite == *-backports* ]] || printf 'deb %s %s %s main\n' "$options" "$uri" "$suite"
			done < <(apt_entries bookworm)
			IFS='|' read -r options uri _ <<<"$entry"
			printf 'deb %s %s bookworm-backports main\n' "$options" "$uri"
		fi
	} | sort -u >"$apt_state/sources.list"
	say "reading the package lists of $(apt_suites "$state")"
	retry 3 apt_run "${apt_state}/update.log" apt-get "${apt_options[@]}" --error-on=any update || {
		[[ -z $optional ]] || return 1
		die "$EX_UNAVAILABLE" "the package lists could not be read; see $apt_state/update.log" \
			"check the network and the machine's own apt sources, then run setup again"
	}
	: >"$apt_state/fresh.$$"
}

# apt_run LOG COMMAND...: quiet when it works; the end of the log when it does not.
apt_run() {
	local log=$1
	shift
	DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 </dev/null && return 0
	tail -n 5 "$log" >&2
	return 1
}

apt_cache() {
	apt-cache "${apt_options[@]}" "$@"
}

# apt_install PACKAGE...: system-wide. Options of apt-get may come first.
apt_install() {
	say "installing: $*"
	retry 3 apt_run "$apt_state/install.log" as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get "${apt_options[@]}" install --yes --no-install-recommends "$@" ||
		die "$EX_UNAVAILABLE" "could not install: $*" "see $apt_state/install.log, or install them yourself and run setup again"
}

# apt_extract FOLDER PACKAGE[/SUITE]...: unpack packages into FOLDER; nothing is installed.
apt_extract() {
	local folder=$1 work deb
	shift
	work=$(mktemp -d "$apt_state/extract.XXXXXX")
	say "downloading: $*"
	(cd "$work" && retry 3 apt_run "$apt_state/download.log" apt-get "${apt_options[@]}" download "$@") || {
		rm -rf "$work"
		die "$EX_UNAVAILABLE" "could not download: $*" "check the network, then run setup again"
	}
	mkdir "$work/root"
	for deb in "$work"/*.deb; do
		dpkg-deb -f "$deb" Package Version >>"$work/root/packages"
		dpkg-deb -x "$deb" "$work/root"
	done
	rm -rf "$folder"
	mkdir -p "$(dirname "$folder")"
	mv "$work/root" "$folder"
	rm -rf "$work"
}

# apt_missing PACKAGE...: those that are not installed, one a line.
apt_missing() {
	local package
	for package in "$@"; do
		[[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s\n' "$package"
	done
}
