// SPDX-License-Identifier: GPL-2.0-only
import CSystem
import Glibc
import KernelLink

/// Makes sure that the daemon's thread never waits for a page: a thread that faults waits for the
/// kernel, which may need a task that waits for this very thread.
enum LockedMemory {
    /// Before anything large is allocated: one heap for all threads, which neither maps nor gives
    /// back memory of its own accord, and no huge pages, whose making moves ours.
    static func prepare() { sp_quiet_memory() }

    /// Pages that are touched from now on stay in memory, and so do those that were. What the loop
    /// needs it has to touch before the scheduler is attached: see `Decider.warmUp`.
    static func lock() throws(KernelError) {
        reserveHeap()
        if sp_lock_touched_memory() != 0 {
            throw KernelError("mlockall", errno: errno)
        }
        sp_touch_code()
        touchStack()
    }

    /// Takes `lock` back: pages may go again.
    static func unlock() { munlockall() }

    /// Room for the other threads of this process, so that their allocations map nothing.
    private static func reserveHeap() {
        free(malloc(8 << 20))
    }

    /// The calling thread's stack, as deep as the loop could ever go.
    static func touchStack() { sp_touch_stack() }
}
