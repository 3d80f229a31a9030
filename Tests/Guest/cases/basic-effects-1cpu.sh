# shellcheck shell=bash
# Shares where all tasks have the same CPU: the daemon, the loops and who measures them.
guest_options=(--cpus 1 --instruction-ns 8)
lasts=2

both shares-1cpu "fair, one CPU: busy loops get CPU time by their weights" shares
add none shares-1cpu "the same loops under the kernel's own scheduler" shares

. "$here/effects.sh"

shares() {
	scheduled --policy fair
	expect_shares - 3 0 -5
	expect_shares - 4 0 0 0 0 0 -5
	at_rest
}
