#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# build.sh FOLDER: compiles what records a log in a guest: the tracer, its reader, and the loads.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
. "$root/scripts/lib/common.sh"
. "$root/scripts/lib/toolchain.sh"

includes=(-I "$root/bpf" -I "$root/Sources/CSimKernel")
cc=$(command -v cc || command -v gcc || command -v clang)
mkdir -p "$1"
"$(bpf_clang)" -target bpf -mcpu=v3 -O2 -g -std=gnu17 -Wall -Wextra -Werror -Wno-unused-parameter \
	"${includes[@]}" -I/usr/include -idirafter "/usr/include/$(uname -m)-linux-gnu" \
	-c "$here/record.bpf.c" -o "$1/record.bpf.o"
"$cc" -O2 -Wall -Wextra -Werror "${includes[@]}" -o "$1/record" "$here/record.c" -lbpf
"$cc" -O2 -Wall -Wextra -Werror -static -o "$1/load" "$here/load.c"
