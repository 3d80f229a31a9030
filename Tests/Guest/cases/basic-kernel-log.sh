# shellcheck shell=bash
# The kernel's own order of callbacks and effects, recorded, is what the simulated kernel does: docs/KERNEL-LOG.md.
# Wrong models that were tried: see Tests/SimulationTests/KernelLogTests.swift and docs/KERNEL-LOG.md.
guest_options=(--cpus 4)
lasts=3

both kernel-log "the simulated kernel accepts what the kernel did, line by line" kernel_log sleep forks changes

. "$here/kernel-log.sh"
