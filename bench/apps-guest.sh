#!/usr/bin/env bash
# What scripts/bench-apps.sh runs inside the guest: the servers are started once, then every scheduler attaches in
# turn, each time with a run of every application. One line of JSON a run goes to FILE.
#
#   apps-guest.sh PROGRAM APPS-FOLDER FILE "SCHEDULERS" "APPS" REPS SECONDS
#
# The guest's /tmp is memory, and private: data, configurations and logs are there.
set -uo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/../scripts/lib/common.sh"
. "$here/../scripts/lib/apps.sh"
program=$1 folder=$2 results=$3 schedulers=$4 apps=$5 reps=$6 seconds=$7
cpus=$(nproc)
base=/tmp/apps report=/tmp/apps/report
started=$EPOCHSECONDS
failures=0
[[ -x $program ]] || program=${SCHED_PROTO_HOST:-}$program
[[ -d $folder ]] || folder=${SCHED_PROTO_HOST:-}$folder

say() { printf 'apps: %3d s  %s\n' $((EPOCHSECONDS - started)) "$*" >&2; }

fail() {
	failures=$((failures + 1))
	say "FAILED: $*"
	printf '{"error":"%s"}\n' "$(tr '\n"\\\t' '    ' <<<"$*")" >>"$results"
}

# As a user that servers which refuse root accept.
unprivileged() { setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all -- "$@"; }

# with APP COMMAND...: with the libraries of APP.
with() {
	local app=$1
	shift
	LD_LIBRARY_PATH=$(<"$base/$app.libraries") "$@"
}

state() { cat /sys/kernel/sched_ext/state; }

disabled() { [[ $(state) == disabled ]]; }

# wait_for TENTHS COMMAND...
wait_for() {
	local tries=$1
	shift
	until "$@" >/dev/null 2>&1; do
		((tries-- > 0)) || return 1
		sleep 0.1
	done
}

gone() { ! kill -0 "$1"; }

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# ---- pgbench: read and write, two clients a CPU ----

start_pgbench() {
	pg_bin=$(echo "$base"/root/pgbench/usr/lib/postgresql/*/bin)
	local pg=$base/pgbench
	install -d -o nobody -g nogroup -m 700 "$pg"
	with pgbench unprivileged "$pg_bin/initdb" -D "$pg/data" -U postgres -A trust --no-locale -E UTF8 --no-sync >"$base/pgbench.log" 2>&1 || return 1
	# Nothing that comes and goes by itself while something is measured.
	cat >>"$pg/data/postgresql.conf" <<-END
		listen_addresses = ''
		unix_socket_directories = '$pg'
		shared_buffers = 128MB
		max_wal_size = 2GB
		checkpoint_timeout = 1d
		autovacuum = off
	END
	(cd "$pg" && with pgbench unprivileged "$pg_bin/postgres" -D "$pg/data" >>"$base/pgbench.log" 2>&1) &
	wait_for 600 test -S "$pg/.s.PGSQL.5432" &&
		with pgbench "$pg_bin/pgbench" -h "$pg" -U postgres -i -q -s 4 postgres >>"$base/pgbench.log" 2>&1
}

run_pgbench() {
	local out=$base/pgbench.out
	rm -f "$base"/transactions.*
	with pgbench timeout $((seconds * 10 + 60)) "$pg_bin/pgbench" -h "$base/pgbench" -U postgres -c $((2 * cpus)) -j "$cpus" -T "$1" \
		--log --log-prefix="$base/transactions" postgres >"$out" 2>&1 || return 1
	sort -n -k 3,3 <(cat "$base"/transactions.*) | awk -v tps="$(sed -nE 's/^tps = ([0-9.]+).*/\1/p' "$out")" '
		{ us[NR] = $3; sum += $3 }
		function at(part,   i) { i = int(NR * part); if (i < NR * part) i++; return us[i < 1 ? 1 : i] / 1000 }
		END {
			if (!NR || tps == "") exit 1
			printf "\"tps\":%s,\"average_ms\":%.3f,\"p50_ms\":%.3f,\"p95_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"transactions\":%d", \
				tps, sum / NR / 1000, at(0.5), at(0.95), at(0.99), at(1), NR
		}'
}

# ---- nginx under wrk: a page of 1 KiB, four connections a CPU ----

page() {
	mkdir -p "$base/www"
	head -c 1024 /dev/zero | tr '\0' x >"$base/www/page"
	chmod -R a+rX "$base/www"
}

start_nginx() {
	local run=$base/nginx
	mkdir -p "$run"
	page
	cat >"$run/nginx.conf" <<-END
		daemon off;
		user nobody nogroup;
		worker_processes $cpus;
		pid $run/nginx.pid;
		error_log $run/error.log;
		events { worker_connections 512; }
		http {
			access_log off;
			client_body_temp_path $run/body;
			proxy_temp_path $run/proxy;
			fastcgi_temp_path $run/fastcgi;
			uwsgi_temp_path $run/uwsgi;
			scgi_temp_path $run/scgi;
			server { listen 127.0.0.1:8080; root $base/www; }
		}
	END
	with nginx "$base/root/nginx/usr/sbin/nginx" -p "$run" -c "$run/nginx.conf" -e "$run/error.log" >"$base/nginx.log" 2>&1 &
	wait_for 300 listening 8080
}

run_nginx() {
	local out=$base/nginx.out
	with nginx timeout $((seconds * 10 + 60)) "$base/root/nginx/usr/bin/wrk" -t 2 -c $((4 * cpus)) -d "$1s" --timeout 30s --latency \
		http://127.0.0.1:8080/page >"$out" 2>&1 || return 1
	awk '
		function ms(text) { return text ~ /us$/ ? text / 1000 : text ~ /ms$/ ? text + 0 : text ~ /m$/ ? text * 60000 : text * 1000 }
		$1 == "50%" || $1 == "90%" || $1 == "99%" { list = list sprintf("\"p%d_ms\":%.3f,", $1, ms($2)); n++ }
		$1 == "Latency" && $2 != "Distribution" { list = list sprintf("\"average_ms\":%.3f,\"max_ms\":%.3f,", ms($2), ms($4)) }
		/Non-2xx|Socket errors/ { bad = 1 }
		$1 == "Requests/sec:" { rate = $2 }
		END { if (n != 3 || rate == "" || bad) exit 1; printf "%s\"per_s\":%s", list, rate }' "$out"
}

# ---- ffmpeg: an encode beside busy loops, one a CPU ----

start_ffmpeg() { mkfifo "$base/nothing"; } # to wait at, for a time

# loops_ran PID...: sets $ran to their CPU time, in ns. Here and below nothing is forked beside the loops.
loops_ran() {
	local pid ns
	ran=0
	for pid; do
		read -r ns _ <"/proc/$pid/schedstat" && ran=$((ran + ns))
	done
}

run_ffmpeg() {
	local loops=() lines=() i pid from to begin end before ran progress=$base/ffmpeg.progress
	: >"$progress"
	LD_LIBRARY_PATH=$(<"$base/ffmpeg.libraries") "$base/root/ffmpeg/usr/bin/ffmpeg" -nostdin -loglevel error -f lavfi \
		-i testsrc=size=176x144:rate=30 -c:v libx264 -preset ultrafast -threads "$cpus" -f null \
		-progress "$progress" -stats_period 0.2 - >"$base/ffmpeg.out" 2>&1 &
	pid=$!
	# It says its frames a second when it has encoded for one; loading it is not part of that.
	if ! wait_for 600 grep -q '^fps=.*[1-9]' "$progress"; then
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
		return 1
	fi
	for ((i = 0; i < cpus; i++)); do
		(while :; do :; done) &
		loops+=($!)
	done
	mapfile -t lines <"$progress"
	from=${#lines[@]}
	loops_ran "${loops[@]}"
	before=$ran begin=${EPOCHREALTIME/./}
	read -r -t "$1" <>"$base/nothing"
	loops_ran "${loops[@]}"
	end=${EPOCHREALTIME/./}
	mapfile -t lines <"$progress"
	to=${#lines[@]}
	kill -KILL "$pid" "${loops[@]}" 2>/dev/null
	wait "$pid" "${loops[@]}" 2>/dev/null
	# Its elapsed time is frames by frames a second; what counts is the time beside the loops.
	awk -F = -v from="$from" -v to="$to" -v share="$(awk "BEGIN { printf \"%.4f\", ($ran - $before) / 1000 / ($end - $begin) / $cpus }")" '
		NR > to { exit }
		$1 == "frame" { frame = $2 + 0 }
		$1 == "fps" { fps = $2 + 0 }
		$1 == "progress" && fps && NR <= from { frames = frame; elapsed = frame / fps }
		$1 == "progress" && fps && NR > from { more = frame - frames; time = frame / fps - elapsed }
		END { if (!elapsed || more <= 0 || time <= 0) exit 1; printf "\"frames_per_s\":%.3f,\"frames\":%d,\"loops_share\":%s", more / time, more, share }' "$progress"
}

# ---- Apache under ab: the same page, a connection each, four at a time a CPU ----

start_apache() {
	local run=$base/apache modules=$base/root/apache/usr/lib/apache2/modules
	mkdir -p "$run"
	page
	cat >"$run/apache.conf" <<-END
		ServerRoot $run
		ServerName localhost
		PidFile $run/apache.pid
		DefaultRuntimeDir $run
		ErrorLog $run/error.log
		Listen 127.0.0.1:8081
		LoadModule mpm_event_module $modules/mod_mpm_event.so
		LoadModule authz_core_module $modules/mod_authz_core.so
		User nobody
		Group nogroup
		StartServers 2
		ServerLimit 4
		ThreadsPerChild 16
		MaxRequestWorkers 64
		DocumentRoot $base/www
		<Directory $base/www>
			Require all granted
		</Directory>
	END
	with apache "$base/root/apache/usr/sbin/apache2" -f "$run/apache.conf" -D FOREGROUND >"$base/apache.log" 2>&1 &
	wait_for 300 listening 8081
}

run_apache() {
	local out=$base/apache.out table=$base/apache.csv
	rm -f "$table"
	with apache timeout $((seconds * 10 + 60)) "$base/root/apache/usr/bin/ab" -q -s 60 -t "$1" -n 10000000 -c $((4 * cpus)) -e "$table" \
		http://127.0.0.1:8081/page >"$out" 2>&1 || return 1
	awk -F '[ ,:]+' '
		FNR == NR { # of fewer than a hundred requests, ab has nothing but 0 for the last
			if ($2 > 0) last = $2
			if ($1 == 50 || $1 == 95 || $1 == 99) { list = list sprintf("\"p%d_ms\":%.3f,", $1, last); n++ }
			next
		}
		/^Failed requests/ { failed = $3 }
		/^Non-2xx responses/ { failed += $3 }
		/^Complete requests/ { complete = $3 }
		/^Requests per second/ { rate = $4 }
		END { if (n != 3 || rate == "" || failed) exit 1; printf "%s\"requests\":%d,\"per_s\":%s", list, complete, rate }' "$table" "$out"
}

# ---- schedulers ----

# attach SCHEDULER: sets $daemon.
attach() {
	daemon=
	disabled || {
		fail "before $1: sched_ext is $(state)"
		return 1
	}
	[[ $1 != eevdf ]] || return 0
	"$program" --mode "${1%/*}" --policy "${1#*/}" --stats 0 >"$report" 2>&1 &
	daemon=$!
	if ! wait_for 400 attached_or_gone || [[ $(state) != enabled ]]; then
		fail "$1 did not attach: $(head -c 300 "$report")"
		kill -KILL "$daemon" 2>/dev/null
		wait "$daemon" 2>/dev/null
		return 1
	fi
	sleep 0.3 # it has printed that, and settled
}

attached_or_gone() { [[ $(state) == enabled ]] || gone "$daemon"; }

# detach SCHEDULER: it has to end as asked.
detach() {
	local status=0
	[[ -n $daemon ]] || return 0
	kill -INT "$daemon" 2>/dev/null
	wait "$daemon" || status=$?
	((status == 0)) || fail "$1 ended with status $status: $(tail -c 300 "$report")"
	wait_for 100 disabled || fail "$1: sched_ext is $(state) after its end"
	awk -v scheduler="$1" -v loads="${apps// /,}" '
		NF >= 2 && $1 ~ /^[a-z][a-z-]*$/ && $2 ~ /^[0-9]+$/ { list = list (list ? "," : "") "\"" $1 "\":" $2; value[$1] = $2 }
		END {
			printf "{\"scheduler\":\"%s\",\"loads\":\"%s\",\"counters\":{%s}}\n", scheduler, loads, list
			printf "fallback %d, lost %d\n", value["fallback"], value["lost"] >"/dev/stderr"
		}' "$report" >>"$results" 2>"$base/counts"
	say "$1: $(<"$base/counts")"
}

# ---- all of it ----

mkdir -p "$base/root" || exit 70
mount --bind "$folder" "$base/root" || exit 70 # the cache may lie where only root may go
: >"$results"
mark="apps-guest $$ begins"
echo "$mark" >/dev/kmsg
usable=
for app in $apps; do
	app_libraries "$base/root/$app" >"$base/$app.libraries"
	say "starting $app"
	figures=
	if "start_$app"; then
		# Beforehand, until it does something: the files are in memory then.
		for warm in 1 "$seconds" 10; do
			! figures=$("run_$app" "$warm") || break
		done
	fi
	if [[ -n $figures ]]; then
		say "$app answers: $figures"
		usable+=" $app"
	else
		fail "$app does not run: $(tail -q -n 3 "$base/$app.log" "$base/$app.out" "$base/$app/error.log" 2>/dev/null | tail -c 600)"
	fi
done
apps=${usable# }
[[ -n $apps ]] || exit 69

for ((rep = 1; rep <= reps; rep++)); do
	for scheduler in $schedulers; do
		attach "$scheduler" || continue
		for app in $apps; do
			figures=$("run_$app" "$seconds") || {
				fail "$scheduler, $app: no result: $(tail -n 3 "$base/$app.out" | tail -c 300)"
				figures=
			}
			expected=enabled
			[[ -n $daemon ]] || expected=disabled
			if [[ $(state) != "$expected" ]]; then
				fail "$scheduler: sched_ext is $(state) after $app: $(tail -c 300 "$report")"
				break
			fi
			[[ -n $figures ]] || continue
			printf '{"scheduler":"%s","load":"%s","rep":%d,%s}\n' "$scheduler" "$app" "$rep" "$figures" >>"$results"
			say "$rep/$reps $scheduler $app: $figures"
		done
		detach "$scheduler"
	done
done
while read -r line; do
	fail "kernel: $line"
done < <(dmesg | sed "1,/$mark/d" | grep -E 'BUG:|WARNING:|Oops|Call Trace|sched_ext:.*(error|stall|failed)' | head -n 5)
((failures == 0)) || exit 1
