# shellcheck shell=bash
# Starts and ends the virtual machine. Uses the variables that guest.sh sets.

work=
processes=()
defused=()
time_is_up=

# Nothing of the guest outlives this script, whatever ends it, and nothing that it wrote lends anybody its rights.
vm_clean() {
	local process errors
	trap - EXIT
	trap '' INT TERM HUP                # another signal does not keep it from that
	exec {errors}>&2 2>/dev/null        # no notices of the processes ended here
	for process in $(jobs -p) ${processes[@]+"${processes[@]}"}; do
		kill -KILL "$process" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	# One that ends after all, on a machine with much to do, is not told of later.
	disown -a 2>/dev/null || true
	exec 2>&"$errors" {errors}>&-
	[[ -z $out || ! -e $work/control/init ]] || vm_defuse
	[[ -z $work ]] || rm -rf "$work"
	trap - INT TERM HUP # the note may wait for its reader
	vm_tell_defused
}

# share NAME FOLDER CACHE READONLY: serves FOLDER on the socket $work/NAME.sock. The server lives in its own
# mount namespace, in which a read-only share really is read-only, whatever the guest's root tries; if that cannot
# be had for each mount, there is no guest. In the other one no device can be made and no program gets another's rights;
# a mount below it would not be so, nor be looked through at the end, so there may be none.
share() {
	local name=$1 folder=$2 cache=$3 readonly=$4 tries limit files=() rights=()
	limit=$(ulimit -Hn)
	[[ $limit == unlimited ]] || ((limit >= 1000000)) || files=(--rlimit-nofile="$limit")
	[[ $readonly == yes ]] || rights=(-o modcaps=-mknod)
	mkdir -p "$work/$name"
	# shellcheck disable=SC2016
	setpriv --pdeathsig KILL unshare --mount --propagation private bash -c '
		set -euo pipefail
		name=$1 folder=$2 readonly=$3 work=$4
		shift 4
		mount --rbind "$folder" "$work/$name"
		if [[ $readonly == yes ]]; then
			findmnt --raw --noheadings --output TARGET --submounts "$work/$name" | while read -r target; do
				printf -v target %b "$target"
				mount -o remount,bind,ro "$target" || {
					echo "cannot be made read-only for the guest: ${target#"$work/$name"} (a mount of this machine)" >&2
					exit 1
				}
			done
		else
			mapfile -t mounts < <(findmnt --raw --noheadings --output TARGET --submounts "$work/$name")
			((${#mounts[@]} == 1)) || {
				printf -v target %b "${mounts[1]-}"
				echo "a mount lies below the output folder, ${target#"$work/$name"}: name a folder without one" >&2
				exit 1
			}
			mount -o remount,bind,nosuid,nodev "$work/$name"
		fi
		mount -t tmpfs tmpfs /run # its lock files
		renice --relative -10 $$ >/dev/null 2>&1 || true # the guest waits for it
		exec "$@"
	' share "$name" "$folder" "$readonly" "$work" \
		"$virtiofsd_binary" --socket-path="$work/$name.sock" -o source="$work/$name" -o cache="$cache" \
		-o sandbox=chroot "${rights[@]}" "${files[@]}" >"$work/$name.log" 2>&1 </dev/null &
	processes+=($!)
	for ((tries = 0; tries < 500; tries++)); do
		[[ ! -S $work/$name.sock ]] || return 0
		kill -0 "${processes[-1]}" 2>/dev/null || break
		sleep 0.02
	done
	cat "$work/$name.log" >&2
	die "$EX_UNAVAILABLE" "virtiofsd did not start for $folder" "it needs root and mount namespaces; is this a container without them?"
}

# The guest gets this environment, less what means something on this machine only.
write_control() {
	mkdir "$work/control"
	(
		unset work TMPDIR OLDPWD PWD SHLVL MAKEFLAGS MFLAGS MAKELEVEL XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
		unset ${!SUDO_@} ${!BASH_FUNC@} 2>/dev/null || true
		export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" HOME="${HOME:-/root}" SCHED_PROTO_GUEST=1 SCHED_PROTO_CLOCK="$clock"
		export -p
	) >"$work/control/environment"
	printf '%s\n' "$command" >"$work/control/command"
	printf '%s\n' "$repo_root" >"$work/control/folder"
	cat "$kernel_folder/config" >"$work/control/config" 2>/dev/null || true
	cp "$here/lib/guest-init.sh" "$work/control/init"
}

# Sets qemu_arguments.
vm_arguments() {
	local node share port count=$((cpus / nodes)) boot
	boot="rootfstype=virtiofs root=sched-proto-root ro init=$work/control/init SCHED_PROTO_CONTROL=$work/control"
	# tsc=reliable: else several sockets mean reading the HPET, some hundred times slower.
	boot+=" console=ttyS0 quiet tsc=reliable panic=-1 cryptomgr.notests=1 mitigations=off"
	# What no guest needs, and is long: a source of random numbers, certificates of modules.
	boot+=" initcall_blacklist=jent_mod_init,load_system_certificate_list"
	qemu_arguments=(
		-nodefaults -no-user-config -display none -no-reboot -machine q35
		-L "$qemu_root/usr/share/qemu" -L "$qemu_root/usr/share/seabios"
		-kernel "$(kernel_bootable "$kernel_folder")"
		-m "${memory_mb}M" -smp "$cpus,sockets=$sockets,cores=$cores,threads=$threads"
		-serial "file:$work/console"
		-device virtio-serial-pci,ioeventfd=off
	)
	for ((node = 0; node < nodes; node++)); do
		qemu_arguments+=(
			-object "memory-backend-memfd,id=memory$node,size=$((memory_mb / nodes + (node == 0 ? memory_mb % nodes : 0)))M,share=on"
			-numa "node,nodeid=$node,memdev=memory$node,cpus=$((node * count))-$((node * count + count - 1))"
		)
	done
	for share in root out; do
		qemu_arguments+=(
			-chardev "socket,id=$share,path=$work/$share.sock"
			-device "vhost-user-fs-pci,chardev=$share,tag=sched-proto-$share"
		)
	done
	for port in stdout stderr status; do
		qemu_arguments+=(-chardev "file,id=$port,path=$work/$port" -device "virtserialport,chardev=$port,name=$port")
	done
	# A string instruction is a loop to the emulator, and these features make the kernel use them, and take bytes for
	# words.
	local cpu=max,-erms,-fsrm,-fsrs,-fzrm,-fsrc
	case $accel-$clock in
	kvm-*) qemu_arguments+=(-accel kvm -cpu host) ;;
	tcg-real) qemu_arguments+=(-accel "tcg,thread=multi" -cpu "$cpu") ;;
	tcg-virtual)
		qemu_arguments+=(
			-accel "tcg,thread=single" -icount "shift=$((instruction_ns == 8 ? 3 : instruction_ns / 2)),sleep=off" -rtc clock=vm -seed 1 -cpu "$cpu,-rdrand,-rdseed"
		)
		# nohz=off: an idle guest's time leaps from timer to timer; the tick bounds the leaps while it waits for files.
		boot+=" nokaslr norandmaps random.trust_cpu=off random.trust_bootloader=off nohz=off"
		;;
	esac
	qemu_arguments+=(-append "$boot")
}

# vm_stream NAME: copies what the guest writes there to standard output. Where that cannot be written it goes on to
# read, so that the guest is not held up, and ends with cat's status. Whatever ends this ends its cat.
vm_stream() {
	local status=0
	exec 3<"$work/$1"
	setpriv --pdeathsig KILL cat <&3 3<&- || status=$?
	((status == 0)) || setpriv --pdeathsig KILL cat <&3 3<&- >/dev/null
	exit "$status"
}

# vm_drain BEGIN READER...: waits for what is still in the pipes, until the time limit is over and a second more:
# somebody who does not read them may never do so. Sets lost.
vm_drain() {
	local until=$(($1 + time_limit + 1)) names=('standard output' 'standard error') place=0 reader
	shift
	for reader in "$@"; do
		while kill -0 "$reader" 2>/dev/null; do
			if ((time_limit > 0 && SECONDS > until)); then
				kill -KILL "$reader" 2>/dev/null || true
				lost+="${lost:+ and }${names[place]} (nobody read it in time)"
				# Our own words would wait there for ever, too.
				[[ $place != 1 && ! /dev/fd/1 -ef /dev/fd/2 ]] || exec 2>/dev/null
				break
			fi
			sleep 0.02
		done
		wait "$reader" 2>/dev/null || [[ $lost == *"${names[place]}"* || -z $opened ]] ||
			lost+="${lost:+ and }${names[place]} (it cannot be written)"
		place=$((place + 1))
	done
}

# vm_run: exits with the guest's status.
vm_run() {
	local status=0 readers=() timer='' machine ended='' temporary=${TMPDIR:-/tmp} begin opened=1 lost=''
	trap vm_clean EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
	# The path goes into options that know no quoting, and a socket's path must be short.
	[[ $temporary =~ ^/[A-Za-z0-9/._-]{1,60}$ ]] || temporary=/tmp
	work=$(mktemp -d "$temporary/sched-proto-guest.XXXXXX")
	if [[ -n $out ]]; then
		mkdir -p "$out" || die "$EX_UNAVAILABLE" "cannot make the output folder $out"
		out=$(cd "$out" && pwd -P)
		check_space "$out" 50
	else
		out=$work/discard
		mkdir "$out"
	fi
	write_control
	share root / always yes
	share out "$out" auto no
	mkfifo "$work/stdout" "$work/stderr"
	vm_stream stdout &
	readers+=($!)
	vm_stream stderr >&2 &
	readers+=($!)
	vm_arguments
	begin=$SECONDS
	QEMU_MODULE_DIR=$qemu_root/usr/lib/x86_64-linux-gnu/qemu setpriv --pdeathsig KILL \
		"$qemu_binary" "${qemu_arguments[@]}" </dev/null >"$work/qemu.log" 2>&1 &
	machine=$!
	processes+=("$machine" "${readers[@]}")
	if ((time_limit > 0)); then
		setpriv --pdeathsig KILL sleep "$time_limit" &
		timer=$!
		processes+=("$timer")
	fi
	wait -n -p ended "$machine" $timer 2>/dev/null || status=$?
	if [[ $ended == "$timer" ]]; then
		time_is_up=1
		kill -KILL "$machine" 2>/dev/null || true
		wait "$machine" 2>/dev/null || true
	fi
	# A machine that failed to start has not opened the pipes that the readers wait for.
	[[ -s $work/status || -e $work/console ]] || {
		opened=
		kill "${readers[@]}" 2>/dev/null || true
	}
	vm_drain "$begin" "${readers[@]}"
	vm_status "$status"
}

# vm_defuse: what the guest's root wrote belongs to root here as well, so it must not run with root's rights. Sets defused.
vm_defuse() {
	mapfile -d '' defused < <(
		find "$out" -xdev -type f -perm /6000 -cnewer "$work/control/init" -exec chmod ug-s {} \; -printf '%P\0'
	)
}

# The guest chose the names.
vm_tell_defused() {
	((${#defused[@]} == 0)) || say "note: set-uid and set-gid bits were taken from what the guest wrote: ${defused[*]@Q}"
}

vm_status() {
	[[ -z $verbose ]] || cat "$work/console" >&2 || true
	[[ -z $lost ]] || say "some of what the command wrote is lost, to $lost"
	if [[ -s $work/status ]]; then
		status=$(<"$work/status")
		[[ -z $lost || $status != 0 ]] || exit "$EX_IOERR"
		exit "$status"
	elif [[ -n $time_is_up ]]; then
		[[ -n $verbose ]] || tail -n 20 "$work/console" >&2 2>/dev/null || true
		die 124 "time limit of $time_limit s reached; the guest was ended"
	fi
	sed 's/^/qemu: /' "$work/qemu.log" >&2 || true
	[[ -n $verbose ]] || tail -n 60 "$work/console" >&2 2>/dev/null || true
	die "$EX_SOFTWARE" "the guest ended without a status (QEMU's own: $1); above is the end of its console" \
		"kernel $(cat "$kernel_folder/release" 2>/dev/null), $cpus CPUs, $accel, $clock clock"
}

# kvm_works: some machines offer KVM that cannot run such kernels, so one boot is tried. The answer is kept
# for as long as this machine runs.
kvm_works() {
	local known status=0
	[[ -w /dev/kvm ]] || return 1
	known=$cache_dir/kvm/$kernel-$(</proc/sys/kernel/random/boot_id)
	if [[ ! -e $known ]]; then
		mkdir -p "$cache_dir/kvm"
		say "trying once whether KVM works here"
		"${BASH_SOURCE[0]%/*}/../guest.sh" --kernel "$kernel" --accel kvm --cpus 2 --memory 512M --time-limit 20 true >/dev/null 2>&1 || status=$?
		case $status in
		0) echo yes >"$known" ;;
		124 | "$EX_SOFTWARE") echo no >"$known" ;;
		*) # No memory at this moment, say: that tells nothing of KVM.
			say "KVM could not be tried (status $status)"
			return 1
			;;
		esac
		say "KVM works: $(<"$known")"
	fi
	[[ $(<"$known") == yes ]]
}
