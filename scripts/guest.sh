#!/usr/bin/env bash
# Runs a command as root in a throw-away virtual machine whose kernel has sched_ext.
# The guest sees this machine's files read-only; its status, output and errors become this script's.
#
#   guest.sh [OPTION...] [--] COMMAND       one word: a shell command line; more: run as they are
#
#   --kernel SERIES           guest kernel, as given to setup (default: 6.18, or $KERNEL)
#   --cpus N                  virtual CPUs (default: 4)
#   --topology S,C,T[,NODES]  sockets, cores a socket, threads a core, NUMA nodes
#   --memory SIZE             such as 2G or 1500M (default: 2G)
#   --out DIR                 a folder of this machine, writable in the guest as $SCHED_PROTO_OUT
#   --time-limit SECONDS      of this machine's clock, 0 for none (default: 1800)
#   --clock real|virtual      virtual: guest time counts instructions (default: real)
#   --instruction-ns N        what one takes then: 1, 2, 4 or 8 (default: 2, or $SCHED_PROTO_INSTRUCTION_NS); of no effect
#                             with the real clock
#   --accel auto|kvm|tcg      auto: KVM if it works (default: auto)
#   --verbose                 show the kernel's console on standard error at the end
#   --try-kvm                 no command: find out whether KVM works here, once, so that no later guest has to
#
# Status: the command's own; 124 time limit; 70 the guest died (with the end of its console);
# 74 the command ended with 0, and its output or errors could not be written, or nobody read them; 64 wrong usage; 69 something is missing; 75 not enough memory or disk space.
set -euo pipefail

# A stream that is closed is one that cannot be written; nothing that is opened later may take its number.
[[ -e /dev/fd/1 ]] || exec >/dev/full
[[ -e /dev/fd/2 ]] || exec 2>/dev/full

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/lib/common.sh"
. "$here/lib/cache.sh"
. "$here/lib/checks.sh"
. "$here/lib/vm.sh"

usage_error() {
	die "$EX_USAGE" "$*" "guest.sh --help says what there is"
}

want_number() {
	[[ $2 =~ ^[0-9]{1,9}$ ]] && ((10#$2 >= $3)) || usage_error "$1 needs a whole number of at least $3, got ${2@Q}"
}

kernel=${KERNEL:-$DEFAULT_KERNEL}
cpus=4
cpus_given=
topology=
memory=2G
out=
time_limit=1800
clock=real
instruction_ns=${SCHED_PROTO_INSTRUCTION_NS:-2}
instruction_ns_given=
accel=auto
verbose=
try_kvm=

while (($#)); do
	case $1 in
	--kernel | --cpus | --topology | --memory | --out | --time-limit | --clock | --instruction-ns | --accel)
		(($# >= 2)) || usage_error "$1 needs a value"
		case $1 in
		--kernel) kernel=$2 ;;
		--cpus) cpus=$2 cpus_given=1 ;;
		--topology) topology=$2 ;;
		--memory) memory=$2 ;;
		--out) out=$2 ;;
		--time-limit) time_limit=$2 ;;
		--clock) clock=$2 ;;
		--instruction-ns) instruction_ns=$2 instruction_ns_given=1 ;;
		--accel) accel=$2 ;;
		esac
		shift 2
		;;
	--verbose) verbose=1 && shift ;;
	--try-kvm) try_kvm=1 && shift ;;
	--help | -h) show_help ;;
	--) shift && break ;;
	-*) usage_error "unknown option ${1@Q}" ;;
	*) break ;;
	esac
done
[[ -z $try_kvm || $# == 0 ]] || usage_error "--try-kvm takes no command"
[[ -n $try_kvm ]] || (($#)) || usage_error "no command given"
if (($# == 1)); then
	command=$1
else
	command=$(printf '%q ' "$@")
fi

want_number --cpus "$cpus" 1
want_number --time-limit "$time_limit" 0
# Else a leading zero would make them octal.
cpus=$((10#$cpus)) time_limit=$((10#$time_limit))
[[ $kernel =~ ^[0-9]+\.[0-9]+(\.[0-9]+)?$ ]] || usage_error "--kernel needs a series such as $DEFAULT_KERNEL, got ${kernel@Q}"
[[ $clock == real || $clock == virtual ]] || usage_error "--clock is real or virtual, got ${clock@Q}"
[[ $instruction_ns =~ ^[1248]$ ]] || usage_error "--instruction-ns is 1, 2, 4 or 8, got ${instruction_ns@Q}"
[[ $clock == virtual || -z $instruction_ns_given ]] || say "note: --instruction-ns $instruction_ns has no effect: it is for --clock virtual"
[[ $accel == auto || $accel == kvm || $accel == tcg ]] || usage_error "--accel is auto, kvm or tcg, got ${accel@Q}"
[[ $clock == real || $accel != kvm ]] || usage_error "--clock virtual needs TCG: KVM cannot count instructions"
[[ $memory =~ ^([0-9]{1,6})([MG])$ ]] || usage_error "--memory needs a size such as 2G or 1500M, got ${memory@Q}"
memory_mb=$((10#${BASH_REMATCH[1]}))
[[ ${BASH_REMATCH[2]} == M ]] || memory_mb=$((memory_mb * 1024))
((memory_mb >= 256)) || usage_error "--memory needs at least 256M, got ${memory@Q}"
nodes=1
sockets=1 cores=$cpus threads=1
if [[ -n $topology ]]; then
	[[ $topology =~ ^([1-9][0-9]?),([1-9][0-9]?),([1-9][0-9]?)(,([1-9][0-9]?))?$ ]] ||
		usage_error "--topology needs SOCKETS,CORES,THREADS or SOCKETS,CORES,THREADS,NODES, got ${topology@Q}"
	sockets=${BASH_REMATCH[1]} cores=${BASH_REMATCH[2]} threads=${BASH_REMATCH[3]} nodes=${BASH_REMATCH[5]:-1}
	[[ -z $cpus_given ]] || ((cpus == sockets * cores * threads)) ||
		usage_error "--topology $topology has $((sockets * cores * threads)) CPUs, --cpus says $cpus"
	cpus=$((sockets * cores * threads))
	((cpus % nodes == 0)) || usage_error "--topology: $cpus CPUs cannot be split evenly over $nodes NUMA nodes"
	((memory_mb / nodes >= 128)) || usage_error "--memory $memory is too little for $nodes NUMA nodes"
fi
((cpus <= 64)) || usage_error "at most 64 CPUs, got $cpus"
kernel_folder=$kernels_dir/$kernel

cache_check
check_files
if [[ -n $try_kvm ]]; then
	# Nobody would see sudo ask for a password.
	((EUID == 0)) || sudo -n true 2>/dev/null || exit 0
	kvm_works || true
	exit 0
fi
if ((EUID != 0)); then
	command -v sudo >/dev/null || die "$EX_UNAVAILABLE" "sharing this machine's files with the guest needs root: found neither root nor sudo"
	options=(--kernel "$kernel" --memory "$memory" --time-limit "$time_limit" --clock "$clock" --accel "$accel")
	[[ $clock == real ]] || options+=(--instruction-ns "$instruction_ns")
	[[ -z $topology ]] || options+=(--topology "$topology")
	[[ -n $topology ]] || options+=(--cpus "$cpus")
	[[ -z $out ]] || options+=(--out "$out")
	[[ -z $verbose ]] || options+=(--verbose)
	exec sudo -E env "PATH=$PATH" "HOME=$HOME" "${BASH_SOURCE[0]}" "${options[@]}" -- "$command"
fi
check_memory "$memory_mb"
check_space "${TMPDIR:-/tmp}" 50

if [[ $accel == auto ]]; then
	accel=tcg
	[[ $clock == virtual ]] || ! kvm_works || accel=kvm
fi
vm_run
